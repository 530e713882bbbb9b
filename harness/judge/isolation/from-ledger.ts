// The isolation history of a run: its list transactions, as clients asked and were answered.

import type { EvidenceDatabase } from "../../evidence/database.ts";
import { History, STATUS } from "./history.ts";

type Mop = readonly [kind: "append" | "r", key: number | string, element?: number];
type Transaction = {
  readonly seq: number; readonly vu: number; readonly start: number; readonly mops: readonly Mop[];
  readonly end: number | null; readonly outcome: keyof typeof ENDS; readonly reads: readonly (readonly number[])[];
};

const ENDS = { committed: STATUS.ok, rejected: STATUS.fail, indeterminate: STATUS.info } as const;
/** A client whose transaction is in doubt goes on as another process: nobody knows whether the first has ended. */
const NEXT_PROCESS = 100_000;

/**
 * Builds the history; undefined when the workload made no list transactions. A transaction is
 * invoked at its start and completed at its end, both on the run's clock, so one that ended
 * before another began did so in truth. Its index is its number in the ledger.
 */
export async function historyOfRun(database: EvidenceDatabase): Promise<History | undefined> {
  const transactions = await readTransactions(database);
  if (transactions.length === 0) return undefined;
  const events = transactions.flatMap((transaction) => [{ at: transaction.start, ends: false, transaction }, ...(transaction.end === null ? [] : [{ at: transaction.end, ends: true, transaction }])])
    .sort((a, b) => a.at - b.at || Number(b.ends) - Number(a.ends));
  const history = new History();
  const generation = new Map<number, number>();
  const processOf = (vu: number) => vu + (generation.get(vu) ?? 0) * NEXT_PROCESS;
  events.forEach(({ ends, transaction }, i) => {
    if (!ends) return invoke(history, transaction, processOf(transaction.vu), i + 1);
    complete(history, transaction, processOf(transaction.vu), i + 1);
    if (transaction.outcome === "indeterminate") generation.set(transaction.vu, (generation.get(transaction.vu) ?? 0) + 1);
  });
  return history;
}

async function readTransactions(database: EvidenceDatabase): Promise<Transaction[]> {
  const transactions: Transaction[] = [];
  const portions = database.portions(`select seq::double, vu::double, start::double, "end"::double, outcome, mops::varchar, reads::varchar from operations where mops is not null order by seq`);
  for await (const [seq = [], vu = [], start = [], end = [], outcome = [], mops = [], reads = []] of portions) {
    seq.forEach((number, i) => transactions.push({
      seq: number as number, vu: vu[i] as number, start: start[i] as number, mops: JSON.parse(mops[i] as string) as Mop[],
      end: end[i] as number | null, outcome: outcome[i] as Transaction["outcome"], reads: JSON.parse((reads[i] as string | null) ?? "[]") as number[][],
    }));
  }
  return transactions;
}

function invoke(history: History, { seq, mops }: Transaction, process: number, at: number): void {
  history.invoke(process, at, seq);
  for (const [kind, key, element] of mops) {
    if (kind === "append") history.append(history.key(key), element as number);
    else history.read(history.key(key));
  }
}

function complete(history: History, { seq, outcome, reads }: Transaction, process: number, at: number): void {
  const txn = history.complete(process, ENDS[outcome], at, seq);
  if (outcome !== "committed") return;
  let read = 0;
  for (let op = history.opStart.get(txn), end = history.opStart.get(txn + 1); op < end; op++) {
    if (history.opKey.get(op) >= 0) history.returned(txn, op, reads[read++] ?? []);
  }
}
