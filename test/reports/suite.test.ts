// A suite's reports: what is other than it must be stands out, and what nobody knows is never green.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSuite } from "../../harness/drill/suite.ts";
import { rehearsalLine, renderSuiteHtml, renderSuiteJunit, renderSuiteTerminal, suiteJson, verdictOf, type Rehearsal, type SuiteResult } from "../../reports/suite.ts";
import { coloursFor } from "../../reports/terminal.ts";
import { temporaryFolder } from "../support/drills.ts";

const rehearsal = (drill: string, over: Partial<Rehearsal> = {}): Rehearsal => ({ drill, folder: "schema", question: "Does it <hold>?", verdict: "met", expected: "met", surprises: [], tookMs: 12_345, ...over });
const ON_PURPOSE = rehearsal("loses", { folder: "negative", verdict: "missed", expected: "missed" });
const WRONG = rehearsal("slow", { verdict: "missed", surprises: ['recovery is missed, and must be met: 5 s, over "3" s'] });
const NOT_MADE = rehearsal("absent", { verdict: "unknown", surprises: ["it could not be rehearsed: no <browser>"], tookMs: 0 });
const result = (...rehearsals: Rehearsal[]): SuiteResult => ({ suite: "nightly", description: "All of them.", runtime: "process", seed: 1, startedAt: "2026-01-01T02:03:04.000Z", tookMs: 20_000, rehearsals });
const plain = coloursFor({ isTTY: false } as NodeJS.WriteStream);

describe("a suite", () => {
  test("is met when each drill is as it must be, missed when one is not, unknown when nobody knows", () => {
    expect(verdictOf(result(rehearsal("a"), ON_PURPOSE))).toBe("met");
    expect(verdictOf(result(rehearsal("a"), NOT_MADE))).toBe("unknown");
    expect(verdictOf(result(NOT_MADE, WRONG))).toBe("missed");
    expect(verdictOf(result())).toBe("unknown");
  });

  test("in a terminal fits 80 columns, and says what is wrong under the drill", () => {
    const lines = [rehearsal("a"), ON_PURPOSE, WRONG, NOT_MADE].map((one) => rehearsalLine(one, plain)).join("\n") + renderSuiteTerminal(result(rehearsal("a"), ON_PURPOSE, WRONG), plain);
    for (const line of lines.split("\n")) expect(line.length + 8).toBeLessThanOrEqual(88);
    expect(lines).toContain("FAIL slow");
    expect(lines).toContain("?    absent");
    expect(lines).toContain("2 of 3 drills came out as they must: 1 met, 1 missed on purpose.");
    expect(lines).toContain("(process runtime, 0.3 min)"); // from its begin to its end, and not that of the drills together
  });

  test("says of a drill that it was rehearsed again, and why", () => {
    const twice = rehearsal("a", { again: "the machine stood still for 3.10 s: timings carry this much extra uncertainty" });
    expect(rehearsalLine(twice, plain)).toContain("       rehearsed again: the machine stood still for 3.10 s");
    expect(renderSuiteHtml(result(twice))).toContain("Rehearsed again: the machine stood still");
    expect(renderSuiteHtml(result(rehearsal("a")))).not.toContain("Rehearsed again");
  });

  test("in JUnit counts what is wrong as a failure, what nobody knows as an error, and never skips", () => {
    const xml = renderSuiteJunit(result(rehearsal("a"), ON_PURPOSE, WRONG, NOT_MADE));
    expect(xml).toContain('tests="4" failures="1" errors="1"');
    expect(xml).toContain('skipped="0"');
    expect(xml.match(/<testcase /g)).toHaveLength(4);
    expect(xml).toContain('<failure type="missed" message="recovery is missed, and must be met: 5 s, over &quot;3&quot; s">');
    expect(xml).toContain('<error type="unknown" message="it could not be rehearsed: no &lt;browser&gt;">');
  });

  test("on a page shows first what is wrong, and escapes what it quotes", () => {
    const html = renderSuiteHtml(result(rehearsal("a", { page: "runs/a b/scorecard.html" }), WRONG, NOT_MADE));
    expect(html.indexOf("Other than they must be (2)")).toBeLessThan(html.indexOf("schema (3)"));
    expect(html).toContain('href="runs/a%20b/scorecard.html"');
    expect(html).toContain("no &lt;browser&gt;");
    expect(html).not.toContain("<hold>");
    const sorted = renderSuiteHtml(result(ON_PURPOSE, rehearsal("a", { folder: "storage" })));
    expect(sorted.indexOf("storage (1)"), "what is missed on purpose comes last").toBeLessThan(sorted.indexOf("negative (1)"));
    expect(renderSuiteHtml(result(rehearsal("a")))).not.toContain("Other than they must be");
  });

  test("as JSON is one document with each drill's figures", () => {
    expect(suiteJson(result(rehearsal("a"), NOT_MADE))).toMatchObject({ schema: "turnback.suite/1", verdict: "unknown", drills: [{ drill: "a", verdict: "met", run: null }, { drill: "absent", surprises: ["it could not be rehearsed: no <browser>"] }] });
  });
});

describe("a suite's declaration", () => {
  const suiteOf = async (drills: readonly string[]) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "own.suite.yaml");
    await writeFile(file, JSON.stringify({ name: "own", description: "Some.", drills }));
    return (await readSuite(file)).files.map(({ name }) => name);
  };

  test("names drills, folders, or all of them, each rehearsed once and in that order", async () => {
    expect(await suiteOf(["too-slow", "split-customer-name", "too-slow"])).toEqual(["too-slow", "split-customer-name"]);
    expect(await suiteOf(["split-customer-name", "schema/"])).toEqual(["split-customer-name", "lock-queue"]);
    expect(new Set(await suiteOf(["*"])).size).toBe((await readSuite("nightly")).files.length);
  });

  test("is refused where it names nothing, or isn't there", async () => {
    await expect(suiteOf(["no-such-drill"])).rejects.toThrow('drills: "no-such-drill" names no drill');
    await expect(suiteOf([])).rejects.toThrow("drills");
    await expect(readSuite("no-such-suite")).rejects.toThrow('there is no suite "no-such-suite"');
  });
});
