// The facts on a real server: each kind of harm, planted, shows in the fingerprint or in the integrity facts.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type pg from "pg";
import { startClock } from "../../harness/base/clock.ts";
import { exists } from "../../harness/base/files.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import { dumpFile, EvidenceWriter, readJson } from "../../harness/evidence/run-directory.ts";
import { newProblems } from "../../harness/judge/integrity.ts";
import { differencesOf } from "../support/structure.ts";
import { captureFacts } from "../../harness/observe/facts.ts";
import { fingerprint } from "../../harness/observe/fingerprint.ts";
import { integrityFacts } from "../../harness/observe/integrity/integrity.ts";
import { ownReplication, proveQuiescence } from "../../harness/observe/quiescence.ts";
import { connect } from "../../harness/topology/postgres.ts";
import { openTopology, type Held } from "../faults/contract.ts";
import { temporaryFolder } from "../support/drills.ts";

let held: Held;
let admin: pg.Client;
beforeAll(async () => {
  held = await openTopology("process", "own");
  admin = await held.topology.observer("test");
});
afterAll(async () => {
  await admin.end();
  await held.close();
});
const shared = { meta: { sharesServices: true } };

/** Planted in a transaction that is rolled back: the next case finds the system as it was. */
const STRUCTURE: Record<string, readonly [sql: string, finding: string]> = {
  "a column missing": ["alter table payments drop column paid_at", "column-missing"],
  "a column left over": ["alter table payments add column note text", "column-left-over"],
  "another type": ["alter table order_lines alter column quantity type bigint", "column-changed"],
  "another default": ["alter table orders alter column status set default 'paid'", "column-changed"],
  "nullability": ["alter table customers alter column email drop not null", "column-changed"],
  "identity": ["alter table orders alter column id set generated always", "column-changed"],
  "a column's comment": ["comment on column customers.name is null", "column-changed"],
  "a constraint missing": ["alter table stock drop constraint stock_quantity_check", "constraint-missing"],
  "a constraint not valid": ["alter table payments drop constraint payments_order_fkey; alter table payments add constraint payments_order_fkey foreign key (order_id) references orders not valid", "constraint-changed"],
  "an index missing": ["drop index payments_order_idx", "index-missing"],
  "an index of another method": ["drop index payments_order_idx; create index payments_order_idx on payments using hash (order_id)", "index-changed"],
  "a trigger missing": ["drop trigger customers_touch on customers", "trigger-missing"],
  "a trigger disabled": ["alter table customers disable trigger customers_touch", "trigger-changed"],
  "a foreign key's triggers disabled": ["alter table payments disable trigger all", "foreign-key-trigger-changed"],
  "a function's body": ["create or replace function touch_customer() returns trigger language plpgsql as $$ begin return new; end $$", "function-changed"],
  "execution for everybody withdrawn": ["revoke execute on function touch_customer() from public", "function-changed"],
  "a view's definition": ["create or replace view customer_totals as select ref, name, 0::bigint as orders, 0::numeric as spent from customers", "relation-changed"],
  "a grant withdrawn": ["revoke update on customers from app", "relation-changed"],
  "an owner": ["alter table products owner to turnback", "relation-changed"],
  "row-level security": ["alter table customers enable row level security", "relation-changed"],
  "a policy": ["create policy p on customers using (true)", "policy-left-over"],
  "a rule": ["create rule r as on delete to customers do instead nothing", "rule-left-over"],
  "a storage parameter": ["alter table customers set (fillfactor = 70)", "relation-changed"],
  "unlogged": ["alter table stock_movements set unlogged", "relation-changed"],
  "an enum left over": ["create type mood as enum ('good', 'bad')", "type-left-over"],
  "a domain left over": ["create domain positive as int check (value > 0)", "type-left-over"],
  "a sequence's step": ["alter sequence orders_id_seq increment 10", "sequence-changed"],
  "a statistics object": ["create statistics s on customer_id, status from orders", "statistics-left-over"],
  "a publication": ["create publication p for table orders", "publication-left-over"],
  "an extension missing": ["drop extension amcheck", "extension-missing"],
  "a comment on a language that comes with the server": ["comment on language plpgsql is 'other'", "language-changed"],
  "the owner of such a language": ["alter language plpgsql owner to app", "language-changed"],
  "rights on such a language": ["revoke usage on language plpgsql from public", "grant-left-over"],
  "a role's setting": ["alter role app set work_mem = '1GB'", "setting-left-over"],
  "a database's setting": ["alter database app set timezone = 'Asia/Tokyo'", "setting-left-over"],
  "a role's own setting": ["alter role app set app.tenant = 'north'", "setting-left-over"],
  "a role's end": ["alter role app valid until '2031-01-01'", "role-changed"],
  "a role's connections": ["alter role app connection limit 3", "role-changed"],
  "a role's attribute": ["alter role app bypassrls", "role-changed"],
  "default privileges": ["alter default privileges grant select on tables to app", "default-grant-left-over"],
};

