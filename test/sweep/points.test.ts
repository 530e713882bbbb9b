// The points of a sweep: all there are, each a drill that may be run, and no more than can come.

import { describe, expect, test } from "vitest";
import { drillSchema } from "../../harness/drill/schema.ts";
import { planSchema } from "../../harness/drill/plan.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { drillAt, momentInWords, momentsOf, parseFaults, pointsOf, scheduleInWords } from "../../harness/sweep/points.ts";
import { smallDrill } from "../support/drills.ts";

const plan = planSchema.parse({
  name: "some-plan", description: "A plan.",
  steps: [
    { id: "one", kind: "expand", forward: ["create table a ()", "create table b ()"], backward: "drop table a, b" },
    { id: "two", kind: "backfill", size: "select 1", forward: "select 1", backward: { nothing: "it goes with the first one" } },
    { id: "three", kind: "command", transactional: false, forward: ["analyze a"], backward: ["analyze a", "analyze b"] },
  ],
});
const drill = drillSchema.parse(smallDrill());

describe("moments", () => {
  test("are before and after each step, after each of its statements and tenths of its rows, and the same on the way back", () => {
    expect(momentsOf(plan, drill).map(momentInWords)).toEqual([
      "migration, before one", "migration, one: 25 ms after it began", "migration, one: after statement 1 of 2", "migration, one: done, not yet in the journal", "migration, after one",
      "migration, before two", ...[10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((percent) => `migration, two: ${percent} %`), "migration, after two",
      "migration, before three", "migration, three: 25 ms after it began", "migration, three: done, not yet in the journal", "migration, after three",
      "rollback, before three", "rollback, three: 25 ms after it began", "rollback, three: after statement 1 of 2", "rollback, three: done, not yet in the journal", "rollback, after three",
      "rollback, before two", "rollback, after two",
      "rollback, before one", "rollback, one: 25 ms after it began", "rollback, one: done, not yet in the journal", "rollback, after one",
    ]);
  });

  test("of a way back that keeps steps are those of the others", () => {
    const partial = drillSchema.parse(smallDrill({ rollback: { strategy: "down", to: "two", records: "after" } }));
    expect(momentsOf(plan, partial).filter(({ during }) => during === "rollback").map(momentInWords)).toEqual([
      "rollback, before three", "rollback, three: 25 ms after it began", "rollback, three: after statement 1 of 2", "rollback, three: done, not yet in the journal", "rollback, after three",
    ]);
  });

  test.for([
    ["pitr", ["rollback, before restore", "rollback, as the restored data is replayed", "rollback, after restore"]],
    ["snapshot", ["rollback, before restore", "rollback, as the restored data is replayed", "rollback, after restore"]],
    ["resume", ["rollback, at its start"]],
  ] as const)("of the way back %s are around what it does as a whole", ([strategy, moments]) => {
    const restore = drillSchema.parse(smallDrill({ rollback: { strategy } }));
    expect(momentsOf(plan, restore).filter(({ during }) => during === "rollback").map(momentInWords)).toEqual(moments);
  });

  test("of a failover are before and after the replica takes over, and then along the plan", () => {
    const over = drillSchema.parse(smallDrill({ rollback: { strategy: "failover" } }));
    expect(momentsOf(plan, over).filter(({ during }) => during === "rollback").map(momentInWords).slice(0, 3)).toEqual(["rollback, before take-over", "rollback, after take-over", "rollback, before three"]);
  });
});

test("what surrounds a plan beside the running server has moments, too", () => {
  const beside = drillSchema.parse(smallDrill({ migration: { plan: "some", blueGreen: {} }, rollback: { strategy: "switch-back" } }));
  const swapped = drillSchema.parse(smallDrill({ migration: { plan: "some", volumeSwap: {} }, rollback: { strategy: "volume-back" } }));
  const own = (of: typeof beside) => momentsOf(plan, of).map(momentInWords).filter((moment) => /follow|switch|swap/.test(moment));
  expect(own(beside)).toEqual(["migration, before follow", "migration, after follow", "migration, before switch", "migration, after switch", "rollback, before switch", "rollback, after switch"]);
  expect(own(swapped)).toEqual(["migration, before swap", "migration, after swap", "rollback, before swap", "rollback, after swap"]);
});

describe("points", () => {
  test("are each fault at each moment of each way back, and each is a drill of its own", async () => {
    const real = await readPlan("fixtures/systems/shop/migrations/split-customer-name");
    const faults = parseFaults("kill, down@migration", drill);
    const points = pointsOf(drill, real, { faults, ways: ["down", "pitr"], pairs: false });
    expect(points.length).toBe(2 * (momentsOf(real, drill).length + momentsOf(real, drillSchema.parse(smallDrill({ rollback: { strategy: "pitr" } }))).length));
    expect(new Set(points.map(({ id }) => id)).size).toBe(points.length);
    for (const point of points) {
      const at = drillAt(drill, point);
      expect(drillSchema.parse(at)).toEqual(at);
      expect(at.faults).toEqual([{ ...point.fault.fault, at: point.moments[0]?.trigger }]);
      expect(at.rollback.strategy).toBe(point.way);
      expect(at.objectives).toEqual(drill.objectives);
    }
  });

  test("hold the load briefly, and are asked for availability over the drill's own time", () => {
    const [first] = pointsOf(drill, plan, { faults: parseFaults("kill", drill), ways: ["down"], pairs: false });
    const longer = drillSchema.parse(smallDrill({ load: { ...smallDrill().load, holdMs: 4_000 }, objectives: { availability: { min: 0.6 }, loss: { maxLostWrites: 0 } } }));
    const at = first && drillAt(longer, first);
    expect(at?.load.holdMs).toBe(500);
    expect(at?.objectives).toEqual({ availability: { min: 0.6, steadyMs: 3_500 }, loss: { maxLostWrites: 0 } });
  });

  test("with a second fault strike it in the undoing of what was journalled when the first one struck", () => {
    const pairs = pointsOf(drill, plan, { faults: parseFaults("kill", drill), ways: ["down"], pairs: true }).filter(({ moments }) => moments.length === 2);
    const seconds = (first: string) => pairs.flatMap(({ moments: [a, b] }) => (a && b && momentInWords(a) === first ? [b.step] : []));
    expect(seconds("migration, before one")).toEqual([]);
    expect(new Set(seconds("migration, one: after statement 1 of 2")), "its transaction is undone by the server").toEqual(new Set());
    expect(new Set(seconds("migration, after one"))).toEqual(new Set(["one"]));
    expect(new Set(seconds("migration, two: 10 %")), "each batch is journalled").toEqual(new Set(["two", "one"]));
    expect(new Set(seconds("migration, three: done, not yet in the journal")), "begun is journalled").toEqual(new Set(["three", "two", "one"]));
    expect(pairs[0] && scheduleInWords(pairs[0])).toBe("kill migration, after one, and again rollback, before one");
  });

  test("with a second fault strike a way back that completes the plan in the steps that were left", () => {
    const pairs = pointsOf(drill, plan, { faults: parseFaults("kill", drill), ways: ["resume"], pairs: true }).filter(({ moments }) => moments.length === 2);
    const seconds = (first: string) => pairs.flatMap(({ moments: [a, b] }) => (a && b && momentInWords(a) === first ? [momentInWords(b)] : []));
    expect(seconds("migration, after three")).toEqual(["rollback, at its start"]);
    expect(seconds("migration, two: 10 %"), "how far it has come is not sure").toEqual([
      "rollback, at its start", "rollback, after two", "rollback, before three", "rollback, three: 25 ms after it began", "rollback, three: done, not yet in the journal", "rollback, after three"]);
    expect(seconds("migration, before three")).toEqual(["rollback, at its start", "rollback, before three", "rollback, three: 25 ms after it began", "rollback, three: done, not yet in the journal", "rollback, after three"]);
    expect(pairs.every(({ moments: [, second] }) => second && (!("during" in second.trigger) || second.trigger.during === "rollback"))).toBe(true);
  });

  test("with a second fault strike a restore whatever was journalled", () => {
    const pairs = pointsOf(drill, plan, { faults: parseFaults("kill", drill), ways: ["pitr"], pairs: true }).filter(({ moments }) => moments.length === 2);
    expect(pairs.flatMap(({ moments: [a, b] }) => (a && b && momentInWords(a) === "migration, before one" ? [momentInWords(b)] : []))).toEqual(["rollback, before restore", "rollback, as the restored data is replayed", "rollback, after restore"]);
  });
});

test("a drill's own faults strike as they are declared, at other moments", () => {
  const locked = drillSchema.parse(smallDrill({ faults: [{ kind: "held-lock", table: "orders", at: { before: "one" }, healAfterMs: 250 }] }));
  const [own] = parseFaults("own", locked);
  const [first] = pointsOf(locked, plan, { faults: own ? [own] : [], ways: ["down"], pairs: false });
  expect(first && drillAt(locked, first).faults).toEqual([{ ...locked.faults[0], at: { before: "one", during: "migration" } }]);
  expect(() => parseFaults("own", drill), "it declares none").toThrow("--faults: no fault is named");
});

test.for(["", "no-such-fault", "held-lock", "kill@clients", "kill,"])("--faults %j", (list) => {
  if (list === "kill,") expect(parseFaults(list, drill).map(({ name }) => name)).toEqual(["kill"]);
  else expect(() => parseFaults(list, drill)).toThrow(/^--faults: /);
});
