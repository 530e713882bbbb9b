// Changes of data: values, rows and what is derived from them.

import { changes, type Change } from "../change.ts";
import { ANY_TABLE, hasTable, TABLE, VALUE, valueOf } from "../objects.ts";

const SOME = 'where ctid in (select ctid from only {t} order by {t}::text collate "C" limit 3)';
const ONE = "where ctid = (select min(ctid) from only {t} where {c} is not null)";
const of = (types: readonly string[], kinds: Readonly<Record<string, string>>) =>
  changes(
    "value",
    valueOf(...types),
    Object.fromEntries(
      Object.entries(kinds).map(([name, expression]) => [`${types[0]} ${name}`, `update only {t} set {c} = ${expression}`]),
    ),
  );
const off = (statements: readonly string[]) => [
  "set local session_replication_role = replica",
  ...statements,
  "set local session_replication_role = default",
];

export const DATA: readonly Change[] = [
  ...changes("value", VALUE, {
    "one is null": `update only {t} set {c} = null ${ONE}`,
    "all are null": "update only {t} set {c} = null",
    "of another row": `update only {t} set {c} = (select {c} from only {t} order by ctid desc limit 1) ${ONE}`,
    "swapped":
      `update only {t} a set {c} = b.{c} from (select {c}, row_number() over (order by ctid) n from only {t}) b, (select ctid as at,
        row_number() over (order by ctid desc) n from only {t}) x where a.ctid = x.at and x.n = b.n`,
  }),
  ...of(["text", "varchar"], {
    "upper case": "upper({c})",
    "trimmed": "trim({c})",
    "truncated": "left({c}, 4)",
    "empty for null": "coalesce({c}, '')",
    "zeros lost": "ltrim({c}, '0')",
    "encoded twice": "{c} || 'Ã'",
    "space doubled": "replace({c}, ' ', '  ')",
    "normalised": "normalize({c}, nfd)",
    "line break": "{c} || e'\\n'",
    "number's form": "case when {c} ~ '^[0-9]+$' then {c}::numeric::text else {c} end",
    "no-break space": "replace({c}, ' ', U&'\\00A0')",
  }),
  ...of(["numeric"], {
    "rounded": "round({c}, 2)",
    "rounded far out": "round({c}, 15)",
    "scale": "trim_scale({c})",
    "through double": "{c}::double precision::numeric",
    "doubled": "{c} * 2",
    "nan": "'NaN'",
    "sign": "-{c}",
  }),
  ...of(["double precision", "real"], {
    "through real": "{c}::real",
    "rounded": "round({c}::numeric, 6)",
    "infinity": "'infinity'",
    "tiny change": "{c} * 1.000001",
    "nan": "'NaN'",
    "negative nothing": "case when {c} > 3 then '-0' else {c} end",
  }),
  ...of(["integer", "smallint", "bigint"], { "one more": "{c} + 1", "nothing": "0", "negative": "-{c}" }),
  ...of(["timestamp", "timestamptz"], {
    "an hour": "{c} + interval '1 hour'",
    "microsecond": "{c} + interval '1 millisecond'",
    "to the second": "date_trunc('second', {c})",
    "to the day": "date_trunc('day', {c})",
    "infinity": "'infinity'",
    "zone": "{c} at time zone 'Europe/Berlin'",
  }),
  ...of(["date"], { "a day": "{c} + 1", "epoch": "'1970-01-01'", "infinity": "'-infinity'" }),
  ...of(["interval"], {
    "justified": "justify_interval({c})",
    "days as hours": "{c} * 24 / 24 + interval '24 hours' - interval '1 day'",
    "scaled": "{c} * 60",
  }),
  ...of(["boolean"], { "inverted": "not {c}", "false for null": "coalesce({c}, false)", "all true": "true" }),
  ...of(["jsonb"], {
    "key lost": "{c} - 'n'",
    "key added": "{c} || '{\"x\": null}'",
    "number as text": "jsonb_set({c}, '{n}', to_jsonb({c}->>'n'))",
    "element lost": "{c} #- '{list,1}'",
    "json null": "'null'",
    "scale": "jsonb_set({c}, '{n}', '1.0')",
  }),
  ...of(["json"], { "through jsonb": "{c}::jsonb::json", "compact": "replace({c}::text, ' ', '')::json" }),
  ...of(["bytea"], {
    "byte": "set_byte({c}, 0, 1)",
    "shorter": "substring({c} from 2)",
    "text of it": "convert_to({c}::text, 'UTF8')",
  }),
  ...of(["text[]"], {
    "order": "array_reverse({c})",
    "nulls lost": "array_remove({c}, null)",
    "bounds": "('[0:2]=' || {c}::text)::text[]",
    "element": "{c} || 'x'::text",
  }),
  ...of(["integer[]"], { order: "array_reverse({c})", empty: "'{}'" }),
  ...of(["inet"], { mask: "set_masklen({c}, 24)" }),
  ...of(["uuid"], { other: "gen_random_uuid()" }),
  ...of(["money"], { doubled: "{c} * 2" }),
  ...of(["int4range"], {
    bounds: "int4range(lower({c}), upper({c}) + 1)",
    empty: "'empty'",
    unbounded: "int4range(lower({c}), null)",
  }),
  ...of(["tstzrange"], { inclusive: "tstzrange(lower({c}), upper({c}), '[]')" }),
  ...of(["int4multirange"], { merged: "int4multirange(range_merge({c}))" }),
  ...of(["bit(4)"], { flipped: "~{c}" }),
  ...of(["bit varying"], { longer: "{c} || b'0'" }),
  ...of(["time"], { "to the second": "date_trunc('second', {c}::interval)::time", "24 o'clock": "'24:00'" }),
  ...of(["timetz"], { "same moment, other zone": "'08:00:00+00'" }),
  ...of(["point"], { "swapped": "point({c}[1], {c}[0])", "tiny change": "point({c}[0] + 1e-9, {c}[1])" }),
  ...of(["box"], { moved: "{c} + point(1, 0)" }),
  ...of(["tsvector"], { stripped: "strip({c})" }),
  ...of(["macaddr"], { trunc: "trunc({c})" }),
  ...of(["character"], { upper: "upper({c})" }),
  ...of(["name"], { upper: "upper({c}::text)::name" }),
  ...of(["cidr"], { wider: "'10.0.0.0/8'" }),
  ...of(["pg_lsn"], { on: "{c} + 1" }),
  ...changes("rows", ANY_TABLE, {
    "one deleted": "delete from {t} where ctid = (select min(ctid) from only {t})",
    "some deleted": `delete from only {t} ${SOME}`,
    "all deleted": "delete from {t}",
    "truncated": "truncate {t} cascade",
    "duplicated": "insert into {t} select * from {t} limit 1",
  }),
  ...changes("rows", TABLE, {
    "duplicated under a dropped key": [
      "alter table {t} drop constraint {name}_pkey cascade",
      "insert into {t} select * from {t} limit 1",
    ],
    "duplicated behind the key": [
      "alter table {t} disable trigger all",
      "insert into {t} select * from {t} limit 0",
      "alter table {t} enable trigger all",
    ],
    "one inserted": "insert into {t} (id) select max(id) + 100 from {t}",
    "copied, and one lost": [
      "create temp table kept on commit drop as select * from {t} offset 1",
      "delete from {t}",
      "insert into {t} select * from kept",
    ],
    "deleted without triggers": off([`delete from only {t} ${SOME}`]),
    "key moved": "update {t} set id = id + 1000 where id = (select max(id) from {t})",
    "restored from a text": [
      "create temp table kept on commit drop as select x::text as line from {t} x",
      "delete from {t}",
      "insert into {t} select (line::{t}).* from kept where line not like '%1%'",
    ],
  }),
  ...changes("rows", hasTable("gen.children"), {
    "orphans without triggers": off(["update gen.children set parent = 9999 where id = 1"]),
    "parents gone without triggers": off(["delete from gen.parents where id < 5"]),
    "a check broken": [
      "alter table gen.children drop constraint children_n",
      "update gen.children set n = -5 where id = 1",
      "alter table gen.children add constraint children_n check (n > 0) not valid",
    ],
    "orphans by a truncated parent": ["set local session_replication_role = replica", "delete from gen.parents"],
    "wrong parent": "update gen.children set parent = 1",
    "parent's name": "update gen.parents set name = name || '!'",
    "cascade": "update gen.parents set id = id + 1000 where id = 3",
  }),
  ...changes("rows", hasTable("gen.shapes"), {
    "generated column's base": "update gen.shapes set w = w + 1 where id = 1",
  }),
  ...changes("rows", hasTable("gen.events"), {
    "moved between partitions": "update gen.events set at = at + interval '40 days' where id = 1",
    "a partition's rows": "delete from gen.events_1",
    "wrong partition": [
      "alter table gen.events detach partition gen.events_1",
      "insert into gen.events_rest select * from gen.events_1 limit 1",
      "alter table gen.events detach partition gen.events_rest",
      "alter table gen.events attach partition gen.events_rest default",
    ],
  }),
  ...changes("rows", hasTable("gen.sales"), {
    "outside the parent's period": off(["update gen.sales set sold = '[2030-01-01,2030-02-01)' where product = 1"]),
    "parent's period shorter": off(["update gen.prices set valid = '[2024-01-01,2024-01-05)' where product = 2"]),
  }),
];
