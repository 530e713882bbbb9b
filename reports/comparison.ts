// Ways back side by side: what each costs in time, in data and in storage.

import type { Measured, Scorecard, Verdict } from "../harness/judge/scorecard.ts";
import { badge, page, section, table, text } from "./page.ts";
import type { coloursFor } from "./terminal.ts";
import { wrap } from "./terminal.ts";
import { ICONS, WORDS, figure } from "./words.ts";

export type Comparison = {
  readonly schema: "turnback.comparison/1";
  readonly drill: string;
  readonly question: string;
  readonly runtime: string;
  readonly seed: number;
  readonly ways: readonly {
    readonly way: string; readonly run: string; readonly verdict: Verdict; readonly summary: string; readonly score: number;
    readonly recoveryMs: Measured; readonly rollbackMs: Measured; readonly unavailableMs: Measured; readonly availability: Measured;
    readonly lostWrites: number | null; readonly lossWindowMs: Measured; readonly shedValues: number | null;
    /** Phantom, duplicate and altered records. */
    readonly wrongRecords: number | null;
    readonly structureDifferences: number | null;
    /** Backups, and the WAL that they need. */
    readonly storageBytes: number;
  }[];
};
type Way = Comparison["ways"][number];

/** Lays scorecards of one drill side by side, in the order given. */
export function compareScorecards(cards: readonly { readonly way: string; readonly card: Scorecard }[]): Comparison {
  const [first] = cards;
  if (!first) throw new Error("there is nothing to compare");
  const { drill, question, runtime, seed } = first.card;
  return {
    schema: "turnback.comparison/1", drill, question, runtime, seed,
    ways: cards.map(({ way, card: { run, verdict, summary, score, measures: m } }) => ({
      way, run, verdict, summary, score, recoveryMs: m.recoveryMs, rollbackMs: m.rollbackMs, unavailableMs: m.unavailableMs, availability: m.availability,
      lostWrites: m.lostWrites?.definite ?? null, lossWindowMs: m.lossWindowMs, shedValues: m.shedValues,
      wrongRecords: m.phantomWrites === null || m.duplicateWrites === null || m.alteredWrites === null ? null : m.phantomWrites + m.duplicateWrites + m.alteredWrites,
      structureDifferences: m.structureDifferences, storageBytes: m.storageBytes,
    })),
  };
}

type Line = { readonly title: string; readonly cell: (way: Way) => string; /** For the picture; null where nothing was measured. */ readonly amount?: (way: Way) => number | null };

const whole = (value: number | null) => (value === null ? "not measured" : value.toLocaleString("en-US"));

const LINES: readonly Line[] = [
  { title: "Recovery", cell: ({ recoveryMs }) => figure(recoveryMs), amount: ({ recoveryMs }) => recoveryMs.value },
  { title: "The way back itself", cell: ({ rollbackMs }) => figure(rollbackMs), amount: ({ rollbackMs }) => rollbackMs.value },
  { title: "Not served", cell: ({ unavailableMs }) => figure(unavailableMs), amount: ({ unavailableMs }) => unavailableMs.value },
  { title: "Availability", cell: ({ availability }) => figure(availability) },
  { title: "Lost writes", cell: ({ lostWrites }) => whole(lostWrites), amount: ({ lostWrites }) => lostWrites },
  { title: "Loss window", cell: ({ lossWindowMs }) => figure(lossWindowMs), amount: ({ lossWindowMs }) => lossWindowMs.value },
  { title: "Shed values", cell: ({ shedValues }) => whole(shedValues), amount: ({ shedValues }) => shedValues },
  { title: "Wrong records", cell: ({ wrongRecords }) => whole(wrongRecords), amount: ({ wrongRecords }) => wrongRecords },
  { title: "Schema differences", cell: ({ structureDifferences }) => whole(structureDifferences) },
  { title: "Storage needed", cell: ({ storageBytes }) => `${(storageBytes / 1e6).toFixed(0)} MB`, amount: ({ storageBytes }) => storageBytes },
];

