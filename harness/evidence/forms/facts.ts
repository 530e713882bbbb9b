// The forms of the facts of one moment, of journeys and of scorecards. Fields that none names may be there: later versions add some.

import { z } from "zod";

const count = z.number().int().min(0);
const error = z.string();

export const structureForm = z.array(z.looseObject({ kind: z.string(), name: z.string(), detail: z.record(z.string(), z.unknown()) }));

/** What checks of integrity look for: the writer's and the reader's one list. */
export const INTEGRITY_KINDS = [
  "orphans", "check-violations", "sequence", "sequence-exhausted", "invalid-index", "corrupt-index", "corrupt-table", "duplicates", "wrong-partition",
  "exclusion-violations", "null-values", "domain-violations", "stale-generated", "subscription",
  "checksum-failures", "prepared-transaction", "replication-slot", "orphaned-files", "advisory-lock", "open-transaction",
  "replica-missing", "replica-timeline", "replica-behind", "replica-diverged", "unchecked", "not-asked",
] as const;
export type IntegrityKind = (typeof INTEGRITY_KINDS)[number];

/** A sequence counts beyond what a number holds: written as text, and counted with. */
const whole = z.string().regex(/^-?\d{1,40}$/);
const plain = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export const integrityForm = z.array(z.looseObject({
  kind: z.enum(INTEGRITY_KINDS), subject: z.string(), count, detail: z.string(), query: z.string(), keys: z.array(z.string()).optional(), digested: z.boolean().optional(), state: z.record(z.string(), plain).optional(),
}).refine(({ kind, state }) => kind !== "sequence" || state === undefined || [state["next"], state["step"]].every((part) => whole.safeParse(String(part)).success), { error: "a sequence's next value and step are whole numbers, as text", path: ["state"] }));

export const invariantsForm = z.array(z.looseObject({ name: z.string(), query: z.string(), violations: count, examples: z.array(z.unknown()), error: error.optional() }));

const column = z.looseObject({ name: z.string(), type: z.string(), base: z.string(), modifier: z.number() });
export const entitiesForm = z.looseObject({
  entities: z.array(z.string()),
  shapes: z.record(z.string(), z.enum(["before", "after"])).optional(),
  failed: z.array(z.looseObject({ entity: z.string(), error })),
  columns: z.record(z.string(), z.array(column)).optional(),
  since: z.record(z.string(), z.object({ records: z.number().int().min(0), gone: z.number().int().min(0), changed: z.number().int().min(0) })).optional(),
  paths: z.record(z.string(), z.string()).optional(),
});

export const journeysForm = z.array(z.looseObject({
  name: z.string(), version: z.string(), state: z.enum(["passed", "failed", "unknown"]), tookMs: z.number(), error: error.optional(), screenshot: z.string().optional(), trace: z.string().optional(),
}));

const names = z.array(z.string());
const habit = z.enum(["filled", "empty", "same", "of the moment", "distinct"]);
export const unreadForm = z.array(z.looseObject({
  database: z.string(), name: z.string(), full: z.string(), rows: z.number().nullable(), why: z.string().optional(), count: z.number().optional(), checksum: z.string().nullable(), file: z.string().optional(),
  columns: z.array(z.looseObject({ name: z.string(), read: z.boolean(), checksum: z.string().nullable(), stamped: z.boolean().optional(), through: z.array(z.looseObject({ entity: z.string(), fields: names })).optional() })),
  entities: names, leaveOut: names.optional(), key: names, cascades: names, triggers: z.array(z.looseObject({ on: z.string(), does: names })), unloggedSince: z.string().optional(), parents: names.optional(),
  top: z.looseObject({ at: z.string(), grows: z.string().optional() }).optional(),
  unlike: z.looseObject({ rows: count, columns: z.record(z.string(), z.array(z.looseObject({ habit, rows: count, keys: names }))) }).optional(),
  view: z.looseObject({ rows: z.number(), holds: z.string(), gives: z.string().nullable(), why: z.string().optional(), sources: names }).optional(),
}));
export const activityForm = z.array(z.looseObject({ database: z.string(), table: z.string(), inserted: z.number(), updated: z.number(), deleted: z.number(), unseen: z.boolean().optional(),
  beside: z.looseObject({ sources: names, rows: count, transactions: count, from: z.number(), to: z.number() }).optional(),
  habits: z.looseObject({ rows: count, columns: z.record(z.string(), z.array(z.looseObject({ is: habit }))) }).optional(),
  lockstep: z.array(z.looseObject({ source: z.string(), each: z.number(), transactions: z.number() })).optional(),
  sample: z.looseObject({ rows: z.number(), gone: z.number(), touched: z.number(), changed: z.record(z.string(), z.number()) }).optional() }));
export const sampleForm = z.array(z.looseObject({ database: z.string(), table: z.string(), key: names, xmin: z.string().nullable(), digests: z.record(z.string(), z.string().nullable()) }));
export const toldForm = z.array(z.looseObject({ entity: z.string(), from: z.number(), to: z.number(), rows: z.array(z.looseObject({ key: z.string(), held: z.record(z.string(), z.string().nullable()).nullable() })) }));
