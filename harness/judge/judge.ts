// The judge: from a run directory to a scorecard; pure, so that anybody can repeat it.

import { inDatabase } from "../drill/system.ts";
import { EvidenceDatabase } from "../evidence/database.ts";
import { judgeAcross } from "./across.ts";
import { adviceOn, notTaken } from "./advice.ts";
import { causesFirst } from "./causes-first.ts";
import { failureWords, migrationCourse, unrehearsed, wayBackCourse } from "./course.ts";
import { allRules, integrityWarnings, judgeInvariants, newProblems } from "./integrity.ts";
import { unreadLists } from "./lists.ts";
import type { Alert } from "./detection.ts";
import { isolationOfRun } from "./isolation/findings.ts";
import { reconcile, type Reconciliation } from "./reconcile.ts";
import { clientsOwn, eventsOf, phaseOf, readEntities, readRun, type RunRecord } from "./run-record.ts";
import { Samples } from "./samples.ts";
import type { FaultResult, Finding, Measured, Measures, Scorecard, Verdict } from "./scorecard.ts";
import { ownService } from "./own-service.ts";
import { score } from "./score.ts";
import { assessService, lessSure, latencies, round, series, type Service } from "./service.ts";
import { spans } from "./spans.ts";
import { judgeStructure } from "./structure.ts";
import { failedJourneys } from "./journeys.ts";
import { standstillsOf, stoodStillMs, stoodWithin } from "./standstills.ts";
import { isHarm, named } from "./unasked.ts";
import { undeclaredEffects } from "./undeclared.ts";
import { unreadOf } from "./unread.ts";
import { unreadables } from "./unreadable.ts";
import { judgeObjectives, ms, overall } from "./verdicts.ts";

/**
 * Judges a run. Reads nothing but the directory: no clock, no socket, no environment.
 * The same directory gives the same scorecard, byte for byte once written as JSON.
 * @param known why it can't be met, as whoever asks knows: it is not as it was sealed
 */