const BENIGN: Record<string, string> = {
  "rows written": "update orders set status = 'paid' where id = 10",
  "a column added and dropped": "alter table customers add column x int; alter table customers drop column x",
  "an identical index rebuilt": "drop index payments_order_idx; create index payments_order_idx on payments (order_id)",
  "a foreign key dropped and added again": "alter table payments drop constraint payments_order_fkey; alter table payments add constraint payments_order_fkey foreign key (order_id) references orders",
  "a grant that says what the default says": "grant all on customers to migrator",
  "an equivalent spelling of a default": "alter table orders alter column status set default ('placed'::text)",
  "an equivalent spelling of a check": "alter table stock drop constraint stock_quantity_check; alter table stock add constraint stock_quantity_check check ((quantity) >= (0))",
  "a sequence ahead": "select nextval('orders_id_seq'), nextval('orders_id_seq')",
  "statistics collected anew": "analyze customers",
};

describe("the fingerprint", () => {
  test.for(Object.entries(STRUCTURE))("sees %s", shared, async ([, [sql, finding]]) => {
    const before = await fingerprint(admin);
    await admin.query("begin");
    try {
      await admin.query(sql);
      expect(differencesOf(before, await fingerprint(admin)).map(({ kind }) => kind)).toContain(finding);
    } finally {
      await admin.query("rollback");
    }
    expect(differencesOf(before, await fingerprint(admin))).toEqual([]);
  });

  test("shows settings by name and value, and of passwords and of settings that hold secrets a digest", shared, async () => {
    const told = async (secret: string) => {
      await admin.query("begin");
      try {
        await admin.query(`create role clerk login password 'hush ${secret}'; alter role clerk set app.api_token = 'hush ${secret}'; alter database app set app.tenant = 'north'`);
        return (await fingerprint(admin)).filter(({ kind, name }) => (kind === "setting" && name.startsWith("app.")) || name === "clerk");
      } finally {
        await admin.query("rollback");
      }
    };
    const [one, again, other] = [await told("4711"), await told("4711"), await told("4712")];
    expect(one.filter(({ kind }) => kind === "setting")).toEqual([
      { kind: "setting", name: "app.api_token (role clerk)", detail: { value: expect.stringMatching(/^\[redacted:[0-9a-f]{12}\]$/) as string } },
      { kind: "setting", name: "app.tenant (database app)", detail: { value: "north" } },
    ]);
    expect(JSON.stringify([one, other])).not.toMatch(/hush|4711|SCRAM-SHA-256\$/);
    expect(one.filter(({ kind }) => kind === "setting")).toEqual(again.filter(({ kind }) => kind === "setting"));
    expect(differencesOf(one, other).map(({ kind, subject }) => `${kind} ${subject}`)).toEqual(["role-changed clerk", "setting-changed app.api_token (role clerk)"]);
  });

  test.for(Object.entries(BENIGN))("is not moved by %s", shared, async ([, sql]) => {
    const before = await fingerprint(admin);
    await admin.query("begin");
    try {
      await admin.query(sql);
      expect(differencesOf(before, await fingerprint(admin))).toEqual([]);
    } finally {
      await admin.query("rollback");
    }
  });
});

test("labels are looked for where they can be: a materialized view without rows, and a table that gives an error, end no facts", shared, async () => {
  const unusedOf = async (sql: string) => {
    await admin.query("begin");
    try {
      await admin.query(`create type mood as enum ('good', 'bad'); create table moods (mood mood); ${sql}`);
      return (await fingerprint(admin)).find(({ kind, name }) => kind === "type" && name === "mood")?.detail["unused"];
    } finally {
      await admin.query("rollback");
    }
  };
  expect(await unusedOf("insert into moods values ('good')")).toEqual(["bad"]);
  expect(await unusedOf("insert into moods values ('good'); create materialized view seen as select mood from moods with no data")).toEqual(["bad"]);
  expect(new Set(await unusedOf("create materialized view seen as select mood from moods") as string[])).toEqual(new Set(["good", "bad"]));
  // A generated column that is computed when it is read, and fails.
  expect(await unusedOf("create table odd (n int, mood mood generated always as (case when 1 / n > 0 then 'good'::mood else 'bad'::mood end) virtual); insert into odd (n) values (0)").catch(() => "not with this server")).toBeOneOf([undefined, "not with this server"]);
});

