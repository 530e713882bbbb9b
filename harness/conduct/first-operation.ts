// What the load is refused for before anything is migrated: the wait for the first operation that is served, and for steady state.

import { HarnessError } from "../base/errors.ts";
import { waitUntil } from "../base/deadline.ts";
import { tailOf } from "../base/files.ts";
import { inShort } from "../base/quoted.ts";
import { ledgerHead, type LedgerHead } from "../evidence/ledger-head.ts";
import type { EvidenceWriter } from "../evidence/run-directory.ts";
import type { Load } from "../load/load.ts";

/** So many operations that ended without one that was served, and so long after the first: the next ones end no other way. */
const ENOUGH = 10;
const ENOUGH_MS = 3_000;
const WITHIN_MS = 30_000;
const MOST_NAMED = 3;
const MOST_OF_A_LINE = 300;

type Refused = { readonly op: string; readonly code: string; readonly error: string | undefined; readonly n: number };

/** @throws HarnessError `load-refused` where none is served, and `wait-timed-out` where none ends */
export async function firstOperation(load: Load, evidence: EvidenceWriter, signal: AbortSignal): Promise<void> {
  let refused = 0;
  let since: number | undefined;
  const outcome = await waitUntil({
    what: "the first operation of the load", withinMs: WITHIN_MS, place: "k6", signal, lastSeen: () => (refused === 0 ? "no operation ended yet" : `${refused} operations ended, and none was served`), remedy: "read logs/k6.log in the run directory",
    check: () => {
      const { at = 0, counts: { committed = 0, rejected = 0, indeterminate = 0 } = {} } = load.stats ?? {};
      refused = rejected + indeterminate;
      if (committed > 0) return "served";
      if (refused > 0) since ??= at;
      return refused >= ENOUGH && at - (since ?? at) >= ENOUGH_MS * 1e6 ? "refused" : undefined;
    },
  }).catch(async (error: unknown) => {
    if (signal.aborted) throw error;
    if (refused > 0) return "refused";
    throw withScriptsError(error, load.logFile);
  });
  if (outcome === "refused") throw await whyRefused(evidence, refused);
}

/** A script that throws before it asks anything has nothing in the ledger: k6 says in its log what it threw. */
function withScriptsError(error: unknown, logFile: string): unknown {
  const log = tailOf(logFile);
  const thrown = log.split("\n").filter((line) => line.includes("level=error") || line.startsWith("ERRO")).at(-1);
  if (thrown === undefined || !(error instanceof HarnessError)) return error;
  return new HarnessError({ code: "load-refused", kind: "run", place: "k6", message: `no operation of the load ended, for its script throws: ${inShort(thrown.trim(), MOST_OF_A_LINE)}`, remedy: "mend the workload; all that it said is in logs/k6.log in the run directory", cause: error });
}

/**
 * What is refused keeps steady state away, however little load there is.
 * @param maxErrorRatio what steady state tolerates @throws HarnessError `load-refused`, or the error itself where refusals don't explain it
 */
export async function refusedInstead(error: unknown, evidence: Pick<EvidenceWriter, "path">, maxErrorRatio: number): Promise<never> {
  if (!(error instanceof HarnessError) || error.code !== "wait-timed-out") throw error;
  const head = await ledgerHead(evidence);
  const all = refusals(head);
  const refused = all.reduce((sum, { n }) => sum + n, 0);
  if (refused === 0 || refused <= maxErrorRatio * head.outcomes.length) throw error;
  throw new HarnessError({
    code: "load-refused", kind: "run", place: "k6", cause: error, remedy: REMEDY,
    message: `steady state did not come: of the load's first ${head.outcomes.length} operations ${refused} were refused, on the system as it is before any migration: ${inWords(all)}`,
  });
}

async function whyRefused(evidence: EvidenceWriter, n: number): Promise<HarnessError> {
  const all = refusals(await ledgerHead(evidence));
  return new HarnessError({
    code: "load-refused", kind: "run", place: "k6",
    message: `none of the load's first ${n} operations was served, on the system as it is before any migration: ${inWords(all)}`, remedy: REMEDY,
  });
}

const REMEDY = "mend the workload, or the system that it asks; with a server's SQLSTATE 42 it asks for what is not there, or may not be asked for; with 53 there is too little of something; where refusals are usual, as 40001 is, raise steadyState.maxErrorRatio";

/** The most frequent, each with how often it was refused for what. */
function inWords(all: readonly Refused[]): string {
  const named = all.slice(0, MOST_NAMED).map(({ op, code, error, n }) => `${op} ${n} ${n === 1 ? "time" : "times"}: ${code}${error === undefined ? "" : ` ${error}`}`);
  return [...named, ...(all.length > named.length ? [`and ${all.length - named.length} more`] : [])].join("; ");
}

/** What operations were refused for, the most frequent first. */
export function refusals({ intents, outcomes }: LedgerHead): Refused[] {
  const ops = new Map(intents.map(({ seq, op }) => [seq, op]));
  const ended = outcomes.filter(({ outcome }) => outcome === "rejected" || outcome === "indeterminate");
  const groups = Map.groupBy(ended, ({ seq, code, error }) => JSON.stringify([ops.get(seq) ?? "an operation", code, error]));
  return [...groups].map(([, some]): Refused => {
    const [first] = some as [(typeof some)[number], ...typeof some];
    return { op: ops.get(first.seq) ?? "an operation", code: first.code, error: first.error, n: some.length };
  }).toSorted((a, b) => b.n - a.n || (a.op < b.op ? -1 : 1));
}
