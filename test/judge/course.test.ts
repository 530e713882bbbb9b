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
const withFault: History["drill"] = { faults: [{ kind: "down", at: { during: "migration", afterMs: 0 }, healAfterMs: 10 }] } as History["drill"] & object;

/** Served before the migration, and after the way back. */
const reads = (from: number, to: number) => Array.from({ length: 40 }, (_, i) => ({ at: from + (i * (to - from)) / 40, op: "read" }));

async function judged(events: readonly At[], drill: History["drill"] = {}): Promise<Scorecard> {
  await using folder = await temporaryFolder();
  return await judge(record(folder.path, {
    before: [], after: [["k", "1"]], ops: [{ at: 10, effects: [insert("k", "1")] }, ...reads(20, 90), ...reads(6_010, 8_000)], drill: drill ?? {},
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
