// A sweep's reports: where it breaks stands first, and what was not tried is never green.

import { describe, expect, test } from "vitest";
import { drillSchema } from "../../harness/drill/schema.ts";
import { planSchema } from "../../harness/drill/plan.ts";
import type { Verdict } from "../../harness/judge/scorecard.ts";
import { parseFaults, pointsOf } from "../../harness/sweep/points.ts";
import type { Tried } from "../../harness/sweep/sweep.ts";
import { pointLine, renderSweepHtml, renderSweepJunit, renderSweepMarkdown, renderSweepTerminal, sweepJson, verdictOf, type SweepResult } from "../../reports/sweep.ts";
import { coloursFor } from "../../reports/terminal.ts";
import { smallDrill } from "../support/drills.ts";

const plan = planSchema.parse({ name: "some-plan", description: "A plan.", steps: [{ id: "a-step-with-a-long-name-that-goes-on", kind: "command", forward: "select 1", backward: "select 1" }] });
const drill = drillSchema.parse(smallDrill());
const points = pointsOf(drill, plan, { faults: parseFaults("kill", drill), ways: ["down"], pairs: true });
const plain = coloursFor({ isTTY: false } as NodeJS.WriteStream);
const outcome = (i: number, verdict: Verdict, over: Partial<Tried> = {}): Tried => ({
  id: points[i]?.id ?? "", verdict, recoveryMs: verdict === "unknown" ? null : 1_234, lostWrites: 0, missed: verdict === "missed" ? ["loss", "structure"] : [], findings: verdict === "missed" ? ["write-lost"] : [],
  answer: verdict === "met" ? "Yes." : `No: <b>${verdict}</b>.`, run: verdict === "met" ? null : "points/a b/scorecard.html", tookMs: 5_000, tries: 1, alike: 1, ...over,
});
const result = (...outcomes: Tried[]): SweepResult => ({ drill: "small", question: "Does it <hold>?", plan: "some-plan", runtime: "process", seed: 1, startedAt: "2026-01-01T02:03:04.000Z", points, outcomes, found: [] });
const all = (verdict: Verdict) => points.map((_, i) => outcome(i, verdict));

