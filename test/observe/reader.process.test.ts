// A declaration's queries are strangers' programs: they may read every row, and nothing else comes of them.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type pg from "pg";
import { existsSync } from "node:fs";
import { startClock } from "../../harness/base/clock.ts";
import { HarnessError } from "../../harness/base/errors.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import type { System } from "../../harness/drill/system.ts";
import { EvidenceWriter, readJson } from "../../harness/evidence/run-directory.ts";
import { dependsOnTime } from "../../harness/observe/baseline.ts";
import { captureFacts, type InvariantFact } from "../../harness/observe/facts.ts";
import { fingerprint } from "../../harness/observe/fingerprint.ts";
import { lookAtTold } from "../../harness/observe/told.ts";
import { openTopology, type Held } from "../faults/contract.ts";
import { temporaryFolder } from "../support/drills.ts";

let held: Held;
let shop: System;
let admin: pg.Client;
beforeAll(async () => {
  held = await openTopology("process", "own");
  shop = await readSystem("fixtures/systems/shop");
  admin = await held.topology.observer("test");
});
afterAll(async () => {
  await admin.end();
  await held.close();
});
const shared = { meta: { sharesServices: true } };

type Asks = { readonly entity?: string; readonly rule?: string };

/** Takes the facts of a system that asks this. */
async function facts({ entity = "select 'a' as key", rule }: Asks, when: "before" | "after" = "before") {
  await using folder = await temporaryFolder();
  const evidence = new EvidenceWriter(folder.path, startClock());
  const [client, reader] = [await held.topology.observer("facts"), await held.topology.reader("facts")];
  const system: System = {
    ...shop, entities: [{ name: "thing", key: "key", before: entity, after: entity, counters: [], references: [], derived: false }],
    invariants: rule === undefined ? [] : [{ name: "rule", query: rule }],
  };
  try {
    await dependsOnTime({ client, reader, system }, evidence);
    await captureFacts([{ client, reader, system }], evidence, when);
    await lookAtTold([{ reader, system }], evidence, startClock());
    return { invariants: await readJson<InvariantFact[]>(folder.path, `${when}/invariants.json`), entities: await readJson<{ failed: unknown[] }>(folder.path, `${when}/entities.json`) };
  } finally {
    await client.end();
    await reader.end();
  }
}

const refusal = (asks: Asks): Promise<HarnessError> => facts(asks).then(() => { throw new Error("it was answered"); }, (error: unknown) => {
  if (!(error instanceof HarnessError)) throw error;
  return error;
});

/** All that an attack could have changed: files beside the data, rows, roles, objects. */
const DAMAGE = "/tmp/turnback-reader-was-here";
async function state(): Promise<unknown> {
  const { rows } = await admin.query(`select (select count(*) from customers)::text as customers, (select sum(hashtextextended(c::text, 0))::text from customers c) as digest,
    (select string_agg(rolname || rolsuper || rolcanlogin, ',' order by rolname) from pg_roles) as roles, (select count(*) from pg_class)::text as relations, (select count(*) from pg_largeobject_metadata)::text as large,
    (select count(*) from pg_proc)::text as functions, (select count(*) from pg_event_trigger)::text as events, (select count(*) from pg_prepared_xacts)::text as prepared, (select string_agg(name || setting, ',') from pg_file_settings)::text as settings`);
  return { ...rows[0], file: existsSync(DAMAGE) };
}

