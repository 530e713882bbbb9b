// A sample system's own declaration: its schema, its data, and what its records mean.

import { z } from "zod";
import { identifier } from "./fields.ts";

export const entitySchema = z.strictObject({
  name: identifier,
  key: z.string().describe("Column of the queries that names the record"),
  before: z.string().describe("Query of the records in the old schema; first the key, then the logical fields"),
  after: z.string().describe("The same records read from the new schema; fields that only it knows may follow"),
  references: z.array(z.string()).default([]).describe("Fields by which databases know each other's records: in another shape they may hold other keys, and are compared across databases alone"),
  list: z.string().optional().describe("Field that holds a list, to which list transactions append by the record's key: every acknowledged append must be in it"),
  derived: z.boolean().default(false).describe("Written by the system's own programs and not by clients: only rules look at it"),
  counters: z.array(z.string()).default([]).describe("Numeric fields that operations add to rather than set"),
});
export type Entity = z.infer<typeof entitySchema>;

export const systemSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "use lower-case letters, digits, hyphens and underscores"),
  description: z.string(),
  schema: z.array(z.string()).min(1).describe("SQL files, run in order on an empty database"),
  seed: z.array(z.string()).default([]).describe("SQL files that generate the data; :scale is replaced"),
  extensions: z.array(z.string().regex(/^[a-z_][a-z0-9_-]{0,62}$/, "use an extension's name")).default([]),
  probe: z.string().default("select 1").describe("Query of the independent health probes: cheap, and through what clients need"),
  entities: z.array(entitySchema).min(1),
  invariants: z.array(z.strictObject({
    name: z.string(),
    query: z.string().describe("Returns one row for each violation; none means that the rule holds"),
  })).default([]),
  unread: z.array(z.strictObject({
    table: z.string().min(1).describe("Schema and table, and a column of it where only that is meant, `*` for anything: `audit.*`, `public.orders.updated_at`"),
    reason: z.string().min(5).describe("Why nobody has to account for it; shown in the scorecard's coverage"),
    until: z.iso.date().optional().describe("The last day on which it is excused"),
  })).default([]).describe("Tables that clients write, that no entity reads, and of which nobody has to know what became: without it such a run is unknown. Also columns of which more changed than clients account for"),
  across: z.array(z.strictObject({
    name: z.string(),
    query: z.string().describe("In DuckDB's SQL; each entity of each database is a table. Returns one row for each violation"),
  })).default([]).describe("Rules between the records of several databases, which the judge looks at"),
});
export type System = z.infer<typeof systemSchema>;

/** What is of another database than the first one says so in its name. */
export const inDatabase = (database: string | undefined, name: string) => (database === undefined ? name : `${database}: ${name}`);
