// A suite on one page: which drills came out as they must, and which did not.

import type { Scorecard, Verdict } from "../harness/judge/scorecard.ts";
import { badge, page, section, table, text } from "./page.ts";
import { wrap, type coloursFor } from "./terminal.ts";
import { ICONS, WORDS, figure } from "./words.ts";
import { NEGATIVE } from "./catalogue.ts";
import { xml } from "./junit.ts";

export type Rehearsal = {
  readonly drill: string; readonly folder: string; readonly question: string;
  /** Unknown where it could not be rehearsed. */
  readonly verdict: Verdict;
  /** What its author says it must be. */
  readonly expected: Verdict;
  /** In what it is other than expected. */
  readonly surprises: readonly string[];
  readonly tookMs: number;
  /** Why it was rehearsed a second time, which is the one that counts. */
  readonly again?: string;
  /** Undefined where there is no run. */
  readonly card?: Scorecard;
  /** The scorecard's page, relative to the suite's. */
  readonly page?: string;
};

export type SuiteResult = { readonly suite: string; readonly description: string; readonly runtime: string; readonly seed: number; readonly startedAt: string; readonly tookMs: number; readonly rehearsals: readonly Rehearsal[] };

/** Worse than expected outranks not knowing: met when all are as they must be. */
export function verdictOf({ rehearsals }: SuiteResult): Verdict {
  const open = rehearsals.filter(({ surprises }) => surprises.length > 0);
  if (rehearsals.length === 0) return "unknown";
  return open.length === 0 ? "met" : open.some(({ verdict }) => verdict !== "unknown") ? "missed" : "unknown";
}

