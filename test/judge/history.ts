// Recorded histories for the judge: a run directory built from a few lines, without any database.

import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { drillSchema, type DrillDeclaration } from "../../harness/drill/schema.ts";
import { systemSchema } from "../../harness/drill/system.ts";
import { PATHS } from "../../harness/evidence/run-directory.ts";
import { TimelineWriter, type RunEvent } from "../../harness/evidence/timeline.ts";

export type Op = {
  /** Its name, and the code that refused it. */
  readonly op?: string;
  readonly code?: string;
  /** What the server said. */
  readonly error?: string;
  readonly at: number;
  readonly took?: number;
  readonly outcome?: "committed" | "rejected" | "indeterminate" | "dropped";
  readonly effects?: readonly { readonly entity?: string; readonly key: string; readonly kind: string; readonly value?: object }[];
};

/** The name of a base type, and its modifier. */
export type TypeName = string | readonly [base: string, modifier: number];
const column = (name: string, type: TypeName) => ({ name, type: String(type), ...(typeof type === "string" ? { base: type, modifier: -1 } : { base: type[0], modifier: type[1] }) });
/** As numeric(p, s) has it. */
export const numeric = (precision: number, scale: number): TypeName => ["numeric", ((precision << 16) | scale) + 4];

export type History = {
  readonly before: readonly (readonly [key: string, value: string | null, stock?: number | string | null])[];
  readonly after: readonly (readonly [key: string, value: string | null, stock?: number | string | null])[];
  readonly ops: readonly Op[];
  /** What the entity's key, its value and its counter are called; key, value and stock when left out. */
  readonly names?: readonly [key: string, value: string, stock: string];
  /** No write is acknowledged but those of `ops`. Without it, a history with none has one beside it, which stays as it was. */
  readonly silent?: boolean;
  readonly drill?: Partial<DrillDeclaration>;
  /** As the header has it. */
  readonly plan?: object;
  /** Events after the migration's start, at milliseconds; the usual course when left out. */
  readonly events?: readonly (readonly [atMs: number, event: RunEvent])[];
  /** Rules across databases, and the entity's fields that other databases know it by. */
  readonly across?: readonly { readonly name: string; readonly query: string }[];
  readonly references?: readonly string[];
  /** What `value` and `stock` are, as the server names types; text and numeric when left out. */
  readonly types?: readonly [value: TypeName, stock?: TypeName, afterwards?: TypeName];
  /** Probes, at milliseconds. */
  readonly probes?: readonly { readonly at: number; readonly took: number }[];
  /** What the system held before the migration, at so many milliseconds; null where there is no such record. */
  readonly told?: { readonly at: number; readonly rows: readonly { readonly key: string; readonly held: Readonly<Record<string, string | null>> | null }[] };
  readonly facts?: { readonly before?: object; readonly after?: object };
};

const USUAL: readonly (readonly [number, RunEvent])[] = [
  [0, { kind: "run", state: "started" }],
  [0, { kind: "migration", state: "started" }],
  [5_000, { kind: "rollback", state: "started", strategy: "down" }],
  [6_000, { kind: "rollback", state: "completed", strategy: "down" }],
  [9_000, { kind: "quiescence", state: "proven", detail: "0 backends" }],
  [9_500, { kind: "run", state: "completed" }],
];

const WITNESS = ["~witness", null] as const;

/** What nobody wrote can't be lost, and is unknown: where a history is not about that, one acknowledged write that is there is beside it. */
function witnessed(history: History): History {
  if (history.silent || history.ops.some(({ outcome = "committed", effects = [] }) => outcome === "committed" && effects.length > 0)) return history;
  return { ...history, before: [...history.before, WITNESS], after: [...history.after, WITNESS], ops: [...history.ops, { at: 1, took: 0, effects: [update(...WITNESS)] }] };
}

/** A migration that is only said to have begun did its one step and came to its end; a way back by `down` undid it. */
function wholeCourse(events: readonly (readonly [number, RunEvent])[]): (readonly [number, RunEvent])[] {
  const told = events.some(([, event]) => event.kind === "step" || (event.kind === "migration" && event.state !== "started"));
  if (told) return [...events];
  const step = (direction: "forward" | "backward"): RunEvent => ({ kind: "step", direction, step: "only", state: "done" });
  return events.flatMap((at): (readonly [number, RunEvent])[] => {
    const [t, event] = at;
    if (event.kind === "migration") return [at, [t, step("forward")], [t, { kind: "migration", state: "completed" }]];
    return event.kind === "rollback" && event.state === "completed" ? [[t, step("backward")], at] : [at];
  });
}

