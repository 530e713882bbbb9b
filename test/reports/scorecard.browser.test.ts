// The scorecard's page in a real browser: whole, accessible, self-contained, in light, dark and print.

import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium, type Browser } from "@playwright/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drillSchema } from "../../harness/drill/schema.ts";
import { judge } from "../../harness/judge/judge.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import { BROWSER_ARGUMENTS } from "../../harness/observe/browser.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import { parseFaults, pointsOf } from "../../harness/sweep/points.ts";
import type { Tried } from "../../harness/sweep/sweep.ts";
import { compareScorecards, renderComparisonHtml } from "../../reports/comparison.ts";
import { renderHtml } from "../../reports/html.ts";
import { renderSuiteHtml } from "../../reports/suite.ts";
import { renderSweepHtml } from "../../reports/sweep.ts";
import { browserPath, browserReason } from "../support/browser.ts";
import { smallDrill, temporaryFolder } from "../support/drills.ts";
import { insert, record, type Op } from "../judge/history.ts";

const ops: Op[] = Array.from({ length: 1_500 }, (_, i) => ({
  at: i * 6, took: 3 + (i % 7), ...(i > 500 && i < 900 ? { outcome: "rejected" as const } : { effects: [insert(`k${i}`, "1")] }),
}));

async function cardOf(verdict: "met" | "missed" | "unknown"): Promise<Scorecard> {
  await using folder = await temporaryFolder();
  const kept = ops.filter((op) => op.effects).map((op): [string, string] => [op.effects![0]!.key, "1"]);
  record(folder.path, {
    before: [], after: verdict === "missed" ? kept.slice(3) : kept, ops,
    ...(verdict === "unknown" ? { events: [[0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], [9_000, { kind: "harness-error", code: "x", message: "the engine died <b>" }], [9_001, { kind: "run", state: "aborted" }]] } : {}),
    drill: { faults: [], objectives: { loss: { maxLostWrites: 0 }, consistency: {}, recovery: { maxMs: 10_000 }, journeys: { maxFailed: 0 } } },
  });
  mkdirSync(join(folder.path, "checks"));
  writeFileSync(join(folder.path, "checks/journeys.json"), JSON.stringify([
    { name: "a customer orders", version: "v1", state: "passed", tookMs: 812, screenshot: "checks/a b/1.png", trace: "checks/a b/trace.zip" },
    ...(verdict === "missed" ? [{ name: "totals agree", version: "v1", state: "failed", tookMs: 12, error: "Expected: <b>200</b>", screenshot: "checks/c/1.png" }] : []),
  ]));
  return await judge(folder.path);
}