export async function judge(directory: string, known: readonly string[] = []): Promise<Scorecard> {
  const record = await readRun(directory);
  const dumped = readEntities(record);
  await using database = await EvidenceDatabase.open(directory, record.system.entities);
  const reconciliation = record.before && record.after ? await reconcile(database, clientsOwn(dumped), record.told) : undefined;
  const doubts = [...known, ...doubtsOf(record), ...(await undeclaredEffects(database, record.system)), ...(record.header.drill.objectives.loss ? await unreadLists(database, record.system.entities) : []), ...(reconciliation?.unsure ?? [])];
  const start = eventsOf(record, "migration").find(({ state }) => state === "started")?.t;
  const end = eventsOf(record, "rollback").findLast(({ state }) => state !== "retried")?.t ?? phaseOf(record, "decision")?.to ?? start;
  // A gate that was closed for the migration costs clients from then on.
  const closing = eventsOf(record, "traffic")[0]?.t;
  // A stall that begins while the load is being stopped would be seen to begin and not to end.
  const observedTo = eventsOf(record, "load").find(({ state }) => state === "stopping")?.observedTo;
  const [from, standing] = [Math.min(start ?? Infinity, closing ?? Infinity), standstillsOf(record, ["load"])];
  const service = lessSure(
    assessService((await Samples.read(database)).between(0, observedTo), record.header.drill.steadyState, from, standing),
    standstillsOf(record), standing, [from, observedTo ?? record.events.at(-1)?.t ?? from],
  );

  const facts = record.before && record.after && { before: record.before, after: record.after };
  const compared = facts && judgeStructure(record.reference ?? facts.before.structure, facts.after.structure, record.header.drill.objectives.structure ?? {}, record.header.startedAt, record.reference ? "reference" : "before");
  const structure = compared && [...compared.findings, ...unreadables(record)];
  const warnings = [...(compared?.warnings ?? []), ...integrityWarnings(facts?.after.integrity ?? [])];
  const own = await ownService(record, database, service);
  const back = wayBack(record).wayBack === "completed" && record.reference === undefined;
  const unread = facts && await unreadOf(record, database, { back, accused: new Set((reconciliation?.findings ?? []).map(({ subject }) => subject)) });
  doubts.push(...(unread?.doubts ?? []));
  const counted = record.header.drill.objectives.consistency ? [] : unread?.findings ?? []; // by whichever objective there is
  const integrity = facts && [...newProblems(facts.before.integrity, facts.after.integrity), ...counted];
  const rules = facts && allRules([judgeInvariants(facts.before.invariants, facts.after.invariants), await judgeAcross(record.directory, record.system, dumped)]);
  const invariants = rules?.findings;
  if (record.header.drill.objectives.invariants) doubts.push(...(rules?.unsure ?? []));
  const whole = reconciliation && dumped.length === record.system.entities.length ? reconciliation : undefined;
  const measures: Measures = {
    ...times(record, service),
    unavailableMs: tidy(service.unavailable), availability: tidy(service.availability), recoveryMs: tidy(service.recovery),
    lossWindowMs: lossWindow(record, reconciliation),
    lostWrites: whole?.lost ?? null, phantomWrites: whole?.phantom ?? null, duplicateWrites: whole?.duplicate ?? null,
    alteredWrites: whole?.altered ?? null, shedValues: whole?.shed ?? null,
    structureDifferences: structure?.length ?? null, integrityProblems: integrity?.length ?? null, invariantsViolated: invariants?.length ?? null, unexplainedChanges: unread?.findings.length ?? null,
    storageBytes: [...eventsOf(record, "backup"), ...eventsOf(record, "replication").slice(0, 1), ...eventsOf(record, "volume").slice(0, 1)].reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    operations: await operations(database),
    latency: await latencies(database, start ?? 0, end ?? 0),
    episodes: service.episodes.map(({ fromMs, toMs }) => ({ fromMs: round(fromMs), toMs: toMs === null ? null : round(toMs) })),
    probes: await probes(database),
  };
  const course = { migration: migrationCourse(record), wayBack: wayBackCourse(record) };
  const nothing = unrehearsed(course.migration, course.wayBack);
  const [written] = await database.rows("select count(*)::double as n from operations where outcome in ('committed', 'indeterminate') and (seq in (select seq from effects) or mops::text like '%append%')");
  const isolation = await isolationOfRun(database, record.header.drill.objectives.isolation);
  const rest = [...(reconciliation?.findings ?? []), ...(counted.length > 0 ? [] : unread?.findings ?? []), ...(invariants ?? []), ...(isolation?.findings ?? []), ...failedJourneys(record.journeys ?? [])];
  const { findings, service: served } = await causesFirst(record, database, { causes: [...(structure ?? []), ...(integrity ?? [])], service: own.findings, rest });
  const objectives = judgeObjectives(record.header.drill.objectives, {
    measures, acknowledgedWrites: Number(written?.["n"] ?? 0), ...wayBack(record), lossBefore: owedTo(record, reconciliation) ? "the fault" : eventsOf(record, "rollback").length > 0 ? "the way back" : undefined, service: { ...own, findings: served }, due: service.due, perSecond: record.header.drill.load.arrivalsPerSecond, detector: record.header.drill.detector, alerts: alertsOf(record), observedMs: (observedTo ?? record.events.at(-1)?.t ?? 0) / 1e6, structure, endsElsewhere: record.reference !== undefined, integrity, invariants, reconciled: reconciliation?.findings, unread: unread?.findings ?? [], coverage: unread?.coverage, isolation, died: eventsOf(record, "harness-error").find(({ code }) => code.endsWith("-died"))?.message, journeys: record.journeys, journeysDetail: eventsOf(record, "journey").find(({ state }) => state === "unknown")?.detail,
  }, nothing === undefined ? doubts : [...doubts, nothing]);
  const stood = standstillsOf(record).map(({ from, to }) => ({ fromMs: round(from / 1e6), toMs: round(to / 1e6) }));
  const verdict = overall(objectives);
  const { run, startedAt, runtime, seed, versions, drill } = record.header;
  const advice = adviceOn(objectives, findings);
  return {
    schema: "turnback.scorecard/1", run, drill: drill.name, question: drill.question, startedAt, runtime: runtime.kind, seed, versions,
    verdict, summary: summarise(verdict, objectives, measures, nothing === undefined ? doubts : [...doubts, nothing], stood, findings), ...(advice && { advice }), score: score(objectives), doubts, ...course, objectives, measures,
    faults: faults(record), journeys: record.journeys ?? [],
    findings,
    warnings: [...warnings, ...(rules?.warnings ?? []), ...own.warnings, ...(unread?.warnings ?? [])], ...(unread && { coverage: unread.coverage }), standstills: stood,
    series: await series(database), spans: spans(record, service),
  };
}

