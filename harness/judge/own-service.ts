// Everything that is known of whether clients are served as before: what the judge needs of service compared with itself.

import type { EvidenceDatabase } from "../evidence/database.ts";
import { applicationFindings } from "./application.ts";
import { compareService, underCauses } from "./as-before.ts";
import { periodsOf } from "./operations.ts";
import { statisticsGone, underStatistics } from "./planner-statistics.ts";
import { eventsOf, type RunRecord } from "./run-record.ts";
import type { Finding } from "./scorecard.ts";
import type { Service } from "./service.ts";
import { standstillsOf } from "./standstills.ts";

export type OwnService = {
  /** Undefined where there is nothing that could be compared; `why` says why. */
  readonly compared: { readonly operations: number; readonly of: number } | undefined;
  readonly why: string;
  /** Nobody went back, or clients did nothing before: the question doesn't arise. */
  readonly applies: boolean;
  readonly findings: readonly Finding[];
  readonly warnings: readonly Finding[];
};

export async function ownService(record: RunRecord, database: EvidenceDatabase, service: Service): Promise<OwnService> {
  const started = eventsOf(record, "migration").find(({ state }) => state === "started")?.t;
  const ended = eventsOf(record, "rollback").findLast(({ state }) => state === "completed")?.t;
  const none = { compared: undefined, findings: [], warnings: [] };
  if (started === undefined || ended === undefined) return { ...none, applies: false, why: "nobody went back" };
  const gone = await statisticsGone(record.directory);
  const application = await applicationFindings(database, started, ended);
  const stopping = eventsOf(record, "load").find(({ state }) => state === "stopping");
  const endOfImpactMs = service.episodes.at(-1)?.toMs;
  const periods = periodsOf(record, endOfImpactMs ? endOfImpactMs * 1e6 : null, stopping?.observedTo ?? stopping?.t);
  if (!periods) return { ...none, findings: application, warnings: gone, applies: true, why: "a fault or a closed gate kept clients away until the end" };
  const stood = standstillsOf(record, ["load"]);
  const { findings, warnings, compared, of, anyAfter } = await compareService(database, periods, stood, standstillsOf(record));
  const told = underStatistics(gone, underCauses(application, findings));
  const again = notServedAgain(record, service);
  const all = { findings: [...told.findings, ...(again && told.findings.length === 0 && stood.length === 0 ? [again] : [])], warnings: [...warnings, ...told.warnings] };
  if (of === 0) return { ...all, compared: undefined, applies: application.length > 0, why: "clients did nothing before the migration that could be compared" };
  if (!anyAfter) return { ...all, compared: undefined, applies: true, why: "no operation was due after the way back" };
  if (again && stood.length > 0) return { ...all, compared: undefined, applies: true, why: `${again.detail}; the machine itself stood still meanwhile` };
  return { ...all, compared: { operations: compared, of }, applies: true, why: "" };
}

/** Steady state was waited for after the way back, and never came. */
function notServedAgain(record: RunRecord, { recovery }: Service): Finding | undefined {
  const waited = eventsOf(record, "load").findLast(({ state, detail }) => state === "steady" && detail !== undefined);
  if (!waited || !recovery.atLeast) return undefined;
  return {
    kind: "not-served-again", subject: "clients", count: 1, examples: [], query: "select op, outcome, code, count(*) from operations group by all order by 4 desc",
    detail: `not served normally again within ${(record.header.drill.recoveryWithinMs ?? 0) / 1_000} s after the way back`,
  };
}