describe.skipIf(browserReason)("the scorecard's page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: browserPath!,
      args: [...BROWSER_ARGUMENTS],
    });
  });
  afterAll(async () => { await browser.close(); });

  test.for(["light", "dark"] as const)("a sweep's page passes axe in %s", async (colorScheme) => {
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    const drill = drillSchema.parse(smallDrill());
    const points = pointsOf(drill, await readPlan("fixtures/systems/shop/migrations/split-customer-name"), { faults: parseFaults("kill,pause", drill), ways: ["down", "pitr"], pairs: false });
    const outcomes = points.slice(0, 90).map(({ id }, i): Tried => ({ id, verdict: (["met", "missed", "unknown"] as const)[i % 3] ?? "met", recoveryMs: i * 10, lostWrites: i, missed: ["loss"], findings: ["write-lost"], answer: "No.", run: "points/a/scorecard.html", tookMs: 5, tries: 2, alike: 1 + (i % 2) }));
    await page.setContent(renderSweepHtml({ drill: "small", question: "Does it hold?", plan: "split-customer-name", runtime: "process", seed: 1, startedAt: "2026-01-01T00:00:00.000Z", points, outcomes, found: [] }));
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    await context.close();
  });

  test.for(["light", "dark"] as const)("a suite's page passes axe in %s, and each drill leads to its scorecard", async (colorScheme) => {
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    const of = (drill: string, verdict: "met" | "missed" | "unknown", surprises: readonly string[]) => ({ drill, folder: "schema", question: "Does it hold?", verdict, expected: "met", surprises, tookMs: 1_000, page: `${drill}/scorecard.html` }) as const;
    await page.setContent(renderSuiteHtml({ suite: "own", description: "Some.", runtime: "process", seed: 1, startedAt: "2026-01-01T00:00:00.000Z", tookMs: 20_000, rehearsals: [of("a", "met", []), of("b", "missed", ["it is missed, and must be met"]), of("c", "unknown", ["nobody knows"])] }));
    expect(await page.locator("tbody a").evaluateAll((links) => links.map((link) => link.getAttribute("href")))).toEqual(["a/scorecard.html", "b/scorecard.html", "c/scorecard.html"]);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    await context.close();
  });

  test.for(["light", "dark"] as const)("ways back side by side pass axe in %s, and each links to its scorecard", async (colorScheme) => {
    const cards = [{ way: "down", card: await cardOf("met") }, { way: "pitr", card: await cardOf("missed") }, { way: "snapshot", card: await cardOf("unknown") }];
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    await page.setContent(renderComparisonHtml(compareScorecards(cards), cards.map(({ way }) => `${way}/scorecard.html`)));
    expect(await page.locator("thead a").evaluateAll((links) => links.map((link) => link.getAttribute("href")))).toEqual(["down/scorecard.html", "pitr/scorecard.html", "snapshot/scorecard.html"]);
    // The bar of the row's largest figure is full, and that of nothing is empty.
    const bars = await page.locator("tr", { hasText: "Lost writes" }).locator(".bar span").evaluateAll((spans) => spans.map((span) => span.getAttribute("style")));
    expect(bars).toEqual(["width:0.0%", "width:100.0%", "width:0.0%"]);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    await context.close();
  });

  test.for(["met", "missed", "unknown"] as const)("a run that is %s says so first, as icon, word and colour, and passes axe in light and dark", async (verdict) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "scorecard.html");
    const card = await cardOf(verdict);
    expect(card.verdict).toBe(verdict);
    await writeFile(file, await renderHtml(card));
    expect(statSync(file).size).toBeLessThan(2_000_000);
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({ colorScheme });
      const page = await context.newPage();
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      await page.goto(`file://${file}`);
      const word = { met: "✔ MET", missed: "✘ MISSED", unknown: "? UNKNOWN" }[verdict];
      expect((await page.locator(".verdict").innerText()).replace(/\s+/g, " ")).toBe(word);
      expect(await page.locator("header").evaluate((header) => header.getBoundingClientRect().top)).toBeLessThan(100);
      expect(await page.locator("svg[role=img]").count()).toBe(1);
      expect(await page.locator("#course ~ details table").count()).toBe(2);
      expect(asked).toEqual([`file://${file}`]);
      expect(errors).toEqual([]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`)).toEqual([]);
      await context.close();
    }
  });

  test("harness failures stand apart, and what they quote can't become markup", async () => {
    const page = await browser.newPage();
    await page.setContent(await renderHtml(await cardOf("unknown")));
    expect(await page.locator("section:has(#harness) li").first().innerText()).toContain("the engine died <b>");
    expect(await page.getByText("not of the drilled system").count()).toBe(1);
    await page.close();
  });

  test("each finding shows how it is known", async () => {
    const page = await browser.newPage();
    await page.setContent(await renderHtml(await cardOf("missed")));
    await page.locator("article details summary").first().click();
    expect(await page.locator("article pre").first().innerText()).toContain("turnback query runs/recorded");
    await page.close();
  });

  test("it prints on white, and stays readable on a narrow screen", async () => {
    const page = await browser.newPage({ viewport: { width: 380, height: 800 } });
    await page.setContent(await renderHtml(await cardOf("met")));
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(380);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    await page.close();
  });
});

test("the page holds no script and no address of the network", async () => {
  const html = await renderHtml(await cardOf("missed"));
  expect(html).not.toMatch(/<script|<link|@import|src=|href="http|url\((?!#)/);
  expect(readFileSync(join(import.meta.dirname, "../../reports/html.ts"), "utf8")).not.toContain("http://");
});
