// A run directory read into memory: header, events and facts, typed, with nothing decided yet.

import { join } from "node:path";
import { HarnessError } from "../base/errors.ts";
import { exists, linesOf } from "../base/files.ts";
import type { Drill } from "../drill/schema.ts";
import type { Entity, System } from "../drill/system.ts";
import { PATHS, readJson, requireRun, type RunHeader } from "../evidence/run-directory.ts";
import type { RunEvent, TimelineEntry } from "../evidence/timeline.ts";
import type { JourneyResult } from "./scorecard.ts";

/** Facts as observe/ writes them; read here by their form, without importing the writers. */
export type SchemaObject = { readonly kind: string; readonly name: string; readonly detail: Readonly<Record<string, unknown>> };
export type IntegrityFact = { readonly kind: string; readonly subject: string; readonly count: number; readonly detail: string; readonly query: string };
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

export type RunRecord = {
  readonly directory: string;
  readonly header: RunHeader<Drill>;
  readonly system: System;
  readonly events: readonly TimelineEntry[];
  readonly before: Facts | undefined;
  readonly after: Facts | undefined;
  /** The structure that must be there in the end, where that is not the one before. */
  readonly reference: readonly SchemaObject[] | undefined;
  readonly journeys: readonly JourneyResult[] | undefined;
};

export async function readRun(directory: string): Promise<RunRecord> {
  await requireRun(directory);
  const header = await readJson<RunHeader<Drill>>(directory, PATHS.drill);
  if (!header) throw new HarnessError({ code: "no-such-run", kind: "declaration", message: `${directory} has no ${PATHS.drill}`, place: directory });
  return {
    directory, header, system: { across: [], ...(header.system as Omit<System, "across">) },
    events: await readEvents(directory),
    before: await readFacts(directory, "before"),
    after: await readFacts(directory, "after"),
    reference: await readJson<SchemaObject[]>(directory, PATHS.reference),
    journeys: await readJson<JourneyResult[]>(directory, PATHS.journeys),
  };
}

async function readEvents(directory: string): Promise<TimelineEntry[]> {
  const file = join(directory, PATHS.timeline);
  if (!(await exists(file))) return [];
  const events: TimelineEntry[] = [];
  for await (const line of linesOf(file)) {
    try {
      events.push(JSON.parse(line) as TimelineEntry);
    } catch {
      break; // a line cut short by a full disk is the last one; what came before stands
    }
  }
  return events;
}

/** All facts of a moment or none: half of them would make the other half look clean. */
async function readFacts(directory: string, when: "before" | "after"): Promise<Facts | undefined> {
  const structure = await readJson<SchemaObject[]>(directory, `${when}/structure.json`);
  const integrity = await readJson<IntegrityFact[]>(directory, `${when}/integrity.json`);
  const invariants = await readJson<InvariantFact[]>(directory, `${when}/invariants.json`);
  const entities = await readJson<EntityFacts>(directory, `${when}/entities.json`);
  return structure && integrity && invariants && entities && { structure, integrity, invariants, entities };
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