/** What ends a run and is no failure of the harness: a server that somebody else ended, a workload that is refused. */
const NOT_OURS: ReadonlySet<string> = new Set(["server-died", "load-refused"]);

/** Why this run can't be met, whatever was measured: what the harness itself did not achieve. */
function doubtsOf(record: RunRecord): string[] {
  const doubts: string[] = [];
  for (const { code, message } of eventsOf(record, "harness-error")) doubts.push(NOT_OURS.has(code) ? message : `the harness failed: ${message}`);
  const ended = eventsOf(record, "run").at(-1)?.state;
  if (ended === "started") doubts.push("the run never ended: the harness was killed");
  for (const { index, kind, proven, healed, proof } of faults(record).map((fault, index) => ({ ...fault, index }))) {
    if (!proven) doubts.push(`fault ${index + 1} (${kind}) was not proven: ${proof}`);
    else if (!healed) doubts.push(`fault ${index + 1} (${kind}) was not proven to be healed`);
  }
  const quiescence = eventsOf(record, "quiescence").at(-1);
  if (quiescence?.state === "unproven") doubts.push(`quiescence was not proven: ${quiescence.detail}`);
  if (!quiescence && doubts.length === 0) doubts.push("there is no proof of quiescence");
  if (record.absent.length > 0) doubts.push(`not all facts are there: the run has no ${record.absent.join(", ")}`);
  return doubts;
}

function faults(record: RunRecord): FaultResult[] {
  return record.header.drill.faults.map((fault, index) => {
    const events = eventsOf(record, "fault").filter((event) => event.index === index);
    const proven = events.find(({ state }) => state === "proven");
    const healed = events.find(({ state }) => state === "healed");
    const why = events.find(({ state }) => state === "unproven" || state === "not-triggered");
    return {
      kind: fault.kind, target: inDatabase(fault.database, fault.on), proven: proven !== undefined, healed: healed !== undefined,
      atMs: proven ? round(proven.t / 1e6) : null, healedMs: healed ? round(healed.t / 1e6) : null,
      proof: proven?.detail ?? why?.detail ?? "it never struck",
    };
  });
}

