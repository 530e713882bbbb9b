// The fingerprint against the catalogues of every supported major version: no column is passed over without a reason, and no declaration is of one that is none's.

import { describe, expect, test } from "vitest";
import { CATALOGUES, coverage } from "../../../harness/observe/fingerprint/query.ts";
import { listing, MAJORS, rendered } from "./listing.ts";

const all = new Map(MAJORS.map((major) => [major, listing(major)]));
const anyOf = new Set([...all.values()].flat().map(({ table, column }) => `${table}.${column}`));

describe("the fingerprint", () => {
  test.for(MAJORS.map((major) => [major] as const))("of PostgreSQL %i compares every column of every catalogue, or says why not", ([major]) => {
    const columns = all.get(major) ?? [];
    const { uncovered, exempt, compared } = coverage(columns);
    expect(columns.length).toBeGreaterThan(550);
    expect(uncovered).toEqual([]);
    expect([...exempt].filter(([, reason]) => reason === "")).toEqual([]);
    expect(compared.length + exempt.size).toBe(columns.length);
  });

  test("walks what it is given: a column that nobody declared is found in a listing", () => {
    const [first] = listing(15);
    if (!first) throw new Error("the listing is empty");
    expect(coverage([...listing(15), { ...first, column: "newcolumn", type: "oid", refersTo: null }]).uncovered).toEqual([`${first.table}.newcolumn`]);
  });

  test("declares no column that no supported server has", () => {
    const declared = [...CATALOGUES, ...CATALOGUES.flatMap(({ parts = [] }) => parts)].flatMap(({ of, exempt, as = {} }) => [...Object.keys(exempt), ...Object.keys(as)].map((column) => `${of}.${column}`));
    expect(declared.length).toBeGreaterThan(200);
    expect(declared.filter((column) => !anyOf.has(column))).toEqual([]);
  });
});

test("listings read as they were written, and differ as the versions do", () => {
  const there = (major: (typeof MAJORS)[number], table: string, column: string) => all.get(major)?.some((one) => one.table === table && one.column === column);
  expect(listing(17)).toHaveLength(rendered(listing(17)).split("\n").length - 1);
  expect([15, 16].map((major) => there(major as 15, "pg_auth_members", "inherit_option"))).toEqual([false, true]);
  expect([17, 18].map((major) => there(major as 17, "pg_constraint", "conenforced"))).toEqual([false, true]);
});
