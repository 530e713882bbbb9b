// SQL files on a real server: what a file sets for its session ends with it, and what it leaves open is refused.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATABASE } from "../../harness/topology/postgres.ts";
import { runSqlFile } from "../../harness/topology/sql-file.ts";
import { Server } from "../corpus/server.ts";

let server: Server;
beforeAll(async () => { server = await Server.open("sql-file", {}); });
afterAll(async () => { await server[Symbol.asyncDispose](); });
const shared = { meta: { sharesServices: true } };

/** Runs files one after the other in one session, as a system's are; then asks. */
async function after(files: readonly string[], question: string): Promise<unknown[]> {
  await server.outside(async (client) => {
    await client.query(`drop database if exists ${DATABASE} with (force)`);
    await client.query(`create database ${DATABASE} owner migrator template template0`);
  });
  return server.inside(async (client) => {
    await client.query("alter schema public owner to migrator; set role migrator");
    for (const [index, sql] of files.entries()) {
      const file = join(server.folder, `${index}.sql`);
      await writeFile(file, sql);
      await runSqlFile(client, file, 1);
    }
    return (await client.query<Record<string, unknown>>(question)).rows.map((row) => Object.values(row)).flat();
  });
}

const SCHEMA = "create table public.notes (at date, body text);";
const SEED = "insert into notes values ('2026-02-03', 'é\\'); select pg_sleep(0.02);";
const KEPT = "select at::text || ' ' || body || ' ' || pg_get_userbyid(relowner) from notes, pg_class where oid = 'notes'::regclass";

describe("the next file is not moved by one that", () => {
  test.for([
    ["empties the search_path, as pg_dump does", "select pg_catalog.set_config('search_path', '', false);"],
    ["leads to another schema", "create schema other; create table other.notes (x int); set search_path = other;"],
    ["takes another role", "reset role; set role app;"],
    ["becomes somebody else", "reset role; set session authorization app;"],
    ["has no patience", "set statement_timeout = '10ms'; set lock_timeout = '1ms';"],
    ["writes nothing more", "set default_transaction_read_only = on;"],
    ["reads dates the other way round", "set datestyle = 'SQL, DMY';"],
    ["reads backslashes otherwise", "set standard_conforming_strings = off;"],
    ["has another encoding", "set client_encoding = 'LATIN1';"],
  ] as const)("%s", shared, async ([, setting]) => {
    expect(await after([`${SCHEMA}\n${setting}`, SEED], KEPT)).toEqual(["2026-02-03 é\\ migrator"]);
  });

  test("fires no triggers", shared, async () => {
    const triggers = "create function stamp() returns trigger language plpgsql as $$ begin new.body := 'stamped'; return new; end $$; create trigger stamp before insert on notes for each row execute function stamp();";
    expect(await after([`${SCHEMA} ${triggers} reset role; set session_replication_role = replica;`, SEED], "select body from notes")).toEqual(["stamped"]);
  });
});

test.for([
  ["that breaks a constraint, which has no position", "create table a (id int primary key);\n-- a comment;\ninsert into a values (1);\n\n/* two */ insert into a\n  values (1);\nselect 1;", 5],
  ["that asks for what isn't there, behind letters of several bytes", "select 'ééé 😀';\nselect 1\n  from nowhere;", 3],
  ["that may not be done", "create table b (x int);\ncreate table c (x int);\ncreate role nobody_may;", 3],
  ["that fails in a function", "create table d (x int);\nselect 'a;b';\ndo $$ begin\n raise 'no'; end $$;", 3],
  ["in the data of a COPY", "create table e (x int);\ncopy e (x)\n  from stdin;\n1\ntwo\n\\.\n", 5],
  ["the first one", "insert into nothing values (1);\nselect 1;", 1],
] as const)("an error names the line of the statement %s", shared, async ([, sql, line]) => {
  await expect(after([sql], "select 1")).rejects.toThrow(new RegExp(`0\\.sql:${line}: `));
});

test("a file that leaves a transaction open is refused, with its last line", shared, async () => {
  await expect(after([`begin;\n${SCHEMA}\n`, SEED], KEPT)).rejects.toThrow(/0\.sql:2: the file begins a transaction and doesn't end it/);
  expect(await after([`begin;\n${SCHEMA}\ncommit;\n`, SEED], KEPT)).toHaveLength(1);
});