describe("a sweep", () => {
  test("is met when every point is, missed when one is missed, and unknown while one was not tried", () => {
    expect(points.length).toBe(12);
    expect(verdictOf(result(...all("met")))).toBe("met");
    expect(verdictOf(result(...all("met").slice(1)))).toBe("unknown");
    expect(verdictOf(result())).toBe("unknown");
    expect(verdictOf(result(...all("met").slice(1), outcome(0, "unknown")))).toBe("unknown");
    expect(verdictOf(result(outcome(0, "missed")))).toBe("missed");
  });

  test("in a terminal fits 80 columns", () => {
    const some = result(outcome(0, "met"), outcome(4, "missed"), outcome(11, "unknown", { answer: "a very long reason why nobody knows what has become of this point, word after word after word" }));
    const lines = [...some.outcomes.map((one) => pointLine(one, points.find(({ id }) => id === one.id)!, { tried: 10, of: 1_000, again: false }, plain)), pointLine(outcome(4, "missed"), points[4]!, { tried: 10, of: 1_000, again: true }, plain), renderSweepTerminal({ ...some, found: [{ point: points[4]!.id, file: "found/x.drill.yaml", failed: 10, of: 10, changes: [] }] }, plain)].join("\n");
    for (const line of lines.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(lines).toContain("small, 3 of 12 points tried: 1 met, 1 missed, 1 unknown.");
    expect(lines).toContain("loss, structure missed, back by backward");
    expect(lines).toContain("outcome repeats    not measured");
    expect(lines).toContain("    again MISSED ");
    expect(lines).toContain("made smaller (10 of 10 tries): found/x.drill.yaml");
  });

  test("in JUnit counts what was missed as a failure, what nobody knows as an error, and what was not tried as skipped", () => {
    const xml = renderSweepJunit(result(outcome(0, "met"), outcome(4, "missed"), outcome(5, "unknown")));
    expect(xml).toContain('tests="12" failures="1" errors="1" skipped="9"');
    expect(xml.match(/<testcase /g)).toHaveLength(12);
    expect(xml.match(/<skipped /g)).toHaveLength(9);
    expect(xml).toContain('<failure type="missed" message="loss, structure">No: &lt;b&gt;missed&lt;/b&gt;.</failure>');
  });

  test("on a page shows first where it breaks, draws each moment, and escapes what it quotes", () => {
    const html = renderSweepHtml({ ...result(outcome(0, "met"), outcome(4, "missed"), outcome(1, "missed"), outcome(5, "unknown")), found: [{ point: points[4]!.id, file: "found/x.drill.yaml", failed: 9, of: 10, changes: ["without the step b"] }] });
    expect(html.indexOf("Where it breaks (2 ways)"), "migration and rollback are told apart").toBeGreaterThan(0);
    expect(html.indexOf("What nobody knows (1 way)"), "and is no breakage").toBeGreaterThan(html.indexOf("Where it breaks"));
    expect(html.indexOf("Where it breaks")).toBeLessThan(html.indexOf("Every moment"));
    expect(html).toContain('href="points/a%20b/scorecard.html"');
    expect(html).toContain('<a href="found/x.drill.yaml">found/x.drill.yaml</a>, which failed in 9 of 10 tries; made smaller: without the step b.');
    expect(html).toContain("<summary>4 moments not tried at all</summary>");
    expect(html).not.toContain("heat untried");
    expect(html).toContain("<h1>At which moment of some-plan does a fault keep us from going back?</h1>");
    expect(html.match(/class="heat (met|missed|unknown)"/g)).toHaveLength(4);
    expect(html).not.toMatch(/<hold>|<b>missed/);
    expect(renderSweepHtml({ ...result(outcome(4, "missed")), found: [{ point: points[4]!.id, file: null, failed: 0, of: 10, changes: [] }] })).toContain("It was not missed again in 10 tries.");
  });

  test("counts what there is, and says why nobody knows the rest", () => {
    const says = (...outcomes: Tried[]) => renderSweepMarkdown(result(...outcomes)).split("\n")[2];
    expect(says(...all("met"))).toBe("small, 12 of 12 points tried: all met.");
    expect(says(outcome(0, "met"), outcome(1, "met"))).toBe("small, 2 of 12 points tried: all met; of the other 10 nobody knows.");
    expect(says(outcome(0, "met"), outcome(1, "unknown"))).toBe("small, 2 of 12 points tried: 1 met, 1 unknown; of the other 10 nobody knows.");
    expect(says(outcome(0, "met"), outcome(1, "missed"))).toBe("small, 2 of 12 points tried: 1 met, 1 missed.");
    expect(says()).toBe("small, 0 of 12 points tried; of the other 12 nobody knows.");
  });

  test("names the way back once where there is but one, and a dot stands for what was not tried beside what was", () => {
    const [two, one] = [pointsOf(drill, plan, { faults: parseFaults("kill,pause", drill), ways: ["down"], pairs: false }), pointsOf(drill, plan, { faults: parseFaults("kill", drill), ways: ["down", "resume"], pairs: false })];
    const html = renderSweepHtml({ ...result(outcome(0, "met", { id: two[0]!.id })), points: two });
    expect(html).toContain("Each goes back by backward statements.");
    expect(html).not.toContain("back by backward statements</span>");
    expect(html.match(/<span class="unseen">not tried<\/span>/g)).toHaveLength(1);
    const ways = renderSweepHtml({ ...result(outcome(0, "met", { id: one[0]!.id })), points: one });
    expect(ways).toContain("back by backward statements</span>");
    expect(ways).not.toContain("Each goes back by");
  });

  test("says on the map how many writes are lost, whether that is tolerated or not, and nothing where none is", () => {
    const html = renderSweepHtml(result(outcome(0, "met", { lostWrites: 2 }), outcome(1, "met"), outcome(4, "missed", { lostWrites: 1_200 })));
    expect(html).toContain("> 1.23 s, 2 lost<");
    expect(html).toContain("> 1.23 s<");
    expect(html).toContain(">loss, structure, 1,200 lost</a>");
  });

  test("says how often an outcome repeated, and of a point that came out otherwise in how many tries", () => {
    const some = result(outcome(0, "met", { tries: 2, alike: 2 }), outcome(4, "missed", { tries: 3, alike: 2 }));
    expect(renderSweepTerminal(some, plain)).toContain("outcome repeats    67 % of 3 repeated tries (95 % certain: 21 % to 94 %)");
    expect(renderSweepMarkdown(some)).toContain("| An outcome repeats | 67 % of 3 repeated tries");
    const html = renderSweepHtml(some);
    expect(html).toContain("67 % of 3 repeated tries");
    expect(html.match(/ \(in 2 of 3 tries\)/g), "in the list and on the map").toHaveLength(2);
    expect(renderSweepJunit(some)).toContain(" (in 2 of 3 tries)</failure>");
    expect(sweepJson(some)).toMatchObject({ figures: { repeated: { part: 2, of: 3 } }, points: [{ tries: 2, alike: 2 }, { tries: 3, alike: 2 }] });
  });

  test("in Markdown and JSON names each point with its step, moment, fault, way and verdict", () => {
    const some = result(outcome(0, "met"), outcome(11, "missed"));
    expect(renderSweepMarkdown(some)).toContain("| ✘ loss, structure missed, back by backward statements, struck in the migration | 1 |");
    expect(sweepJson(some)).toMatchObject({
      schema: "turnback.sweep/1", verdict: "missed", coverage: 2 / 12,
      points: [
        { during: "migration", step: "a-step-with-a-long-name-that-goes-on", at: "before", fault: "kill", way: "down", verdict: "met" },
        { during: "migration", step: "a-step-with-a-long-name-that-goes-on", at: "after", then: { during: "rollback", at: "after" }, fault: "kill", way: "down", verdict: "missed", missed: ["loss", "structure"] },
      ],
    });
  });
});
