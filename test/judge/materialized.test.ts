// Materialized views and unlogged tables: what is harm, what clients explain, and what is only named.

import { describe, expect, test } from "vitest";
import { freshnessOf, type Writers } from "../../harness/judge/materialized.ts";
import type { RunRecord, UnreadTable } from "../../harness/judge/run-record.ts";
import { emptiedBy } from "../../harness/judge/unlogged.ts";

type View = { readonly holds: string; readonly gives?: string | null; readonly why?: string };
const table = (more: Partial<UnreadTable>): UnreadTable => ({ database: "", name: "sums", full: "public.sums", rows: 3, checksum: null, columns: [], entities: [], key: [], cascades: [], triggers: [], ...more });
const view = ({ holds, gives = null, why }: View) => table({ view: { rows: Number(holds.split(" ")[0]), holds, gives, ...(why !== undefined && { why }), sources: ["public.orders"] } });
const NOBODY: Writers = { written: [], deleted: false, refreshed: false };
const told = (was: View, is: View, writers: Partial<Writers> = {}) => {
  const { finding, sure, rest } = freshnessOf(view(was), view(is), { ...NOBODY, ...writers });
  return [finding?.kind ?? null, sure, rest ?? null];
};
const FRESH: View = { holds: "3 rows 1", gives: "3 rows 1" };
const STALE: View = { holds: "3 rows 7", gives: "3 rows 1" };

describe("a materialized view", () => {
  test("that holds what it held is as fresh as it was, whatever its tables hold", () => {
    expect(told(FRESH, { holds: "3 rows 1" })).toEqual([null, true, null]);
    expect(told(FRESH, { holds: "3 rows 1" }, { written: ["orders"] })).toEqual([null, true, null]);
    expect(told(STALE, { holds: "3 rows 7" })).toEqual([null, true, null]);
  });

  test("that holds what its query gives is fresh, also where it wasn't", () => {
    expect(told(FRESH, { holds: "4 rows 2", gives: "4 rows 2" }, { written: ["orders"] })).toEqual([null, true, null]);
    expect(told(STALE, FRESH)).toEqual([null, true, null]);
  });

  test("that holds neither is stale, and surely so where it was fresh", () => {
    expect(told(FRESH, STALE)).toEqual(["materialized-view-stale", true, null]);
    expect(told(STALE, { holds: "3 rows 8", gives: "3 rows 1" })).toEqual(["materialized-view-stale", false, null]);
    expect(told({ holds: "3 rows 1", why: "its query fails: no" }, STALE)).toEqual(["materialized-view-stale", false, null]);
  });

  test("is only named where clients write its tables or refresh it, or its query was not asked", () => {
    expect(told(FRESH, STALE, { written: ["orders", "lines"] })).toEqual([null, true, "clients write orders, lines, of which it is made: that it is populated was looked at, and not how fresh it is"]);
    expect(told(FRESH, STALE, { refreshed: true })[2]).toContain("clients refresh it");
    expect(told(FRESH, { holds: "3 rows 9", why: "its query reads a foreign table" })).toEqual([null, false, "it holds other rows than before, and whether they are fresh is not known: its query reads a foreign table"]);
    expect(freshnessOf(view(FRESH), table({}), NOBODY).rest).toContain("no materialized view");
  });

  test("that is empty where its query gives rows is stale also where clients write, unless they delete", () => {
    expect(told(FRESH, { holds: "0 rows 0", gives: "3 rows 1" }, { written: ["orders"] })).toEqual(["materialized-view-stale", true, null]);
    expect(told(FRESH, { holds: "0 rows 0", gives: "3 rows 1" }, { written: ["orders"], deleted: true })[0]).toBeNull();
  });
});

describe("an unlogged table", () => {
  const fault = (kind: string, on = "postgres", state = "triggered") => ({
    header: { drill: { faults: [{ kind, on }] } }, events: [{ kind: "fault", index: 0, fault: kind, state, t: 1 }],
  }) as unknown as RunRecord;
  const emptied = (record: RunRecord, then: string | undefined, now: string | undefined) => {
    const since = (one: string | undefined) => table(one === undefined ? {} : { unloggedSince: one });
    return emptiedBy(record, since(then), since(now))?.explained;
  };

  test("is emptied by a crash, which a fault explains that can make one", () => {
    expect(emptied(fault("kill"), "100.5", "200.5")).toBe(true);
    expect(emptied(fault("power-cut"), "100.5", "200.5")).toBe(true);
    expect(emptied(fault("kill"), "100.5", "100.5")).toBeUndefined(); // that server never came back: it is the same
    expect(emptied(fault("kill"), "100.5", undefined)).toBeUndefined();
  });

  test("is emptied by the migration or the way back where no fault brought the server down", () => {
    expect(emptied(fault("latency", "clients"), "100.5", "200.5")).toBe(false);
    expect(emptied(fault("pause"), "100.5", "200.5")).toBe(false);
    expect(emptied(fault("kill", "replica"), "100.5", "200.5")).toBe(false);
    expect(emptied(fault("kill", "postgres", "armed"), "100.5", "200.5")).toBe(false);
  });
});
