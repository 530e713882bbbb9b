// The form of a sealed scorecard. A seal without a key says nothing of who made it: every figure is one, and every word that means something is known.

import { z } from "zod";

const verdict = z.enum(["met", "missed", "unknown"]);
const text = z.string();
const texts = z.array(text);
const figure = z.number();
const maybe = figure.nullable();
const measured = z.looseObject({ value: maybe, plusMinus: figure, unit: z.enum(["ms", "ratio", "count"]), atLeast: z.boolean().optional() });
const MOST = 1_000_000;
const list = <T extends z.ZodType>(of: T) => z.array(of).max(MOST);

const finding = z.looseObject({
  kind: text, subject: text, detail: text, count: figure, ofRowsBefore: figure.optional(), examples: list(z.unknown()), query: text,
  consequences: list(z.looseObject({ kind: text, subject: text, detail: text })).optional(),
});
/** An anomaly of isolation among a finding's examples, as far as it is drawn. */
export const anomalyForm = z.looseObject({
  type: text.regex(/^[\w-]+$/), detail: text, text,
  transactions: z.array(z.looseObject({ index: figure, process: figure, type: z.enum(["open", "ok", "fail", "info"]), value: z.array(z.tuple([z.enum(["append", "r"]), z.union([figure, text]), z.unknown()])) })).max(100),
  steps: z.array(z.looseObject({ from: figure, to: figure, edge: z.enum(["ww", "wr", "rw", "process", "realtime"]), because: text })).max(100).optional(),
});

const failure = z.looseObject({ step: text.nullable(), direction: z.enum(["forward", "backward"]) });
const latency = z.looseObject({ period: z.enum(["before", "during", "after"]), operations: figure, p50Ms: maybe, p99Ms: maybe, maxMs: maybe });
const TIMES = ["detectionMs", "decisionMs", "rollbackMs", "recoveryMs", "unavailableMs", "availability", "lossWindowMs"] as const;
const COUNTS = ["phantomWrites", "duplicateWrites", "alteredWrites", "shedValues", "structureDifferences", "integrityProblems", "invariantsViolated", "unexplainedChanges"] as const;
const each = <K extends string, T extends z.ZodType>(keys: readonly K[], of: T) => Object.fromEntries(keys.map((key) => [key, of])) as Record<K, T>;

const measures = z.looseObject({
  ...each(TIMES, measured), ...each(COUNTS, maybe.optional()),
  lostWrites: z.looseObject({ definite: figure, possible: figure, ofRowsBefore: figure.optional() }).nullable(), storageBytes: figure,
  operations: z.looseObject({ committed: figure, rejected: figure, indeterminate: figure, dropped: figure }),
  latency: list(latency), episodes: list(z.looseObject({ fromMs: figure, toMs: maybe })), probes: z.looseObject({ sent: figure, failed: figure }),
});

/** Where a picture or a trace lies in its run: never an address, nor a place outside. */
const inRun = text.regex(/^(?!.*(?:^|\/)\.\.(?:\/|$))[^/:\\\u0000-\u001f][^:\\\u0000-\u001f]*$/);

export const scorecardForm = z.looseObject({
  schema: z.literal("turnback.scorecard/1"), run: text, drill: text, question: text, startedAt: z.iso.datetime(), runtime: text, seed: figure, versions: z.record(text, text), verdict,
  summary: text, advice: z.looseObject({ kind: text, consequence: text, advice: text }).optional(), score: figure, doubts: texts,
  migration: z.looseObject({ state: z.enum(["completed", "cut-off", "failed", "not-begun"]), stepsBegun: figure, stepsDone: figure, steps: figure, failure: failure.optional(), explainedBy: text.optional() }),
  wayBack: z.looseObject({ strategy: text, state: z.enum(["completed", "failed", "not-taken"]), stepsUndone: figure, idle: text.optional(), failure: failure.optional() }),
  objectives: list(z.looseObject({ name: text, title: text, target: z.record(text, z.union([figure, z.boolean()])), measured, verdict, applies: z.boolean().optional(), reason: text, note: text.optional(), evidence: texts })), measures,
  faults: list(z.looseObject({ kind: text, target: text, proven: z.boolean(), healed: z.boolean(), atMs: maybe, healedMs: maybe, proof: text })),
  journeys: list(z.looseObject({ name: text, version: text, state: z.enum(["passed", "failed", "unknown"]), tookMs: figure, error: text.optional(), screenshot: inRun.optional(), trace: inRun.optional() })),
  findings: list(finding), warnings: list(finding), coverage: z.looseObject({ sentence: text }).optional(),
  standstills: list(z.looseObject({ fromMs: figure, toMs: figure })),
  series: z.looseObject({ binMs: figure, bins: list(z.looseObject({ atMs: figure, served: figure, failed: figure, p50Ms: maybe, p99Ms: maybe })) }),
  spans: list(z.looseObject({ lane: z.enum(["phase", "step", "fault", "rollback", "alert", "decision", "gate", "outage", "standstill"]), label: text, fromMs: figure, toMs: figure })),
});
