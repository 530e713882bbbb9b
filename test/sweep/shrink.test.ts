// Shrinking: as small as it goes on failing, and no smaller.

import { describe, expect, test } from "vitest";
import { planSchema } from "../../harness/drill/plan.ts";
import { drillSchema, type Drill } from "../../harness/drill/schema.ts";
import { declarationOf, shrink } from "../../harness/sweep/shrink.ts";
import { smallDrill } from "../support/drills.ts";

const plan = planSchema.parse({
  name: "some-plan", description: "A plan.",
  steps: ["one", "two", "three", "four"].map((id, i, all) => ({ id, kind: "command", needs: id === "three" ? ["two"] : [], forward: `select ${i} -- ${all.length}`, backward: "select 1" })),
});
const drill = drillSchema.parse(smallDrill({
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 150 },
  faults: [{ kind: "kill", at: { before: "three" } }, { kind: "pause", at: { after: "three", during: "rollback" } }],
}));
const yes = () => Promise.resolve(true);
const stepsOf = ({ migration }: Drill) => migration.steps ?? ["one", "two", "three", "four"];
const quiet = () => undefined;

describe("shrinking", () => {
  test("takes away the faults, steps, clients and data that it doesn't need", async () => {
    const fails = (candidate: Drill) => Promise.resolve(candidate.faults.some(({ kind }) => kind === "kill") && candidate.load.arrivalsPerSecond >= 25);
    const { drill: small, failed, of } = await shrink(drill, plan, { fails, isMet: yes }, quiet);
    expect(small.faults.map(({ kind }) => kind)).toEqual(["kill"]);
    expect(stepsOf(small), "the struck step, and what it needs").toEqual(["two", "three"]);
    expect(small.load.arrivalsPerSecond).toBe(25);
    expect(small.system.scale).toBe(0.01);
    expect([failed, of]).toEqual([10, 10]);
  });

  test("leaves a step where the plan without it is wrong by itself", async () => {
    const { drill: small } = await shrink(drill, plan, { fails: yes, isMet: (candidate) => Promise.resolve(candidate.faults.length > 0 || stepsOf(candidate).includes("four")) }, quiet);
    expect(stepsOf(small)).toEqual(["two", "three", "four"]);
  });

  test("takes a change back that makes it fail too seldom", async () => {
    let n = 0;
    // With few clients it fails in two of three tries, so it may pass the first look.
    const fails = ({ load, faults }: Drill) => Promise.resolve(faults.length === 2 && (load.arrivalsPerSecond > 10 || n++ % 3 < 2));
    const { drill: small, failed, changes } = await shrink(drill, plan, { fails, isMet: yes }, quiet);
    expect(small.load.arrivalsPerSecond).toBeGreaterThan(10);
    expect(failed).toBeGreaterThanOrEqual(9);
    expect(changes).not.toContain("10 arrivals a second");
  });

  test("says how seldom it failed where nothing fails often enough", async () => {
    let n = 0;
    const { failed, of, drill: same } = await shrink(drill, plan, { fails: () => Promise.resolve(n++ % 2 === 0), isMet: yes }, quiet);
    expect(failed).toBeLessThan(9);
    expect(of).toBe(10);
    expect(same).toEqual(drill);
  });
});

test("a drill is written as its author would, and read as the same", () => {
  const declared = declarationOf(drill);
  expect(drillSchema.parse(declared)).toEqual(drill);
  expect(Object.keys(declared)).toEqual(["name", "question", "system", "migration", "load", "steadyState", "faults", "rollback", "objectives"]);
  expect(declared["load"]).toEqual({ workload: "fixtures/systems/shop/workload/clients.ts" }); // 150 is the default
});
