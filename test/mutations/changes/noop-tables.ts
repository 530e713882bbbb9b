// Changes of tables and of what stands on them that change nothing: made and undone, made anew alike, rewritten, reordered.

import { changes, type Change } from "../change.ts";
import {
  ALONE,
  ANY_INDEX,
  COLUMN,
  column,
  constraint,
  INDEX,
  PARTITION,
  routine,
  RULE,
  STATISTICS,
  TABLE,
  TRIGGER,
  VIEW,
  where,
} from "../objects.ts";

const NOOP = { noop: true } as const;
const again = (object: string, targets: string, sql: Change["sql"]): Change => ({
  name: `${object}: made again`,
  object,
  targets,
  sql,
  noop: true,
});

export const NOOPS_OF_TABLES: readonly Change[] = [
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
  ),
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
    ANY_INDEX,
    {
      "reindex": "reindex index {i}",
      "reindex concurrently": "reindex index concurrently {i}",
      "clustered by it, mark removed": ["cluster {t} using {name}", "alter table {t} set without cluster"],
    },
    { ...NOOP, apart: true },
  ),
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
    column(`not a.attnotnull and a.attgenerated = '' and ${ALONE}`),
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
  again("trigger", where(TRIGGER, "t.tgenabled = 'O'"), ({ t, g, def = "" }) => [`drop trigger ${g} on ${t}`, def]),
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
  again("statistics", where(STATISTICS, "coalesce(s.stxstattarget, -1) = -1"), ({ s, def = "" }) => [`drop statistics ${s}`, def]),
  again("partition", PARTITION, ({ t, parent, bound }) => [
    `alter table ${parent} detach partition ${t}`,
    `alter table ${parent} attach partition ${t} ${bound}`,
  ]),
  again(
    "key",
    where(constraint("'p', 'u'"), "not exists (select from pg_constraint f where f.contype = 'f' and f.confrelid = k.conrelid)"),
    ({ t, k, def }) => [`alter table ${t} drop constraint ${k}`, `alter table ${t} add constraint ${k} ${def}`],
  ),
  ...changes(
    "index",
    INDEX,
    { "renamed and back": ["alter index {i} rename to elsewhere", "alter index {schema_q}.elsewhere rename to {name}"] },
    NOOP,
  ),
  ...changes(
    "constraint",
    constraint("'c', 'f', 'u', 'x', 'p'"),
    {
      "renamed and back": ["alter table {t} rename constraint {k} to elsewhere", "alter table {t} rename constraint elsewhere to {k}"],
    },
    NOOP,
  ),
  ...changes(
    "column",
    where(column(`a.attlen = -1 and ${ALONE}`), "a.attstorage = 'x'"),
    {
      "storage and back": [
        "alter table {t} alter column {c} set storage external",
        "alter table {t} alter column {c} set storage extended",
      ],
    },
    NOOP,
  ),
  ...changes(
    "column",
    where(COLUMN, "a.attcompression = ''"),
    {
      "compression and back": [
        "alter table {t} alter column {c} set compression pglz",
        "alter table {t} alter column {c} set compression default",
      ],
    },
    NOOP,
  ),
  ...changes(
    "column",
    where(
      column(`a.attgenerated = '' and a.attname <> 'id' and not a.attnotnull and a.atttypid = 'integer'::regtype and ${ALONE}`),
      "not a.atthasdef",
    ),
    { "wider and back": ["alter table {t} alter column {c} type bigint", "alter table {t} alter column {c} type integer"] },
    NOOP,
  ),
  ...changes(
    "column",
    column(`not a.attnotnull and not a.atthasdef and a.attgenerated = '' and a.attcollation in (0, 100) and a.attstorage <> 'e'
      and a.attnum = (select max(l.attnum) from pg_attribute l where l.attrelid = c.oid) and ${ALONE}
      and not exists (select from pg_depend e where e.refobjid = c.oid and e.refobjsubid = a.attnum)`),
    {
      "the last one copied, dropped and made again": [
        "alter table {t} add column beside {type}",
        "update {t} set beside = {c}",
        "alter table {t} drop column {c}",
        "alter table {t} rename column beside to {c}",
      ],
    },
    NOOP,
  ),
  ...changes(
    "rows",
    TABLE,
    {
      "emptied and filled": [
        "create temp table kept on commit drop as table only {t}",
        "delete from only {t}",
        "insert into {t} overriding system value table kept",
      ],
    },
    NOOP,
  ),
];
