// Consistency models and the anomalies that each forbids.

import { CONSISTENCY_MODELS as MODELS } from "../../drill/consistency-models.ts";

/*
 * Sources: Atul Adya, "Weak Consistency" (PhD thesis, MIT 1999), for G0, G1a-c, G-single, G2-item
 * and the levels; Kingsbury and Alvaro, "Elle" (VLDB 14(3), 2020), for inferring them from lists;
 * Cerone and Gotsman, "Analysing Snapshot Isolation" (PODC 2016): a history is snapshot-isolated
 * unless a cycle has no two adjacent anti-dependencies, hence G-nonadjacent.
 *
 * PostgreSQL's READ COMMITTED is read-committed, its REPEATABLE READ is snapshot-isolation, and its
 * SERIALIZABLE is serializable. Adya's repeatable-read, which forbids write skew on items, is none
 * of them.
 */

export { MODELS };
export type Model = (typeof MODELS)[number];

export const CYCLES = ["G0", "G1c", "G-single", "G-nonadjacent", "G2-item"] as const;
export type CycleType = (typeof CYCLES)[number];
/** Which order beside the data a cycle needs: none, that of one process, or that of real time. */
export const ORDERS = ["", "-process", "-realtime"] as const;
export type Order = (typeof ORDERS)[number];

export const DIRECT = ["duplicate-elements", "garbage-read", "future-read", "G1a", "G1b", "dirty-update", "incompatible-order", "internal", "lost-update"] as const;
export type DirectType = (typeof DIRECT)[number];
export type AnomalyType = DirectType | CycleType | `${CycleType}${"-process" | "-realtime"}`;

/** Each model forbids what the ones below it do, and these. Repeatable read and snapshot isolation are side by side. */
const BELOW: Readonly<Record<Model, readonly Model[]>> = {
  "read-uncommitted": [],
  "read-committed": ["read-uncommitted"],
  "repeatable-read": ["read-committed"],
  "snapshot-isolation": ["read-committed"],
  serializable: ["repeatable-read", "snapshot-isolation"],
  "strict-serializable": ["serializable"],
};
const ADDS: Readonly<Record<Model, readonly AnomalyType[]>> = {
  // No order of writes, committed or not, explains these.
  "read-uncommitted": ["G0", "duplicate-elements", "garbage-read", "future-read"],
  // An order that contradicts itself means that some list was read whose writer did not commit it.
  "read-committed": ["G1a", "G1b", "G1c", "dirty-update", "incompatible-order"],
  "repeatable-read": ["G-single", "G-nonadjacent", "G2-item", "lost-update", "internal"],
  "snapshot-isolation": ["G-single", "G-nonadjacent", "lost-update", "internal"],
  serializable: [],
  "strict-serializable": CYCLES.flatMap((type) => [`${type}-process` as const, `${type}-realtime` as const]),
};

export function forbids(model: Model): ReadonlySet<AnomalyType> {
  return new Set([...ADDS[model], ...BELOW[model].flatMap((below) => [...forbids(below)])]);
}

/** The weakest models that these anomalies violate: none of them is above another. */
export function weakestViolated(types: Iterable<AnomalyType>): Model[] {
  const found = [...types];
  const violated = MODELS.filter((model) => { const set = forbids(model); return found.some((type) => set.has(type)); });
  const above = (model: Model): Model[] => BELOW[model].flatMap((below) => [below, ...above(below)]);
  return violated.filter((model) => !above(model).some((below) => violated.includes(below)));
}
