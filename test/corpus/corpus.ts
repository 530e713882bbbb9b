// The corpus of harm: real schemas, defects planted in them one at a time, and what the judge makes of each.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type pg from "pg";
import { parse } from "yaml";
import { z } from "zod";
import { ROOT } from "../../harness/base/files.ts";
import { systemSchema, type System } from "../../harness/drill/system.ts";
import { judge } from "../../harness/judge/judge.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import { DATABASE } from "../../harness/topology/postgres.ts";
import { recordRun, Server, takeFacts } from "./server.ts";

const HERE = join(ROOT, "test", "corpus");

const clientSchema = z.strictObject({
  sql: z.string().optional().describe("What took effect; left out when nothing did"),
  told: z.enum(["committed", "rejected", "indeterminate"]).default("committed"),
  code: z.string().default("").describe("SQLSTATE that the client saw"),
  afterRollback: z.boolean().default(false),
  effects: z.array(z.strictObject({ entity: z.string(), key: z.string(), kind: z.enum(["insert", "update", "delete", "add"]), value: z.record(z.string(), z.union([z.string(), z.number(), z.null()])).optional() })).default([]),
});
const caseSchema = z.strictObject({
  defect: z.string().optional(),
  benign: z.string().optional(),
  source: z.string().optional(),
  clients: z.array(clientSchema).default([]),
  writers: z.array(z.strictObject({ table: z.string(), inserted: z.number().default(0), updated: z.number().default(0), deleted: z.number().default(0) })).default([]).describe("Tables that no entity reads and that clients were seen to write before the migration"),
  plant: z.array(z.string()).default([]).describe("Run one by one by the superuser"),
  held: z.array(z.string()).default([]).describe("Run in a session that stays open"),
  corrupt: z.strictObject({ relation: z.string(), page: z.number(), at: z.number() }).optional(),
  undo: z.array(z.string()).default([]).describe("For what outlives the database"),
  finding: z.strictObject({ kind: z.string(), subject: z.string() }).optional(),
  warning: z.strictObject({ kind: z.string(), subject: z.string() }).optional().describe("Of a benign difference: what is worth knowing of it, and not counted"),
  also: z.array(z.string()).default([]).describe("Further kinds that rightly follow"),
});
export type Case = z.infer<typeof caseSchema> & { readonly name: string; readonly family: string; readonly system: string };

/** All cases below defects/ or benign/, each `<system>/<family>-<name>.yaml`. */
export function cases(of: "defects" | "benign"): Case[] {
  return readdirSync(join(HERE, of), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yaml")).sort().map((file) => {
    const [system = "", name = ""] = file.replace(/\.yaml$/, "").split("/");
    const parsed = caseSchema.safeParse(parse(readFileSync(join(HERE, of, file), "utf8")));
    if (!parsed.success) throw new Error(`${of}/${file}: ${z.prettifyError(parsed.error)}`);
    return { ...parsed.data, name, system, family: name.split("-")[0] ?? "" };
  });
}

/** What the server keeps of a password: made anew it would have another salt. */
const VERIFIER = "SCRAM-SHA-256$4096:c2FsdCBvZiB0aGUgY29ycHVz$GJxC+DayVHkbrBQUF5Kv1Pf8rKsDFGXr1F5M+ofZnW0=:6FNrMMtP3OE2l3JgbUW9sIvS2zUkmxX/+kra7n0my0w=";

const SYSTEMS = ["bookings", "telemetry", "accounts"] as const;

type Prepared = { readonly system: System; readonly facts: string };

