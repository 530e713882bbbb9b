// Terminal, JUnit and Markdown: what their readers need, within the bounds that they have.

import { describe, expect, test } from "vitest";
import pc from "picocolors";
import { judge } from "../../harness/judge/judge.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import { renderHtml } from "../../reports/html.ts";
import { renderJunit } from "../../reports/junit.ts";
import { liveView } from "../../reports/live.ts";
import { MARKDOWN_LIMIT_BYTES, renderMarkdown } from "../../reports/markdown.ts";
import { compareScorecards, renderComparisonMarkdown, renderComparisonTerminal } from "../../reports/comparison.ts";
import { coloursFor, renderTerminal } from "../../reports/terminal.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record } from "../judge/history.ts";

async function lossy(): Promise<Scorecard> {
  await using folder = await temporaryFolder();
  return await judge(record(folder.path, { before: [], after: [], ops: [{ at: 10, effects: [insert("<a>&\"|`", "1")] }] }));
}
const plain = pc.createColors(false);

describe("the terminal's scorecard", () => {
  test("fits 80 columns, names the verdict first and has no control characters without a terminal", async () => {
    const text = renderTerminal({ ...(await lossy()), question: "Is this a very long question ".repeat(12) }, plain);
    expect(text.trimStart()).toMatch(/^✘ MISSED/);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text).not.toMatch(/\u001b/);
    expect(text).toContain("write-lost: item: 1 item record");
  });

  test("the live view prints plain lines where there is no terminal", () => {
    const written: string[] = [];
    const view = liveView({ isTTY: false, write: (text: string) => written.push(text) });
    view.event({ kind: "phase", phase: "rollback", state: "started", t: 3e9, prev: "" });
    view.event({ kind: "progress", direction: "forward", step: "x", share: 0.5, t: 3e9, prev: "" });
    view.stats({ at: 1, counts: { committed: 5 }, slow: 0, p50Ms: 1, p99Ms: 2, oldestDue: 1, stood: null });
    expect(written).toEqual(["   3.0 s  rollback\n"]);
  });
});

describe("JUnit", () => {
  test("a missed objective is a failure, an unknown one an error, a met one passes", async () => {
    const xml = renderJunit(await lossy());
    expect(xml).toContain('tests="4" failures="1" errors="0"');
    expect(xml).toMatch(/<failure type="missed" message="1 acknowledged write is gone/);
    const card = await lossy();
    const unknown = renderJunit({ ...card, objectives: card.objectives.map((o) => ({ ...o, verdict: "unknown" as const })) });
    expect(unknown).toContain('failures="0" errors="3"');
    expect(unknown).toMatch(/<error type="unknown"/);
  });

  test("text that would break XML is escaped, and what can't be written is replaced", async () => {
    const xml = renderJunit({ ...(await lossy()), drill: "a<b>&\"c\u0001" });
    expect(xml).toContain('name="a&lt;b&gt;&amp;&quot;c\\u0001"');
  });
});

describe("Markdown", () => {
  test("begins with the verdict, and table cells can't be broken out of", async () => {
    const card = await lossy();
    const text = renderMarkdown({ ...card, summary: "one | two\n<script>" });
    expect(text).toMatch(/^## ✘ MISSED: recorded/);
    expect(text).toContain("one \\| two &lt;script>");
  });

  test("stays below what CI keeps, and says what it left out", async () => {
    const card = await lossy();
    const many = Array.from({ length: 20_000 }, (_, i) => ({ ...card.findings[0]!, subject: `subject ${i} ${"x".repeat(100)}` }));
    const text = renderMarkdown({ ...card, findings: many });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MARKDOWN_LIMIT_BYTES);
    expect(text).toContain("... and more: see scorecard.json");
  });
});

describe("examples of values that are not as they should be", () => {
  const long = (end: string) => `select ${"a_column, ".repeat(40)}${end}\nfrom t`;
  const finding = {
    kind: "altered-write", subject: "item", detail: "altered", count: 2, query: "",
    examples: [{ key: "17", field: "name", expected: "Ann", held: null }, { key: "a\u001bkey|<`", field: "note", expected: long("b"), held: long("c") }],
  } as const;
  const reports = async () => {
    const card = { ...(await lossy()), findings: [finding] };
    const objectives = card.objectives.map((objective) => ({ ...objective, verdict: "missed" as const, evidence: ["altered-write"] }));
    return { terminal: renderTerminal(card, plain), markdown: renderMarkdown(card), junit: renderJunit({ ...card, objectives }), html: renderHtml(card) };
  };

  test("stand alike in every report: key, expected, held, within 80 columns where the reader has no more", async () => {
    const { terminal, markdown, junit, html } = await reports();
    for (const text of [terminal, markdown, junit.replaceAll("&#10;", "\n")]) {
      expect(text).toMatch(/^ {4}key +expected +held$/m);
      expect(text).toMatch(/^ {4}17 name +Ann +NULL$/m);
      const lines = text.split("\n").filter((line) => /^ {4}(17 name|a.*key)/.test(line));
      expect(lines).toHaveLength(text === terminal || text === markdown ? 2 : 6);
      for (const line of lines) expect(line.replaceAll("&lt;", "<").length).toBeLessThanOrEqual(80);
    }
    expect(html).toMatch(/<th scope="row">17 name<\/th><td><code>Ann<\/code><\/td><td><code>NULL<\/code>/);
    expect(html).not.toContain("Examples:");
  });

  test("of long values the part is shown in which they differ", async () => {
    const { terminal } = await reports();
    const [line = ""] = terminal.split("\n").filter((one) => one.includes("note"));
    expect(line).toMatch(/…[^…]*, b⏎from t +…[^…]*, c⏎from t$/);
    expect(line).not.toMatch(/[\u0000-\u001f]/);
  });

  test("that compare nothing are left as they are", async () => {
    const card = { ...(await lossy()), findings: [{ ...finding, examples: ["3", { key: 4 }] }] };
    expect(renderTerminal(card, plain)).not.toMatch(/key +expected +held/);
    expect(renderHtml(card)).toContain("Examples:");
  });
});

describe("ways back side by side", () => {
  const compared = async (n: number) => {
    const card = await lossy();
    return compareScorecards(Array.from({ length: n }, (_, i) => ({ way: `way-${i + 1}`, card: { ...card, run: `run-${i + 1}` } })));
  };

  test("fit 80 columns, however many there are", async () => {
    for (const n of [2, 3, 4, 7]) {
      const text = renderComparisonTerminal(await compared(n), coloursFor({}));
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
      for (let i = 1; i <= n; i++) expect(text).toContain(`way-${i}`);
      expect(text.match(/Lost writes/g)).toHaveLength(Math.ceil(n / 3));
    }
  });

  test("have the scorecards' own figures, also as Markdown", async () => {
    const card = await lossy();
    const comparison = await compared(2);
    expect(comparison.ways[1]).toMatchObject({ way: "way-2", run: "run-2", verdict: "missed", lostWrites: card.measures.lostWrites?.definite, recoveryMs: card.measures.recoveryMs, storageBytes: 0 });
    expect(comparison.ways[0]?.lostWrites).toBeGreaterThan(0);
    expect(renderComparisonMarkdown(comparison)).toContain(`| Lost writes | ${comparison.ways[0]?.lostWrites} | ${comparison.ways[0]?.lostWrites} |`);
  });
});
