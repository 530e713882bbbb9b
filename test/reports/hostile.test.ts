// Whatever text is in a scorecard, no report lets it act: not on a terminal, a CI runner, a browser, or whoever renders Markdown.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pc from "picocolors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forTerminal, visible } from "../../harness/base/visible.ts";
import { scorecardForm } from "../../harness/evidence/forms/scorecard.ts";
import { judge } from "../../harness/judge/judge.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import { renderHtml } from "../../reports/html.ts";
import { renderJunit } from "../../reports/junit.ts";
import { liveView } from "../../reports/live.ts";
import { renderMarkdown } from "../../reports/markdown.ts";
import { renderTerminal } from "../../reports/terminal.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, update } from "../judge/history.ts";

const PAYLOAD = "::error::pwn\n::add-mask::x\r##[error]pwn\n##vso[task.complete]\n##teamcity[x]\n\u001b]0;pwn\u0007\u001b[2J\u009b31m\u202e<img src=x onerror=alert(1)>\"'><script>[x](javascript:alert(1)) ![i](https://evil.example/a.png) @octocat #1 www.evil.example | ``` ]]> &lt;b&gt;";
const RENDERERS = {
  html: (card: Scorecard) => renderHtml(card), terminal: (card: Scorecard) => renderTerminal(card, pc.createColors(false)), junit: (card: Scorecard) => renderJunit(card), markdown: (card: Scorecard) => renderMarkdown(card),
} as const;
/** What must not be in each, whatever the card says. The chart's labels are drawn, and are text of the page. */
const NEVER: Readonly<Record<keyof typeof RENDERERS, readonly RegExp[]>> = {
  html: [/<img|<script|onerror=alert\(1\)>|href="javascript/i, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/],
  terminal: [/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/, /^\s*(?:::\S|##\[|##vso\[|##teamcity\[)/m],
  junit: [/<img|<script|"'>/i, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/],
  markdown: [/<img|<script|(?<!\\)\]\(|!\[|@octocat|https:\/\/|www\.evil/i, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/, /^(?:::|##\[|##vso)/m],
};

type Path = readonly (string | number)[];
/** Every leaf of some data. */
function leaves(data: unknown, path: Path = []): Path[] {
  if (typeof data !== "object" || data === null) return [path];
  return Object.entries(data).flatMap(([key, value]) => leaves(value, [...path, Array.isArray(data) ? Number(key) : key]));
}
function withLeaf<T>(data: T, path: Path, value: unknown): T {
  const copy = structuredClone(data) as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  at[path.at(-1) ?? ""] = value;
  return copy as T;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let card: Scorecard;
beforeAll(async () => {
  folder = await temporaryFolder();
  const run = record(join(folder.path, "run"), { before: [["a", "1"]], after: [["a", "9"]], ops: [{ at: 10, effects: [insert("lost", "1")] }, { at: 20, effects: [update("a", "2")] }], facts: { after: { integrity: [{ kind: "orphans", subject: "orders", count: 1, detail: "1 row", query: "select 1" }] } } });
  const judged = await judge(run);
  const [finding] = judged.findings;
  card = {
    ...judged, doubts: ["a doubt"], warnings: finding ? [{ ...finding, consequences: [{ kind: "orphans", subject: "x", detail: "y" }] }] : [], standstills: [{ fromMs: 1, toMs: 200 }],
    journeys: [{ name: "order", version: "1", state: "failed", tookMs: 5, error: "no", screenshot: "checks/a.png", trace: "checks/a.zip" }], faults: [{ kind: "kill", target: "postgres", proven: true, healed: true, atMs: 1, healedMs: 2, proof: "gone" }],
    findings: [...judged.findings, {
      ...(finding ?? judged.findings[0]!), kind: "isolation-violated" as never, examples: [{
        type: "G0", detail: "a circle", text: "T1 T2", steps: [{ from: 0, to: 1, edge: "ww", because: "of x" }, { from: 1, to: 0, edge: "ww", because: "of y" }],
        transactions: [1, 2].map((index) => ({ index, invokeIndex: 0, process: 1, type: "ok", value: [["append", "x", index], ["r", "y", [1]]] })),
      }],
    }],
  };
});
afterAll(async () => { await folder[Symbol.asyncDispose](); });

describe("a scorecard of a stranger", () => {
  test("is in its form as it is written, and what is no figure, word or place in it is not", () => {
    expect(scorecardForm.safeParse(card).error?.issues).toBeUndefined();
    for (const path of ["javascript:alert(1)", "//evil.example/x", "/etc/passwd", "../../x", "https://evil.example", "a\\b", "checks/../../x"]) expect(scorecardForm.safeParse(withLeaf(card, ["journeys", 0, "screenshot"], path)).success, path).toBe(false);
  });

  test("acts nowhere, whichever of its fields is hostile: it is refused, or shown", { timeout: 120_000 }, () => {
    const tried = { refused: 0, shown: 0 };
    const paths = leaves({ ...card, series: { ...card.series, bins: card.series.bins.slice(0, 1) } });
    for (const path of paths) {
      const hostile = withLeaf(card, path, PAYLOAD);
      if (!scorecardForm.safeParse(hostile).success) { tried.refused++; continue; }
      tried.shown++;
      for (const [name, render] of Object.entries(RENDERERS)) {
        const shown = render(hostile);
        for (const never of NEVER[name as keyof typeof RENDERERS]) expect(shown.match(never)?.[0], `${name}, ${path.join(".")}`).toBeUndefined();
      }
    }
    expect(tried.refused).toBeGreaterThan(60);
    expect(tried.shown).toBeGreaterThan(60);
  });

  test("has names of fields that act as little", () => {
    const hostile: Scorecard = { ...card, versions: { [PAYLOAD]: "1" }, objectives: card.objectives.map((objective) => ({ ...objective, target: { [PAYLOAD]: true } })) };
    for (const [name, render] of Object.entries(RENDERERS)) for (const never of NEVER[name as keyof typeof RENDERERS]) expect(render(hostile).match(never)?.[0], name).toBeUndefined();
  });
});

describe("text for a terminal", () => {
  test("keeps colours, tabs and letters of any language, and shows what acts", () => {
    const harmless = "\u001b[1mbold\u001b[22m\ttab, ü, 日本, 🎉, std::vector, a ::b, ## a heading\n";
    expect(forTerminal(harmless)).toBe(harmless);
    expect(forTerminal("\u001b]0;title\u0007 \u001b[2J")).toBe("\\u001b]0;title\\u0007 \\u001b[2J");
    expect(forTerminal("a\n ::error file=x::y\n\u001b[2m::set-output")).toBe("a\n : :error file=x::y\n\u001b[2m: :set-output");
    expect(visible("\ud800 \u202e \u0085")).toBe("\\ud800 \\u202e \\u0085");
    const document = JSON.stringify({ a: "\u001b[2J \u202e", b: 1 }, null, 2);
    expect(JSON.parse(forTerminal(document))).toEqual(JSON.parse(document));
  });

  test("is every report as it was rendered: what parts an @ from a name in Markdown is no text from outside", () => {
    const told: Scorecard = { ...card, summary: "Ask @octocat, and see https://www.example." };
    expect(renderMarkdown(told)).toContain("@\u200boctocat");
    for (const render of Object.values(RENDERERS)) {
      const shown = render(told);
      expect(forTerminal(shown)).toBe(shown);
    }
  });

  test("is what the live view writes, whatever a server says", () => {
    const written: string[] = [];
    const view = liveView({ isTTY: false, write: (text: string) => written.push(text) });
    view.say(PAYLOAD);
    view.event({ kind: "harness-error", message: PAYLOAD, code: "x", t: 1, prev: "" } as never);
    expect(written).toHaveLength(2);
    for (const never of NEVER.terminal) expect(written.join("")).not.toMatch(never);
  });

  test("is what every command prints", async () => {
    const sources = await Promise.all(["evidence", "fail", "sealed", "stop", "rehearse"].map((name) => readFile(new URL(`../../harness/cli/${name}.ts`, import.meta.url), "utf8")));
    expect(sources.join("\n")).not.toMatch(/process\.std(?:out|err)\.write|console\.(?:log|error)/);
  });
});