describe("the integrity facts", () => {
  const problems = async (sql: string) => {
    const before = await inTransaction(() => integrityFacts(admin));
    return inTransaction(async () => {
      await admin.query(sql);
      return newProblems(before, await integrityFacts(admin)).map(({ kind }) => kind);
    });
  };
  const inTransaction = async <T>(work: () => Promise<T>): Promise<T> => {
    await admin.query("begin");
    try {
      return await work();
    } finally {
      await admin.query("rollback");
    }
  };

  test.for([
    ["orphans under a key that calls itself valid", "set local session_replication_role = replica; delete from customers where id = 7", "orphans"],
    ["rows that break a check marked valid", "update pg_constraint set conbin = conbin where false; alter table stock drop constraint stock_quantity_check; update stock set quantity = -1 where product_id = 3; alter table stock add constraint stock_quantity_check check (quantity >= 0) not valid", "check-violated"],
    ["a sequence behind its column", "select setval('orders_id_seq', 1)", "stale-sequence"],
    ["a sequence behind a column that takes numbers twice", "create table numbered (id bigserial, at timestamptz default now(), primary key (id, at)); insert into numbered select from generate_series(1, 9); select setval('numbered_id_seq', 1)", "sequence-repeats"],
    ["an index marked invalid", "update pg_index set indisvalid = false where indexrelid = 'payments_order_idx'::regclass", "invalid-index"],
    ["an advisory lock", "select pg_advisory_xact_lock(42)", "advisory-lock-left"],
  ] as const)("name %s", shared, async ([, sql, kind]) => {
    expect(await problems(sql)).toEqual([kind]);
  });

  test.for([
    ["bigint", "create sequence s; select setval('s', 9223372036854775807)", "it has no further value: the last one was 9223372036854775807, and it ends at 9223372036854775807"],
    ["steps", "create sequence s increment 7 maxvalue 100; select setval('s', 99)", "it has no further value: the last one was 99, and it ends at 100"],
    ["down", "create sequence s increment -1 minvalue -5 maxvalue -1; select setval('s', -5)", "it has no further value: the last one was -5, and it ends at -5"],
    ["a narrow column", "create sequence s; create table t (id smallint primary key default nextval('s')); select setval('s', 32767)", "it has no further value: the last one was 32767, and t.id takes none above 32767"],
    ["room for one more", "create sequence s; select setval('s', 9223372036854775806)", undefined],
    ["one that cycles", "create sequence s maxvalue 5 cycle; select setval('s', 5)", undefined],
  ] as const)("say exactly where a sequence ends: %s", shared, async ([, sql, says]) => {
    await inTransaction(async () => {
      await admin.query(sql);
      expect((await integrityFacts(admin)).find(({ kind, subject, count }) => kind === "sequence-exhausted" && subject === "s" && count > 0)?.detail).toBe(says);
    });
  });

  test("look into composite values, however deep, for what domains forbid", shared, async () => {
    await inTransaction(async () => {
      await admin.query(`create domain positive as int; create domain named as text; create type inner_pair as (n positive, t named); create type outer_pair as (id int, p inner_pair, many inner_pair[]);
        create table nested (id int primary key, o outer_pair);
        insert into nested values (1, row(1, row(1, 'a'), array[row(2, 'b')::inner_pair])), (2, row(1, row(-1, 'a'), null)), (3, row(1, row(1, null), null)), (4, row(1, null, array[row(-5, 'b')::inner_pair, row(1, 'c')::inner_pair])), (5, null);
        alter domain positive add constraint above check (value > 0) not valid; alter domain named add constraint there check (value is not null) not valid`);
      const found = (await integrityFacts(admin)).filter(({ kind, count, subject }) => (kind === "domain-violations" || kind === "unchecked") && count > 0 && subject.includes("nested"));
      expect(found.map(({ kind, subject, keys }) => [kind, subject, keys])).toEqual([
        ["domain-violations", "nested.o.many.n: above", ["4"]], ["domain-violations", "nested.o.p.n: above", ["2"]], ["domain-violations", "nested.o.p.t: there", ["3"]],
      ]);
    });
  });

  test("tell many rows by digests, say so, and are held against few that are told by their keys", shared, async () => {
    await inTransaction(async () => {
      await admin.query(`create table parents (id int primary key); create table children (id int primary key, parent int references parents); insert into parents select generate_series(1, 1500);
        insert into children select i, i from generate_series(1, 1500) i; set local session_replication_role = replica; delete from parents where id <= 600`);
      const few = await integrityFacts(admin);
      await admin.query("delete from parents");
      const many = await integrityFacts(admin);
      const orphans = (facts: typeof few) => facts.find(({ kind, count }) => kind === "orphans" && count > 0);
      expect(orphans(few)).not.toHaveProperty("digested");
      expect(orphans(many)).toMatchObject({ count: 1_500, digested: true });
      expect(newProblems(few, many).map(({ kind, count }) => [kind, count])).toEqual([["orphans", 900]]);
      expect(newProblems(many, few)).toEqual([]);
    });
  });

  test("are taken of columns with any collations: one that is nondeterministic, and several in one key", shared, async () => {
    const table = (rows: string) => `create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create table p (a text collate "C", b text collate "POSIX", c text collate ci, primary key (a, b, c)); create table f (id int primary key, a text collate "POSIX", b text collate "C", c text collate ci check (c <> 'X'), constraint f_p foreign key (a, b, c) references p);
      create index on p using hash (c); insert into p values ('a', 'b', 'c'); set local session_replication_role = replica; ${rows}`;
    expect(await problems(table("insert into f values (1, 'a', 'b', 'C')"))).toEqual([]);
    expect(await problems(table("insert into f values (1, 'a', 'b', 'd')"))).toEqual(["orphans"]);
  });

  test("name a transaction that was left open", shared, async () => {
    const before = await inTransaction(() => integrityFacts(admin));
    const other = await connect(held.topology.access("app", "direct"), { name: "turnback-forgotten" });
    try {
      await other.query("begin; select 1");
      const after = await inTransaction(() => integrityFacts(admin));
      expect(newProblems(before, after).map(({ kind }) => kind)).toEqual(["open-transaction-left"]);
    } finally {
      await other.end();
    }
  });
});

