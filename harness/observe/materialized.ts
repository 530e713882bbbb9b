// Materialized views: what each holds, and what its own query would give now, where that can be asked at little cost.

import pg from "pg";
import { monotonicMs } from "../base/clock.ts";
import { codeOf, messageOf } from "../base/errors.ts";

/** What is known of one that has rows. */
export type ViewFacts = {
  /** How many rows, and one checksum of all of them in any order. */
  readonly rows: number;
  readonly holds: string;
  /** The same of what its query gives; null where it was not asked, and `why` says why. Afterwards it is asked only where the view holds something else. */
  readonly gives: string | null; readonly why?: string;
  /** The tables that it is made of, through other views, by `schema.table`. */
  readonly sources: readonly string[];
};

type Defined = { readonly full: string; readonly definition: string; readonly sources: readonly string[]; readonly why: string | null };

/** A column by its name, and the expression that gives one text to each value of it. */
type Asked = { readonly name: string; readonly text: string };

/** So long all queries of one database's views may take together: they may be slow, which is why they are materialized. */
const MOST_MS = 1_000;

const CHANGING = "'now', 'transaction_timestamp', 'statement_timestamp', 'current_setting', 'version', 'inet_client_addr', 'inet_client_port', 'pg_backend_pid'";

/*
 * Of every view that it reads as well, by the tree of its query: the functions that it calls, and the relations that it names, also those
 * of the server, on which nothing depends.
 */
const READ = `
  read as (
    select c.oid as view, c.oid as rel from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'm' and n.nspname !~ '^pg_'
    union select read.view, f.m[1]::oid from read join pg_rewrite r on r.ev_class = read.rel and r.ev_type = '1'
      cross join lateral regexp_matches(r.ev_action::text, ':relid (\\d+)', 'g') f (m)),
  relations as (select read.view, s.relname, s.relkind, n.nspname from read join pg_class s on s.oid = coalesce(pg_partition_root(read.rel), read.rel)
    join pg_namespace n on n.oid = s.relnamespace where read.rel <> read.view),
  trees as (select read.view, r.ev_action::text as tree from read join pg_rewrite r on r.ev_class = read.rel and r.ev_type = '1'),
  calls as (
    select distinct t.view, p.oid, p.proname, p.provolatile, p.prokind, p.prorettype, p.pronargs from trees t
      cross join lateral regexp_matches(t.tree, ':(?:funcid|opfuncid|elemfuncid|aggfnoid|winfnoid) (\\d+)', 'g') f (m) join pg_proc p on p.oid = f.m[1]::oid)`;

const relation = (which: string) => `exists (select from relations r where r.view = c.oid and (${which}))`;
const call = (which: string) => `exists (select from calls f where f.view = c.oid and (${which}))`;
const tree = (pattern: string) => `exists (select from trees t where t.view = c.oid and t.tree ~ '${pattern}')`;

/** Why what its query gives can't be held against what it holds; sums of floating point numbers, too, depend on the order of rows. */
const WHY_NOT = `case
  when ${relation("r.nspname ~ '^pg_' or r.nspname = 'information_schema'")} then 'its query reads what the server says of itself'
  when ${relation("r.relkind = 'f'")} then 'its query reads a foreign table'
  when ${tree("SQLVALUEFUNCTION")} or ${call(`f.provolatile = 'v' or f.proname in (${CHANGING}) or f.proname = 'age' and f.pronargs = 1`)}
    then 'what its query gives depends on the time, on the session or on chance'
  when ${call("f.oid >= 16384 and f.provolatile = 's'")} then 'its query calls a function that may read anything'
  when ${tree(":limit(Count|Offset) \\{|:hasDistinctOn true|:hasWindowFuncs true|TABLESAMPLECLAUSE")}
    or ${call(`f.prokind = 'a' and (f.oid >= 16384 or f.proname ~ '(array|string|json|xml)[a-z_]*agg|any_value'
      or f.prorettype in ('float4'::regtype, 'float8'::regtype) and f.proname not in ('min', 'max'))`)} then 'what its query gives may depend on the order of rows' end`;

const DEFINED = `with recursive ${READ}
  select n.nspname || '.' || c.relname as "full", rtrim(pg_get_viewdef(c.oid), '; ') as definition, ${WHY_NOT} as why,
    (select coalesce(json_agg(distinct r.nspname || '.' || r.relname), '[]') from relations r where r.view = c.oid and r.relkind in ('r', 'p', 'm', 'f')) as sources
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid in (select view from read)`;

/** All of one database, read once; each query is asked while there is time for it. */
export class Views {
  readonly #client: pg.Client;
  readonly #defined: ReadonlyMap<string, Defined>;
  #leftMs = MOST_MS;

  private constructor(client: pg.Client, defined: ReadonlyMap<string, Defined>) {
    [this.#client, this.#defined] = [client, defined];
  }

  static async of(client: pg.Client): Promise<Views> {
    const { rows: [any] } = await client.query("select from pg_class where relkind = 'm' limit 1");
    return new Views(client, new Map(any ? (await client.query<Defined>(DEFINED)).rows.map((one) => [one.full, one]) : []));
  }

  /** @param quoted its name in a query @param was what it held before: only if it holds something else now it matters what its query gives */
  async facts(full: string, quoted: string, columns: readonly Asked[], was?: ViewFacts): Promise<ViewFacts> {
    const { definition = "", sources = [], why = "its query is not known" } = this.#defined.get(full) ?? {};
    const { rows, digest: holds } = await digestOf(this.#client, quoted, columns);
    const facts = { rows, holds, gives: null, sources };
    if (was?.holds === holds) return facts;
    if (why !== null) return { ...facts, why };
    return { ...facts, ...(await this.#given(definition, columns)) };
  }

  async #given(definition: string, columns: readonly Asked[]): Promise<Pick<ViewFacts, "gives" | "why">> {
    if (this.#leftMs < 1) return { gives: null, why: TOO_LONG };
    const client = this.#client;
    const from = monotonicMs();
    await client.query(`savepoint view; set local statement_timeout = ${Math.ceil(this.#leftMs)}`);
    try {
      return { gives: (await digestOf(client, `(${definition}) q (${columns.map(({ name }) => pg.escapeIdentifier(name)).join(", ")})`, columns)).digest };
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      return { gives: null, why: codeOf(error) === "57014" ? TOO_LONG : `its query fails: ${messageOf(error)}` };
    } finally {
      this.#leftMs -= monotonicMs() - from;
      await client.query("rollback to savepoint view; release savepoint view"); // with the time-out
    }
  }
}
const TOO_LONG = `its query, with those of other views, takes more than ${MOST_MS} ms`;

async function digestOf(client: pg.Client, from: string, columns: readonly Asked[]): Promise<{ readonly rows: number; readonly digest: string }> {
  const whole = columns.length === 0 ? "''" : `row(${columns.map(({ text }) => text).join(", ")})::text`;
  const { rows: [row] } = await client.query<{ n: number; sum: string | null }>(`
    select count(*)::int as n, sum(hashtextextended(${whole}, 0))::text as sum from ${from}`);
  return { rows: row?.n ?? 0, digest: `${row?.n ?? 0} rows ${row?.sum ?? 0}` };
}
