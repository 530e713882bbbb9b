// A server with a template database for each generated schema: a change is made to a fresh copy, looked at by the witnesses, and judged.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { judge } from "../../harness/judge/judge.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import { DATABASE, READER } from "../../harness/topology/postgres.ts";
import { recordRun, Server, takeFacts } from "../corpus/server.ts";
import type { Change, Target } from "./change.ts";
import { seededRandom, seedOf, shuffled } from "./draw.ts";
import { PASSWORD } from "./pieces.ts";
import { generateSchema, type Generated } from "./schema.ts";
import { clientPrograms } from "./dump.ts";
import { differences, look, type Difference, type Seen } from "./witness.ts";

/** As in prepared data, who may only read doesn't come in by what everybody may: a copy has not its template's rights. */
const LET_IN = `grant connect, temporary on database ${DATABASE} to ${READER}`;

/** The roles that generated schemas grant to, and a tablespace. */
const COMMON = [
  "create role gen_owner", "create role gen_reader", "create role gen_writer", "create role gen_spare", "comment on role gen_spare is 'spare'",
  `create role gen_login login password '${PASSWORD}'`, "grant gen_writer to gen_login", "alter role gen_reader valid until 'infinity'",
  "alter role gen_login valid until '2033-01-01 00:00+00' connection limit 7", "alter role gen_login set search_path = a, b", "alter role gen_login set app.region = 'eu'", "create tablespace gen_space location ''",
];
const SETTINGS = { wal_level: "logical", allow_in_place_tablespaces: "on", autovacuum: "off", fsync: "off", max_prepared_transactions: 5 };
const TRIES = 6;

type Prepared = { readonly generated: Generated; readonly facts: string; readonly seen: Seen; readonly refused: readonly string[] };
type Made = { readonly statements: readonly string[]; readonly target: Target };
export type Tried = { readonly statements: readonly string[]; readonly differences: readonly Difference[]; readonly card: Scorecard };

export class Laboratory implements AsyncDisposable {
  readonly #server: Server;
  readonly #prepared = new Map<number, Prepared>();
  /** The folder of a pg_dump that knows the server, if there is one. */
  readonly programs: string | undefined;
  readonly major: number;