export class Corpus implements AsyncDisposable {
  readonly #server: Server;
  readonly #prepared = new Map<string, Prepared>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Corpus> {
    const server = await Server.open("corpus", { max_prepared_transactions: 10, wal_level: "logical", allow_in_place_tablespaces: "on", autovacuum: "off" });
    try {
      const corpus = new Corpus(server);
      await corpus.#prepare();
      return corpus;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  /** Each system becomes a template database, and its facts are taken once. */
  async #prepare(): Promise<void> {
    await this.#server.outside(async (server) => {
      await server.query("create tablespace corpus_space location ''");
      await server.query("grant create on tablespace corpus_space to migrator");
      await server.query("create extension pg_buffercache");
      // Somebody of their own, with a password that is always printed the same, an end, a limit, and settings of an application.
      await server.query(`create role clerk login password '${VERIFIER}' valid until '2030-01-01 00:00+00' connection limit 20`);
      await server.query("alter role clerk set app.tenant = 'north'; alter role clerk set work_mem = '8MB'");
      await server.query("alter system set corpus.flag = 'on'");
      await server.query("select pg_reload_conf()");
      await server.query("select pg_create_physical_replication_slot('reporting', true)");
    });
    for (const name of SYSTEMS) {
      const directory = join(HERE, "systems", name);
      const system = systemSchema.parse(parse(readFileSync(join(directory, "system.yaml"), "utf8")));
      await this.#server.outside((server) => server.query(`create database ${DATABASE} owner migrator template template0`));
      const facts = join(this.#server.folder, name);
      await this.#server.inside(async (client) => {
        await client.query("create extension amcheck; alter schema public owner to migrator; grant usage on schema public to app; create extension if not exists btree_gist");
        await client.query("set role migrator");
        await client.query(readFileSync(join(directory, "schema.sql"), "utf8").replace("create extension btree_gist;", ""));
        await client.query("reset role");
        const more = readdirSync(directory).includes("superuser.sql");
        if (more) await client.query(readFileSync(join(directory, "superuser.sql"), "utf8"));
        await client.query("vacuum analyze");
      });
      await this.#server.asHarness((client, reader) => takeFacts(client, reader, system, facts));
      await this.#server.outside((server) => server.query(`alter database ${DATABASE} rename to corpus_${name}`));
      this.#prepared.set(name, { system, facts });
    }
  }

  /** Plants the case in a fresh copy of its system, and judges what is then there. */
  async judge(entry: Case): Promise<{ readonly card: Scorecard; readonly directory: string }> {
    const prepared = this.#prepared.get(entry.system);
    if (!prepared) throw new Error(`there is no system ${entry.system}`);
    await this.#server.outside((server) => server.query(`create database ${DATABASE} owner migrator template corpus_${entry.system}`));
    const directory = join(this.#server.folder, `${entry.system}-${entry.name}`);
    const held: pg.Client[] = [];
    try {
      await this.#server.inside(async (client) => {
        for (const { sql } of entry.clients) if (sql) await client.query(sql);
        for (const sql of entry.plant) await client.query(sql);
        for (const sql of entry.held) {
          const session = await this.#server.session("turnback-forgotten");
          held.push(session);
          await session.query(sql);
        }
      });
      if (entry.corrupt) await this.#corrupt(entry.corrupt);
      await this.#server.asHarness((client, reader) => recordRun(client, reader, directory, { ...prepared, activity: entry.writers.map((writer) => ({ database: "", ...writer })) }));
      writeLedger(directory, entry);
      return { card: await judge(directory), directory };
    } finally {
      for (const session of held) await session.end();
      if (entry.undo.length > 0) await this.#server.inside(async (client) => { for (const sql of entry.undo) await client.query(sql); });
      await this.#server.outside((server) => server.query(`drop database ${DATABASE} with (force)`));
    }
  }

  /** Overwrites bytes of a page on disk, behind the server's back. */
  async #corrupt({ relation, page, at }: { readonly relation: string; readonly page: number; readonly at: number }): Promise<void> {
    const path = await this.#server.inside(async (client) => {
      await client.query("checkpoint");
      const { rows: [row] } = await client.query<{ path: string }>("select current_setting('data_directory') || '/' || pg_relation_filepath($1) as path", [relation]);
      return row?.path ?? "";
    });
    await this.#server.outside((server) => server.query("select pg_buffercache_evict_all()"));
    await using file = await open(path, "r+");
    await file.write(Buffer.alloc(64, 0xaa), 0, 64, page * 8192 + at);
  }
}

/** The clients' operations, 100 ms apart; the way back ends at 6 s of the recorded timeline. */
function writeLedger(directory: string, entry: Case): void {
  const lines = entry.clients.map(({ told, code, effects, afterRollback }, index) => {
    const start = afterRollback ? 7e9 + index * 1e7 : 1e8 * (index + 1);
    return {
      intent: JSON.stringify({ seq: index + 1, vu: 1, op: "op", intended: start, start, effects: effects.map((effect) => ({ value: null, ...effect })) }),
      outcome: JSON.stringify({ seq: index + 1, acquired: start, end: start + 5e6, outcome: told, phase: "commit", code }),
    };
  });
  mkdirSync(join(directory, "ledger"), { recursive: true });
  writeFileSync(join(directory, "ledger/intents.ndjson"), lines.map(({ intent }) => `${intent}\n`).join(""));
  writeFileSync(join(directory, "ledger/outcomes.ndjson"), lines.map(({ outcome }) => `${outcome}\n`).join(""));
}