export function suiteJson(result: SuiteResult): object {
  const { rehearsals, ...suite } = result;
  return {
    schema: "turnback.suite/1", ...suite, verdict: verdictOf(result),
    drills: rehearsals.map(({ card, page: scorecard, ...rehearsal }) => ({
      ...rehearsal, run: card?.run ?? null, scorecard: scorecard ?? null, score: card?.score ?? null, recoveryMs: card?.measures.recoveryMs.value ?? null, lostWrites: card?.measures.lostWrites?.definite ?? null,
    })),
  };
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
const summary = ({ rehearsals }: SuiteResult) => {
  const right = rehearsals.filter(({ surprises }) => surprises.length === 0);
  const as = (verdict: Verdict) => right.filter(({ expected }) => expected === verdict).length;
  return `${right.length} of ${rehearsals.length} drills came out as they must: ${as("met")} met, ${as("missed")} missed on purpose${as("unknown") === 0 ? "" : `, ${as("unknown")} unknown on purpose`}`;
};

/** One drill, as soon as it is over. */
export function rehearsalLine({ drill, verdict, surprises, tookMs, again }: Rehearsal, c: ReturnType<typeof coloursFor>): string {
  const sign = surprises.length === 0 ? c.green("ok  ") : verdict === "unknown" ? c.yellow("?   ") : c.red("FAIL");
  return [`${sign} ${drill.padEnd(32)} ${WORDS[verdict].toLowerCase().padEnd(8)} ${seconds(tookMs).padStart(8)}`, ...(again === undefined ? [] : wrap(`rehearsed again: ${again}`, 72).map((line) => `       ${line}`)), ...surprises.flatMap((surprise) => wrap(surprise, 72).map((line) => `       ${line}`))].join("\n");
}

export function renderSuiteTerminal(result: SuiteResult, c: ReturnType<typeof coloursFor>): string {
  const verdict = verdictOf(result);
  const paint = { met: c.green, missed: c.red, unknown: c.yellow }[verdict];
  return `\n${paint(`${ICONS[verdict]} ${WORDS[verdict]}`)}  suite ${result.suite}  (${result.runtime} runtime, ${(result.tookMs / 60_000).toFixed(1)} min)\n${wrap(`${summary(result)}.`, 78).join("\n")}\n`;
}

/** A test case a drill: one that is other than expected is a failure, one that nobody knows of an error. */
export function renderSuiteJunit(result: SuiteResult): string {
  const { rehearsals } = result;
  const wrong = rehearsals.filter(({ surprises }) => surprises.length > 0);
  const errors = wrong.filter(({ verdict }) => verdict === "unknown").length;
  const counts = `tests="${rehearsals.length}" failures="${wrong.length - errors}" errors="${errors}"`;
  const time = (ms: number) => (ms / 1_000).toFixed(3);
  const cases = rehearsals.map(({ drill, folder, verdict, surprises, tookMs }) => {
    const open = `    <testcase classname="turnback.${xml(folder)}" name="${xml(drill)}" time="${time(tookMs)}"`;
    const element = verdict === "unknown" ? "error" : "failure";
    return surprises.length === 0 ? `${open}/>` : `${open}>\n      <${element} type="${verdict}" message="${xml(surprises[0] ?? "")}">${xml(surprises.join("\n"))}</${element}>\n    </testcase>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="turnback" ${counts} time="${time(result.tookMs)}">
  <testsuite name="${xml(result.suite)}" timestamp="${result.startedAt.replace(/\.\d+Z$/, "")}" ${counts} skipped="0" time="${time(result.tookMs)}">
${cases.join("\n")}
  </testsuite>
</testsuites>
`;
}

export function renderSuiteHtml(result: SuiteResult): string {
  const verdict = verdictOf(result);
  const wrong = result.rehearsals.filter(({ surprises }) => surprises.length > 0);
  const link = ({ drill, page: of }: Rehearsal) => (of === undefined ? text(drill) : `<a href="${text(encodeURI(of))}">${text(drill)}</a>`);
  const rows = (some: readonly Rehearsal[]) => some.map((rehearsal) => {
    const { question, verdict: seen, expected, card, tookMs, again } = rehearsal;
    return `<tr><td>${badge(seen)}</td><th scope="row">${link(rehearsal)}</th><td>${text(question)}${again === undefined ? "" : `<br><small>Rehearsed again: ${text(again)}.</small>`}</td><td>${expected === "met" ? "met" : `${expected}, on purpose`}</td>
<td class="figure">${card ? text(figure(card.measures.recoveryMs)) : "–"}</td><td class="figure">${card?.measures.lostWrites?.definite.toLocaleString("en-US") ?? "–"}</td><td class="figure">${seconds(tookMs)}</td></tr>`;
  }).join("\n");
  const heads = ["Verdict", "Drill", "Question", "Must be", "Recovery", "Lost writes", "Took"];
  const folders = [...Map.groupBy(result.rehearsals, ({ folder }) => folder)].sort(([a], [b]) => Number(a === NEGATIVE) - Number(b === NEGATIVE) || a.localeCompare(b));
  return page(`${WORDS[verdict]}: suite ${result.suite}: Turnback`, `<header class="${verdict}">
<p class="verdict"><span aria-hidden="true">${ICONS[verdict]}</span> ${verdict === "met" ? "AS IT MUST BE" : WORDS[verdict]}</p>
<div><h1>Suite ${text(result.suite)}</h1><p class="answer">${text(summary(result))}.</p>
<p class="meta">${text(result.description)} ${text(result.runtime)} runtime · seed ${result.seed} · ${(result.tookMs / 60_000).toFixed(1)} min · <time datetime="${text(result.startedAt)}">${text(result.startedAt.slice(0, 16).replace("T", " "))} UTC</time></p></div>
</header>
${wrong.length === 0 ? "" : section("wrong", `Other than they must be (${wrong.length})`, wrong.map((rehearsal) => `<article><h3>${link(rehearsal)} ${badge(rehearsal.verdict)}</h3><ul>${rehearsal.surprises.map((surprise) => `<li>${text(surprise)}</li>`).join("")}</ul></article>`).join("\n"))}
${folders.map(([folder, some]) => section(`folder-${folder}`, `${folder} (${some.length})`, table(heads, rows(some)))).join("\n")}`);
}
