// Declarations: three languages, one schema, and errors that name the file and the field.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { describe, expect, test } from "vitest";
import { drillJsonSchema, findDrill, listDrillFiles, readApplication, readDrill } from "../../harness/drill/parse.ts";
import type { LoadedApplication } from "../../harness/drill/application.ts";
import { flagStep, keptSteps, planSchema } from "../../harness/drill/plan.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { HarnessError } from "../../harness/base/errors.ts";
import { faultSchema } from "../../harness/drill/fault.ts";
import { gateSchema, goingBackBy, rollbackSchema, type Drill } from "../../harness/drill/schema.ts";
import { findBrowser } from "../../harness/observe/browser.ts";
import { preflight } from "../../harness/conduct/preflight.ts";
import { smallDrill, temporaryFolder } from "../support/drills.ts";

async function refusal(name: string, text: string): Promise<HarnessError> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, name);
  await writeFile(file, text);
  const error = await readDrill(file).then(() => undefined, (caught: unknown) => caught);
  expect(error).toBeInstanceOf(HarnessError);
  return error as HarnessError;
}
/** On a machine without a browser a drill with journeys is refused for that, and only then. */
const withoutBrowser = (error: unknown): void => {
  if (findBrowser() !== undefined || !(error instanceof HarnessError) || error.code !== "no-browser") throw error;
};
const json = (over: object) => JSON.stringify({ ...smallDrill(), ...over });

