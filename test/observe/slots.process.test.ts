// Replication slots on a real server: one that was made again by its name, or moved on, is not the one that its consumer followed by.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type pg from "pg";
import { newProblems } from "../../harness/judge/integrity.ts";
import { slots } from "../../harness/observe/integrity/left-overs.ts";
import { DATABASE } from "../../harness/topology/postgres.ts";
import { Server } from "../corpus/server.ts";

let server: Server;
let client: pg.Client;
beforeAll(async () => {
  server = await Server.open("slots", { wal_level: "logical", max_prepared_transactions: 5 });
  await server.outside((outside) => outside.query(`create database ${DATABASE} owner migrator template template0`));
  client = await server.session("turnback-test");
  await client.query("create table events (id int)");
});
afterAll(async () => {
  await client.end();
  await server[Symbol.asyncDispose]();
});
const shared = { meta: { sharesServices: true } };
const made = (options = "") => `select pg_create_logical_replication_slot('feed', 'test_decoding'${options})`;
const dropped = "select pg_drop_replication_slot('feed')";
const written = "insert into events values (1)";
const polled = "select count(*) from pg_logical_slot_get_changes('feed', null, null)";

beforeEach(async () => { await client.query("select pg_drop_replication_slot(slot_name) from pg_replication_slots"); });

/** What is wrong with the slots after these statements, where a consumer had followed by `feed` so far. */
async function after(...statements: readonly string[]): Promise<string[]> {
  for (const sql of [made(), written, polled]) await client.query(sql);
  const before = await slots(client);
  for (const sql of statements) await client.query(sql);
  return newProblems(before, await slots(client)).map(({ kind, subject, detail }) => `${kind} ${subject}: ${detail}`);
}

const MISSED = [expect.stringMatching(/^replication-slot-lost feed: it was moved on or made again: its consumer was sent nothing of the last [\d,]+ bytes/)];

test.for([
  ["is dropped", [written, dropped], [expect.stringContaining("and is gone")]],
  ["is dropped and made again", [written, dropped, written, made()], MISSED],
  ["is moved on", [written, "select pg_replication_slot_advance('feed', pg_current_wal_lsn())"], MISSED],
  ["is made again for another plugin", [dropped, "select pg_create_logical_replication_slot('feed', 'pgoutput')"], [expect.stringContaining("before the migration: logical, test_decoding, app; now: logical, pgoutput, app")]],
  ["is made again with two-phase commits", [dropped, made(", false, true")], [expect.stringContaining("two-phase")]],
  ["is made again as a physical one", [dropped, "select pg_create_physical_replication_slot('feed', true)"], [expect.stringContaining("now: physical")]],
] as const)("a slot that %s is lost", shared, async ([, statements, found]) => { expect(await after(...statements)).toEqual(found); });

test.for([
  ["nothing happens to", []],
  ["waits for its consumer", [written, written]],
  ["is followed by", [written, polled]],
  ["is followed by, and has more to send", [written, polled, written]],
  ["is only looked at", [written, "select count(*) from pg_logical_slot_peek_changes('feed', null, null)"]],
  ["stays where it is while the server writes all to disk", [written, "checkpoint", "select pg_switch_wal()", "checkpoint"]],
] as const)("a slot that %s is none that is lost", shared, async ([, statements]) => { expect(await after(...statements)).toEqual([]); });
