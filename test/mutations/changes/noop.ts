// Changes that change nothing: made and undone, made anew alike, rewritten, reordered. The judge must stay silent.

import { changes, serverChanges, type Change } from "../change.ts";
import {
  ALWAYS,
  ANY_TABLE,
  COLUMN,
  column,
  constraint,
  has,
  INDEX,
  KEY_INDEX,
  MATVIEW,
  PARTITION,
  POLICY,
  routine,
  RULE,
  SEQUENCE,
  STATISTICS,
  TABLE,
  TRIGGER,
  type,
  VIEW,
} from "../objects.ts";

const NOOP = { noop: true } as const;
const again = (object: string, targets: string, sql: Change["sql"]): Change => ({
  name: `${object}: made again`,
  object,
  targets,
  sql,
  noop: true,
});
const ROLE = "select 'gen_reader' as r";

export const NOOPS: readonly Change[] = [
  ...changes(
    "table",
    TABLE,
    {
      "renamed and back": ["alter table {t} rename to elsewhere", "alter table {schema_q}.elsewhere rename to {name}"],
      "option and reset": ["alter table {t} set (parallel_workers = 2)", "alter table {t} reset (parallel_workers)"],
      "owner and back": ["alter table {t} owner to gen_owner", "alter table {t} owner to turnback"],
      "column added and dropped": ["alter table {t} add column extra integer default 7", "alter table {t} drop column extra"],
      "grant and revoke": ["grant select on {t} to gen_login", "revoke select on {t} from gen_login"],
      "unlogged and logged": ["alter table {t} set unlogged", "alter table {t} set logged"],
      "tablespace and back": ["alter table {t} set tablespace gen_space", "alter table {t} set tablespace pg_default"],
      "schema and back": ["alter table {t} set schema public", "alter table public.{name} set schema {schema_q}"],
      "comment and none": ["comment on table {t} is 'x'", "comment on table {t} is null"],
      "row security on and off": ["alter table {t} enable row level security", "alter table {t} disable row level security"],
      "rows rewritten": "update {t} set id = id",
      "rows moved": [
        "create temp table kept on commit drop as select * from only {t} order by id desc",
        "delete from only {t}",
        "insert into {t} overriding system value select * from kept",
      ],
      "inherit and not": [
        "create table gen.elder ()",
        "alter table {t} inherit gen.elder",
        "alter table {t} no inherit gen.elder",
        "drop table gen.elder",
      ],
      "index and none": ["create index extra on {t} (id)", "drop index {schema_q}.extra"],
      "trigger and none": [
        "create trigger extra before insert on {t} for each row execute function suppress_redundant_updates_trigger()",
        "drop trigger extra on {t}",
      ],
      "copied by COPY's text": [
        "create temp table kept on commit drop as select x::text as line from only {t} x",
        "delete from only {t}",
        "insert into {t} overriding system value select (line::{t}).* from kept",
      ],
      "replica identity again": ["alter table {t} replica identity nothing", "alter table {t} replica identity default"],
      "autovacuum off and reset": [
        "alter table {t} set (toast.autovacuum_enabled = false)",
        "alter table {t} reset (toast.autovacuum_enabled)",
      ],
      "trigger off and on": ["alter table {t} disable trigger all", "alter table {t} enable trigger all"],
      "rule and none": ["create rule extra as on update to {t} do also nothing", "drop rule extra on {t}"],
      "policy and none": ["create policy extra on {t} using (true)", "drop policy extra on {t}"],
      "key named otherwise and back": [
        "alter table {t} rename constraint {name}_pkey to other",
        "alter table {t} rename constraint other to {name}_pkey",
      ],
      "locked": "lock table {t}",
    },
    NOOP,
  ).map((change) => ({
    ...change,
    targets: TABLE.replace("n.nspname as schema", "quote_ident(n.nspname) as schema_q"),
  })),
  ...changes(
    "table",
    TABLE,
    {
      "vacuum full": "vacuum full {t}",
      "analyze": "analyze {t}",
      "vacuum freeze": "vacuum (freeze, analyze) {t}",
      "reindex": "reindex table {t}",
      "reindex concurrently": "reindex table concurrently {t}",
      "rows bloated": ["update {t} set id = id", "update {t} set id = id", "vacuum {t}"],
      "statistics reset": "select pg_stat_reset()",
    },
    { ...NOOP, apart: true },
  ),
  ...changes(
    "index",
    KEY_INDEX,
    {
      "reindex": "reindex index {i}",
      "reindex concurrently": "reindex index concurrently {i}",
      "clustered by it, mark removed": ["cluster {t} using {x}", "alter table {t} set without cluster"],
    },
    { ...NOOP, apart: true },
  ).map((change) => ({ ...change, targets: KEY_INDEX.replace("as i,", "as i, quote_ident(c.relname) as x,") })),
  ...changes(
    "column",
    COLUMN,
    {
      "renamed and back": ["alter table {t} rename column {c} to elsewhere", "alter table {t} rename column elsewhere to {c}"],
      "statistics and back": [
        "alter table {t} alter column {c} set (n_distinct_inherited = 5)",
        "alter table {t} alter column {c} reset (n_distinct_inherited)",
      ],
      "comment and none": ["comment on column {t}.{c} is 'x'", "comment on column {t}.{c} is null"],
      "grant and revoke": ["grant select ({c}) on {t} to gen_login", "revoke select ({c}) on {t} from gen_login"],
    },
    NOOP,
  ),
  ...changes(
    "column",
    column("a.atthasdef and a.attgenerated = ''"),
    {
      "default again": ["alter table {t} alter column {c} drop default", "alter table {t} alter column {c} set default {def}"],
    },
    NOOP,
  ),
  ...changes(
    "column",
    column("not a.attnotnull and a.attgenerated = '' and c.relkind = 'r'").replace(
      " order by 1, 2",
      " and not exists (select 1 from pg_inherits i where c.oid in (i.inhrelid, i.inhparent)) order by 1, 2",
    ),
    {
      "same type again": "alter table {t} alter column {c} type {type}",
      "default and none": [
        "alter table {t} alter column {c} set default null::{type}",
        "alter table {t} alter column {c} drop default",
      ],
      "values written again": "update {t} set {c} = {c}",
      "constraint and none": [
        "alter table {t} add constraint extra check ({c} is not null or true)",
        "alter table {t} drop constraint extra",
      ],
    },
    NOOP,
  ),
  again("index", INDEX, ({ i, def = "" }) => [`drop index ${i}`, def]),
  again("view", VIEW, ({ t, def = "" }) => [`create or replace view ${t} as ${def}`]),
  again("trigger", TRIGGER.replace(" order by", " and t.tgenabled = 'O' order by"), ({ t, g, def = "" }) => [
    `drop trigger ${g} on ${t}`,
    def,
  ]),
  again("rule", RULE, ({ r, t, def = "" }) => [`drop rule ${r} on ${t}`, def]),
  again("function", routine("f"), ({ def = "" }) => [def]),
  again("procedure", routine("p"), ({ def = "" }) => [def]),
  again("constraint", constraint("'c', 'f', 'x'"), ({ t, k, def }) => [
    `alter table ${t} drop constraint ${k}`,
    `alter table ${t} add constraint ${k} ${def}`,
  ]),
  again("not null", constraint("'n'"), ({ t, k, def }) => [
    `alter table ${t} drop constraint ${k}`,
    `alter table ${t} add constraint ${k} ${def}`,
  ]),
  again(
    "statistics",
    STATISTICS.replace(" order by", " where s.stxstattarget is null or s.stxstattarget = -1 order by"),
    ({ s, def = "" }) => [`drop statistics ${s}`, def],
  ),
  again("partition", PARTITION, ({ t, parent, bound }) => [
    `alter table ${parent} detach partition ${t}`,
    `alter table ${parent} attach partition ${t} ${bound}`,
  ]),
  ...changes(
    "materialized view",
    MATVIEW,
    {
      "refreshed": "refresh materialized view {t}",
      "refreshed concurrently": "refresh materialized view concurrently {t}",
    },
    NOOP,
  ),
  ...changes(
    "sequence",
    SEQUENCE,
    {
      "cache and back": ["alter sequence {t} increment 1 cache 1"],
      "logged and not": ["alter sequence {t} owner to gen_owner", "alter sequence {t} owner to turnback"],
      "position again": "do $$ begin perform setval('{t}', (select last_value from {t}), (select is_called from {t})); end $$",
    },
    NOOP,
  ).filter(({ name }) => !name.includes("cache and back")),
  ...changes(
    "policy",
    POLICY,
    { "renamed and back": ["alter policy {p} on {t} rename to x", "alter policy x on {t} rename to {p}"] },
    NOOP,
  ),
  ...changes(
    "function",
    routine("f"),
    {
      "cost and back": [
        "alter function {f} rename to elsewhere",
        "do $$ begin execute (select format('alter function %s rename to {name}', oid::regprocedure) from pg_proc where proname = 'elsewhere'); end $$",
      ],
      "grant and revoke": ["grant execute on function {f} to gen_login", "revoke execute on function {f} from gen_login"],
      "acl explicit": "grant execute on function {f} to public",
    },
    NOOP,
  ),
  ...changes(
    "enum",
    type("e"),
    {
      "renamed and back": ["alter type {y} rename to elsewhere", "alter type gen.elsewhere rename to {name}"],
      "label renamed and back": ["alter type {y} rename value 'calm' to 'x'", "alter type {y} rename value 'x' to 'calm'"],
      "comment again": ["do $$ begin execute format('comment on type {y} is %L', obj_description('{y}'::regtype)); end $$"],
    },
    NOOP,
  ),
  ...changes(
    "domain",
    type("d"),
    {
      "constraint and none": [
        "alter domain {y} add constraint extra check (value is null or true)",
        "alter domain {y} drop constraint extra",
      ],
      "renamed and back": ["alter domain {y} rename to elsewhere", "alter domain gen.elsewhere rename to {name}"],
    },
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
        "create subscription gen_sub connection 'host=nowhere.invalid dbname=x' publication p1, p2 with (connect = false, slot_name = none, enabled = false)",
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
    "operator",
    has("pg_operator", "oprname", "<~>"),
    {
      "made again": [
        "drop operator gen.<~>(integer, integer)",
        "create operator gen.<~> (leftarg = integer, rightarg = integer, function = gen.near, commutator = operator(gen.<~>), restrict = eqsel, join = eqjoinsel)",
      ],
    },
    NOOP,
  ),
  ...changes(
    "operator class",
    has("pg_opclass", "opcname", "ints"),
    {
      "made again": [
        "drop operator class gen.hashed using hash",
        "create operator class gen.hashed for type integer using hash as operator 1 =, function 1 hashint4(integer)",
      ],
    },
    NOOP,
  ),
  ...changes(
    "cast",
    "select 'x' as x from pg_cast where castsource = 'gen.address'::regtype",
    { "made again": ["drop cast (gen.address as text)", "create cast (gen.address as text) with inout as assignment"] },
    NOOP,
  ),
  ...changes(
    "text search",
    has("pg_ts_config", "cfgname", "conf"),
    {
      "mapping again": [
        "alter text search configuration gen.conf drop mapping for asciiword",
        "alter text search configuration gen.conf add mapping for asciiword with gen.dict, simple",
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
    "select 'x' as x from pg_class where oid = to_regclass('gen.granted')",
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
        "do $$ begin execute format('alter database %I set lock_timeout = 9', current_database()); execute format('alter database %I reset lock_timeout', current_database()); end $$",
      ],
      "of the session alone": "set local work_mem = '5MB'",
      "temporary table": "create temp table passing (id integer) on commit drop",
      "notify": "notify it",
      "nothing": "select 1",
    },
    NOOP,
  ),
];
