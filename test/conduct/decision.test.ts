// Who decides to go back: what raises the question first, who is asked, and what counts without an answer.

import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { decide } from "../../harness/cli/decide.ts";
import { Decision } from "../../harness/conduct/decision.ts";
import { Person } from "../../harness/conduct/person.ts";
import { drillSchema, type DrillDeclaration } from "../../harness/drill/schema.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { smallDrill, temporaryFolder } from "../support/drills.ts";
import { record as recordRun } from "../judge/history.ts";

type Rule = NonNullable<NonNullable<DrillDeclaration["rollback"]>["decide"]>;
type Course = { readonly decision: Decision; readonly cut: AbortSignal; readonly events: RunEvent[]; readonly stop: AbortController };

function begin(decide: Rule, options: { readonly doubts?: readonly string[]; readonly folder?: string; readonly onEvent?: (event: RunEvent) => void } = {}): Course {
  const drill = drillSchema.parse(smallDrill({ rollback: { decide, alertWithinMs: 100 }, detector: { windowMs: 100 } }));
  const events: RunEvent[] = [];
  const record = (event: RunEvent) => { events.push(event); options.onEvent?.(event); };
  const decision = new Decision(drill, record, new Person(options.folder ?? "/nonexistent", record));
  const stop = new AbortController();
  const cut = decision.watchMigration(stop.signal, () => Promise.resolve(options.doubts ?? []));
  return { decision, cut, events, stop };
}

/** Enough failing probes for the alert. */
function alert(decision: Decision): void {
  for (let i = 0; i < 20; i++) decision.takeProbe({ due: i * 10e6, end: i * 10e6 + 1e6, ok: false });
}

const made = ({ events }: Course) => events.filter((event) => event.kind === "decision");

describe("what raises the question", () => {
  test("the alert cuts the migration short", async () => {
    const course = begin({ on: "alert" });
    expect(course.cut.aborted).toBe(false);
    alert(course.decision);
    await expect.poll(() => course.cut.aborted).toBe(true);
    expect(await course.decision.made()).toBe(true);
    expect(made(course)).toMatchObject([{ state: "go", by: "alert" }]);
  });

  test("no alert, even after the migration: nobody decides", async () => {
    const course = begin({ on: "alert" });
    expect(await course.decision.made()).toBe(false);
    expect(made(course)).toMatchObject([{ state: "none", by: "nobody" }]);
  });

  test("the deadline cuts the migration short", async () => {
    const course = begin({ on: "deadline", deadlineMs: 50 });
    await expect.poll(() => course.cut.aborted).toBe(true);
    expect(await course.decision.made()).toBe(true);
    expect(made(course)).toMatchObject([{ state: "go", by: "deadline" }]);
  });

  test("a migration that is through before its deadline stays", async () => {
    const course = begin({ on: "deadline", deadlineMs: 200 });
    expect(await course.decision.made()).toBe(false);
    await sleep(250);
    expect(made(course)).toMatchObject([{ state: "none", by: "nobody", detail: "the migration ended before its deadline" }]);
    expect(course.cut.aborted).toBe(false);
  });

  test("of several the first decides, once", async () => {
    const course = begin({ on: ["deadline", "alert", "completion"], deadlineMs: 10_000 });
    alert(course.decision);
    expect(await course.decision.made()).toBe(true);
    expect(made(course)).toMatchObject([{ state: "go", by: "alert" }]);
  });

  test("the delay is time that passes after the migration was stopped", async () => {
    const course = begin({ on: "alert", delayMs: 150 });
    alert(course.decision);
    await expect.poll(() => course.cut.aborted).toBe(true);
    expect(made(course)).toEqual([]);
    expect(await course.decision.made()).toBe(true);
    expect(made(course)).toMatchObject([{ state: "go", detail: "the alert fired, after 150 ms" }]);
  });

  test("the safety stop ends the waiting", async () => {
    const course = begin({ on: "alert" });
    course.stop.abort(new Error("stopped by the user"));
    await expect(course.decision.made()).rejects.toThrow("stopped by the user");
  });
});

describe("a person who is asked", () => {
  const answered = (verdict: "approve" | "refuse") => ({ answer: { verdict, afterMs: 50 } });

  test("the migration goes on until they approve", async () => {
    const cutAt: [string, boolean][] = [];
    const course: Course = begin({ on: "alert", human: answered("approve") }, { onEvent: (event) => { if (event.kind === "decision") cutAt.push([event.state, course.cut.aborted]); } });
    alert(course.decision);
    expect(await course.decision.made()).toBe(true);
    expect(cutAt).toEqual([["asked", false], ["go", true]]);
    expect(made(course)).toMatchObject([{ state: "asked" }, { state: "go", by: "the drill's person", detail: "approved" }]);
  });

  test("when they refuse, the migration isn't touched", async () => {
    const course = begin({ on: "alert", human: answered("refuse") });
    alert(course.decision);
    expect(await course.decision.made()).toBe(false);
    expect(course.cut.aborted).toBe(false);
    expect(made(course)).toMatchObject([{ state: "asked" }, { state: "stay", detail: "refused" }]);
  });

  test.for(["approve", "refuse"] as const)("without an answer in time it is to %s where that is declared", async (otherwise) => {
    const course = begin({ on: "completion", human: { withinMs: 50, otherwise } });
    expect(await course.decision.made()).toBe(otherwise === "approve");
    expect(made(course).at(-1)).toMatchObject({ by: "nobody", state: otherwise === "approve" ? "go" : "stay" });
  });

  test("in doubt alone: without one automation decides, with one it hands over and says which", async () => {
    const human = { when: "in-doubt", ...answered("refuse") } as const;
    const sure = begin({ on: "completion", human });
    expect(await sure.decision.made()).toBe(true);
    const unsure = begin({ on: "completion", human }, { doubts: ["nobody knows what was done"] });
    expect(await unsure.decision.made()).toBe(false);
    expect(made(unsure)[0]).toMatchObject({ state: "asked", detail: expect.stringContaining("in doubt: nobody knows what was done") as string });
  });

  test("they answer on the command line, and only when they are asked", async () => {
    await using folder = await temporaryFolder();
    const run = recordRun(folder.path, { before: [], after: [], ops: [], events: [[0, { kind: "run", state: "started" }]] });
    await expect(decide(run, "approve", { by: "ada" })).rejects.toMatchObject({ code: "nobody-asked" });
    const writing: Promise<void>[] = [];
    const course = begin({ on: "completion", human: {} }, { folder: run, onEvent: (event) => { writing.push(appendFile(join(run, "timeline.jsonl"), `${JSON.stringify({ t: 1, prev: "", ...event })}\n`)); } });
    const outcome = course.decision.made();
    await expect.poll(() => made(course).length).toBe(1);
    await Promise.all(writing);
    await decide(run, "refuse", { by: "ada", reason: "it works" });
    expect(await outcome).toBe(false);
    expect(made(course).at(-1)).toMatchObject({ state: "stay", by: "ada", detail: "refused: it works" });
    await Promise.all(writing);
    await expect(decide(run, "approve", { by: "ada" })).rejects.toMatchObject({ code: "nobody-asked" });
  });
});