function wayBack(record: RunRecord): { readonly wayBack: "completed" | "failed" | "refused" | undefined; readonly wayBackDetail: string } {
  const last = eventsOf(record, "rollback").findLast(({ state }) => state === "completed" || state === "failed");
  if (last?.state === "completed") {
    const backups = eventsOf(record, "backup").filter(({ state }) => state === "refused" || state === "restored").map(({ state, label, detail }) => `${label} was ${state} ${state === "refused" ? `(${detail})` : detail}`);
    const servers = eventsOf(record, "replication").filter(({ state }) => state === "promoted" || state === "left-behind" || state === "switched-back")
      .map(({ state, server, detail }) => (state === "promoted" ? `${server} was promoted ${detail}` : state === "switched-back" ? `clients were led ${detail}` : `${server} kept ${detail}`));
    const flags = eventsOf(record, "flag").filter(({ state }) => state === "off").map(({ flag, detail }) => `the flag ${flag} is off, ${detail}`);
    const volumes = eventsOf(record, "volume").filter(({ state }) => state === "swapped-back").map(({ detail }) => `the server went back ${detail}`);
    return { wayBack: "completed", wayBackDetail: [...backups, ...servers, ...volumes, ...flags].join("; ") || "the way back ran to its end" };
  }
  if (last?.state === "failed") return { wayBack: "failed", wayBackDetail: wayBackFailed(record) };
  const stay = eventsOf(record, "decision").find(({ state }) => state === "stay" || state === "none");
  if (!stay) return { wayBack: undefined, wayBackDetail: "the way back did not come to its end" };
  if (stay.state === "none") return { wayBack: undefined, wayBackDetail: `the way back was never taken: ${stay.detail}` };
  return { wayBack: "refused", wayBackDetail: `the way back was never taken: ${stay.by === "nobody" ? "" : `${stay.by} `}${stay.detail}` };
}

/** When the detector fired, and until when. */
function alertsOf(record: RunRecord): Alert[] {
  const events = eventsOf(record, "detector");
  return events.flatMap((event, i) => {
    if (event.state !== "firing") return [];
    const cleared = events.slice(i + 1).find(({ state }) => state === "cleared")?.t;
    return [{ fromMs: event.t / 1e6, toMs: cleared === undefined ? null : cleared / 1e6 }];
  });
}

function wayBackFailed(record: RunRecord): string {
  const { failure } = wayBackCourse(record);
  return `the way back failed${failure ? `${failure.step === null ? ": " : " "}${failureWords(failure)}` : ""}`;
}

/** Detection, decision and rollback, each from the events that begin and end it. */
function times(record: RunRecord, service: Service): Pick<Measures, "detectionMs" | "decisionMs" | "rollbackMs"> {
  const absent: Measured = { value: null, plusMinus: 0, unit: "ms" };
  const standstills = standstillsOf(record, ["probes", "harness"]); // those who saw, decided and acted
  const between = (from: number | null | undefined, to: number | undefined, plusMinus: number): Measured =>
    from === null || from === undefined || to === undefined ? absent
      : { value: round(Math.max(0, to - from) / 1e6), plusMinus: round(plusMinus + stoodWithin(standstills, from, to) / 1e6), unit: "ms" };
  const alert = alertsOf(record).find(({ toMs }) => service.impactNs === null || toMs === null || toMs * 1e6 >= service.impactNs);
  const alertNs = alert && alert.fromMs * 1e6;
  const rollback = eventsOf(record, "rollback");
  const begun = rollback.find(({ state }) => state === "started")?.t;
  const done = rollback.find(({ state }) => state === "completed")?.t;
  return {
    detectionMs: between(service.impactNs, alertNs, service.recovery.plusMinus),
    decisionMs: between(alertNs, begun, 1),
    rollbackMs: between(begun, done, 1),
  };
}

/** From the acknowledgement of the oldest lost write to the fault; without a fault, or where a restore replaced the data, to the way back. */
function lossWindow(record: RunRecord, reconciliation: Reconciliation | undefined): Measured {
  const oldest = reconciliation?.oldestLostNs ?? null;
  if (!reconciliation || oldest === null) return { value: reconciliation ? 0 : null, plusMinus: 0, unit: "ms" };
  const struck = owedTo(record, reconciliation);
  const at = struck?.proven ?? eventsOf(record, "rollback")[0]?.t ?? oldest;
  // The fault took hold at some time before it was proven, and after it was triggered.
  const plusMinus = struck ? Math.max(1, (struck.proven - struck.triggered) / 1e6) : 1;
  return { value: round(Math.max(0, at - oldest) / 1e6), plusMinus: round(plusMinus), unit: "ms" };
}