beforeAll(async () => {
  await admin.query(`create extension if not exists dblink;
    create function public.deletes() returns int language plpgsql volatile security definer as $$ begin truncate customers cascade; return 1; end $$; alter function public.deletes() owner to migrator;
    create function public.deletes_as_superuser() returns int language plpgsql volatile security definer as $$ begin update customers set ref = ref || 'x'; return 1; end $$;
    create function public.again() returns int language plpgsql volatile security definer as $$ begin perform set_config('transaction_read_only', 'off', true); delete from customers; return 1; end $$;
    create function public.commits() returns int language plpgsql volatile security definer as $$ begin commit; delete from customers; return 1; end $$;
    create function public.secret() returns int language sql as 'select 7'; revoke execute on function public.secret() from public;
    create table public.hidden (key int primary key); insert into public.hidden values (1); alter table public.hidden enable row level security; alter table public.hidden force row level security; revoke all on public.hidden from public;
    create schema closed; create table closed.t (key int primary key); insert into closed.t values (5); revoke all on schema closed from public;
    create view public.careful with (security_invoker) as select key from closed.t; create sequence public.steps`);
});

const ATTACKS: readonly (readonly [string, () => string])[] = [
  ["reads a file of the server's machine", () => "select pg_read_file('/etc/passwd') as key"],
  ["reads a file as bytes", () => "select encode(pg_read_binary_file('/etc/passwd'), 'hex') as key"],
  ["lists a folder", () => "select pg_ls_dir('/etc') as key"],
  ["ends the COPY and begins a program", () => `select 'a' as key) asked offset 0) records) to program 'touch ${DAMAGE}' --`],
  ["ends its brackets and begins a program", () => `select 'a' as key) to program 'touch ${DAMAGE}'; copy (select 'a' as key`],
  ["has a second statement", () => `select 'a' as key; copy (select 1) to program 'touch ${DAMAGE}'; select 'a' as key`],
  ["commits, and deletes", () => "select 'a' as key) x; commit; delete from customers; select * from (select 'a' as key"],
  ["has a comment that swallows what follows", () => "select 'a' as key /*"],
  ["becomes the superuser", () => "select set_config('role', 'turnback', false) as key"],
  ["becomes the superuser's session", () => "select set_config('session_authorization', 'turnback', false) as key"],
  ["resets its role", () => "select set_config('role', 'none', false) as key from customers where pg_read_file('/etc/passwd') is not null"],
  ["makes the transaction one that writes", () => "select set_config('transaction_read_only', 'off', true) as key"],
  ["writes by a function of the system's owner", () => "select deletes() as key"],
  ["writes by a superuser's function", () => "select deletes_as_superuser() as key"],
  ["writes by a function that begins with the transaction", () => "select again() as key"],
  ["commits by a function", () => "select commits() as key"],
  ["exports a large object", () => `select lo_export(1, '${DAMAGE}') as key`],
  ["imports a large object", () => "select lo_import('/etc/passwd') as key"],
  ["makes a large object", () => "select lo_from_bytea(0, 'x') as key"],
  ["connects to itself without a password", () => `select * from dblink('host=127.0.0.1 port=${held.topology.access("turnback", "direct").address.port} user=turnback dbname=app', 'select 1') as t (key int)`],
  ["connects to itself as anybody", () => `select dblink_connect_u('host=127.0.0.1 port=${held.topology.access("turnback", "direct").address.port} user=turnback dbname=app') as key`],
  ["moves a sequence", () => "select nextval('steps') as key"],
  ["ends the server's sessions", () => "select pg_terminate_backend(pid)::text as key from pg_stat_activity where usename = 'turnback' and pid <> pg_backend_pid()"],
  ["reloads the server", () => "select pg_reload_conf()::text as key"],
  ["writes in a WITH", () => "with gone as (delete from customers returning ref) select ref as key from gone"],
  ["locks what it reads", () => "select ref as key from customers for update"],
  ["makes a table of it", () => "select 'a' as key into stolen"],
  ["calls what it may not", () => "select secret() as key"],
];

