// The scorecard in a terminal: fits 80 columns, a dumb terminal and a CI log.

import pc from "picocolors";
import { forTerminal, visibleData } from "../harness/base/visible.ts";
import type { Scorecard, Verdict } from "../harness/judge/scorecard.ts";
import { courseLines } from "./course-words.ts";
import { exampleLines } from "./examples.ts";
import { ICONS, WORDS, figure, iconOf, measured, stoodStill, target } from "./words.ts";

/** Fits a terminal of 80 columns. */
export const WIDTH = 78;
type Colours = ReturnType<typeof pc.createColors>;

/** Colour only where somebody looks: never in a file, a pipe, or with NO_COLOR. */
export function coloursFor(stream: { readonly isTTY?: boolean }): Colours {
  return pc.createColors(Boolean(stream.isTTY) && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb");
}

function paint(c: Colours, verdict: Verdict, text: string): string {
  return { met: c.green, missed: c.red, unknown: c.yellow }[verdict](text);
}

/** Verdict first, then objectives, what happened, and the findings. */
export function renderTerminal(given: Scorecard, c: Colours): string {
  const card = visibleData(given);
  const lines: string[] = [];
  const headline = `${ICONS[card.verdict]} ${WORDS[card.verdict]}`;
  lines.push("", `${c.bold(paint(c, card.verdict, headline))}  ${c.bold(card.drill)}  (${card.runtime} runtime)`, "");
  lines.push(...wrap(card.question, WIDTH).map((line) => c.dim(line)), "", ...wrap(card.summary, WIDTH), "");
  if (card.advice) lines.push(...wrap(card.advice.consequence, WIDTH).map((line) => c.bold(line)), ...wrap(`-> ${card.advice.advice}`, WIDTH), "");
  lines.push(...courseLines(card).flatMap((line) => [...wrap(line, WIDTH), ""]));
  const nameWidth = Math.max(...card.objectives.map(({ title }) => title.length));
  for (const objective of card.objectives) {
    const head = `${iconOf(objective)} ${objective.title.padEnd(nameWidth)}  `;
    lines.push(`${paint(c, objective.verdict, head)}${measured(objective)} (target: ${target(objective)})`);
    if (objective.note !== undefined) lines.push(...wrap(objective.note, WIDTH - 4).map((line) => `    ${line}`));
    if (objective.verdict !== "met") lines.push(...wrap(objective.reason, WIDTH - 4).map((line) => `    ${line}`));
  }
  lines.push("", ...whatHappened(card, c), ...findingLines(card, c));
  return forTerminal(`${lines.join("\n")}\n`);
}

function whatHappened(card: Scorecard, c: Colours): string[] {
  const { measures, faults, doubts } = card;
  const { operations } = measures;
  const lines = faults.map((fault) =>
    `fault     ${fault.kind} on ${fault.target}: ${fault.proven ? `proven at ${seconds(fault.atMs)}` : "NOT PROVEN"}, ${fault.healed ? `healed at ${seconds(fault.healedMs)}` : "NOT HEALED"}`);
  lines.push(
    `clients   ${n(operations.committed)} committed, ${n(operations.rejected)} rejected, ${n(operations.indeterminate)} indeterminate, ${n(operations.dropped)} dropped`,
    `outage    ${figure(measures.unavailableMs)} unserved; detection ${figure(measures.detectionMs)}`,
    `way back  decision ${figure(measures.decisionMs)}, rollback ${figure(measures.rollbackMs)}`,
    ...measures.latency.filter(({ operations: served }) => served > 0).map(({ period, p50Ms, p99Ms, maxMs, operations: served }) =>
      `latency   ${period.padEnd(6)} p50 ${p50Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms (n = ${n(served)})`),
  );
  if (card.coverage) lines.push(...wrap(`coverage  ${card.coverage.sentence}`, WIDTH));
  const still = stoodStill(card);
  return [...lines, ...[...(still === undefined ? [] : [still]), ...doubts].flatMap((doubt) => wrap(`harness   ${doubt}`, WIDTH).map((line) => c.yellow(line)))];
}

function findingLines({ findings, warnings }: Scorecard, c: Colours): string[] {
  return [...listed("findings", findings, c), ...listed("worth knowing, and not counted", warnings, c)];
}

function listed(title: string, findings: Scorecard["findings"], c: Colours): string[] {
  if (findings.length === 0) return [];
  const most = 12;
  return ["", c.bold(`${title} (${findings.length})`),
    ...findings.slice(0, most).flatMap((finding) => [
      ...wrap(`${finding.kind}: ${finding.subject}: ${finding.detail}`, WIDTH - 2).map((line, i) => (i === 0 ? `- ${line}` : `  ${line}`)),
      ...exampleLines(finding, WIDTH - 4).map((line, i) => (i === 0 ? c.dim(`    ${line}`) : `    ${line}`)),
      ...consequenceLines(finding),
    ]),
    ...(findings.length > most ? [`  ... and ${findings.length - most} more in scorecard.json`] : [])];
}

function consequenceLines({ consequences = [] }: Scorecard["findings"][number]): string[] {
  return [
    ...consequences.slice(0, 3).flatMap((one) => wrap(`${one.kind}: ${one.subject}`, WIDTH - 7).map((line, i) => (i === 0 ? `    -> ${line}` : `       ${line}`))),
    ...(consequences.length > 3 ? [`    -> and ${consequences.length - 3} more that follow from it`] : []),
  ];
}

function n(value: number): string {
  return value.toLocaleString("en-US");
}

function seconds(ms: number | null): string {
  return ms === null ? "?" : `${(ms / 1_000).toFixed(2)} s`;
}

/** Breaks a text at blanks into lines of at most `width`; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = "";
      }
      line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
