// What really changed, told by others than the judge's facts: the catalogues read naively, every table's content, and pg_dump where there is one.

import type pg from "pg";
import { catalogueRows } from "./catalogue-rows.ts";
import { contents, FRESH, movedSequences, planned, positions, type Position } from "./contents.ts";
import { dumpStatements, type Address } from "./dump.ts";

type Counts = ReadonlyMap<string, number>;
export type Seen = {
  readonly dump: Counts;
  readonly catalogue: Counts;
  /** By table or large object: so many rows, and a digest of them. */
  readonly data: ReadonlyMap<string, string>;
  readonly sequences: ReadonlyMap<string, Position>;
  /** By table, how much the planner knows of it. */
  readonly planned: ReadonlyMap<string, number>;
};
/** `subject` is the table of a difference of data. */
export type Difference = { readonly by: "pg_dump" | "catalogue" | "data" | "sequence" | "planner"; readonly what: string; readonly subject?: string };

/** Everything that the witnesses tell apart, of one database and of its server. */
export async function look(client: pg.Client, database: string, address: Address, programs: string | undefined): Promise<Seen> {
  const dump = programs === undefined ? [] : await dumpStatements(programs, database, address);
  await client.query("set search_path = pg_catalog");
  return { dump: counted(dump), catalogue: counted(await catalogueRows(client)), data: await contents(client), sequences: await positions(client), planned: await planned(client) };
}

/** What was there before and isn't now, and the other way round. A sequence that is ahead is no difference, nor is a planner that knows more. */
export async function differences(client: pg.Client, before: Seen, after: Seen): Promise<Difference[]> {
  return [
    ...ofCounts("pg_dump", before.dump, after.dump), ...ofCounts("catalogue", before.catalogue, after.catalogue), ...ofData(before.data, after.data),
    ...[...before.planned].flatMap(([table, was]): Difference[] => ((after.planned.get(table) ?? was) < was ? [{ by: "planner", what: `${table}: the planner knows less of it` }] : [])),
    ...(await movedSequences(client, before.sequences, after.sequences)).map((what): Difference => ({ by: "sequence", what })),
  ];
}

function counted(list: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const item of list) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

function ofCounts(by: "pg_dump" | "catalogue", before: Counts, after: Counts): Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((what) => {
    const more = (after.get(what) ?? 0) - (before.get(what) ?? 0);
    return more === 0 ? [] : [{ by, what: `${more < 0 ? "-" : "+"} ${what}` }];
  });
}

/** A view that is fresh now, and wasn't, is no worse; that its tables hold something else is told of these. */
function ofData(before: Seen["data"], after: Seen["data"]): Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((subject) => {
    const [was, is] = [before.get(subject), after.get(subject)];
    return was === is || (was !== undefined && is === FRESH) ? [] : [{ by: "data" as const, what: `${subject}: ${was} -> ${is}`, subject }];
  });
}
