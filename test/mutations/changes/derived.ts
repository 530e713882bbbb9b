// Changes of what is kept beside tables: materialized views, unlogged tables; of an application's own settings; and comments on all that can have one.

import { changes, serverChanges, type Change } from "../change.ts";
import { ALWAYS, has, hasTable } from "../objects.ts";

const NOOP = { noop: true } as const;
const VIEWS = hasTable("gen.by_shop");
const CACHED = hasTable("gen.cached");
const inDatabase = (sql: string, ...values: readonly string[]) => `do $$ begin execute format('${sql}', ${["current_database()", ...values].join(", ")}); end $$`;
const KEEP = "create temp table kept on commit drop as table gen.sold";
const BACK = "insert into gen.sold select * from kept";
const refreshed = (...views: readonly string[]) => views.map((view) => `refresh materialized view gen.${view}`);
const ALL = refreshed("by_shop", "lately", "in_all");

const HARMS_OF_VIEWS = changes("materialized view", VIEWS, {
  "refreshed midway": [KEEP, "update gen.sold set shop = upper(shop)", ...refreshed("by_shop"), "delete from gen.sold", BACK],
  "refreshed while its table was empty": [KEEP, "delete from gen.sold", ...refreshed("by_shop"), BACK],
  "refreshed while its table held more": ["insert into gen.sold values (2001, 'shop 9', '2024-03-01', 1)", ...refreshed("by_shop"), "delete from gen.sold where id = 2001"],
  "through a view, refreshed midway": [KEEP, "update gen.sold set at = at - 100", ...refreshed("lately"), "delete from gen.sold", BACK],
  "of another one, in the wrong order": [KEEP, "delete from gen.sold where id < 9", ...ALL, BACK, ...refreshed("by_shop", "lately")],
  "a stale one made worse": [KEEP, "delete from gen.sold where id < 9", ...refreshed("old_sales"), BACK],
  "a table in its place": ["drop materialized view gen.in_all", "create table gen.in_all as select 1::numeric as amount"],
  "another condition below it": ["create or replace view gen.sold_lately as select shop, amount from gen.sold where at > date '2024-01-08'"],
  "populated that was not": refreshed("never"),
  "column renamed": "alter materialized view gen.by_shop rename column n to many",
  "column's comment": "comment on column gen.by_shop.n is 'other'",
  "index's comment": "comment on index gen.by_shop_key is 'x'",
  "row of its table": "update gen.sold set amount = amount + 1 where id = 3",
});

const NOOPS_OF_VIEWS = changes("materialized view", VIEWS, {
  "all refreshed": ALL,
  "refreshed while its table was empty, and again": [KEEP, "delete from gen.sold", ...ALL, "insert into gen.sold select * from kept order by amount desc", ...ALL],
  "a stale one refreshed": refreshed("old_sales"),
  "one of another made again": [
    "drop materialized view gen.in_all", "create materialized view gen.in_all as select sum(amount) as amount from gen.by_shop", "analyze gen.in_all",
  ],
  "rows of its table in another order": [KEEP, "delete from gen.sold", "insert into gen.sold select * from kept order by shop desc"],
  "column renamed and back": ["alter materialized view gen.by_shop rename column n to x", "alter materialized view gen.by_shop rename column x to n"],
}, NOOP);

const HARMS_OF_UNLOGGED = changes("unlogged table", CACHED, {
  "emptied": "truncate gen.cached",
  "row lost": "delete from gen.cached where key = 'k3'",
  "value changed": "update gen.cached set n = n + 1 where key = 'k4'",
  "document changed": "update gen.cached set body = body || '{\"x\": 1}' where key = 'k5'",
  "row added": "insert into gen.cached values ('more', '{}', 1)",
  "logged": "alter table gen.cached set logged",
  "without a key, emptied": "truncate gen.hits",
  "without a key, value changed": "update gen.hits set n = 0 where n = 7",
  "without a key, row twice": "insert into gen.hits select * from gen.hits limit 1",
  "partition emptied": "truncate gen.seen_new",
  "partition's row": "update gen.seen set n = -1 where n = 8",
  "values swapped": "update gen.cached set n = case key when 'k1' then 2 else 1 end where key in ('k1', 'k2')",
});

