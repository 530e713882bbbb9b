// A plan's own declaration: ordered steps, each with its way forward and its way back.

import { z } from "zod";

const sql = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const stepId = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "use lower-case letters, digits and hyphens");

export const stepSchema = z.strictObject({
  id: stepId,
  kind: z.enum(["expand", "backfill", "cutover", "contract", "storage", "flag", "command"]),
  needs: z.array(stepId).default([]).describe("Steps that must be done before; going back undoes this one first"),
  transactional: z.boolean().default(true).describe("false for what PostgreSQL refuses inside a transaction; then a list of single statements"),
  forward: sql,
  backward: z.union([
    sql,
    z.strictObject({ irreversible: z.string().min(10).describe("Why there is no way back") }),
    z.strictObject({ nothing: z.string().min(10).describe("Why there is nothing to undo") }),
  ]),
  check: z.string().optional().describe("Query whose first column is true when the step is done"),
  batch: z.number().int().min(1).default(1_000).describe("Backfill: $2 of the forward statement"),
  size: z.string().optional().describe("Backfill: query of the number of rows to go through, for the progress"),
  pauseMs: z.number().int().min(0).default(0).describe("Pause before the step, or between a backfill's batches"),
  lockTimeoutMs: z.number().int().min(0).default(0).describe("Give up a lock after this, so that no queue piles up behind us; 0: wait"),
  attempts: z.number().int().min(1).default(1).describe("How often to try when the lock was not had, with backoff"),
}).refine((step) => step.transactional || step.kind !== "backfill", "a backfill is transactional, batch by batch");
export type Step = z.infer<typeof stepSchema>;

export const planSchema = z.strictObject({
  name: stepId,
  description: z.string(),
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

/** The statements of a direction; a string is sent as it is, a list one by one. */
export function statements(part: string | readonly string[]): readonly string[] {
  return typeof part === "string" ? [part] : part;
}
