// The forms of the timeline's events: of each kind the fields that a judge counts with or chooses by.

import { z } from "zod";
import type { RunEvent } from "../timeline.ts";

const state = z.string();
const text = z.string().optional();
const number = z.number();
const error = z.looseObject({ message: z.string(), statement: text, code: text, schema: text, table: text, constraint: text }).optional();
const direction = z.enum(["forward", "backward"]);

const KINDS = {
  run: { state, reason: text },
  phase: { phase: z.string(), state: z.enum(["started", "ended"]) },
  service: { service: z.string(), state, detail: text },
  load: { state, detail: text, observedTo: number.optional() },
  step: { direction, step: z.string(), state, detail: text, error },
  progress: { direction, step: z.string(), share: number },
  migration: { state, detail: text, error, cut: text, changed: z.boolean().optional() },
  fault: { index: number.int().min(0), fault: z.string(), target: z.string(), state, detail: text },
  detector: { state: z.enum(["firing", "cleared"]), detail: text },
  decision: { state, by: z.string(), detail: z.string() },
  rollback: { state, strategy: z.string(), detail: text, error },
  backup: { state, label: z.string(), detail: z.string(), bytes: number.optional() },
  replication: { state, server: z.string(), detail: z.string(), bytes: number.optional(), transactions: number.optional() },
  volume: { state, detail: z.string(), bytes: number },
  flag: { state, flag: z.string(), detail: z.string() },
  application: { state, detail: z.string() },
  journey: { journey: z.string(), version: z.string(), state, detail: text },
  traffic: { state, detail: z.string() },
  standstill: { of: z.enum(["load", "probes", "harness"]), from: number },
  quiescence: { state: z.enum(["proven", "unproven"]), detail: z.string() },
  "harness-error": { code: z.string(), message: z.string(), place: text, remedy: text },
} satisfies Record<RunEvent["kind"], z.ZodRawShape>;

/** Of an event of a kind that this version doesn't know. */
const anyEvent = z.looseObject({ kind: z.string(), t: number });
const forms = new Map<unknown, z.ZodType>(Object.entries(KINDS).map(([kind, shape]) => [kind, z.looseObject({ kind: z.literal(kind), t: number, ...shape })]));

/** By the event's own kind. */
export function eventForm(data: unknown): z.ZodType {
  const kind = typeof data === "object" && data !== null && "kind" in data ? data.kind : undefined;
  return forms.get(kind) ?? anyEvent;
}