  private constructor(server: Server, programs: string | undefined, major: number) {
    [this.#server, this.programs, this.major] = [server, programs, major];
  }

  static async open(): Promise<Laboratory> {
    const server = await Server.open("mutations", SETTINGS);
    try {
      const major = await server.outside(async (client) => {
        for (const sql of COMMON) await client.query(sql);
        const { rows: [row] } = await client.query<{ version: string }>("select current_setting('server_version_num') as version");
        return Math.floor(Number(row?.version) / 10_000);
      });
      return new Laboratory(server, await clientPrograms(major), major);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  /** Statements that this server doesn't know (an older version's) are left out, and told by `refused`. */
  async #of(schema: number): Promise<Prepared> {
    const known = this.#prepared.get(schema);
    if (known) return known;
    const generated = generateSchema(schema, this.major);
    const facts = join(this.#server.folder, `schema-${schema}`);
    const refused: string[] = [];
    await this.#server.outside((client) => client.query(`create database ${DATABASE} template template0`));
    await this.#server.outside((client) => client.query(LET_IN));
    const seen = await this.#server.inside(async (client) => {
      await client.query("create extension amcheck; create extension btree_gist");
      for (const sql of generated.sql) await client.query(sql).catch((error: unknown) => { refused.push(`${sql}: ${String(error)}`); });
      await client.query("vacuum analyze");
      return this.#look(client);
    });
    await this.#server.asHarness((client, reader) => takeFacts(client, reader, generated.system, facts));
    await this.#server.outside((client) => client.query(`alter database ${DATABASE} rename to generated_${schema}`));
    const prepared = { generated, facts, seen, refused };
    this.#prepared.set(schema, prepared);
    return prepared;
  }

  async refused(schema: number): Promise<readonly string[]> {
    return (await this.#of(schema)).refused;
  }

  async #look(client: pg.Client): Promise<Seen> {
    return look(client, DATABASE, this.#server.address, this.programs);
  }

  /** Makes the change to a copy of the schema; undefined if there is nothing that it can be made to. */
  async try(change: Change, schema: number, seed: number): Promise<Tried | undefined> {
    const { generated, facts, seen } = await this.#of(schema);
    await this.#copy(schema);
    let made: Made | undefined;
    try {
      made = await this.#server.inside((client) => makeChange(client, change, seed));
      if (!made) return undefined;
      const directory = join(this.#server.folder, "judged");
      rmSync(directory, { recursive: true, force: true });
      await this.#server.asHarness((client, reader) => recordRun(client, reader, directory, { system: generated.system, facts }));
      for (const file of ["intents", "outcomes"]) writeFileSync(join(directory, `ledger/${file}.ndjson`), "");
      const changed = await this.#server.inside(async (client) => differences(client, seen, await this.#look(client)));
      return { statements: made.statements, differences: changed, card: await judge(directory) };
    } finally {
      await this.#clear(change, made);
    }
  }

  /** Undoes what outlives the database, and drops it. */
  async #clear(change: Change, made: Made | undefined): Promise<void> {
    try {
      await this.#server.inside(async (client) => {
        for (const sql of (made && change.undo?.(made.target)) ?? []) await client.query(sql);
        const { rows } = await client.query<{ name: string }>(`
          select quote_ident(subname) as name from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())`);
        for (const { name } of rows) {
          await client.query(`alter subscription ${name} disable`);
          await client.query(`alter subscription ${name} set (slot_name = none)`); // or the publisher would be asked to drop it
          await client.query(`drop subscription ${name}`);
        }
      });
    } finally {
      await this.#server.outside((client) => client.query(`drop database ${DATABASE} with (force)`));
    }
  }

  /** A copy has its template's objects; what is said of the database itself must be said again. */
  async #copy(schema: number): Promise<void> {
    const template = `generated_${schema}`;
    await this.#server.outside(async (client) => {
      await client.query(`create database ${DATABASE} template ${template}`);
      await client.query(LET_IN);
      const { rows } = await client.query<{ role: string | null; setting: string }>(`
        select r.rolname as role, unnest(s.setconfig) as setting from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole
        where s.setdatabase = (select oid from pg_database where datname = $1)`, [template]);
      for (const { role, setting } of rows) {
        const [name, value] = [setting.slice(0, setting.indexOf("=")), setting.slice(setting.indexOf("=") + 1)];
        const whose = role === null ? `database ${DATABASE}` : `role ${role} in database ${DATABASE}`;
        await client.query(`alter ${whose} set ${name} = ${client.escapeLiteral(value)}`);
      }
    });
    // Subscriptions belong to a database by its number, and are not copied with it.
    const subscriptions = (await this.#of(schema)).generated.sql.filter((sql) => sql.startsWith("create subscription"));
    if (subscriptions.length > 0) await this.#server.inside(async (client) => { for (const sql of subscriptions) await client.query(sql); });
  }
}

/** Tries one target after the other, in the seed's order: some can't be changed so. */
async function makeChange(client: pg.Client, change: Change, seed: number): Promise<Made | undefined> {
  const random = seededRandom(seedOf(seed, change.name));
  await client.query("set search_path = pg_catalog; set allow_system_table_mods = on; set client_min_messages = error; set lock_timeout = '5s'");
  const { rows } = await client.query<Target>(change.targets);
  for (const target of shuffled(random, rows).slice(0, TRIES)) {
    const statements = change.sql(target, random);
    try {
      if (!change.apart) await client.query("begin");
      for (const sql of statements) await client.query(sql);
      if (!change.apart) await client.query("commit");
      return { statements, target };
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      if (change.apart) return undefined;
      await client.query("rollback");
    }
  }
  return undefined;
}
