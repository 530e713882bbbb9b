// The isolation history of a run: its list transactions, as clients asked and were answered.

import { join } from "node:path";
import { exists, linesOf } from "../../base/files.ts";
import { PATHS } from "../../evidence/run-directory.ts";
import { History, STATUS } from "./history.ts";

type Intent = { readonly seq: number; readonly vu: number; readonly start: number; readonly mops: readonly (readonly [kind: "append" | "r", key: number | string, element?: number])[] };
type Outcome = { readonly seq: number; readonly end: number; readonly outcome: "committed" | "rejected" | "indeterminate"; readonly reads?: readonly (readonly number[])[] };

const ENDS = { committed: STATUS.ok, rejected: STATUS.fail, indeterminate: STATUS.info } as const;
/** A client whose transaction is in doubt goes on as another process: nobody knows whether the first has ended. */
const NEXT_PROCESS = 100_000;

/**
 * Builds the history; undefined when the workload made no list transactions. A transaction is
 * invoked at its start and completed at its end, both on the run's clock, so one that ended
 * before another began did so in truth. Its index is its number in the ledger.
 */
export async function historyOfRun(directory: string): Promise<History | undefined> {
  const intents = new Map<number, Intent>();
  for await (const intent of lines<Intent>(directory, PATHS.intents, (line) => line.includes('"mops":'))) intents.set(intent.seq, intent);
  if (intents.size === 0) return undefined;
  const outcomes: Outcome[] = [];
  for await (const outcome of lines<Outcome>(directory, PATHS.outcomes, () => true)) if (intents.has(outcome.seq)) outcomes.push(outcome);
  const events = [...[...intents.values()].map((intent) => ({ at: intent.start, intent, outcome: undefined })), ...outcomes.map((outcome) => ({ at: outcome.end, intent: undefined, outcome }))]
    .sort((a, b) => a.at - b.at || Number(a.outcome === undefined) - Number(b.outcome === undefined));
  const history = new History();
  const generation = new Map<number, number>();
  const processOf = (vu: number) => vu + (generation.get(vu) ?? 0) * NEXT_PROCESS;
  events.forEach(({ intent, outcome }, i) => {
    if (intent) invoke(history, intent, processOf(intent.vu), i + 1);
    else if (outcome) {
      const { vu } = intents.get(outcome.seq) as Intent;
      complete(history, outcome, processOf(vu), i + 1);
      if (outcome.outcome === "indeterminate") generation.set(vu, (generation.get(vu) ?? 0) + 1);
    }
  });
  return history;
}

async function* lines<T>(directory: string, path: string, wanted: (line: string) => boolean): AsyncGenerator<T> {
  const file = join(directory, path);
  if (!(await exists(file))) return;
  for await (const line of linesOf(file)) if (line !== "" && wanted(line)) yield JSON.parse(line) as T;
}

function invoke(history: History, { seq, mops }: Intent, process: number, at: number): void {
  history.invoke(process, at, seq);
  for (const [kind, key, element] of mops) {
    if (kind === "append") history.append(history.key(key), element as number);
    else history.read(history.key(key));
  }
}

function complete(history: History, { seq, outcome, reads = [] }: Outcome, process: number, at: number): void {
  const txn = history.complete(process, ENDS[outcome], at, seq);
  if (outcome !== "committed") return;
  let read = 0;
  for (let op = history.opStart.get(txn), end = history.opStart.get(txn + 1); op < end; op++) {
    if (history.opKey.get(op) >= 0) history.returned(txn, op, reads[read++] ?? []);
  }
}
