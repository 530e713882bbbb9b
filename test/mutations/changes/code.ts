// Changes of functions, types, operators, casts, text search, collations and what else the schema's code is made of.

import { changes, serverChanges, type Change } from "../change.ts";
import { has, routine, type } from "../objects.ts";

const FUNCTION = routine("f");
const DOMAIN = type("d");
const one = (object: string, found: string, kinds: Parameters<typeof changes>[2]) => changes(object, found, kinds);

export const CODE: readonly Change[] = [
  ...one("function", FUNCTION, {
    "volatile": "alter function {f} volatile",
    "immutable": "alter function {f} immutable",
    "strict": "alter function {f} strict",
    "called on null": "alter function {f} called on null input",
    "security definer": "alter function {f} security definer",
    "parallel unsafe": "alter function {f} parallel unsafe",
    "parallel restricted": "alter function {f} parallel restricted",
    "leakproof": "alter function {f} leakproof",
    "not leakproof": "alter function {f} not leakproof",
    "cost": "alter function {f} cost 9999",
    "setting": "alter function {f} set work_mem = '1MB'",
    "setting gone": "alter function {f} reset all",
    "owner": "alter function {f} owner to gen_owner",
    "revoked from public": "revoke execute on function {f} from public",
    "grant": "grant execute on function {f} to gen_reader with grant option",
    "drop": "drop function {f} cascade",
    "rename": "alter function {f} rename to renamed",
    "comment": "comment on function {f} is 'changed'",
    "schema": "alter function {f} set schema public",
    "rows": "alter function {f} rows 777",
    "overload left over": "create function gen.add(a text) returns text language sql as 'select a'",
    "depends on extension": "alter function {f} depends on extension plpgsql",
    "support": "alter function {f} support pg_catalog.generate_series_int4_support",
  }),
  {
    name: "function: another body",
    object: "function",
    targets: FUNCTION,
    sql: ({ def = "" }) => [
      def
        .replace("a + b", "a - b")
        .replace("new;", "old;")
        .replace("upper(", "lower(")
        .replace("then 1", "then 3")
        .replace("< 3", "< 4")
        .replace("unnest(xs)", "unnest(xs) + 1"),
    ],
  },
  {
    name: "function: default argument",
    object: "function",
    targets: FUNCTION,
    sql: ({ def = "" }) => [def.replace("DEFAULT 2", "DEFAULT 3")],
  },
  ...one("procedure", routine("p"), {
    "drop": "drop procedure {f}",
    "security invoker": "alter procedure {f} security invoker",
    "setting": "alter procedure {f} set search_path = public",
    "rename": "alter procedure {f} rename to renamed",
    "grant": "grant execute on procedure {f} to gen_reader",
  }),
  ...one("aggregate", routine("a"), {
    "drop": "drop aggregate {f}",
    "rename": "alter aggregate {f} rename to renamed",
    "owner": "alter aggregate {f} owner to gen_owner",
    "comment": "comment on aggregate {f} is 'x'",
    "initial value":
      "create or replace aggregate gen.total(integer) (sfunc = int4pl, stype = integer, initcond = '5', parallel = safe)",
    "function": "create or replace aggregate gen.total(integer) (sfunc = int4mul, stype = integer, initcond = '0', parallel = safe)",
    "final function":
      `create or replace aggregate gen.total(integer) (sfunc = int4pl, stype = integer, initcond = '0', parallel = safe, finalfunc =
        int4abs)`,
    "parallel": "create or replace aggregate gen.total(integer) (sfunc = int4pl, stype = integer, initcond = '0')",
  }),
  ...one("enum", type("e"), {
    "label renamed": "alter type {y} rename value 'calm' to 'quiet'",
    "label added": "alter type {y} add value 'new'",
    "label inserted": "alter type {y} add value 'between' before 'happy'",
    "rename": "alter type {y} rename to renamed",
    "owner": "alter type {y} owner to gen_owner",
    "comment": "comment on type {y} is 'other'",
    "grant": "revoke usage on type {y} from public",
  }),
  ...one("domain", DOMAIN, {
    "check dropped": "alter domain {y} drop constraint if exists positive_check",
    "check weaker": "alter domain {y} add constraint more check (value is not null or true)",
    "check not valid": "alter domain {y} add constraint more check (value is not null) not valid",
    "default": "alter domain {y} set default null",
    "default gone": "alter domain {y} drop default",
    "not null": "alter domain {y} set not null",
    "nullable": "alter domain {y} drop not null",
    "owner": "alter domain {y} owner to gen_owner",
    "rename": "alter domain {y} rename to renamed",
    "constraint renamed": "alter domain {y} rename constraint positive_check to other",
    "comment": "comment on domain {y} is 'x'",
  }),
  ...one("composite type", "select 'gen.address' as y", {
    "attribute added": "alter type {y} add attribute country text cascade",
    "attribute renamed": "alter type {y} rename attribute street to road cascade",
    "attribute's type": "alter type {y} alter attribute number type bigint cascade",
    "owner": "alter type {y} owner to gen_owner",
    "grant": "grant usage on type {y} to gen_reader",
    "attribute dropped": "alter type {y} drop attribute number cascade",
    "comment": "comment on column gen.address.street is 'other'",
  }),
  ...one("range type", type("r"), {
    "rename": "alter type {y} rename to renamed",
    "owner": "alter type {y} owner to gen_owner",
    "comment": "comment on type {y} is 'x'",
    "drop": "drop type {y} cascade",
    "subtype_diff lost": [
      "drop type gen.floats cascade",
      "create type gen.floats as range (subtype = double precision, multirange_type_name = gen.floats_many)",
    ],
    "multirange name": "alter type gen.floats_many rename to others",
  }),
  ...one("type", "select typname as x from pg_type where typname = 'shell' and typnamespace = 'gen'::regnamespace", {
    "shell dropped": "drop type gen.shell",
    "shell comment": "comment on type gen.shell is 'x'",
    "left-over enum": "create type gen.left_over as enum ('a')",
  }),
  ...one("operator", has("pg_operator", "oprname", "<~>"), {
    drop: "drop operator gen.<~>(integer, integer)",
    owner: "alter operator gen.<~>(integer, integer) owner to gen_owner",
    restrict: "alter operator gen.<~>(integer, integer) set (restrict = neqsel)",
    join: "alter operator gen.<~>(integer, integer) set (join = none)",
    comment: "comment on operator gen.<~>(integer, integer) is 'x'",
    schema: "alter operator gen.<~>(integer, integer) set schema public",
    hashes: "alter operator gen.<~>(integer, integer) set (hashes)",
    function: [
      "drop operator gen.<~>(integer, integer)",
      `create operator gen.<~> (leftarg = integer, rightarg = integer, function = int4eq, commutator = operator(gen.<~>), restrict =
        eqsel, join = eqjoinsel)`,
    ],
  }),
  ...one("operator class", has("pg_opclass", "opcname", "ints"), {
    "drop": "drop operator class gen.ints using btree",
    "rename": "alter operator class gen.ints using btree rename to renamed",
    "owner": "alter operator class gen.ints using btree owner to gen_owner",
    "comment": "comment on operator class gen.ints using btree is 'x'",
    "operators fewer": [
      "drop operator class gen.hashed using hash",
      "create operator class gen.hashed for type integer using hash as function 1 hashint4(integer)",
    ],
  }),
  ...one("operator family", has("pg_opfamily", "opfname", "fam"), {
    "operator added": "alter operator family gen.fam using btree add operator 1 < (integer, bigint)",
    "operator dropped": "alter operator family gen.fam using btree drop operator 5 (integer, integer)",
    "function added": "alter operator family gen.fam using btree add function 1 (integer, bigint) btint48cmp(integer, bigint)",
    "drop": "drop operator family gen.fam using btree cascade",
    "owner": "alter operator family gen.fam using btree owner to gen_owner",
  }),
  ...one("cast", "select 1::text as x from pg_cast where castsource = 'gen.address'::regtype", {
    "drop": "drop cast (gen.address as text)",
    "implicit": ["drop cast (gen.address as text)", "create cast (gen.address as text) with inout as implicit"],
    "explicit alone": ["drop cast (gen.mood as integer)", "create cast (gen.mood as integer) with function gen.weight(gen.mood)"],
    "comment": "comment on cast (gen.address as text) is 'x'",
    "left-over": "create cast (gen.span as text) with inout",
  }),
  ...one("collation", has("pg_collation", "collname", "numbers"), {
    drop: "drop collation gen.numbers",
    rename: "alter collation gen.numbers rename to renamed",
    owner: "alter collation gen.numbers owner to gen_owner",
    comment: "comment on collation gen.numbers is 'x'",
    deterministic: ["drop collation gen.numbers", "create collation gen.numbers (provider = icu, locale = 'en-u-kn')"],
    locale: ["drop collation gen.numbers", "create collation gen.numbers (provider = icu, locale = 'de-u-kn', deterministic = false)"],
    rules: [
      "drop collation gen.numbers",
      "create collation gen.numbers (provider = icu, locale = 'en-u-kn', deterministic = false, rules = '&a < g')",
    ],
  }),
  ...one("conversion", has("pg_conversion", "conname", "conv"), {
    drop: "drop conversion gen.conv",
    rename: "alter conversion gen.conv rename to renamed",
    owner: "alter conversion gen.conv owner to gen_owner",
    default: ["drop conversion gen.conv", "create default conversion gen.conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8"],
  }),
  ...one("text search", has("pg_ts_config", "cfgname", "conf"), {
    "mapping dropped": "alter text search configuration gen.conf drop mapping for asciiword",
    "mapping changed": "alter text search configuration gen.conf alter mapping for asciiword with simple",
    "order of dictionaries": "alter text search configuration gen.conf alter mapping for asciiword with simple, gen.dict",
    "dictionary option": "alter text search dictionary gen.dict (stopwords = german)",
    "dictionary renamed": "alter text search dictionary gen.dict rename to renamed",
    "configuration dropped": "drop text search configuration gen.conf",
    "configuration owner": "alter text search configuration gen.conf owner to gen_owner",
    "parser dropped": "drop text search parser gen.parser",
    "parser renamed": "alter text search parser gen.parser rename to renamed",
    "parser without headline": [
      "drop text search parser gen.parser",
      "create text search parser gen.parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype)",
    ],
    "template dropped": "drop text search template gen.tmpl",
    "template comment": "comment on text search template gen.tmpl is 'x'",
    "dictionary owner": "alter text search dictionary gen.dict owner to gen_owner",
  }),
  ...one("extension", "select 1::text as x", {
    "left-over": "create extension if not exists citext",
    "left-over language": "create trusted language mine handler plpgsql_call_handler",
    "access method": "create access method heap2 type table handler heap_tableam_handler",
    "transform": "create transform for integer language plpgsql (from sql with function pg_catalog.prsd_lextype(internal))",
    "language comment": "comment on language plpgsql is 'other'",
    "language owner": "alter language plpgsql owner to gen_owner",
    "dropped": "drop extension btree_gist cascade",
    "amcheck dropped": "drop extension amcheck",
    "member lost": "alter extension amcheck drop function bt_index_check(regclass)",
    "member's grant": "grant execute on function bt_index_check(regclass) to gen_reader",
    "extension schema": "alter extension btree_gist set schema gen",
    "member added": "alter extension plpgsql add function gen.weight(gen.mood)",
    "schema left over": "create schema left_over",
    "schema renamed": "alter schema gen rename to other",
    "schema owner": "alter schema gen owner to gen_owner",
    "schema comment": "comment on schema gen is 'other'",
    "comment": "comment on extension plpgsql is 'changed'",
    "system function's comment": "comment on function pg_catalog.lower(text) is 'changed'",
  }),
  ...serverChanges("event trigger", has("pg_event_trigger", "evtname", "gen_watch"), {
    drop: ["drop event trigger gen_watch", "select 1"],
    disable: ["alter event trigger gen_watch disable", "select 1"],
    always: ["alter event trigger gen_watch enable always", "select 1"],
    replica: ["alter event trigger gen_watch enable replica", "select 1"],
    rename: ["alter event trigger gen_watch rename to renamed", "select 1"],
    tags: [
      [
        "drop event trigger gen_watch",
        "create event trigger gen_watch on ddl_command_end when tag in ('CREATE VIEW') execute function gen.tracks()",
      ],
      "select 1",
    ],
    event: [
      [
        "drop event trigger gen_watch",
        "create event trigger gen_watch on ddl_command_start when tag in ('CREATE TABLE AS') execute function gen.tracks()",
      ],
      "select 1",
    ],
    comment: ["comment on event trigger gen_watch is 'x'", "select 1"],
    login: ["create event trigger gen_login on login execute function gen.tracks()", "select 1"],
  }),
];