/** Writes a run directory with one entity `item` (key, value, and the counter stock). Times are milliseconds. */
export function record(directory: string, told: History): string {
  const history = witnessed(told);
  mkdirSync(join(directory, "ledger"), { recursive: true });
  mkdirSync(join(directory, "probes"), { recursive: true });
  writeFileSync(join(directory, "probes/health.ndjson"), (history.probes ?? []).map(({ at, took }) => `${JSON.stringify({ due: Math.round(at * 1e6), start: Math.round(at * 1e6), end: Math.round((at + took) * 1e6), ok: true, code: "" })}\n`).join(""));
  const drill = drillSchema.parse({
    name: "recorded", question: "Is this recorded history judged rightly?", system: { path: "none" }, migration: { plan: "none" }, load: { workload: "none" },
    objectives: { loss: { maxLostWrites: 0 }, consistency: {} }, ...history.drill,
  });
  const names = history.names ?? ["key", "value", "stock"];
  const query = "select key, value, stock from items";
  const system = systemSchema.parse({ name: "recorded", description: "one entity", schema: ["none"], entities: [{ name: "item", key: names[0], before: query, after: query, counters: [names[2]], references: history.references ?? [] }], across: history.across ?? [] });
  writeFileSync(join(directory, "drill.json"), JSON.stringify({
    schema: "turnback.run/1", run: "recorded", startedAt: "2026-01-01T00:00:00.000Z", runtime: { kind: "process", why: "" }, seed: 1, versions: {}, drill, system, plan: history.plan ?? {},
  }));
  writeFileSync(join(directory, "timeline.jsonl"), "");
  let now = 0;
  const timeline = new TimelineWriter(join(directory, "timeline.jsonl"), () => now, (data) => data);
  for (const [atMs, event] of wholeCourse(history.events ?? USUAL)) { now = atMs * 1e6; timeline.record(event); }
  for (const when of ["before", "after"] as const) {
    mkdirSync(join(directory, when), { recursive: true });
    const [value = "text", stock = "numeric", afterwards = value] = history.types ?? [];
    const columns = { item: [column(names[0], "text"), column(names[1], when === "before" ? value : afterwards), column(names[2], stock)] };
    const facts = { structure: [], integrity: [], invariants: [], entities: { entities: ["item"], failed: [], columns }, ...history.facts?.[when] };
    for (const [name, data] of Object.entries(facts)) writeFileSync(join(directory, when, `${name}.json`), JSON.stringify(data));
    const rows = history[when].map(([key, value, stock = 0]) => `${key},${value === null ? "" : `"${value.replaceAll('"', '""')}"`},${stock ?? ""}\n`);
    writeFileSync(join(directory, when, "entity-item.csv.zst"), zstdCompressSync(`${names.map((name) => `"${name.replaceAll('"', '""')}"`).join(",")}\n${rows.join("")}`));
  }
  if (history.told) writeFileSync(join(directory, PATHS.told), JSON.stringify([{ entity: "item", from: history.told.at * 1e6, to: history.told.at * 1e6, rows: history.told.rows }]));
  history.ops.forEach((op, index) => writeOp(directory, { ...op, ...(op.effects && { effects: op.effects.map((effect) => ({ ...effect, ...(effect.value && { value: called(effect.value, names) }) })) }) }, index + 1));
  return directory;
}

/** A told value with the names that its fields have here. */
function called(value: object, [, own, stock]: readonly [string, string, string]): object {
  return Object.fromEntries(Object.entries(value).map(([name, told]: [string, unknown]) => [name === "value" ? own : name === "stock" ? stock : name, told]));
}

function writeOp(directory: string, { at, took = 5, outcome = "committed", effects = [], op = "op", code = "", error }: Op, seq: number): void {
  const ns = (ms: number) => Math.round(ms * 1e6);
  appendFileSync(join(directory, "ledger/intents.ndjson"), `${JSON.stringify({ seq, vu: 1, op, intended: ns(at), start: ns(at), effects: effects.map((effect) => ({ entity: "item", value: null, ...effect })) })}\n`);
  appendFileSync(join(directory, "ledger/outcomes.ndjson"), `${JSON.stringify({ seq, acquired: ns(at), end: ns(at + took), outcome, phase: "commit", code, ...(error !== undefined && { error }) })}\n`);
}

export const insert = (key: string, value: string | null) => ({ key, kind: "insert", value: { value } });
export const update = (key: string, value: string | null) => ({ key, kind: "update", value: { value } });
export const remove = (key: string) => ({ key, kind: "delete" });
export const add = (key: string, stock: number | string) => ({ key, kind: "add", value: { stock } });
