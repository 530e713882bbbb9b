// What was rehearsed at all: a run in which little or nothing happened can't be green.

import { describe, expect, test } from "vitest";
import pc from "picocolors";
import { judge } from "../../harness/judge/judge.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { renderHtml } from "../../reports/html.ts";
import { renderJunit } from "../../reports/junit.ts";
import { renderMarkdown } from "../../reports/markdown.ts";
import { renderTerminal } from "../../reports/terminal.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, type History } from "./history.ts";

type At = readonly [number, RunEvent];
const started: At = [100, { kind: "migration", state: "started" }];
const step = (id: string, state: "started" | "done" | "failed", error?: { readonly code?: string; readonly message: string; readonly schema?: string; readonly table?: string }, direction: "forward" | "backward" = "forward"): At =>
  [200, { kind: "step", direction, step: id, state, ...(error ? { detail: error.message, error: { statement: "select 1/0", ...error } } : {}) }];
const failed = (cut?: "decision" | "time", message = "division by zero"): At => [300, { kind: "migration", state: "failed", detail: message, error: { message }, ...(cut ? { cut } : {}) }];
const completed: At = [300, { kind: "migration", state: "completed" }];
const back: readonly At[] = [[5_000, { kind: "rollback", state: "started", strategy: "down" }], [6_000, { kind: "rollback", state: "completed", strategy: "down" }]];
const undone = step("a", "done", undefined, "backward");
const fault = (state: "triggered" | "proven" | "healed", t = 150): At => [t, { kind: "fault", index: 0, fault: "down", target: "db", state, detail: "seen" }];
const byZero = { code: "22012", message: "division by zero" };
const lostConnection = { message: "Connection terminated unexpectedly" };
const withFault: History["drill"] = { faults: [{ kind: "down", on: "migration", at: { during: "migration", afterMs: 0 }, healAfterMs: 10 }] } as History["drill"] & object;
const withPowerCut: History["drill"] = { faults: [{ kind: "power-cut", on: "postgres", at: { during: "migration", afterMs: 0 } }] } as History["drill"] & object;
const cutPower = (state: "triggered" | "proven" | "healed"): At => [250, { kind: "fault", index: 0, fault: "power-cut", target: "postgres", state, detail: "seen" }];

/** Served before the migration, and after the way back. */
const reads = (from: number, to: number) => Array.from({ length: 40 }, (_, i) => ({ at: from + (i * (to - from)) / 40, op: "read" }));

async function judged(events: readonly At[], drill: History["drill"] = {}, plan: object = {}): Promise<Scorecard> {
  await using folder = await temporaryFolder();
  return await judge(record(folder.path, {
    before: [], after: [["k", "1"]], ops: [{ at: 10, effects: [insert("k", "1")] }, ...reads(20, 90), ...reads(6_010, 8_000)], drill: drill ?? {}, plan,
    events: [[0, { kind: "run", state: "started" }], ...events, [9_000, { kind: "quiescence", state: "proven", detail: "" }], [9_500, { kind: "run", state: "completed" }]],
  }));
}

