// A plan's own declaration: ordered steps, each with its way forward and its way back.

import { z } from "zod";
import { identifier, ms, name } from "./fields.ts";
import type { Rollback } from "./schema.ts";

const sql = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const deploySchema = z.strictObject({
  version: name.describe("Of the application's versions"),
  was: name.optional().describe("The version that going back deploys again; without it, the application stays as it is"),
  instances: z.number().int().min(1).optional().describe("The first so many; without it, all"),
});
const day = z.iso.date();
const keySchema = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).refine((key) => new Set(keyColumns(key)).size === keyColumns(key).length && !keyColumns(key).includes(""), "a key names each of its columns once: `id`, `order_ref, line_no` or a list of them")
  .describe("Column that names a row, before the step and after it is undone; of several, all of them, with commas between or as a list (as it must be where a name has a comma)");

/** The columns of a key, as it is written. */
export function keyColumns(key: string | readonly string[]): readonly string[] {
  return typeof key === "string" ? key.split(",").map((column) => column.trim()) : key;
}
const flagSchema = z.strictObject({
  name: z.string().min(1).describe("As the application knows it"),
  owner: z.string().min(1).describe("Who answers for it, and takes it out again"),
  created: day, removeBy: day.describe("When flag and old code are to be gone: until then the flag is a way back"),
}).refine(({ created, removeBy }) => created < removeBy, { path: ["removeBy"], message: "a flag is removed after it was created" });


const carrySchema = z.array(z.strictObject({
  from: name.optional().describe("The other database; without it, the first one"),
  query: z.string().min(1).describe("What is read there"),
  table: identifier.describe("The temporary table that holds it while the step's statements run"),
  columns: z.string().min(1).describe('Its columns, with their types: "id bigint, number bigint"'),
})).default([]);

export const stepSchema = z.strictObject({
  id: name,
  on: name.optional().describe("The database that it changes, of those in the drill's system.others; without it, the first one"),
  kind: z.enum(["expand", "backfill", "cutover", "contract", "storage", "flag", "command", "deploy"]),
  needs: z.array(name).default([]).describe("Steps that must be done before; going back undoes this one first"),
  transactional: z.boolean().default(true).describe("false for what PostgreSQL refuses inside a transaction; then a list of single statements"),
  forward: sql.default([]),
  backward: z.union([
    sql,
    z.strictObject({ irreversible: z.string().min(10).describe("Why there is no way back") }),
    z.strictObject({ nothing: z.string().min(10).describe("Why there is nothing to undo") }),
    z.strictObject({ compensate: sql.describe("Statements that make up for what can't be undone; in a transaction they take effect once, however often going back is tried"),
      irreversible: z.string().min(10).describe("Why it can't be undone") }),
    z.strictObject({ batches: z.string().min(1).describe("Backfill: undoes $2 rows after the cursor $1, like the forward statement, and answers with the next cursor and the number of rows") }),
  ]).default([]),
  deploy: deploySchema.optional().describe("What a step of kind deploy makes of the drill's application, instead of statements"),
  check: z.string().optional().describe("Query whose first column is true when the step is done"),
  preserve: z.array(z.strictObject({
    table: z.string(), key: keySchema, columns: z.array(z.string()).min(1),
  })).default([]).describe("Fields that the step destroys: they are copied aside before it, and put back when it is undone, but for what clients have set since"),
  carry: carrySchema.describe("Rows of another database that the forward statements need"),
  carryBack: carrySchema.describe("Rows of another database that the backward statements need"),
  flag: flagSchema.optional().describe("The feature flag that the step turns on, and its backward statement off"),
  undone: z.string().optional().describe("Query whose first column is true when the step is undone"),
  batch: z.number().int().min(1).max(1_000_000_000).default(1_000).describe("Backfill: $2 of the forward statement"),
  size: z.string().optional().describe("Backfill: query of the number of rows to go through, for the progress"),
  pauseMs: ms.default(0).describe("Pause before the step, or between a backfill's batches"),
  lockTimeoutMs: ms.default(0).describe("Give up a lock after this, so that no queue piles up behind us; 0: wait"),
  attempts: z.number().int().min(1).max(1_000).default(1).describe("How often to try when the lock was not had, with backoff"),
}).refine((step) => step.transactional || step.kind !== "backfill", "a backfill is transactional, batch by batch")
  .refine(({ kind, deploy }) => (kind === "deploy") === (deploy !== undefined), { path: ["deploy"], message: "a step of kind deploy says which version, and no other does" })
  .refine(({ kind, forward }) => (kind === "deploy") === (forward.length === 0), { path: ["forward"], message: "statements are what every step has but one of kind deploy" })
  .refine(({ kind, backward }) => (kind === "deploy") === (Array.isArray(backward) && backward.length === 0), { path: ["backward"], message: "every step says how it is undone, but one of kind deploy, whose `was` does" })
  .refine(({ kind, flag }) => (kind === "flag") === (flag !== undefined), { path: ["flag"], message: "a step of kind flag says which flag, and no other does" })
  .refine(({ kind, transactional, preserve }) => preserve.length === 0 || (transactional && kind !== "backfill"), { path: ["preserve"], message: "fields are preserved in the step's transaction, which this step has not" })
  .refine(({ kind, transactional, carry, carryBack }) => carry.length + carryBack.length === 0 || (transactional && kind !== "backfill"), { path: ["carry"], message: "rows are carried over in the step's transaction, which this step has not" })
  .refine(({ kind, backward }) => kind === "backfill" || typeof backward === "string" || !("batches" in backward), { path: ["backward"], message: "only a backfill is undone in batches" });
