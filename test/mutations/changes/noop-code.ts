// Changes of views, code and sequences that change nothing: made and undone, made anew alike, said again.

import { changes, type Change } from "../change.ts";
import { ALWAYS, has, hasTable, MATVIEW, routine, SEQUENCE, type, where } from "../objects.ts";

const NOOP = { noop: true } as const;

export const NOOPS_OF_CODE: readonly Change[] = [
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
      "logged and not": ["alter sequence {t} owner to gen_owner", "alter sequence {t} owner to turnback"],
      "position again": "do $$ begin perform setval('{t}', (select last_value from {t}), (select is_called from {t})); end $$",
    },
    NOOP,
  ),
  ...changes(
    "function",
    routine("f"),
    {
      "cost and back": [
        "alter function {f} rename to elsewhere",
        `do $$ begin execute (select format('alter function %s rename to {name}', oid::regprocedure) from pg_proc where proname =
          'elsewhere'); end $$`,
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
    "operator",
    has("pg_operator", "oprname", "<~>"),
    {
      "made again": [
        "drop operator gen.<~>(integer, integer)",
        `create operator gen.<~> (leftarg = integer, rightarg = integer, function = gen.near, commutator = operator(gen.<~>), restrict
          = eqsel, join = eqjoinsel)`,
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
    "view",
    hasTable("gen.checked"),
    {
      "dropped and made again": [
        "drop view gen.checked",
        "create view gen.checked with (check_option = local, security_barrier = true) as select * from gen.base where n < 1000",
        "do $$ begin if to_regclass('gen.granted') is not null then grant select on gen.checked to gen_writer; end if; end $$",
        "do $$ begin if to_regclass('gen.granted') is not null then revoke all on gen.checked from gen_reader; end if; end $$",
      ],
    },
    NOOP,
  ),
  ...changes(
    "event trigger",
    has("pg_event_trigger", "evtname", "gen_watch"),
    {
      "made again": [
        "drop event trigger gen_watch",
        "create event trigger gen_watch on ddl_command_end when tag in ('CREATE TABLE AS') execute function gen.tracks()",
      ],
    },
    NOOP,
  ),
  ...changes(
    "conversion",
    has("pg_conversion", "conname", "conv"),
    {
      "made again": ["drop conversion gen.conv", "create conversion gen.conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8"],
    },
    NOOP,
  ),
  ...changes(
    "collation",
    has("pg_collation", "collname", "numbers"),
    {
      "made again": [
        "drop collation gen.numbers",
        "create collation gen.numbers (provider = icu, locale = 'en-u-kn', deterministic = false)",
      ],
    },
    NOOP,
  ),
  ...changes(
    "schema",
    ALWAYS,
    { "renamed and back": ["alter schema gen rename to elsewhere", "alter schema elsewhere rename to gen"] },
    NOOP,
  ),
  ...changes("extension", ALWAYS, { "dropped and made again": ["drop extension amcheck", "create extension amcheck"] }, NOOP),
  ...changes(
    "sequence",
    where(SEQUENCE, "not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'i')"),
    {
      "renamed and back": ["alter sequence {t} rename to elsewhere", "alter sequence {schema_q}.elsewhere rename to {name}"],
      "value drawn and put back": ["select nextval('{t}')", "select setval('{t}', (select last_value from {t}))"],
    },
    NOOP,
  ),
  ...changes(
    "materialized view",
    hasTable("gen.summary"),
    {
      "made again": [
        "drop materialized view gen.summary",
        "create materialized view gen.summary as select n % 3 as k, sum(n) as total from gen.base group by 1",
        "create unique index summary_k on gen.summary (k)",
        `do $$ begin if to_regclass('gen.granted') is not null then grant select on gen.summary to gen_writer; revoke all on
          gen.summary from gen_reader; end if; end $$`,
      ],
    },
    NOOP,
  ),
];
