// A setting that stays behind is told by its name and value, and by what a session notices of it.

import { expect, test } from "vitest";
import { adviceOn } from "../../harness/judge/advice.ts";
import { judgeStructure } from "../../harness/judge/structure.ts";

const value = (is: string) => ({ value: is });
const missed = { name: "structure", title: "", target: {}, verdict: "missed", measured: null, evidence: ["setting-left-over", "setting-missing", "setting-changed"], reason: "" } as unknown as Parameters<typeof adviceOn>[0][number];

test.for<[string, string, object | undefined, object | undefined, string]>([
  ["of a database", "TimeZone (database shop)", undefined, value("Asia/Tokyo"), "TimeZone was not set and is Asia/Tokyo (database shop): clients read and write local times that are shifted"],
  ["of a role that is gone", "lock_timeout (role app)", value("1s"), undefined, "lock_timeout was 1s and is not set (role app): what waits longer or shorter for locks is cut off"],
  ["of a role in a database", "search_path (role app in database shop)", value("a"), value("a, b"), "search_path was a and is a, b (role app in database shop): new sessions look for tables elsewhere; none has gone"],
  ["of an application", "app.tenant (all roles)", value("1"), value("2"), "app.tenant was 1 and is 2 (all roles)"],
  ["of the server", "autovacuum", undefined, { file: "postgresql.auto.conf", value: "off", inForce: "off" }, "autovacuum was not set and is off (the server's)"],
  ["whose file alone is another", "jit", { file: "postgresql.conf", value: "on" }, { file: "postgresql.auto.conf", value: "on" }, "where it is set is another place (the server's)"],
])("%s", ([, name, was, is, says]) => {
  const objects = (detail: object | undefined) => (detail ? [{ kind: "setting", name, detail: { ...detail } }] : []);
  const { findings } = judgeStructure(objects(was), objects(is), {}, "2026-01-01");
  expect(findings.map(({ detail }) => detail)).toEqual([says]);
  expect(adviceOn([missed], findings)?.consequence).toBe(`Sessions behave otherwise than before the migration: ${says}.`);
});

test("a large object that is lost has no definition to be made again from", () => {
  const { findings } = judgeStructure([{ kind: "large-object", name: "16696", detail: {} }], [], {}, "2026-01-01");
  const advice = adviceOn([{ ...missed, evidence: ["large-object-missing"] }], findings);
  expect(advice?.consequence).toBe("The large object 16696 is gone, and what it held: whoever has its number reads nothing.");
  expect(advice?.advice).not.toContain("definition");
});
