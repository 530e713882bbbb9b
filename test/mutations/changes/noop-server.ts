// Changes of rights, roles, settings, replication, foreign data and large objects that change nothing.

import { changes, serverChanges, type Change } from "../change.ts";
import { ALWAYS, ANY_TABLE, has, hasTable, POLICY } from "../objects.ts";
import { PASSWORD } from "../pieces.ts";

const NOOP = { noop: true } as const;
const ROLE = "select 'gen_reader' as r";

export const NOOPS_OF_SERVER: readonly Change[] = [
  ...changes(
    "policy",
    POLICY,
    { "renamed and back": ["alter policy {p} on {t} rename to x", "alter policy x on {t} rename to {p}"] },
    NOOP,
  ),
  ...changes(
    "publication",
    has("pg_publication", "pubname", "gen_pub"),
    {
      "made again": [
        "drop publication gen_pub",
        "create publication gen_pub for table gen.published (id, n) where (n > 3) with (publish = 'insert, delete')",
      ],
      "table out and in": [
        "alter publication gen_pub drop table gen.published",
        "alter publication gen_pub add table gen.published (n, id) where (n > 3)",
      ],
    },
    NOOP,
  ),
  ...changes(
    "subscription",
    has("pg_subscription", "subname", "gen_sub"),
    {
      "made again": [
        "drop subscription gen_sub",
        `create subscription gen_sub connection 'host=nowhere.invalid dbname=x' publication p1, p2 with (connect = false, slot_name =
          none, enabled = false)`,
      ],
    },
    NOOP,
  ),
  ...changes(
    "foreign server",
    has("pg_foreign_server", "srvname", "gen_server"),
    {
      "made again": [
        "drop server gen_server cascade",
        "create server gen_server type 'x' version '1' foreign data wrapper gen_fdw options (dbname 'ledger', host 'old.internal')",
        "create foreign table gen.remote (id integer options (column_name 'nr'), v text) server gen_server options (table_name 'entries')",
        "create user mapping for gen_reader server gen_server options (note 'x', user 'bob')",
        "grant usage on foreign server gen_server to gen_reader",
      ],
    },
    NOOP,
  ),
  ...changes(
    "large object",
    "select '4711' as x from pg_largeobject_metadata where oid = 4711",
    { "written again": "select lo_put(4711, 0, lo_get(4711))" },
    NOOP,
  ),
  ...changes(
    "grant",
    ANY_TABLE,
    {
      "owner's own explicit": "grant all on {t} to turnback",
      "grants in another order": [
        "grant select on {t} to gen_login",
        "grant insert on {t} to gen_owner",
        "revoke all on {t} from gen_login, gen_owner",
      ],
    },
    NOOP,
  ),
  ...changes(
    "grant",
    hasTable("gen.granted"),
    {
      "default privileges and back": [
        "alter default privileges grant select on tables to gen_login",
        "alter default privileges revoke select on tables from gen_login",
      ],
      "system function and back": [
        "revoke execute on function pg_catalog.lower(text) from public",
        "grant execute on function pg_catalog.lower(text) to public",
      ],
    },
    NOOP,
  ),
  ...serverChanges(
    "role",
    ROLE,
    {
      "attribute and back": [["alter role {r} createdb", "alter role {r} nocreatedb"], "select 1"],
      "made again": [["drop role gen_spare", "create role gen_spare", "comment on role gen_spare is 'spare'"], "select 1"],
      "setting and reset": [["alter role {r} set work_mem = '9MB'", "alter role {r} reset work_mem"], "select 1"],
      "member and not": [["grant gen_owner to gen_reader", "revoke gen_owner from gen_reader"], "select 1"],
      "renamed and back": [["alter role gen_spare rename to gen_x", "alter role gen_x rename to gen_spare"], "select 1"],
    },
    NOOP,
  ),
  ...serverChanges(
    "setting",
    ALWAYS,
    {
      "alter system and reset": [
        ["alter system set autovacuum_naptime = '99min'", "alter system reset autovacuum_naptime"],
        "select 1",
      ],
    },
    { ...NOOP, apart: true },
  ),
  ...changes(
    "setting",
    ALWAYS,
    {
      "of the database, and reset": [
        `do $$ begin execute format('alter database %I set lock_timeout = 9', current_database()); execute
          format('alter database %I reset lock_timeout', current_database()); end $$`,
      ],
      "of the session alone": "set local work_mem = '5MB'",
      "temporary table": "create temp table passing (id integer) on commit drop",
      "notify": "notify it",
      "nothing": "select 1",
    },
    NOOP,
  ),
  ...changes(
    "grant",
    hasTable("gen.granted"),
    {
      "taken away and given again": [
        "revoke all on gen.granted from gen_reader, gen_writer",
        "grant update (a) on gen.granted to gen_writer with grant option",
        "grant insert, select on gen.granted to gen_reader",
        "grant select on gen.granted to gen_writer",
      ],
      "default privileges again": [
        "alter default privileges in schema gen revoke select on tables from gen_reader",
        "alter default privileges in schema gen grant select on tables to gen_reader",
      ],
    },
    NOOP,
  ),
  ...changes(
    "policy",
    hasTable("gen.secured"),
    {
      "made again": [
        "drop policy strict on gen.secured",
        "create policy strict on gen.secured as restrictive for all to public using (id > 0) with check (id < 1000)",
      ],
    },
    NOOP,
  ),
  ...changes(
    "large object",
    "select '4712' as x from pg_largeobject_metadata where oid = 4712",
    {
      "removed and made again": ["select lo_unlink(4712)", "select lo_from_bytea(4712, 'short')"],
    },
    NOOP,
  ),
  ...serverChanges(
    "role",
    ROLE,
    {
      "membership again": [["revoke gen_writer from gen_login", "grant gen_writer to gen_login"], "select 1"],
      "password again": [[`alter role gen_login password '${PASSWORD}'`], "select 1"],
    },
    NOOP,
  ),
  ...serverChanges(
    "replication",
    ALWAYS,
    {
      "slot made and dropped": [
        ["select pg_create_physical_replication_slot('gen_left')", "select pg_drop_replication_slot('gen_left')"],
        "select 1",
      ],
    },
    { ...NOOP, apart: true },
  ),
];
