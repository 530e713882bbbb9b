// Reads a plan from its folder and gives each step its checksum.

import { join, resolve } from "node:path";
import { ROOT, sha256 } from "../base/files.ts";
import { readDeclared } from "../drill/parse.ts";
import { planSchema, type Plan, type Step } from "../drill/plan.ts";
import { refuseOwnTransactions } from "./own-transaction.ts";

/** @throws HarnessError for what is no plan, and for a step that ends its own transaction */
export async function readPlan(folder: string): Promise<Plan> {
  const file = join(resolve(ROOT, folder), "plan.yaml");
  const plan = await readDeclared(planSchema, file);
  refuseOwnTransactions(plan);
  return plan;
}

/** What makes a step the same step: its statements, what they preserve and carry over, where, and its flag, not its pauses or its place in the list. */
export function checksum(step: Step): string {
  return sha256(JSON.stringify([step.id, step.kind, step.transactional, step.forward, step.backward, step.batch, step.preserve, step.flag?.name, step.on, step.carry, step.carryBack])).slice(0, 16);
}