/**
 * When the fault struck that the loss is owed to: the one that ended it, and not one before that only cut a replica off. What is lost
 * after every fault is owed to the way back; and a restore, or a replica that kept behind, loses what was written up to its own start,
 * whatever struck before.
 */
function owedTo(record: RunRecord, reconciliation: Reconciliation | undefined): { readonly triggered: number; readonly proven: number } | undefined {
  const { rollback } = record.header.drill;
  const delayed = rollback.strategy === "failover" && rollback.to === "migration-start" && eventsOf(record, "replication").some(({ state }) => state === "promoted");
  if (delayed || eventsOf(record, "backup").some(({ state }) => state === "restored")) return undefined;
  const faults = eventsOf(record, "fault");
  const proven = faults.find(({ state, t }) => state === "proven" && t >= (reconciliation?.newestBegunNs ?? 0));
  return proven && { proven: proven.t, triggered: faults.find(({ state, index }) => state === "triggered" && index === proven.index)?.t ?? proven.t };
}

async function operations(database: EvidenceDatabase): Promise<Measures["operations"]> {
  const rows = await database.rows("select outcome, count(*)::double as n from operations group by outcome");
  const n = (outcome: string) => Number(rows.find((row) => row["outcome"] === outcome)?.["n"] ?? 0);
  return { committed: n("committed"), rejected: n("rejected"), indeterminate: n("indeterminate"), dropped: n("dropped") };
}

async function probes(database: EvidenceDatabase): Promise<Measures["probes"]> {
  const [row] = await database.rows("select count(*)::double as sent, (count(*) filter (not ok))::double as failed from probes");
  return { sent: Number(row?.["sent"] ?? 0), failed: Number(row?.["failed"] ?? 0) };
}

function tidy(measured: Measured): Measured {
  const digits = measured.unit === "ratio" ? 1e6 : 100;
  const rounded = (value: number) => Math.round(value * digits) / digits;
  return { ...measured, value: measured.value === null ? null : rounded(measured.value), plusMinus: rounded(measured.plusMinus) };
}

/** The answer, for somebody who reads nothing else. */
function summarise(verdict: Verdict, objectives: Scorecard["objectives"], measures: Measures, doubts: readonly string[], stood: Scorecard["standstills"], findings: readonly Finding[]): string {
  if (verdict === "missed") {
    const notBack = notTaken(objectives);
    const missed = [...(notBack ? [notBack] : []), ...objectives.filter((objective) => objective.verdict === "missed")];
    return `No: ${missed.map(({ title, reason }) => `${title}: ${reason}`).join(". ")}.`;
  }
  if (verdict === "unknown") {
    const open = objectives.filter(({ verdict: seen, applies = true }) => seen === "unknown" && applies);
    return `We don't know: ${doubts[0] ?? open.map(({ title, reason }) => `${title}: ${reason}`).join(". ")}.${stood.length > 0 ? ` The machine itself stood still for ${ms(stoodStillMs(stood))}.` : ""}`;
  }
  const { recoveryMs, lostWrites, operations: { committed } } = measures;
  const served = recoveryMs.value === 0 ? "clients saw no impact" : recoveryMs.atLeast ? `clients were not served normally again within ${ms(recoveryMs.value ?? 0)} of the impact, when the observation ended`
    : `clients were served normally again ${ms(recoveryMs.value ?? 0)} after the impact`;
  const harm = findings.filter(isHarm);
  const allowed = harm.length === 0 ? "" : ` The drill allows what was found: ${named(harm)}.`;
  return `Yes${harm.length === 0 ? "" : ", within the drill's limits"}: ${served}, and of ${committed.toLocaleString("en-US")} acknowledged operations ${(lostWrites?.definite ?? 0) - (lostWrites?.ofRowsBefore ?? 0)} are lost.${allowed}`;
}

