// Every kind of trigger strikes where it says, in one drill.

import { describe, expect, test } from "vitest";
import type { DrillDeclaration } from "../../harness/drill/schema.ts";
import { rehearse, smallDrill, temporaryFolder, writeDrill } from "../support/drills.ts";

type Faults = NonNullable<DrillDeclaration["faults"]>;
const slow = (at: Faults[number]["at"]): Faults[number] => ({ kind: "latency", latencyMs: 5, on: "clients", healAfterMs: 50, at });

describe("triggers", () => {
  test("strike before, after and within a step, at a progress, after a delay, on a log line and during the rollback", async () => {
    const faults: Faults = [
      slow({ before: "add-columns" }),
      slow({ after: "add-columns" }),
      slow({ within: "backfill-names", progress: 0.5 }),
      slow({ within: "retire-name", afterMs: 300 }),
      slow({ afterMs: 20 }),
      slow({ logLine: "alter table customers validate constraint", service: "postgres" }),
      slow({ before: "add-columns", during: "rollback" }),
      slow({ logLine: "a line that never comes", service: "postgres" }),
    ];
    await using folder = await temporaryFolder();
    const file = await writeDrill(folder.path, smallDrill({ faults }));
    const { events, card, failure } = await rehearse(file, { runtime: "process", runs: folder.path });
    expect(failure).toBeUndefined();
    const at = (what: (event: (typeof events)[number]) => boolean) => events.findIndex(what);
    const struck = (index: number) => at((e) => e.kind === "fault" && e.index === index && e.state === "triggered");
    const step = (name: string, state: string, direction = "forward") => at((e) => e.kind === "step" && e.step === name && e.state === state && e.direction === direction);
    const proven = events.flatMap((e) => (e.kind === "fault" && e.state === "proven" ? [e.index] : []));
    expect(proven.toSorted(), JSON.stringify(events.filter(({ kind }) => kind === "fault"))).toEqual([0, 1, 2, 3, 4, 5, 6]);

    expect(struck(0)).toBeLessThan(step("add-columns", "started"));
    expect(struck(1)).toBeGreaterThan(step("add-columns", "done"));
    expect(struck(1)).toBeLessThan(step("sync-trigger", "started"));
    const shareBefore = events.slice(0, struck(2)).findLast((e) => e.kind === "progress");
    expect(shareBefore?.kind === "progress" && shareBefore.share).toBeGreaterThanOrEqual(0.5);
    expect(struck(2)).toBeLessThan(step("backfill-names", "done"));
    expect(struck(3)).toBeGreaterThan(step("retire-name", "started"));
    expect(struck(3)).toBeLessThan(step("retire-name", "done"));
    expect(struck(4)).toBeGreaterThan(at((e) => e.kind === "migration" && e.state === "started"));
    expect(struck(5)).toBeGreaterThan(step("require-names", "done"));
    expect(struck(6)).toBeGreaterThan(step("sync-trigger", "done", "backward"));
    expect(struck(6)).toBeLessThan(step("add-columns", "started", "backward"));
    // The one whose moment never came makes the run unknown.
    expect(card.verdict).toBe("unknown");
    expect(card.doubts).toEqual([expect.stringContaining("fault 8 (latency) was not proven: its trigger never came")]);
  });
});