describe("a query of a declaration", () => {
  test.each(ATTACKS)("that %s is a wrong declaration, and nothing comes of it", shared, async (_, attack) => {
    const was = await state();
    for (const asks of [{ entity: attack() }, { rule: attack() }]) {
      const error = await refusal(asks);
      expect(error.kind).toBe("declaration");
      expect(error.message).toMatch(/entity thing|invariant "rule"/);
      expect(error.remedy?.length).toBeGreaterThan(10);
    }
    expect(await state()).toEqual(was);
  });

  test("that is refused says as whom it was asked, and what to do", shared, async () => {
    const error = await refusal({ entity: "select secret() as key" });
    expect(error.message).toContain("permission denied for function secret");
    expect(error.remedy).toContain("turnback_reader");
    expect(error.remedy).toContain("grant execute on function");
  });

  test("succeeds as a superuser with what is refused here: the attacks are attacks", shared, async () => {
    for (const query of ["select pg_read_file('/etc/passwd')", "select secret()", "select lo_from_bytea(0, 'x')"]) {
      await admin.query("begin");
      expect((await admin.query(query)).rowCount).toBeGreaterThan(0);
      await admin.query("rollback");
    }
    await admin.query("begin");
    await admin.query("select deletes()");
    expect((await admin.query("select from customers")).rowCount).toBe(0);
    await admin.query("rollback");
  });

  test("reads every row: behind row security, in a closed schema, by a view that asks as who asks it", shared, async () => {
    for (const table of ["hidden", "closed.t", "careful", "customers"]) {
      const { invariants } = await facts({ entity: `select ${table === "customers" ? "ref" : "key"} as key from ${table}`, rule: `select * from ${table} where false` });
      expect(invariants).toMatchObject([{ violations: 0 }]);
    }
    expect((await facts({ rule: "select * from hidden" })).invariants).toMatchObject([{ violations: 1, examples: [{ key: 1 }] }]);
  });

  test("that is refused afterwards alone accuses nobody: the run is unknown, and why", shared, async () => {
    await expect(facts({ entity: "select secret() as key" }, "after")).rejects.toMatchObject({ code: "query-refused", kind: "run", place: "entity thing, before" });
    await expect(facts({ rule: "select secret()" }, "after")).rejects.toMatchObject({ code: "query-refused", kind: "run" });
  });

  test("sees the snapshot of all the other facts", shared, async () => {
    const [client, reader] = [await held.topology.observer("a"), await held.topology.reader("b")];
    try {
      const { inFrame, LIMITS } = await import("../../harness/observe/frame.ts");
      const [counts] = await inFrame(client, LIMITS, async () => {
        const first = await client.query<{ n: string }>("select count(*)::text as n from hidden");
        await admin.query("insert into hidden values (99)");
        const second = await reader.query<{ n: string }>("select count(*)::text as n from hidden");
        return [first.rows[0]?.n, second.rows[0]?.n];
      }, () => Promise.resolve(), reader);
      expect(counts).toEqual(["1", "1"]);
    } finally {
      await admin.query("delete from hidden where key = 99");
      await client.end();
      await reader.end();
    }
  });

  test("is asked by a role that no fingerprint shows, and that is given nothing but reading", shared, async () => {
    expect(JSON.stringify(await fingerprint(admin))).not.toContain("turnback_reader");
    const reader = await held.topology.reader("c");
    try {
      for (const sql of ["set role turnback", "set role migrator", "set role app", "set session authorization turnback", "delete from customers", "begin read write; delete from customers", `copy (select 1) to '${DAMAGE}'`, `copy (select 1) to program 'touch ${DAMAGE}'`, "create table t (a int)", "create role x", "alter system set work_mem = '1MB'", "create extension file_fdw", "load 'auto_explain'"]) {
        await expect(reader.query(sql), sql).rejects.toThrow(/denied|must be|read-only|not allowed/);
        await reader.query("rollback");
      }
      for (const sql of ["reset role", "reset session authorization"]) await reader.query(sql);
      expect((await reader.query("select current_user, session_user")).rows).toEqual([{ current_user: "turnback_reader", session_user: "turnback_reader" }]);
    } finally {
      await reader.end();
    }
    expect(existsSync(DAMAGE)).toBe(false);
  });
});