describe("the records", () => {
  const READS = "select ref::text as key, name from customers where id < 3";
  const FAILS = "select ref::text as key, no_such_column from customers";
  const query = (before: string, after: string) => ({ name: "customer", key: "key", before, after, counters: [], references: [], derived: false });
  const capture = async (entity: ReturnType<typeof query>, options: { readonly records: "before" | "after"; readonly owed?: boolean }) => {
    await using folder = await temporaryFolder();
    const system = { ...(await readSystem("fixtures/systems/shop")), entities: [entity], invariants: [] };
    const evidence = new EvidenceWriter(folder.path, startClock());
    await captureFacts([{ client: admin, reader: admin, system }], evidence, "after", options);
    return { ...(await readJson<object>(folder.path, "after/entities.json")), dumped: await exists(evidence.path(dumpFile("after", "customer"))) };
  };
  const failed = [{ entity: "customer", error: 'column "no_such_column" does not exist' }];

  test.for([
    ["are read in the shape that is owed", READS, FAILS, { records: "before" }, { shapes: { customer: "before" }, failed: [], dumped: true }],
    ["that can't be are read in the other, and that is a finding", FAILS, READS, { records: "before" }, { shapes: { customer: "after" }, failed, dumped: true }],
    ["are read in either shape where none is owed, and that is no finding", READS, FAILS, { records: "after", owed: false }, { shapes: { customer: "before" }, failed: [], dumped: true }],
    ["that can be read in neither are not known, whatever is owed", FAILS, FAILS, { records: "after", owed: false }, { shapes: {}, failed, dumped: false }],
  ] as const)("%s", shared, async ([, before, after, options, expected]) => {
    expect(await capture(query(before, after), options)).toMatchObject({ entities: ["customer"], ...expected });
  });
});

describe("quiescence", () => {
  test("is not proven while a client's backend lives, and is when it is gone", shared, async () => {
    const client = await connect(held.topology.access("app", "direct"), { name: "turnback-clients" });
    const own = ownReplication(held.topology.cluster, undefined);
    await expect(proveQuiescence(admin, { withinMs: 150, own })).rejects.toThrow(/1 backends of clients/);
    await client.end();
    await expect(proveQuiescence(admin, { withinMs: 5_000, own })).resolves.toContain("0 backends of clients");
  });
});
