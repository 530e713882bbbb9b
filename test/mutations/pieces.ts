// Pieces of generated schemas: each makes objects of one kind; a schema draws most of them.

import { pick, type Random } from "./draw.ts";

/** Of the role gen_login. */
export const PASSWORD = "SCRAM-SHA-256$4096:3VRAa3Eg9bkiH7SsVGrLgw==$XeNoPGbYTgvBFFx7rUPxrVGKXYfUhCmJEIxEkZYZAXI=:zyTPPpnOqcoSTh3QRpRYIOVx5dFF3wCDU9uWDxlIFWE=";

export type Piece = {
  readonly name: string;
  readonly major?: number;
  readonly sql: (random: Random) => readonly string[];
};

export const piece = (name: string, ...sql: readonly string[]): Piece => ({ name, sql: () => sql });
const from18 = (name: string, ...sql: readonly string[]): Piece => ({ name, major: 18, sql: () => sql });
export const FILL = "from generate_series(1, 30) i";

export const PIECES: readonly Piece[] = [
  {
    name: "range partitions",
    sql: (random) => {
      const end = pick(random, ["'2024-02-01'", "'2024-03-01'"]);
      return [
        "create table gen.events (at timestamptz not null, id bigint not null, body text, primary key (at, id)) partition by range (at)",
        `create table gen.events_1 partition of gen.events for values from (minvalue) to (${end})`,
        `create table gen.events_2 partition of gen.events for values from (${end}) to ('2024-06-01') with (fillfactor = 80)`,
        "create table gen.events_rest partition of gen.events default",
        "create index events_body on gen.events (body)",
        `insert into gen.events select timestamptz '2024-01-15 00:00+00' + i * interval '4 days', i, 'event ' || i from
          generate_series(1, 60) i`,
      ];
    },
  },
  piece(
    "list partitions",
    "create table gen.regions (region text, n integer, note text) partition by list (region)",
    "create table gen.regions_eu partition of gen.regions for values in ('de', 'fr')",
    "create table gen.regions_us partition of gen.regions for values in ('us', null)",
    `insert into gen.regions select (array['de', 'fr', 'us', null])[1 + i % 4], i, 'n' || i ${FILL}`,
  ),
  piece(
    "hash partitions",
    "create table gen.spread (id integer primary key, v text) partition by hash (id)",
    "create table gen.spread_0 partition of gen.spread for values with (modulus 2, remainder 0)",
    "create table gen.spread_1 partition of gen.spread for values with (modulus 2, remainder 1) partition by range (id)",
    "create table gen.spread_1_all partition of gen.spread_1 default",
    `insert into gen.spread select i, 'v' || i ${FILL}`,
  ),
  piece(
    "inheritance",
    "create table gen.animals (id integer primary key, name text not null)",
    "create table gen.dogs (breed text) inherits (gen.animals)",
    "create table gen.named (label text)",
    "alter table gen.dogs add column label text",
    "alter table gen.dogs inherit gen.named",
    `insert into gen.dogs select i, 'dog ' || i, 'b', 'l' || i ${FILL}`,
  ),
  piece(
    "exclusion",
    `create table gen.stays (id integer primary key, room integer not null, during tstzrange not null, constraint stays_apart exclude
      using gist (room with =, during with &&) deferrable initially deferred)`,
    `insert into gen.stays select i, i % 3, tstzrange(timestamptz '2024-01-01+00' + i * interval '1 day', timestamptz '2024-01-02+00' +
      i * interval '1 day') ${FILL}`,
  ),
  from18(
    "temporal keys",
    `create table gen.prices (product integer not null, valid daterange not null, price numeric, primary key (product, valid without
      overlaps))`,
    `create table gen.sales (product integer, sold daterange, constraint sales_price foreign key (product, period sold) references
      gen.prices (product, period valid))`,
    `insert into gen.prices select i, daterange('2024-01-01', '2025-01-01'), i * 1.5 ${FILL}`,
    `insert into gen.sales select i, daterange('2024-03-01', '2024-04-01') ${FILL}`,
  ),
  from18(
    "unenforced",
    `create table gen.loose (id integer primary key, n integer, constraint loose_n check (n > 100) not enforced, parent integer,
      constraint loose_parent foreign key (parent) references gen.loose not enforced)`,
    `insert into gen.loose select i, i, 999 ${FILL}`,
  ),
  from18(
    "virtual generated",
    `create table gen.shapes (id integer primary key, w numeric not null, h numeric not null, area numeric generated always as (w * h)
      virtual, edge numeric generated always as (2 * (w + h)) stored)`,
    `insert into gen.shapes select i, i, i + 1 ${FILL}`,
  ),
  from18(
    "not null not valid",
    "create table gen.maybe (id integer primary key, v text)",
    "insert into gen.maybe values (1, null), (2, 'x')",
    "alter table gen.maybe add constraint maybe_v not null v not valid",
  ),
  piece(
    "access methods",
    `create table gen.search (id integer primary key, words tsvector, tags text[], place point, net inet, doc jsonb, code text, at
      timestamptz)`,
    `insert into gen.search select i, to_tsvector('simple', 'word ' || i), array['t' || i % 4], point(i, i), ('10.0.0.' || i)::inet,
      jsonb_build_object('k', i), 'Code' || i, timestamptz '2024-01-01+00' + i * interval '1 hour' ${FILL}`,
    "create index search_gin on gen.search using gin (words)",
    "create index search_tags on gen.search using gin (tags) with (fastupdate = off)",
    "create index search_gist on gen.search using gist (place)",
    "create index search_net on gen.search using spgist (net inet_ops)",
    "create index search_doc on gen.search using gin (doc jsonb_path_ops)",
    "create index search_hash on gen.search using hash (code)",
    "create index search_brin on gen.search using brin (at) with (pages_per_range = 8)",
    "create index search_lower on gen.search (lower(code) text_pattern_ops) include (id) where id > 3",
    'create unique index search_code on gen.search (code collate "C" desc nulls last)',
    "create unique index search_nulls on gen.search (id, code) nulls not distinct",
  ),
  piece(
    "parent and child",
    "create table gen.parents (id integer primary key, name text unique deferrable)",
    `create table gen.children (id integer primary key, parent integer constraint children_parent references gen.parents on delete set
      null on update cascade deferrable initially deferred, n integer)`,
    `insert into gen.parents select i, 'p' || i ${FILL}`,
    `insert into gen.children select i, 1 + i % 30, i ${FILL}`,
    "alter table gen.children add constraint children_n check (n > 0) not valid",
  ),
  piece(
    "sequences",
    "create sequence gen.tickets as integer increment 5 minvalue 10 start 10 cache 3 cycle",
    "create table gen.issued (id integer default nextval('gen.tickets') primary key, v text)",
    "insert into gen.issued (v) select 'v' || i from generate_series(1, 10) i",
    "create table gen.always (id bigint generated always as identity (start 100) primary key, v text)",
    "insert into gen.always (v) select 'a' || i from generate_series(1, 10) i",
    "create table gen.serials (id serial primary key, v text)",
    "insert into gen.serials (v) select 's' || i from generate_series(1, 10) i",
    "create unlogged sequence gen.spare",
  ),
  piece(
    "views",
    "create table gen.base (id integer primary key, v text, n integer)",
    `insert into gen.base select i, 'v' || i, i ${FILL}`,
    "create view gen.plain_view as select id, v from gen.base where n > 3",
    "create view gen.checked with (security_barrier = true) as select * from gen.base where n < 1000 with local check option",
    "create view gen.invoker with (security_invoker = true) as select count(*) as c from gen.base",
    "create view gen.counted as with recursive c (n) as (values (1) union all select n + 1 from c where n < 5) select n from c",
    "create materialized view gen.summary as select n % 3 as k, sum(n) as total from gen.base group by 1",
    "create unique index summary_k on gen.summary (k)",
    "alter view gen.plain_view alter column v set default 'none'",
  ),
  piece(
    "rules and triggers",
    "create table gen.audited (id integer primary key, v text)",
    `insert into gen.audited select i, 'v' || i ${FILL}`,
    "create table gen.audit (id integer, at text)",
    "create function gen.note() returns trigger language plpgsql as $$begin if new.v = 'never' then raise 'no'; end if; return new; end$$",
    "create trigger noted before update of v on gen.audited for each row when (old.v is distinct from new.v) execute function gen.note()",
    "create trigger counted after insert on gen.audited referencing new table as added for each statement execute function gen.note()",
    `create constraint trigger later after insert on gen.audited deferrable initially deferred for each row execute function
      gen.note('a', 'b')`,
    "create rule keep as on delete to gen.audited where old.id = 1 do instead nothing",
    "create rule also as on update to gen.audited do also insert into gen.audit values (old.id, 'x')",
  ),
  piece(
    "functions",
    `create function gen.add(a integer, b integer default 2) returns integer language sql immutable strict parallel safe cost 5 as
      'select a + b'`,
    `create function gen.many(variadic xs integer[]) returns setof integer language sql stable rows 10 set search_path = pg_catalog as
      'select unnest(xs)'`,
    "create function gen.standard(a text) returns text language sql return upper(a)",
    "create procedure gen.work(inout n integer) language plpgsql security definer as $$begin n := n + 1; end$$",
    "create function gen.tab() returns table (a integer, b text) language plpgsql leakproof as $$begin return query select 1, 'x'; end$$",
    "create aggregate gen.total(integer) (sfunc = int4pl, stype = integer, initcond = '0', parallel = safe)",
    "create function gen.tracks() returns event_trigger language plpgsql as 'begin null; end'",
    "create event trigger gen_watch on ddl_command_end when tag in ('CREATE TABLE AS') execute function gen.tracks()",
  ),
  piece(
    "operators",
    "create function gen.near(integer, integer) returns boolean language sql immutable as 'select abs($1 - $2) < 3'",
    `create operator gen.<~> (leftarg = integer, rightarg = integer, function = gen.near, commutator = operator(gen.<~>), restrict =
      eqsel, join = eqjoinsel)`,
    "create operator family gen.fam using btree",
    `create operator class gen.ints for type integer using btree family gen.fam as operator 1 <, operator 2 <=, operator 3 =, operator
      4 >=, operator 5 >, function 1 btint4cmp(integer, integer)`,
    "create operator class gen.hashed for type integer using hash as operator 1 =, function 1 hashint4(integer)",
  ),
  piece(
    "casts and collations",
    "create cast (gen.address as text) with inout as assignment",
    "create cast (gen.mood as integer) with function gen.weight(gen.mood) as implicit",
    "create collation gen.numbers (provider = icu, locale = 'en-u-kn', deterministic = false)",
    'create collation gen.plain from "C"',
    "create table gen.sorted (id integer, v text collate gen.plain)",
    `insert into gen.sorted select i, 'v' || i ${FILL}`,
    "create conversion gen.conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
  ),
  piece(
    "text search",
    "create text search dictionary gen.dict (template = simple, stopwords = english)",
    "create text search configuration gen.conf (copy = simple)",
    "alter text search configuration gen.conf alter mapping for asciiword with gen.dict, simple",
    `create text search parser gen.parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype,
      headline = prsd_headline)`,
    "create text search template gen.tmpl (lexize = dsimple_lexize, init = dsimple_init)",
  ),
  piece(
    "statistics",
    "create table gen.measured (a integer, b integer, c text)",
    `insert into gen.measured select i, i * 2, 'c' || i ${FILL}`,
    "create statistics gen.stat_ab (ndistinct, dependencies) on a, b from gen.measured",
    "create statistics gen.stat_expr on (a + b) from gen.measured",
    "alter statistics gen.stat_ab set statistics 50",
  ),
  piece(
    "policies",
    "create table gen.secured (id integer primary key, tenant text)",
    `insert into gen.secured select i, 't' || i % 3 ${FILL}`,
    "alter table gen.secured enable row level security",
    "create policy own on gen.secured as permissive for select to gen_reader using (tenant = current_user)",
    "create policy strict on gen.secured as restrictive for all to public using (id > 0) with check (id < 1000)",
  ),
  piece(
    "grants",
    "create table gen.granted (id integer primary key, a text, b text)",
    "grant select, insert on gen.granted to gen_reader",
    "grant update (a) on gen.granted to gen_writer with grant option",
    "grant usage on schema gen to gen_reader",
    "grant select on all tables in schema gen to gen_writer",
    "alter default privileges in schema gen grant select on tables to gen_reader",
    "alter default privileges for role gen_owner grant execute on functions to gen_writer",
    "revoke execute on function pg_catalog.pg_sleep(double precision) from public",
    "grant usage on type gen.mood to gen_reader",
  ),
  piece(
    "publications",
    "create table gen.published (id integer primary key, email text, n integer)",
    `insert into gen.published select i, 'e' || i, i ${FILL}`,
    "create publication gen_pub for table gen.published (id, n) where (n > 3) with (publish = 'insert, delete')",
    "create publication gen_pub_schema for tables in schema gen",
    "alter table gen.published replica identity full",
    `create subscription gen_sub connection 'host=nowhere.invalid dbname=x' publication p1, p2 with (connect = false, slot_name = none,
      enabled = false)`,
  ),
  piece(
    "foreign data",
    "create extension if not exists file_fdw",
    "create foreign data wrapper gen_fdw options (debug 'true')",
    "create server gen_server type 'x' version '1' foreign data wrapper gen_fdw options (host 'old.internal', dbname 'ledger')",
    "create foreign table gen.remote (id integer options (column_name 'nr'), v text) server gen_server options (table_name 'entries')",
    "create user mapping for gen_reader server gen_server options (user 'bob', note 'x')",
    "grant usage on foreign server gen_server to gen_reader",
    "create server gen_files foreign data wrapper file_fdw",
  ),
  piece(
    "large objects",
    "select lo_from_bytea(4711, decode(repeat('ab', 3000), 'hex'))",
    "grant select on large object 4711 to gen_reader",
    "comment on large object 4711 is 'a picture'",
    "select lo_from_bytea(4712, 'short')",
  ),
  piece(
    "storage",
    `create table gen.stored (id integer primary key, big text, small text) with (fillfactor = 70, autovacuum_enabled = false,
      toast.autovacuum_enabled = false)`,
    `insert into gen.stored select i, repeat('x' || i, 1000), 's' ${FILL}`,
    "alter table gen.stored alter big set storage external",
    "alter table gen.stored alter small set compression pglz",
    "alter table gen.stored alter small set (n_distinct = 10)",
    "alter table gen.stored alter id set statistics 200",
    "create unlogged table gen.scratch (id integer)",
    "create table gen.spaced (id integer primary key, v text) tablespace gen_space",
    "insert into gen.spaced values (1, 'x')",
    "cluster gen.spaced using spaced_pkey",
  ),
  piece(
    "database settings",
    `do $$ begin execute format('alter database %I set statement_timeout = ''55s''', current_database()); execute
      format('alter role gen_reader in database %I set work_mem = ''8MB''', current_database()); end $$`,
  ),
  piece(
    "comments",
    "comment on schema gen is 'generated'",
    "comment on type gen.mood is 'how one feels'",
    "comment on column gen.address.street is 'where'",
    "comment on domain gen.positive is 'above nothing'",
  ),
  piece(
    "odd names",
    'create schema "Odd Name"',
    'create table "Odd Name"."my token" ("Key" integer primary key, "api secret" text, "password" text)',
    `insert into "Odd Name"."my token" select i, 'v' || i, 'p' || i ${FILL}`,
    'create index "password idx" on "Odd Name"."my token" ("password")',
  ),
  piece(
    "types",
    "create type gen.empty as enum ()",
    "create type gen.shell",
    "create domain gen.short as varchar(10) collate \"C\" default 'x' not null constraint short_enough check (length(value) < 9)",
    "create type gen.floats as range (subtype = double precision, subtype_diff = float8mi, multirange_type_name = gen.floats_many)",
    "create table gen.typed of gen.address (primary key (street))",
    "insert into gen.typed values ('a', 1), ('b', 2)",
  ),
];

/** What all others stand on. */
export const BASE: readonly string[] = [
  "create schema gen",
  "create type gen.mood as enum ('calm', 'happy', 'sad', 'unused')",
  "create domain gen.positive as integer check (value > 0)",
  "create type gen.address as (street text, number integer)",
  "create type gen.span as range (subtype = double precision)",
  "create function gen.weight(m gen.mood) returns integer language sql immutable as $$select case m when 'calm' then 1 else 2 end$$",
];