describe("declarations", () => {
  test("the same drill reads the same from TypeScript, YAML and JSON", async () => {
    await using folder = await temporaryFolder();
    const drill = smallDrill();
    await writeFile(join(folder.path, "small.drill.json"), JSON.stringify(drill));
    await writeFile(join(folder.path, "small.drill.yaml"), stringify(drill));
    await writeFile(join(folder.path, "small.drill.ts"), `export default ${JSON.stringify(drill)};`);
    const [a, b, c] = await Promise.all(["json", "yaml", "ts"].map((type) => readDrill(join(folder.path, `small.drill.${type}`))));
    expect(b).toEqual(a);
    expect(c).toEqual(a);
  });

  test.for([
    ["a field that doesn't exist", { colour: "red" }, /colour: no such field/],
    ["a nested field that doesn't exist", { load: { ...smallDrill().load, rps: 5 } }, /load\.rps: no such field/],
    ["a wrong type", { question: 5 }, /question: .*it is 5/],
    ["a missing field", { migration: undefined }, /migration: .*it is missing/],
    ["no objective", { objectives: {} }, /objectives: declare at least one objective/],
    ["an unknown kind of fault", { faults: [{ kind: "meteor", at: { afterMs: 0 } }] }, /faults\[0\]\.kind/],
    ["a trigger out of range", { faults: [{ kind: "kill", at: { within: "x", progress: 1.5 } }] }, /faults\[0\]\.at\.progress: .*it is 1.5/],
    ["a name that is not the file's", { name: "other" }, /name: is "other", but the file is named for "small"/],
  ] as const)("%s is refused with its field", async ([, over, message]) => {
    const error = await refusal("small.drill.json", json(over));
    expect(error.message).toMatch(message);
    expect(error.exitCode).toBe(3);
    expect(error.place).toContain("small.drill.json");
  });

  test("a syntax error names its line", async () => {
    expect((await refusal("small.drill.yaml", "name: small\nquestion: [unclosed")).message).toMatch(/line \d/);
  });

  test("a file that isn't there, and a name that is nearly right", async () => {
    await expect(readDrill("/nowhere/small.drill.json")).rejects.toThrow("there is no such file");
    const error = await findDrill("split-custumer-name").then(() => undefined, (caught: unknown) => caught as HarnessError);
    expect(error?.remedy).toContain('did you mean "split-customer-name"');
  });

  test("every scenario and its plan can be read", async () => {
    for (const { file } of await listDrillFiles()) {
      const drill = await readDrill(file);
      const application = drill.application && await readApplication(drill.application.path);
      await expect(readPlan(drill.migration.plan).then((plan) => preflight(drill, plan, application)).catch(withoutBrowser)).resolves.toBeUndefined();
    }
  });

  test("a trigger that names an unknown step is refused before anything starts", async () => {
    const drill = await readDrill(await findDrill("split-customer-name"));
    const plan = await readPlan(drill.migration.plan);
    const wrong = { ...drill, faults: drill.faults.map((fault) => ({ ...fault, at: { before: "no-such-step", during: "migration" as const } })) };
    await expect(preflight(wrong, plan)).rejects.toThrow('faults[0].at.before: the plan split-customer-name has no step "no-such-step"');
    const around = (strategy: "pitr" | "down") => ({ ...drill, rollback: rollbackSchema.parse({ strategy }), faults: drill.faults.map((fault) => ({ ...fault, at: { before: "restore", during: "rollback" as const } })) });
    await expect(preflight(around("pitr"), plan), "what the way back does as a whole is a step, too").resolves.toBeUndefined();
    await expect(preflight(around("down"), plan)).rejects.toThrow('has no step "restore"');
    await expect(preflight({ ...around("pitr"), faults: [] }, { ...plan, steps: plan.steps.map((step, i) => (i === 0 ? { ...step, id: "restore" } : step)) })).rejects.toThrow('has a step "restore", which is the name of something that this drill does beside its plan');
  });

  test("faults and gates that would get in the way of each other are refused before anything starts", async () => {
    const drill = await readDrill(await findDrill("point-in-time"));
    const plan = await readPlan(drill.migration.plan);
    const faulty = (fault: object) => faultSchema.parse({ at: { afterMs: 0 }, ...fault });
    const down = goingBackBy(drill, "down");
    await expect(preflight({ ...down, faults: [faulty({ kind: "wal-missing" })] }, plan)).rejects.toThrow('wal-missing needs backups, and the way back "down" keeps none');
    await expect(preflight({ ...drill, faults: [faulty({ kind: "wal-missing" })] }, plan)).resolves.toBeUndefined();
    await expect(preflight({ ...down, faults: [faulty({ kind: "write-error", files: "archive" })] }, plan)).rejects.toThrow('write-error needs backups');
    await expect(preflight({ ...down, faults: [faulty({ kind: "write-error", files: "wal" })] }, plan)).resolves.toBeUndefined();
    await expect(preflight({ ...goingBackBy(drill, "flag"), faults: [] }, { ...plan, steps: plan.steps.slice(0, 2) })).rejects.toThrow("rollback.step: the plan split-customer-name has no step of kind flag");
    const gated = (on: "alert" | "completion") => ({ ...drill, rollback: { ...drill.rollback, gate: gateSchema.parse({ closes: "migration" }), decide: { on, delayMs: 0 } } });
    await expect(preflight(gated("alert"), plan)).rejects.toThrow("raises the alert by itself");
    await expect(preflight(gated("completion"), plan)).resolves.toBeUndefined();
    await expect(preflight({ ...gated("completion"), faults: [faulty({ kind: "down" })] }, plan)).rejects.toThrow("would open the gate when it heals");
  });

  test("a decision on a deadline says when that is, and no other does", () => {
    const decided = (decide: object) => rollbackSchema.safeParse({ strategy: "down", decide });
    expect(decided({ on: ["alert", "deadline"], deadlineMs: 1_000 }).success).toBe(true);
    expect(decided({ on: "deadline" }).error?.issues[0]).toMatchObject({ path: ["decide", "deadlineMs"], message: "a decision on a deadline needs deadlineMs, and no other does" });
    expect(decided({ on: "alert", deadlineMs: 1_000 }).success).toBe(false);
    expect(decided({ on: [] }).success).toBe(false);
  });

  test("a way back in part names steps of its plan, and one kind of part", async () => {
    const drill = await readDrill(await findDrill("back-to-expanded"));
    const plan = await readPlan(drill.migration.plan);
    const going = (part: object) => preflight({ ...drill, rollback: rollbackSchema.parse({ strategy: "down", ...part }) }, plan);
    await expect(going({ to: "nowhere" })).rejects.toThrow('rollback.to: the plan split-customer-name has no step "nowhere"');
    await expect(going({ to: "add-columns", only: "sync-trigger" })).rejects.toThrow("goes to a step or takes one away, and not both");
  });

  test("what needs a replica is refused without one", async () => {
    const drill = await readDrill(await findDrill("split-customer-name"));
    const plan = await readPlan(drill.migration.plan);
    const cut = { ...drill, faults: [faultSchema.parse({ kind: "timeout", on: "replication", at: { afterMs: 0 } })] };
    await expect(preflight(cut, plan)).rejects.toThrow('faults[0].on: there is no replica for "replication"');
    await expect(preflight(goingBackBy(cut, "failover"), plan)).resolves.toBeUndefined();
    const behind = { ...drill, rollback: rollbackSchema.parse({ strategy: "failover", to: "migration-start" }) };
    await expect(preflight(behind, plan)).rejects.toThrow("a replica that keeps up has no moment before the migration");
  });

  test.for<[string, (drill: Drill, application: LoadedApplication) => void, RegExp]>([
    ["journeys without an objective", ({ objectives }) => { delete objectives.journeys; }, /journeys that are made want an objective/],
    ["an objective without journeys", (drill) => { delete drill.checks; }, /there are no journeys to judge/],
    ["journeys that are nowhere", (drill) => { drill.checks!.journeys = "no/such/folder"; }, /there is no folder no.such.folder/],
    ["a version that the application doesn't have", (_, application) => { application.versions = ["v1", "v2"]; }, /step deploy-tolerant of roll-out-names speaks of a version "tolerant" of shop/],
    ["a fault with such a version", ({ faults }) => { faults.push(faultSchema.parse({ kind: "wrong-version", version: "v9", at: { afterMs: 0 } })); }, /faults\[0\] speaks of a version "v9"/],
    ["a reconciliation that the application doesn't know", (drill, application) => { drill.application!.reconcile = true; delete application.reconcile; }, /shop declares nothing that reconciles/],
  ])("an application is not begun with %s", async ([, change, message]) => {
    const drill = structuredClone(await readDrill("scenarios/application/rolled-out-and-back.drill.ts"));
    drill.faults = [];
    const application = await readApplication("fixtures/systems/shop/application");
    change(drill, application);
    await expect(preflight(drill, await readPlan(drill.migration.plan), application)).rejects.toThrow(message);
  });

  test("a plan that deploys needs an application", async () => {
    const { application: _none, ...drill } = await readDrill("scenarios/application/rolled-out-and-back.drill.ts");
    await expect(preflight(drill, await readPlan(drill.migration.plan))).rejects.toThrow("step deploy-tolerant of roll-out-names deploys an application, and the system has none");
  });

  test("a fault that hits an application needs one", async () => {
    const drill = await readDrill(await findDrill("split-customer-name"));
    drill.faults.push(faultSchema.parse({ kind: "instance-killed", at: { afterMs: 0 } }));
    await expect(preflight(drill, await readPlan(drill.migration.plan))).rejects.toThrow("faults[1]: it hits an application, and the system has none");
  });

  test("another way back keeps the decision, and has its own defaults", async () => {
    const drill = await readDrill(await findDrill("split-customer-name"));
    const other = goingBackBy(drill, "pitr");
    expect(other.rollback).toMatchObject({ strategy: "pitr", to: "restore-point", decide: drill.rollback.decide });
    expect(goingBackBy(other, "down").rollback).toMatchObject({ strategy: "down", attempts: 10 });
    expect({ ...other, rollback: undefined }).toEqual({ ...drill, rollback: undefined });
  });

  test("the JSON Schema describes every field of the schema", () => {
    const schema = drillJsonSchema() as { properties: Record<string, unknown>; required: string[] };
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(["name", "system", "faults", "objectives"]));
    expect(schema.required).not.toContain("faults");
  });
});