export type Step = z.infer<typeof stepSchema>;
export type FlagStep = Step & { readonly flag: NonNullable<Step["flag"]> };

export const planSchema = z.strictObject({
  name: name,
  description: z.string(),
  tablespaces: z.array(identifier).default([]).describe("Tablespaces to which it moves things, and which are there before; each is a folder inside the server's data"),
  steps: z.array(stepSchema).min(1),
}).superRefine((plan, context) => {
  const seen = new Set<string>();
  plan.steps.forEach((step, index) => {
    if (seen.has(step.id)) context.addIssue({ code: "custom", path: ["steps", index, "id"], message: `there are two steps named ${step.id}` });
    step.needs.forEach((need, at) => {
      // Steps are listed in an order that satisfies their needs, which also rules out cycles.
      if (!seen.has(need)) context.addIssue({ code: "custom", path: ["steps", index, "needs", at], message: `${need} is no earlier step` });
    });
    seen.add(step.id);
  });
});
export type Plan = z.infer<typeof planSchema>;

/** What surrounds the plan's own steps when they run on a second server: it follows the first one, and clients are switched to it. */
export const BESIDE_STEPS = { follow: "follow", switch: "switch" } as const;
/** What comes before the plan's own steps when the server moves to another volume. */
export const SWAP_STEP = "swap";
/** What a way back does as a whole: the data are replaced by a backup, or the replica takes over. */
export const WAY_STEPS = { restore: "restore", takeOver: "take-over" } as const;

/** The steps that a drill has beside its plan's own, by the names that triggers know. */
export function stepsBeside({ migration: { blueGreen, volumeSwap }, rollback: { strategy } }: {
  readonly migration: { readonly blueGreen?: object | undefined; readonly volumeSwap?: object | undefined }; readonly rollback: Pick<Rollback, "strategy">;
}): readonly string[] {
  return [
    ...(blueGreen ? Object.values(BESIDE_STEPS) : volumeSwap ? [SWAP_STEP] : []),
    ...(strategy === "pitr" || strategy === "snapshot" ? [WAY_STEPS.restore] : strategy === "failover" ? [WAY_STEPS.takeOver] : []),
  ];
}

/** A plan with only some of its steps. @throws Error for a step that it doesn't have, or that needs one that is left out */
export function partOf(plan: Plan, chosen: readonly string[] | undefined): Plan {
  if (chosen === undefined) return plan;
  const steps = plan.steps.filter(({ id }) => chosen.includes(id));
  const missing = chosen.find((id) => !plan.steps.some((step) => step.id === id));
  if (missing !== undefined) throw new Error(`the plan ${plan.name} has no step "${missing}"`);
  for (const { id, needs } of steps) {
    const left = needs.find((need) => !chosen.includes(need));
    if (left !== undefined) throw new Error(`step "${id}" needs "${left}"`);
  }
  return { ...plan, steps };
}

/**
 * The steps that a way back leaves in place: none but for a partial one, which goes back `to` a step, or takes away `only` a
 * step and what needs it. @throws Error for a step that the plan doesn't have
 */
export function keptSteps({ steps }: Plan, { to, only }: { readonly to?: string | undefined; readonly only?: string | undefined }): Step[] {
  const named = to ?? only;
  const at = steps.findIndex(({ id }) => id === named);
  if (named === undefined) return [];
  if (at < 0) throw new Error(`the plan has no step "${named}"`);
  if (to !== undefined) return steps.slice(0, at + 1);
  const gone = new Set([named]);
  for (const step of steps) if (step.needs.some((need) => gone.has(need))) gone.add(step.id); // needs are earlier steps
  return steps.filter(({ id }) => !gone.has(id));
}

/** The step that turns a flag on: the named one, or the plan's only one. @throws Error when there is none, or several */
export function flagStep({ name, steps }: Plan, named: string | undefined): FlagStep {
  const flags = steps.flatMap((step) => (step.flag && (named === undefined || step.id === named) ? [{ ...step, flag: step.flag }] : []));
  const [only] = flags;
  if (!only || flags.length > 1) throw new Error(`the plan ${name} has ${only ? `several flags: ${flags.map(({ id }) => id).join(", ")}` : named === undefined ? "no step of kind flag" : `no step of kind flag named "${named}"`}`);
  return only;
}

/** Where a drill's way back ends: the steps that are in place then, and which of the system's queries reads the records. */
export function endOf(plan: Plan, rollback: Rollback): { readonly steps: readonly Step[]; readonly records: "before" | "after" } {
  if (rollback.strategy === "resume") return { steps: plan.steps, records: rollback.records };
  if (rollback.strategy === "down") return { steps: keptSteps(plan, rollback), records: rollback.records };
  if (rollback.strategy === "flag") return { steps: keptSteps(plan, { only: flagStep(plan, rollback.step).id }), records: rollback.records };
  return { steps: [], records: "before" };
}

/** The statements of a direction; a string is sent as it is, a list one by one. */
export function statements(part: string | readonly string[]): readonly string[] {
  return typeof part === "string" ? [part] : part;
}

/** What undoes a step at once; undefined for a backfill that is undone in batches, and for what has no way back. */
export function undoing({ backward }: Step): readonly string[] | undefined {
  if (typeof backward === "string") return [backward];
  if ("nothing" in backward) return [];
  if ("compensate" in backward) return statements(backward.compensate);
  return "batches" in backward || "irreversible" in backward ? undefined : backward;
}
