// What explains that a migration failed: only what could have caused that error, and held while the step ran that met it.

import type { Fault } from "../drill/fault.ts";
import type { Step } from "../drill/plan.ts";
import type { CourseFailure } from "./course.ts";
import { eventsOf, type EventOf, type RunRecord } from "./run-record.ts";

/** SQLSTATEs that no outage makes: wrong values, violated rules, dependants, mistakes in the statement itself, and what functions raise. */
const OWN_CLASSES = new Set(["0A", "22", "23", "2B", "42", "P0"]);
/** An enum's label that is used in the transaction that adds it; what can't run inside of one. */
const OWN_CODES = new Set(["55P04", "25001"]);
/** And of the harness's own codes: a step that says no, that ends its own transaction, or that can't preserve what it must. */
const OWN_WORDS = /^(step|preserve|plan|irreversible|stage|no)-/;

/** EPIPE is none. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;
const isState = (code: string | undefined): code is string => code !== undefined && SQLSTATE.test(code);
const isOwn = (code: string | undefined) => (isState(code) ? OWN_CODES.has(code) || OWN_CLASSES.has(code.slice(0, 2)) : code !== undefined && OWN_WORDS.test(code));

/*
 * What faults make, by the error that the migration meets. An error without a SQLSTATE is a connection's, or a wait of the harness's own.
 *   a server that dies, stalls or has no room: lost connections (08, 57), resources (53), the system below it (58), what is damaged (XX),
 *     transactions that can't go on (25, 40), and waits that end
 *   clients, replicas and the application, seen from the migration: nothing but waits: for locks that others hold on to, for a
 *     commit that a replica must confirm, for who must drain
 */
const OF_SERVERS = new Set(["08", "25", "28", "40", "53", "57", "58", "XX"]);
const WAITS = new Set(["55P03", "57014", "40P01", "40001"]);
const WAITS_IN_WORDS = /^(wait-timed-out|replication-stuck|not-together|script-failed|swap-failed)$/;

/** Of these the harm stays when they are healed: what was not written, what was torn, what is gone. */
export const LASTING: ReadonlySet<Fault["kind"]> = new Set<Fault["kind"]>(["power-cut", "fsync-fails", "write-error", "bits-flipped", "disk-lost", "disk-full"]);
const DAMAGE = new Set(["XX", "58"]);

/** Kinds that take the whole server down, whomever they are aimed at. */
const TAKES_ALL: ReadonlySet<Fault["kind"]> = new Set<Fault["kind"]>(["oom-kill", "names-gone"]);

/** In words; undefined where nothing that the drill declares could have made the migration fail so. */
export function explained(record: RunRecord, { cut, t }: EventOf<"migration">, failure: CourseFailure): string | undefined {
  const { drill } = record.header;
  const { step, code } = failure;
  if (step !== null && (drill.migration.mayFail ?? []).includes(step)) return `the drill, which says that step ${step} may fail`;
  if (isOwn(code)) return undefined;
  if (cut === "time") return "its deadline (migration.withinMs)";
  if (cut === "decision") {
    const by = eventsOf(record, "decision").find(({ state }) => state === "go")?.by;
    return by === undefined ? "the decision to go back" : `the decision to go back (${by})`;
  }
  const struck = eventsOf(record, "fault").find((event) => event.state === "triggered" && event.t <= t && couldMake(record, event, failure, t));
  return struck && `fault ${struck.index + 1} (${struck.fault})`;
}

function couldMake(record: RunRecord, struck: EventOf<"fault">, { step, code }: CourseFailure, failedAt: number): boolean {
  const fault = record.header.drill.faults[struck.index];
  const healed = eventsOf(record, "fault").find(({ index, state, t }) => index === struck.index && state === "healed" && t >= struck.t)?.t ?? Infinity;
  const begun = step === null ? failedAt : eventsOf(record, "step").findLast((event) => event.direction === "forward" && event.step === step && event.state === "started" && event.t <= failedAt)?.t ?? failedAt;
  // A connection that was lost is met by the next statement: in the step that comes next, at the latest.
  const metBy = Math.max(healed, nextBegin(record, healed, failedAt));
  const stays = fault !== undefined && LASTING.has(fault.kind) && isState(code) && DAMAGE.has(code.slice(0, 2));
  if (begun > metBy && !stays) return false;
  const waits = isState(code) ? WAITS.has(code) : code !== undefined && WAITS_IN_WORDS.test(code);
  return waits || (strikesTheMigration(fault) && isPlaceOf(record, step, fault) && (!isState(code) || OF_SERVERS.has(code.slice(0, 2))));
}

/** When the first step began after a fault was healed: sessions that it cut are found out there. */
function nextBegin(record: RunRecord, healed: number, failedAt: number): number {
  const steps = eventsOf(record, "step").filter(({ direction, t }) => direction === "forward" && t <= failedAt);
  return steps.some(({ t }) => t < healed) ? steps.find(({ state, t }) => state === "started" && t >= healed)?.t ?? -Infinity : -Infinity;
}

/** Whether it hits the server that the migration works on, or the way to it. Of a fault that nobody declares, nobody knows. */
function strikesTheMigration(fault: Fault | undefined): boolean {
  return fault === undefined || TAKES_ALL.has(fault.kind) || fault.on === "postgres" || fault.on === "migration";
}

/** Whether a step works in the database that a fault hits. What surrounds the plan works in all of them. */
function isPlaceOf({ header: { plan } }: RunRecord, step: string | null, fault: Fault | undefined): boolean {
  const steps = (plan as { readonly steps?: readonly (Pick<Step, "id" | "on"> & Partial<Pick<Step, "carry">>)[] } | undefined)?.steps ?? [];
  const found = steps.find(({ id }) => id === step);
  return fault === undefined || found === undefined || found.on === fault.database || (found.carry ?? []).some(({ from }) => from === fault.database);
}
