// One value has one form on a real server, whatever it is made of; and two values have two.

import { expect, test } from "vitest";
import type pg from "pg";
import { formsOf, sameValue } from "../../harness/observe/same-value.ts";
import { ownServer } from "../support/own-server.ts";

let client: pg.Client;
ownServer("same value", `
    create domain price as numeric(12, 4); create domain prices as price[]; create domain paper as jsonb;
    create type span as range (subtype = price);
    create type pair as (a numeric, b text); create type nested as (id integer, inner_pair pair, paper jsonb);`, (own) => { client = own; });

/** Both as texts, of which the same column would have one. */
async function formsOfBoth(type: string, a: string, b: string): Promise<readonly (string | null)[]> {
  const { rows: [of] } = await client.query<{ oid: number }>("select $1::regtype::oid::int8::int as oid", [type]);
  const form = (await formsOf(client, [of?.oid ?? 0])).get(of?.oid ?? 0);
  const { rows } = await client.query<{ text: string | null }>(`select ${sameValue("t.v", form)} as text from (values (1, ${a}::${type}), (2, ${b}::${type})) t (n, v) order by n`);
  return rows.map(({ text }) => text);
}

test.for([
  ["numeric", "1.50", "1.5"], ["numeric", "0.000", "0"], ["numeric", "100", "100.0"], ["numeric", "'NaN'", "'NaN'"], ["price", "1.5", "1.50"],
  ["numrange", "'[1,5)'", "'[1.0,5.00)'"], ["nummultirange", "'{[1,2),[3,)}'", "'{[1.0,2.0),[3.00,)}'"], ["span", "'[1.5,2)'", "'[1.50,2.0)'"], ["numrange[]", "array['[1,5)'::numrange]", "array['[1.0,5)'::numrange]"],
  ["numeric[]", "array[1.50, null, 10]", "array[1.5, null, 10.0]"], ["prices", "array[1.5]", "array[1.50]"],
  ["jsonb", "'{\"a\": 1.0}'", "'{\"a\": 1.00}'"], ["jsonb", "'[1.50, {\"b\": 10.0, \"c\": \"x\"}]'", "'[1.5, {\"c\": \"x\", \"b\": 10}]'"], ["paper", "'[2.0]'", "'[2]'"],
  ["pair", "row(1.50, 'x')", "row(1.5, 'x')"], ["nested", "row(1, row(2.0, null), '{\"a\": 1.0}')", "row(1, row(2, null), '{\"a\": 1}')"],
] as const)("%s: %s is %s", async ([type, a, b]) => {
  const [one, other] = await formsOfBoth(type, a, b);
  expect(one).not.toBeNull();
  expect(one).toBe(other);
});

test.for([
  ["numeric", "1.5", "1.05"], ["numeric", "100", "10"], ["numeric", "0", "'NaN'"], ["numeric", "0", "null"], ["text", "'1.50'", "'1.5'"], ["float8", "'-0'", "'0'"], ["interval", "'1 mon'", "'30 days'"],
  ["box", "'(0,0),(2,3)'", "'(0,0),(6,1)'"], ["json", "'{\"a\": 1.0}'", "'{\"a\": 1}'"], ["numrange", "'[1,5)'", "'[1,5]'"], ["numeric[]", "array[1.0, 2]", "array[2, 1.0]"], ["numeric[]", "'[0:1]={1,2}'", "'{1,2}'"],
  ["jsonb", "'{\"a\": \"1.50\"}'", "'{\"a\": \"1.5\"}'"], ["jsonb", "'{\"v 1.0\": 1}'", "'{\"v 1\": 1}'"], ["jsonb", "'[[1.0], 2]'", "'[[1.0, 2]]'"], ["jsonb", "'[1, 1]'", "'[2, 2]'"], ["jsonb", "'[\"1\"]'", "'[1]'"], ["jsonb", "'null'", "null"],
  ["pair", "row(1.50, '1.50')", "row(1.50, '1.5')"], ["pair", "row(null, null)", "null"], ["pair", "row(1, null)", "row(1, '')"], ["nested", "row(1, row(2.0, null), null)", "row(1, row(2.1, null), null)"],
] as const)("%s: %s is not %s", async ([type, a, b]) => {
  const [one, other] = await formsOfBoth(type, a, b);
  expect(one).not.toBe(other);
});