const WIDTH = 78;
const TITLE = Math.max(...LINES.map(({ title }) => title.length)) + 2;
const COLUMN = 19;

/** A column a way, as many as fit beside each other. */
export function renderComparisonTerminal({ drill, question, runtime, ways }: Comparison, c: ReturnType<typeof coloursFor>): string {
  const beside = Math.floor((WIDTH - TITLE) / COLUMN);
  const lines = ["", `${c.bold(drill)}: ${ways.length} ways back  (${runtime} runtime)`, "", ...wrap(question, WIDTH).map((line) => c.dim(line))];
  const paint = (verdict: Verdict, of: string) => ({ met: c.green, missed: c.red, unknown: c.yellow })[verdict](of);
  for (let at = 0; at < ways.length; at += beside) {
    const some = ways.slice(at, at + beside);
    const row = (title: string, cells: readonly string[]) => `${title.padEnd(TITLE)}${cells.map((cell) => cell.padStart(COLUMN)).join("")}`.trimEnd();
    lines.push("", c.bold(row("", some.map(({ way }) => way))), `${" ".repeat(TITLE)}${some.map(({ verdict }) => paint(verdict, `${ICONS[verdict]} ${WORDS[verdict]}`.padStart(COLUMN))).join("")}`,
      ...LINES.map(({ title, cell }) => row(title, some.map(cell))));
  }
  return `${lines.join("\n")}\n`;
}

export function renderComparisonMarkdown({ drill, question, ways }: Comparison): string {
  const cells = (title: string, of: readonly string[]) => `| ${[title, ...of].join(" | ")} |`;
  return `## ${drill}: ${ways.length} ways back\n\n> ${question}\n\n${[
    cells("", ways.map(({ way }) => way)), cells("---", ways.map(() => "---:")),
    cells("Verdict", ways.map(({ verdict }) => `${ICONS[verdict]} ${WORDS[verdict]}`)), ...LINES.map(({ title, cell }) => cells(title, ways.map(cell)))].join("\n")}\n`;
}

/** One page: the table, each figure with a bar to the largest of its row. `pages` are the ways' own scorecards, relative to it. */
export function renderComparisonHtml(comparison: Comparison, pages: readonly string[]): string {
  const { drill, question, runtime, seed, ways } = comparison;
  const rows = LINES.map(({ title, cell, amount }) => {
    const most = amount ? Math.max(...ways.map((way) => amount(way) ?? 0)) : 0;
    return `<tr><th scope="row">${title}</th>${ways.map((way) => `<td><span class="figure">${text(cell(way))}</span>${amount ? bar(amount(way), most) : ""}</td>`).join("")}</tr>`;
  });
  const heads = ["Cost", ...ways.map(({ way }, i) => `<a href="${text(encodeURI(pages[i] ?? ""))}">${text(way)}</a>`)];
  const verdicts = `<tr><th scope="row">Verdict</th>${ways.map(({ verdict }) => `<td>${badge(verdict)}</td>`).join("")}</tr>`;
  return page(`${drill}: ways back compared`, `<header class="unknown comparison">
<div><h1>${text(question)}</h1>
<p class="answer">${ways.length} ways back from the same migration, under the same load and the same faults.</p>
<p class="meta">Drill <b>${text(drill)}</b> · ${text(runtime)} runtime · seed ${seed}</p></div>
</header>
${section("ways", "What each way back costs", table(heads, `${verdicts}\n${rows.join("\n")}`))}
${section("answers", "In words", ways.map(({ way, verdict, summary, run }) => `<article class="${verdict}"><h3>${text(way)} ${badge(verdict)}</h3><p>${text(summary)}</p><p class="count">Run <code>${text(run)}</code></p></article>`).join("\n"))}`);
}

function bar(amount: number | null, most: number): string {
  const share = amount === null || most === 0 ? 0 : (amount / most) * 100;
  return `<span class="bar" aria-hidden="true"><span style="width:${share.toFixed(1)}%"></span></span>`;
}
