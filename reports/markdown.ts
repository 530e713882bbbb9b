// Markdown for a CI job's summary: verdict first, and never over what CI keeps.

import { visible } from "../harness/base/visible.ts";
import type { Scorecard } from "../harness/judge/scorecard.ts";
import { courseLines } from "./course-words.ts";
import { exampleLines } from "./examples.ts";
import { ICONS, WORDS, bound, figure, iconOf, wordOf, measured } from "./words.ts";

/** CI systems drop a summary of more than 1 MiB as a whole. */
export const MARKDOWN_LIMIT_BYTES = 900 * 1024;

export function renderMarkdown(card: Scorecard): string {
  const head = `## ${ICONS[card.verdict]} ${WORDS[card.verdict]}: ${cell(card.drill)}

> ${cell(card.question)}

${card.advice ? `**${cell(card.advice.consequence)}** ${cell(card.advice.advice)}\n\n` : ""}${[card.summary, ...courseLines(card)].map(cell).join("\n\n")}

${cell(card.runtime)} runtime · seed ${card.seed} · \`${cell(card.run)}\`

| | Objective | Target | Measured | Why |
|---|---|---|---|---|
${card.objectives.map((o) => `| ${iconOf(o)} ${wordOf(o)} | ${cell(o.title)} | ${cell(bound(o))} | ${cell(measured(o))} | ${cell(o.reason)} |`).join("\n")}

| Operations | Committed | Rejected | Indeterminate | Dropped | Unserved time |
|---|---|---|---|---|---|
| | ${card.measures.operations.committed} | ${card.measures.operations.rejected} | ${card.measures.operations.indeterminate} | ${card.measures.operations.dropped} | ${figure(card.measures.unavailableMs)} |
${card.coverage ? `\n${cell(card.coverage.sentence)}\n` : ""}`;
  const doubts = card.doubts.map((doubt) => `- harness: ${cell(doubt)}`);
  const listed = (title: string, findings: Scorecard["findings"]) => (findings.length > 0 ? ["", `### ${title} (${findings.length})`, "", ...findings.flatMap((finding) => [`- \`${cell(finding.kind)}\` ${cell(finding.subject)}: ${cell(finding.detail)}${examples(finding)}`,
    ...(finding.consequences ?? []).map((one) => `    - \`${cell(one.kind)}\` ${cell(one.subject)}: ${cell(one.detail)}`)])] : []);
  return within(head, [...(doubts.length > 0 ? ["", "### Doubts", "", ...doubts] : []), ...listed("Findings", card.findings), ...listed("Worth knowing, and not counted", card.warnings)]);
}

/** A block of its own below its finding, as in a terminal; of one piece with it, so that none is cut off in the middle. */
function examples(finding: Scorecard["findings"][number]): string {
  const lines = exampleLines(finding, 76);
  return lines.length === 0 ? "" : `\n\n${["```text", ...lines.map((line) => visible(line).replaceAll("`", "'")), "```"].map((line) => `    ${line}`).join("\n")}\n`;
}

/** As many lines as fit, and a word about the rest. */
function within(head: string, lines: readonly string[]): string {
  const rest = "\n... and more: see scorecard.json\n";
  let text = head;
  let bytes = Buffer.byteLength(head) + rest.length;
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > MARKDOWN_LIMIT_BYTES) return text + rest;
    text += `${line}\n`;
  }
  return text;
}

/** Nothing to see, and it parts what a renderer would take for an address, a person or an issue. */
const APART = "\u200b";

/** Text that can't break out of its table cell, nor become markup, a link, a picture, or a call to somebody. */
export function cell(text: string): string {
  return visible(text).replace(/[\\|*[\]!~]/g, "\\$&").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("`", "'").replace(/\s*\n\s*/g, " ")
    .replace(/@(?=\w)|:(?=\/\/)|#(?=\d)|\bwww(?=\.)|\b(?:mailto|xmpp|GH|gh)(?=[:-])/g, `$&${APART}`).replace(/^(?=\s*(?:[-+>#=:]|\d+[.)]))/, APART);
}
