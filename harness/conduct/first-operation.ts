// The wait for the first operation that is acknowledged: where each is refused, it ends early, and says what they are refused for.

import { HarnessError } from "../base/errors.ts";
import { waitUntil } from "../base/deadline.ts";
import { ledgerHead, type LedgerHead } from "../evidence/ledger-head.ts";
import type { EvidenceWriter } from "../evidence/run-directory.ts";
import type { Load } from "../load/load.ts";

/** So many operations that ended without one that was served, and so long after the first: the next ones end no other way. */
const ENOUGH = 10;
const ENOUGH_MS = 3_000;
const WITHIN_MS = 30_000;
const MOST_NAMED = 3;

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
  }).catch((error: unknown) => {
    if (refused > 0 && !signal.aborted) return "refused";
    throw error;
  });
  if (outcome === "refused") throw await whyRefused(evidence, refused);
}

async function whyRefused(evidence: EvidenceWriter, n: number): Promise<HarnessError> {
  const all = refusals(await ledgerHead(evidence));
  const named = all.slice(0, MOST_NAMED).map(({ op, code, error, n: times }) => `${op} ${times} ${times === 1 ? "time" : "times"}: ${code}${error === undefined ? "" : ` ${error}`}`);
  return new HarnessError({
    code: "load-refused", kind: "run", place: "k6",
    message: `none of the load's first ${n} operations was served, on the system as it is before any migration: ${named.join("; ")}${all.length > named.length ? `; and ${all.length - named.length} more` : ""}`,
    remedy: "mend the workload, or the system that it asks; with a server's SQLSTATE 42 it asks for what is not there, or may not be asked for",
  });
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
