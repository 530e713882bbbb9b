// A run directory read into memory: header, events and facts, typed, with nothing decided yet.

import { join } from "node:path";
import { exists, linesOf } from "../base/files.ts";
import type { Drill } from "../drill/schema.ts";
import type { Entity, System } from "../drill/system.ts";
import { eventForm } from "../evidence/forms/events.ts";
import { activityForm, entitiesForm, integrityForm, invariantsForm, journeysForm, sampleForm, structureForm, toldForm, unreadForm, type IntegrityKind } from "../evidence/forms/facts.ts";
import { headerForm } from "../evidence/forms/header.ts";
import { inForm, malformed, misfit } from "../evidence/forms/malformed.ts";
import { PATHS, readJson, requirePlain, requireRun, type FactsWhen, type RunHeader } from "../evidence/run-directory.ts";
import type { RunEvent, TimelineEntry } from "../evidence/timeline.ts";
import type { JourneyResult } from "./scorecard.ts";

/** Facts as observe/ writes them; read here by their form, without importing the writers. */
export type SchemaObject = { readonly kind: string; readonly name: string; readonly detail: Readonly<Record<string, unknown>> };
export type IntegrityFact = {
  readonly kind: IntegrityKind; readonly subject: string; readonly count: number; readonly detail: string; readonly query: string;
  /** The identities of the rows that it is about, where they are known, or digests of them; and an object's state. */
  readonly keys?: readonly string[]; readonly digested?: boolean; readonly state?: Readonly<Record<string, string | number | boolean | null>>;
};
export type InvariantFact = { readonly name: string; readonly query: string; readonly violations: number; readonly examples: readonly unknown[]; readonly error?: string };
export type EntityFacts = {
  readonly entities: readonly string[];
  /** Which of its queries has read an entity; of runs before there was a choice, the one that must. */
  readonly shapes?: Readonly<Record<string, "before" | "after">>;
  /** Those whose query failed that must read them. */
  readonly failed: readonly { readonly entity: string; readonly error: string }[];
};

export type Facts = {
  readonly structure: readonly SchemaObject[];
  readonly integrity: readonly IntegrityFact[];
  readonly invariants: readonly InvariantFact[];
  readonly entities: EntityFacts;
};

/** `through`: entities that read a part of it, and their fields that may show it. */
export type UnreadColumn = { readonly name: string; readonly read: boolean; readonly checksum: string | null; /** A trigger sets it in every row that is written. */ readonly stamped?: boolean; readonly through?: readonly { readonly entity: string; readonly fields: readonly string[] }[] };
type Habit = "filled" | "empty" | "same" | "of the moment" | "distinct";
/** Rows added since the load began, and those of them that have not what those of normal service had in common. */
export type Unlike = { readonly rows: number; readonly columns: Readonly<Record<string, readonly { readonly habit: Habit; readonly rows: number; readonly keys: readonly string[] }[]>> };
/** What is known of a table's columns that no entity reads whole. */
export type UnreadTable = {
  readonly database: string; readonly name: string; readonly full: string; readonly rows: number | null; readonly why?: string; readonly checksum: string | null;
  /** How many rows it has, where entities read all of it. */ readonly count?: number;
  readonly columns: readonly UnreadColumn[];
  readonly entities: readonly string[]; readonly leaveOut?: readonly string[]; readonly key: readonly string[]; readonly cascades: readonly string[];
  readonly triggers: readonly { readonly on: string; readonly does: readonly string[] }[];
  readonly file?: string; /** Since when the server counts, which it does anew after a crash. */ readonly unloggedSince?: string;
  readonly parents?: readonly string[];
  readonly view?: { readonly rows: number; readonly holds: string; readonly gives: string | null; readonly why?: string; readonly sources: readonly string[] };
  /** How rows are told that were added since; the column that tells it, where one does. */ readonly top?: { readonly grows?: string };
  readonly unlike?: Unlike;
};
/** What clients were seen to write before the migration. */
export type Activity = { readonly database: string; readonly table: string; readonly inserted: number; readonly updated: number; readonly deleted: number;
  /** There was no time to look at it beside the load. */ readonly unseen?: boolean;
  /** Of so many transactions each added `each` rows for every row that it added to `source`. */ readonly lockstep?: readonly { readonly source: string; readonly each: number; readonly transactions: number }[]; readonly sample?: { readonly rows: number; readonly gone: number; readonly touched: number; readonly changed: Readonly<Record<string, number>> };
  /** So many rows, one of each write of these tables as far as was seen between two moments. */
  readonly beside?: { readonly sources: readonly string[]; readonly rows: number; readonly from: number; readonly to: number };
  /** What at least so many rows that clients added had in common, by column. */
  readonly habits?: { readonly rows: number; readonly columns: Readonly<Record<string, readonly { readonly is: Habit }[]>> } };
/** A row that is looked at by its key; `xmin` is null where it is not there any more. */
export type SampledRow = { readonly database: string; readonly table: string; readonly key: readonly string[]; readonly xmin: string | null; readonly digests: Readonly<Record<string, string | null>> };

/** Records as clients' operations had left them before the migration, looked up between two moments; null where there was none of that key. */
export type LookedUp = { readonly entity: string; readonly from: number; readonly to: number; readonly rows: readonly { readonly key: string; readonly held: Readonly<Record<string, string | null>> | null }[] };

