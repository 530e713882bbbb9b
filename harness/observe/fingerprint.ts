// The complete schema fingerprint: every object of the catalogue that people can tell apart, in canonical form.

import type pg from "pg";
import { messageOf } from "../base/errors.ts";
import { keyedDigest, Redactor } from "../base/redact.ts";
import { inDatabase } from "../drill/system.ts";
import { MORE_QUERIES } from "./fingerprint/more-queries.ts";
import { CATALOGUES, queryOf } from "./fingerprint/query.ts";
import { COLUMNS, type Column } from "./fingerprint/render.ts";
import { holdsSecret, TELLING } from "./fingerprint/settings.ts";
import { unusedLabels } from "./unused-labels.ts";

export type SchemaObject = { readonly kind: string; readonly name: string; readonly detail: Readonly<Record<string, unknown>> };
type Row = { readonly name: string; readonly detail: Record<string, unknown> };

/**
 * What is fixed while the catalogue is read: names are printed as seen from here, whatever path a database or a role has. Undone by the
 * savepoint's end.
 */
const FIXED = "set local search_path = pg_catalog, public; set local quote_all_identifiers = off; set local timezone = 'UTC'; set local datestyle = 'ISO'; set local extra_float_digits = 1; set local bytea_output = 'hex'";

/** By release: the queries of all kinds. */
const queries = new Map<string, readonly (readonly [kind: string, sql: string])[]>();

async function queriesFor(client: pg.Client): Promise<readonly (readonly [string, string])[]> {
  const { rows: [row] } = await client.query<{ version: string }>("select current_setting('server_version_num') as version");
  const version = row?.version ?? "";
  const known = queries.get(version);
  if (known) return known;
  const { rows: columns } = await client.query<Column>(COLUMNS);
  const made = [...CATALOGUES.filter(({ of }) => columns.some(({ table }) => table === of)).map((catalogue) => [catalogue.kind, queryOf(catalogue, columns)] as const), ...Object.entries(MORE_QUERIES)];
  queries.set(version, made);
  return made;
}

/** Reads the fingerprint inside the caller's transaction; sorted, so that equal schemas give equal bytes. */
export async function fingerprint(client: pg.Client): Promise<SchemaObject[]> {
  const own = await inTransaction(client);
  await client.query(own ? "begin isolation level repeatable read, read only" : "savepoint fingerprint");
  try {
    await client.query(FIXED);
    const objects = await readAll(client, await queriesFor(client));
    const unused = await unusedLabels(client);
    return distinct(objects.map((object) => {
      const labels = object.kind === "type" ? unused.get(object.name) : undefined;
      return labels ? { ...object, detail: { ...object.detail, unused: labels } } : object;
    }));
  } finally {
    await client.query(own ? "rollback" : "rollback to savepoint fingerprint");
  }
}

/** Whether a transaction of its own is needed: a savepoint outside of one is refused. */
async function inTransaction(client: pg.Client): Promise<boolean> {
  try {
    await client.query("savepoint fingerprint");
    return false;
  } catch {
    return true;
  }
}

/** All kinds in one go; where one can't be read, each by itself, and what failed is a fact of its own. */
async function readAll(client: pg.Client, all: readonly (readonly [string, string])[]): Promise<SchemaObject[]> {
  await client.query("savepoint catalogues");
  try {
    const results = (await client.query(all.map(([, sql]) => sql).join(";"))) as unknown as readonly pg.QueryResult<Row>[];
    return results.flatMap(({ rows }, i) => rows.map((row) => canonical(all[i]?.[0] ?? "", row)));
  } catch {
    await client.query("rollback to savepoint catalogues");
  }
  const objects: SchemaObject[] = [];
  for (const [kind, sql] of all) {
    try {
      await client.query("savepoint catalogue");
      objects.push(...(await client.query<Row>(sql)).rows.map((row) => canonical(kind, row)));
    } catch (error) {
      await client.query("rollback to savepoint catalogue");
      objects.push({ kind: "unreadable", name: kind, detail: { error: messageOf(error) } });
    }
  }
  return objects;
}

const SECRET = new Map(CATALOGUES.flatMap(({ kind, secret = [] }) => secret.map((field) => [`${kind} ${field}`, true] as const)));

/** Without secrets: of a password, of connection strings and options that hold one, a digest stands in their place. */
function canonical(kind: string, { name, detail }: Row): SchemaObject {
  const secret = (field: string) => SECRET.has(`${kind} ${field}`) || (kind === "setting" && (field === "value" || field === "inForce") && holdsSecret(name));
  const shown = Object.entries(detail).map(([field, value]) => [field, secret(field) ? withoutSecrets(kind, value) : value] as const);
  return { kind, name, detail: Object.fromEntries(shown) };
}

function withoutSecrets(kind: string, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((option: string) => {
      const [key = "", ...rest] = option.split("=");
      return (kind === "user-mapping" && key !== "user") || TELLING.test(key) ? `${key}=${keyedDigest(rest.join("="))}` : option;
    });
  }
  return kind === "role" || kind === "setting" ? keyedDigest(String(value)) : new Redactor().redact(String(value));
}

/** Two that share a kind and a name are told apart by a number: neither hides the other. */
function distinct(objects: readonly SchemaObject[]): SchemaObject[] {
  const texts = new Map(objects.map((object) => [object, JSON.stringify(object.detail)]));
  const sorted = [...objects].sort((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name) || compare(texts.get(a) ?? "", texts.get(b) ?? ""));
  let same = 1;
  return sorted.map((object, i) => {
    const before = sorted[i - 1];
    same = before?.kind === object.kind && before.name === object.name ? same + 1 : 1;
    return same === 1 ? object : { ...object, name: `${object.name} (${same})`, detail: { ...object.detail, ambiguous: true } };
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** An object of one of several databases, and what it names, by that database's name. */
export function located(database: string | undefined, object: SchemaObject): SchemaObject {
  if (database === undefined) return object;
  const { table, schema, ...rest } = object.detail;
  const within = { ...(typeof table === "string" && { table: inDatabase(database, table) }), ...(typeof schema === "string" && { schema: inDatabase(database, schema) }) };
  return { ...object, name: inDatabase(database, object.name), detail: { ...within, ...rest } };
}