const NOOPS_OF_UNLOGGED = changes("unlogged table", CACHED, {
  "put back": ["create temp table kept on commit drop as table gen.cached", "truncate gen.cached", "insert into gen.cached select * from kept order by n desc"],
  "logged and back": ["alter table gen.cached set logged", "alter table gen.cached set unlogged"],
  "document's spaces": "update gen.cached set body = (body::text || '  ')::jsonb",
  "written to itself": "update gen.hits set n = n",
}, NOOP);

const HARMS_OF_SETTINGS = [
  ...serverChanges("setting", ALWAYS, {
    "own, of a role": ["alter role gen_login set app.region = 'us'", "alter role gen_login set app.region = 'eu'"],
    "own, gone from a role": ["alter role gen_login reset app.region", "alter role gen_login set app.region = 'eu'"],
    "own, added to a role": ["alter role gen_login set app.more = '1'", "alter role gen_login reset app.more"],
    "own, a secret": ["alter role gen_login set app.api_token = 'abc123'", "alter role gen_login reset app.api_token"],
    "own, of all roles": ["alter role all set app.flag = 'on'", "alter role all reset app.flag"],
    "a list in another order": ["alter role gen_login set search_path = b, a", "alter role gen_login set search_path = a, b"],
    "end": ["alter role gen_login valid until '2031-01-01'", "alter role gen_login valid until '2033-01-01 00:00+00'"],
    "fewer connections": ["alter role gen_login connection limit 1", "alter role gen_login connection limit 7"],
  }),
  ...changes("setting", ALWAYS, {
    "own, of the database": inDatabase("alter database %I set app.tenant = %L", "'south'"),
    "own, added to the database": inDatabase("alter database %I set app.extra = %L", "'1'"),
    "own, of a role in the database": inDatabase("alter role gen_reader in database %I set app.region = %L", "'us'"),
    "own, gone from a role in the database": inDatabase("alter role gen_reader in database %I reset all"),
  }),
];

const NOOPS_OF_SETTINGS = serverChanges("setting", ALWAYS, {
  "own, and back": [["alter role gen_login set app.region = 'us'", "alter role gen_login set app.region = 'eu'"], "select 1"],
  "in another order": [
    ["alter role gen_login reset all", "alter role gen_login set search_path = a, b", "alter role gen_login set app.region = 'eu'"], "select 1",
  ],
  "end in another zone": ["alter role gen_login valid until '2033-01-01 09:00+09'", "select 1"],
}, NOOP);

const commentOn = (what: string, targets: string) => changes("comment", targets, { [`on ${what.replaceAll(/gen\.|"/g, "")}`]: `comment on ${what} is 'changed'` });

const COMMENTS = [
  ...commentOn("view gen.plain_view", hasTable("gen.plain_view")), ...commentOn("column gen.plain_view.v", hasTable("gen.plain_view")),
  ...commentOn("constraint loose_n on gen.loose", hasTable("gen.loose")), ...commentOn("column gen.remote.v", hasTable("gen.remote")),
  ...commentOn("foreign data wrapper gen_fdw", has("pg_foreign_data_wrapper", "fdwname", "gen_fdw")), ...commentOn("operator family gen.fam using btree", has("pg_opfamily", "opfname", "fam")),
  ...commentOn("conversion gen.conv", has("pg_conversion", "conname", "conv")), ...commentOn("text search dictionary gen.dict", has("pg_ts_dict", "dictname", "dict")),
  ...commentOn("text search parser gen.parser", has("pg_ts_parser", "prsname", "parser")), ...commentOn("text search template gen.tmpl", has("pg_ts_template", "tmplname", "tmpl")),
  ...commentOn("procedure gen.work(integer)", has("pg_proc", "proname", "work")), ...commentOn("type gen.span", has("pg_type", "typname", "span")),
  ...commentOn("constraint short_enough on domain gen.short", has("pg_type", "typname", "short")), ...commentOn("schema public", ALWAYS),
  ...commentOn("extension btree_gist", ALWAYS), ...commentOn("table gen.cached", CACHED), ...commentOn("index gen.cached_pkey", CACHED),
];

export const DERIVED: readonly Change[] = [...HARMS_OF_VIEWS, ...HARMS_OF_UNLOGGED, ...HARMS_OF_SETTINGS, ...COMMENTS];
export const NOOPS_OF_DERIVED: readonly Change[] = [...NOOPS_OF_VIEWS, ...NOOPS_OF_UNLOGGED, ...NOOPS_OF_SETTINGS];