describe("what a run has rehearsed", () => {
  const cut: readonly At[] = [[250, { kind: "decision", state: "go", by: "alert", detail: "the alert fired" }], failed("decision", "the alert fired")];
  test.for<readonly [string, Scorecard["verdict"], readonly At[], History["drill"]?]>([
    ["a migration that came through and was undone", "met", [started, step("a", "done"), completed, undone, ...back]],
    ["no migration at all", "unknown", [...back]],
    ["a migration that only began", "unknown", [started, step("a", "started"), ...back]],
    ["a first step that fails", "unknown", [started, step("a", "failed", byZero), failed(), ...back]],
    ["a second step that fails", "unknown", [started, step("a", "done"), step("b", "failed", byZero), failed(), undone, ...back]],
    ["a connection that was lost by nobody's doing", "unknown", [started, step("a", "done"), step("b", "failed", lostConnection), failed(), undone, ...back]],
    ["a lock that was not had, by nobody's doing", "unknown", [started, step("a", "failed", { code: "55P03", message: "canceling statement due to lock timeout" }), failed(), ...back]],
    ["a failure before any step, of the session itself", "unknown", [started, failed(), ...back]],
    ["a migration of no step", "unknown", [started, completed, ...back]],
    ["a migration that changed nothing", "unknown", [started, step("a", "done"), [300, { kind: "migration", state: "completed", changed: false }], undone, ...back]],
    ["a migration that changed something", "met", [started, step("a", "done"), [300, { kind: "migration", state: "completed", changed: true }], undone, ...back]],
    ["a migration whose changes a power cut took back", "met", [started, step("a", "done"), cutPower("triggered"), cutPower("proven"), cutPower("healed"), [400, { kind: "migration", state: "completed", changed: false }], undone, ...back], withPowerCut],
    ["a way back that undid nothing of what was done", "unknown", [started, step("a", "done"), completed, ...back]],
    ["a step that the drill says may fail", "met", [started, step("a", "done"), step("b", "failed", byZero), failed(), undone, ...back], { migration: { plan: "none", mayFail: ["b"] } }],
    ["another step than the one that may fail", "unknown", [started, step("a", "failed", byZero), failed(), ...back], { migration: { plan: "none", mayFail: ["b"] } }],
    ["a fault that cut the connection", "met", [started, fault("triggered"), fault("proven"), step("a", "done"), step("b", "failed", lostConnection), failed(), fault("healed", 400), undone, ...back], withFault],
    ["a fault, and a mistake that no outage makes", "unknown", [started, fault("triggered"), fault("proven"), step("a", "failed", byZero), failed(), fault("healed", 400), ...back], withFault],
    ["an error at a value used too early, beside a fault", "unknown", [started, fault("triggered"), fault("proven"), step("a", "failed", { code: "55P04", message: "unsafe use of new value" }), failed(), fault("healed", 400), ...back], withFault],
    ["a fault that struck when the migration had already failed", "unknown", [started, step("a", "failed", lostConnection), failed(), fault("triggered", 350), fault("proven", 360), fault("healed", 400), ...back], withFault],
    ["a migration that the alert cut off", "met", [started, step("a", "started"), ...cut, ...back]],
    ["a migration whose time was up", "met", [started, step("a", "done"), step("b", "started"), failed("time", "timed out"), undone, ...back]],
    ["an alert that fired before the first step", "unknown", [started, ...cut, ...back]],
    ["a deadline that passed before the first step", "unknown", [started, failed("time", "timed out"), ...back]],
  ])("%s is %s", async ([, verdict, events, drill]) => {
    const card = await judged(events, drill);
    expect(card.verdict, card.summary).toBe(verdict);
    if (verdict === "unknown") expect(card.objectives.filter((objective) => objective.verdict === "met")).toEqual([]);
  });

  const at = (t: number, [, event]: At): At => [t, event];
  const on = (fault: object): History["drill"] => ({ faults: [{ at: { afterMs: 0 }, healAfterMs: 10, ...fault }] }) as History["drill"] & object;
  const struck = (from: number, to: number): readonly At[] => [fault("triggered", from), fault("proven", from), fault("healed", to)];
  /** Step a is done, and step b begins at 2 s and fails at 2.1 s. */
  const failsLater = (error: { readonly code?: string; readonly message: string }): readonly At[] => [at(2_000, step("b", "started")), at(2_100, step("b", "failed", error)), at(2_150, failed(undefined, error.message)), undone, ...back];
  const code = (name: string) => ({ code: name, message: "no" });
  test.for<readonly [string, Scorecard["verdict"], readonly At[], { readonly code?: string; readonly message: string }, History["drill"]]>([
    ["held while the step ran", "met", struck(1_900, 3_000), lostConnection, on({ kind: "kill" })],
    ["was over long before the step began", "unknown", struck(150, 160), lostConnection, on({ kind: "kill" })],
    ["cut a session between two steps, which the next one meets", "met", struck(1_500, 1_800), lostConnection, on({ kind: "down", on: "migration" })],
    ["hit the clients' path alone", "unknown", struck(1_900, 3_000), lostConnection, on({ kind: "down", on: "clients" })],
    ["hit the clients' path, and a lock stayed with them", "met", struck(1_900, 3_000), code("55P03"), on({ kind: "partition", on: "clients" })],
    ["hit a replica that commits wait for", "met", struck(1_900, 3_000), code("57014"), on({ kind: "pause", on: "replica" })],
    ["hit a replica, and the server had no room", "unknown", struck(1_900, 3_000), code("53100"), on({ kind: "pause", on: "replica" })],
    ["ended one client's backend, and with it the server", "met", struck(1_900, 3_000), code("57P02"), on({ kind: "oom-kill", on: "clients" })],
    ["was over, and had left damage", "met", struck(150, 160), code("XX001"), on({ kind: "power-cut" })],
    ["was over, and leaves no damage", "unknown", struck(150, 160), code("XX001"), on({ kind: "pause" })],
    ["is of no such error: a raised exception", "unknown", struck(1_900, 3_000), code("P0001"), on({ kind: "kill" })],
    ["is of no such error: not in a transaction", "unknown", struck(1_900, 3_000), code("25001"), on({ kind: "kill" })],
    ["is of no such error: an object in use", "unknown", struck(1_900, 3_000), code("55006"), on({ kind: "kill" })],
    ["is of no such error: what can't be preserved", "unknown", struck(1_900, 3_000), code("preserve-key-not-unique"), on({ kind: "kill" })],
    ["broke a pipe", "met", struck(1_900, 3_000), code("EPIPE"), on({ kind: "kill" })],
    ["is of another database", "unknown", struck(1_900, 3_000), lostConnection, on({ kind: "kill", database: "billing" })],
  ])("of a failure is explained by a fault only what it can make: it %s: %s", async ([, verdict, faults, error, drill]) => {
    const events = [started, step("a", "done"), ...faults, ...failsLater(error)].toSorted(([a], [b]) => a - b);
    const card = await judged(events, drill, { steps: [{ id: "a" }, { id: "b" }] });
    expect(card.verdict, card.summary).toBe(verdict);
    if (verdict === "unknown") expect(card.summary).toContain("no fault, alert or deadline explains it");
  });

  test("a mistake is none of the alert's that came meanwhile", async () => {
    expect((await judged([started, step("a", "done"), step("b", "failed", byZero), ...cut, undone, ...back])).verdict).toBe("unknown");
    expect((await judged([started, step("a", "done"), step("b", "failed", code("57014")), ...cut, undone, ...back])).verdict).toBe("met");
  });

  const way = (strategy: string, more: object = {}): History["drill"] => ({ rollback: { strategy, ...more } }) as History["drill"] & object;
  const backup = (state: "restored" | "taken", t = 5_500): At => [t, { kind: "backup", state, label: "x", detail: "" }];
  const replication = (state: "attached" | "promoted" | "switched" | "switched-back", t: number): At => [t, { kind: "replication", state, server: "x", detail: "" }];
  const blueGreen = { ...way("switch-back"), migration: { plan: "none", blueGreen: {} } } as History["drill"] & object;
  const volumes = { ...way("volume-back"), migration: { plan: "none", volumeSwap: {} } } as History["drill"] & object;
  const volume = (state: "swapped" | "swapped-back", t: number): At => [t, { kind: "volume", state, detail: "", bytes: 1 }];
  const through: readonly At[] = [started, step("a", "done"), completed];
  const follow = (...events: readonly At[]): readonly At[] => [started, at(150, step("follow", "started")), ...events];
  const progress = (share: number): At => [180, { kind: "progress", direction: "forward", step: "follow", share }];
  const byDeadline: readonly At[] = [at(250, step("follow", "failed", { message: "aborted" })), [300, { kind: "decision", state: "go", by: "deadline", detail: "" }], failed("decision")];
  test.for<readonly [string, string | undefined, readonly At[], History["drill"]]>([
    ["pitr that restored", undefined, [...through, backup("restored"), ...back], way("pitr")],
    ["pitr that restored nothing", "the way back restored nothing", [...through, ...back], way("pitr")],
    ["a snapshot that was only taken", "the way back restored nothing", [...through, backup("taken"), ...back], way("snapshot")],
    ["a restore of before the way back", "the way back restored nothing", [backup("restored", 50), ...through, ...back], way("snapshot")],
    ["failover that promoted", undefined, [...through, replication("promoted", 5_500), undone, ...back], way("failover")],
    ["failover that promoted nobody", "no replica was promoted", [...through, ...back], way("failover")],
    ["coordinated that undid", undefined, [...through, undone, ...back], way("coordinated")],
    ["coordinated that undid nothing", "the way back had nothing to undo", [...through, ...back], way("coordinated")],
    ["resume of what was cut off", undefined, [started, step("a", "done"), step("b", "started"), failed("time"), at(5_500, step("b", "done")), ...back], way("resume")],
    ["resume of what was through", "there was nothing left to complete", [...through, ...back], way("resume")],
    ["a switch back", undefined, [...follow(progress(0.5), at(200, step("follow", "done")), step("a", "done"), replication("switched", 250), completed), replication("switched-back", 5_500), ...back], blueGreen],
    ["a switch back that led nobody", "clients were not led back", [...follow(at(200, step("follow", "done")), step("a", "done"), replication("switched", 250), completed), ...back], blueGreen],
    ["a following that was given up in its midst", undefined, [...follow(progress(0.3)), ...byDeadline, ...back], blueGreen],
    ["a following that never began", "the second server never began to follow the first", [...follow(), ...byDeadline, ...back], blueGreen],
    ["a volume that was swapped and swapped back", undefined, [...follow(at(200, step("swap", "done")), volume("swapped", 200), step("a", "done"), completed), volume("swapped-back", 5_500), ...back], volumes],
    ["a volume that stayed", "the server stayed on its new volume", [...follow(at(200, step("swap", "done")), volume("swapped", 200), step("a", "done"), completed), ...back], volumes],
    ["down after a failure that a fault explains, which undid nothing of what was done", "the way back had nothing to undo", [started, step("a", "done"), fault("triggered", 210), fault("proven", 210), step("b", "failed", lostConnection), failed(), fault("healed", 400), ...back], withFault],
    ["down after a power cut, which took what was done along", undefined, [started, step("a", "done"), fault("triggered", 210), fault("proven", 210), step("b", "failed", lostConnection), failed(), fault("healed", 400), ...back], { ...withFault, faults: [{ kind: "power-cut", at: { before: "b" }, healAfterMs: 100 }] } as History["drill"]],
  ])("a way back must have done its work: %s", async ([, why, events, drill]) => {
    const card = await judged(events.toSorted(([a], [b]) => a - b), drill);
    expect(card.wayBack.idle).toBe(why);
    expect(card.verdict, card.summary).toBe(why === undefined ? "met" : "unknown");
    if (why !== undefined) expect(card.summary).toContain(why);
  });

  test("a fault that came before anything was begun explains nothing", async () => {
    const card = await judged([started, fault("triggered"), fault("proven"), failed(undefined, "connect ECONNREFUSED"), fault("healed", 400), ...back], withFault);
    expect(card).toMatchObject({ verdict: "unknown", summary: expect.stringContaining("the migration came to no step") as string });
  });

  test("no acknowledged write, nothing that could be lost", async () => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, { before: [["a", "1"]], after: [["a", "1"]], ops: [{ at: 10 }], silent: true }));
    expect(card.objectives.map(({ name, verdict }) => [name, verdict])).toEqual(expect.arrayContaining([["completion", "met"], ["loss", "unknown"], ["consistency", "unknown"]]));
  });

  test("a failure stands on the terminal, the page, in JUnit and in Markdown: step, statement, SQLSTATE and error", async () => {
    const card = await judged([started, step("add-column", "failed", byZero), failed(), ...back]);
    for (const text of [renderTerminal(card, pc.createColors(false)).replaceAll(/\s+/g, " "), renderHtml(card), renderJunit(card), renderMarkdown(card)]) {
      expect(text).toContain("The migration failed after 0 of 1 steps");
      for (const part of ["add-column", "22012", "division by zero", "select 1/0"]) expect(text).toContain(part);
    }
  });

  test("a way back that fails says at which step and on which object", async () => {
    const error = { code: "23505", message: 'could not create unique index "day_key"', schema: "tenant_b", table: "closings" };
    const card = await judged([started, step("tenant-a", "done"), step("tenant-b", "done"), completed, [5_000, { kind: "rollback", state: "started", strategy: "down" }], [5_500, { ...step("tenant-b", "failed", error, "backward")[1] }],
      [6_000, { kind: "rollback", state: "failed", strategy: "down", detail: error.message, error }]]);
    expect(card.objectives.find(({ name }) => name === "completion")).toMatchObject({ verdict: "missed", reason: 'the way back failed at step tenant-b: 23505 could not create unique index "day_key" (table tenant_b.closings)' });
  });

  test.for<readonly [string, { readonly code?: string; readonly message: string; readonly schema?: string; readonly table?: string; readonly constraint?: string }, string]>([
    ["a lock that another session holds", { code: "55P03", message: "canceling statement due to lock timeout" }, "at step tenant-b: 55P03 canceling statement due to lock timeout"],
    ["a deadlock with clients", { code: "40P01", message: "deadlock detected" }, "at step tenant-b: 40P01 deadlock detected"],
    ["a connection that is lost", { message: "Connection terminated unexpectedly" }, "at step tenant-b: Connection terminated unexpectedly"],
    ["rows that a check refuses", { code: "23514", message: "check constraint is violated by some row", schema: "tenant_b", table: "closings", constraint: "positive" }, "at step tenant-b: 23514 check constraint is violated by some row (table tenant_b.closings, constraint positive)"],
    ["a schema that is gone", { code: "3F000", message: "schema does not exist", schema: "tenant_b" }, "at step tenant-b: 3F000 schema does not exist (schema tenant_b)"],
  ])("a way back that is stopped half way by %s says where, and that the rest is as it was", async ([, error, said]) => {
    const card = await judged([started, step("tenant-a", "done"), step("tenant-b", "done"), step("tenant-c", "done"), completed, [5_000, { kind: "rollback", state: "started", strategy: "down" }],
      [5_200, step("tenant-c", "done", undefined, "backward")[1]], [5_500, step("tenant-b", "failed", error, "backward")[1]], [6_000, { kind: "rollback", state: "failed", strategy: "down", detail: error.message, error }]]);
    expect(card.verdict).toBe("missed");
    expect(card.wayBack).toMatchObject({ state: "failed", stepsUndone: 1 });
    expect(card.objectives.find(({ name }) => name === "completion")?.reason).toBe(`the way back failed ${said}`);
    expect(card.objectives.find(({ name }) => name === "consistency")).toMatchObject({ verdict: "unknown", applies: false });
  });
});
