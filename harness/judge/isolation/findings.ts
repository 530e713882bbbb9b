// Isolation as part of a run's judgement: its verdict, and a finding for each kind of anomaly.

import type { Drill } from "../../drill/schema.ts";
import type { EvidenceDatabase } from "../../evidence/database.ts";
import type { Finding } from "../scorecard.ts";
import { checkIsolation, type Isolation } from "./check.ts";
import { meaningOf, tell } from "./describe.ts";
import { historyOfRun } from "./from-ledger.ts";

export type RunIsolation = { readonly result: Isolation; readonly findings: readonly Finding[] };

const EXAMPLES = 3;

/** Undefined when the workload made no list transactions, or nobody asked. */
export async function isolationOfRun(database: EvidenceDatabase, target: Drill["objectives"]["isolation"]): Promise<RunIsolation | undefined> {
  const history = target && (await historyOfRun(database));
  if (!target || !history) return undefined;
  const result = checkIsolation(history, target.model);
  const findings = [...result.counts].map(([type, count]): Finding => {
    const examples = result.anomalies.filter((anomaly) => anomaly.type === type).slice(0, EXAMPLES).map((anomaly) => tell(history, anomaly));
    const operations = [...new Set(examples.flatMap(({ transactions }) => transactions.map(({ index }) => index)))].sort((a, b) => a - b);
    return {
      kind: `isolation-${type}`, subject: target.model, count, detail: meaningOf(type), examples,
      // A garbage element has no transaction that could be quoted: then the reads that could show it.
      query: `select seq, vu, start, "end", outcome, mops, reads from operations where ${operations.length > 0 ? `seq in (${operations.join(", ")})` : "reads is not null"} order by seq`,
    };
  });
  return { result, findings };
}