describe("plans", () => {
  const step = (id: string, needs: string[] = []) => ({ id, kind: "expand", forward: "select 1", backward: "select 1", needs });
  const plan = (...steps: object[]) => planSchema.safeParse({ name: "p", description: "d", steps });

  test("a need must be an earlier step", () => {
    expect(plan(step("a"), step("b", ["a"])).success).toBe(true);
    expect(plan(step("a", ["b"]), step("b")).error?.issues[0]?.message).toBe("b is no earlier step");
  });

  test("a way back in part leaves what doesn't need the steps that go", () => {
    const parsed = planSchema.parse({ name: "p", description: "d", steps: [step("a"), step("b", ["a"]), step("c", ["a"]), step("d", ["b"])] });
    const kept = (part: object) => keptSteps(parsed, part).map(({ id }) => id).join("");
    expect([kept({}), kept({ to: "b" }), kept({ only: "b" }), kept({ only: "a" }), kept({ only: "d" })]).toEqual(["", "ab", "ac", "", "abc"]);
    expect(() => kept({ to: "x" })).toThrow('no step "x"');
  });

  test("what a step may ask for is checked", () => {
    expect(plan({ ...step("a"), backward: { batches: "select 1" } }).error?.issues[0]?.message).toBe("only a backfill is undone in batches");
    expect(plan({ ...step("a"), transactional: false, preserve: [{ table: "t", key: "id", columns: ["c"] }] }).error?.issues[0]?.message).toContain("preserved in the step's transaction");
  });

  test("a flag has an owner, an age and an end, and the way back finds it", () => {
    const flag = { name: "f", owner: "us", created: "2026-01-01", removeBy: "2026-06-01" };
    const on = { ...step("on"), kind: "flag", flag };
    expect(plan({ ...step("on"), kind: "flag" }).error?.issues[0]?.message).toContain("says which flag");
    expect(plan({ ...step("a"), flag }).error?.issues[0]?.message).toContain("no other does");
    expect(plan({ ...on, flag: { ...flag, removeBy: "2025-06-01" } }).error?.issues[0]?.message).toContain("removed after it was created");
    expect(plan({ ...on, flag: { ...flag, owner: "" } }).success).toBe(false);
    const parsed = (...steps: object[]) => planSchema.parse({ name: "p", description: "d", steps });
    expect(flagStep(parsed(step("a"), on), undefined).id).toBe("on");
    expect(() => flagStep(parsed(step("a")), undefined)).toThrow("has no step of kind flag");
    expect(() => flagStep(parsed(step("a"), on), "a")).toThrow('no step of kind flag named "a"');
    expect(() => flagStep(parsed(on, { ...on, id: "on2" }), undefined)).toThrow("several flags: on, on2");
    expect(flagStep(parsed(on, { ...on, id: "on2" }), "on2").id).toBe("on2");
  });

  test("two steps of one name are refused", () => {
    expect(plan(step("a"), step("a")).error?.issues[0]?.message).toBe("there are two steps named a");
  });

  test("a step without a way back must say why", () => {
    expect(plan({ ...step("a"), backward: undefined }).success).toBe(false);
    expect(plan({ ...step("a"), backward: { irreversible: "the old values are gone" } }).success).toBe(true);
  });
});