export type RunRecord = {
  readonly directory: string;
  readonly header: RunHeader<Drill>;
  readonly system: System;
  readonly events: readonly TimelineEntry[];
  readonly before: Facts | undefined;
  readonly after: Facts | undefined;
  /** Files of facts that are not there, though others of their moment are. */
  readonly absent: readonly string[];
  /** The structure that must be there in the end, where that is not the one before. */
  readonly reference: readonly SchemaObject[] | undefined;
  readonly journeys: readonly JourneyResult[] | undefined;
  /** None in runs that didn't look. */
  readonly told: readonly LookedUp[];
  /** Of data that no entity reads; none in runs that didn't look. */
  readonly unread: { readonly before: readonly UnreadTable[]; readonly after: readonly UnreadTable[]; readonly activity: readonly Activity[]; readonly sampled: { readonly before: readonly SampledRow[]; readonly after: readonly SampledRow[] } } | undefined;
};

export async function readRun(directory: string): Promise<RunRecord> {
  await requireRun(directory);
  await requirePlain(directory);
  const header = await readHeader(directory);
  const before = await readFacts(directory, "before");
  const after = await readFacts(directory, "after");
  return {
    directory, header, system: { across: [], unread: [], ...(header.system as Omit<System, "across" | "unread">) },
    events: await readEvents(directory),
    before: before.facts, after: after.facts, absent: [...before.absent, ...after.absent],
    reference: await readJson<SchemaObject[]>(directory, PATHS.reference, structureForm),
    journeys: await readJson<JourneyResult[]>(directory, PATHS.journeys, journeysForm),
    told: (await readJson<LookedUp[]>(directory, PATHS.told, toldForm)) ?? [],
    unread: await readUnread(directory),
  };
}

/** With the defaults of what it leaves out. */
async function readHeader(directory: string): Promise<RunHeader<Drill>> {
  const { data, error } = headerForm.safeParse(await readJson(directory, PATHS.drill));
  if (error) throw misfit(error, PATHS.drill);
  return data as unknown as RunHeader<Drill>;
}

async function readEvents(directory: string): Promise<TimelineEntry[]> {
  const file = join(directory, PATHS.timeline);
  if (!(await exists(file))) return [];
  const events: TimelineEntry[] = [];
  let torn: number | undefined;
  let number = 0;
  for await (const line of linesOf(file)) {
    number += 1;
    if (torn !== undefined) throw malformed(`${PATHS.timeline}:${torn}`, "is not JSON, and other lines follow it");
    const data = parsed(line);
    if (data === undefined) torn = number; // a line cut short by a full disk is the last one; what came before stands
    else events.push(inForm<TimelineEntry>(data, eventForm(data), PATHS.timeline, number));
  }
  return events;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined; // no JSON is undefined
  }
}

/** All facts of a moment or none: half of them would make the other half look clean. */
async function readFacts(directory: string, when: FactsWhen): Promise<{ readonly facts: Facts | undefined; readonly absent: readonly string[] }> {
  const structure = await readJson<SchemaObject[]>(directory, `${when}/structure.json`, structureForm);
  const integrity = await readJson<IntegrityFact[]>(directory, `${when}/integrity.json`, integrityForm);
  const invariants = await readJson<InvariantFact[]>(directory, `${when}/invariants.json`, invariantsForm);
  const entities = await readJson<EntityFacts>(directory, `${when}/entities.json`, entitiesForm);
  const absent = Object.entries({ structure, integrity, invariants, entities }).flatMap(([name, facts]) => (facts ? [] : [`${when}/${name}.json`]));
  return { facts: structure && integrity && invariants && entities && { structure, integrity, invariants, entities }, absent: absent.length < 4 ? absent : [] };
}

async function readUnread(directory: string): Promise<RunRecord["unread"]> {
  const before = await readJson<UnreadTable[]>(directory, "before/unread.json", unreadForm);
  const after = await readJson<UnreadTable[]>(directory, "after/unread.json", unreadForm);
  const sample = async (when: FactsWhen) => (await readJson<SampledRow[]>(directory, PATHS.sample[when], sampleForm)) ?? [];
  return before && after && { before, after, activity: (await readJson<Activity[]>(directory, PATHS.activity, activityForm)) ?? [], sampled: { before: await sample("before"), after: await sample("after") } };
}

/** An entity, and the fields of its records that mean something else in the shape in which they were read. */
export type ReadEntity = Entity & { readonly uncompared: readonly string[] };

/** The entities whose records are there to be compared. */
export function readEntities({ system, after }: RunRecord): ReadEntity[] {
  return system.entities.flatMap((entity) => {
    if (!after?.entities.entities.includes(entity.name)) return [];
    const { shapes, failed } = after.entities;
    if (shapes ? shapes[entity.name] === undefined : failed.some((other) => other.entity === entity.name)) return [];
    return [{ ...entity, uncompared: shapes?.[entity.name] === "after" ? (entity.references ?? []) : [] }];
  });
}

/** Those whose records are what clients were told; the others the system itself writes. */
export function clientsOwn(entities: readonly ReadEntity[]): ReadEntity[] {
  return entities.filter(({ derived }) => !derived);
}

type Kind = RunEvent["kind"];
export type EventOf<K extends Kind> = Extract<RunEvent, { kind: K }> & { readonly t: number };

export function eventsOf<K extends Kind>(record: RunRecord, kind: K): EventOf<K>[] {
  return record.events.filter((event) => event.kind === kind) as unknown as EventOf<K>[];
}

/** Start and end of a phase in nanoseconds; an end that never came is the last event's time. */
export function phaseOf(record: RunRecord, phase: EventOf<"phase">["phase"]): { readonly from: number; readonly to: number } | undefined {
  const events = eventsOf(record, "phase").filter((event) => event.phase === phase);
  const from = events.find(({ state }) => state === "started")?.t;
  if (from === undefined) return undefined;
  return { from, to: events.find(({ state }) => state === "ended")?.t ?? record.events.at(-1)?.t ?? from };
}
