// A sweep on one page: where a plan breaks, how badly, and how much of it was tried.

import type { Verdict } from "../harness/judge/scorecard.ts";
import { ms } from "../harness/judge/verdicts.ts";
import { figuresOf, type Quantiles, type SweepFigures } from "../harness/sweep/figures.ts";
import type { Found } from "../harness/sweep/log.ts";
import { momentInWords, scheduleInWords, type Moment, type Point } from "../harness/sweep/points.ts";
import type { Outcome, Tried } from "../harness/sweep/sweep.ts";
import { xml } from "./junit.ts";
import { cell as markdownCell } from "./markdown.ts";
import { badge, page, section, table, text } from "./page.ts";
import { wrap, type coloursFor } from "./terminal.ts";
import { ICONS, WAYS, WORDS } from "./words.ts";

export type SweepResult = {
  readonly drill: string; readonly question: string; readonly plan: string; readonly runtime: string; readonly seed: number; readonly startedAt: string;
  /** All there are, in the order of time. */
  readonly points: readonly Point[];
  /** Of those that were tried, in the order in which they were. */
  readonly outcomes: readonly Tried[];
  /** Drills that repeat what was found, made as small as they go on failing; relative to the page. */
  readonly found: readonly Found[];
};

/** Met only when every point is tried and met: a point that nobody has looked at is nothing that is known. */
export function verdictOf({ points, outcomes }: SweepResult): Verdict {
  if (outcomes.some(({ verdict }) => verdict === "missed")) return "missed";
  return outcomes.length === points.length && outcomes.every(({ verdict }) => verdict === "met") ? "met" : "unknown";
}

const percent = (share: number) => `${(share * 100).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`;
const spread = (some: Quantiles | null, unit: (value: number) => string) => (some === null ? "not measured" : `${unit(some.p50)} (median), ${unit(some.p90)} (90 %), ${unit(some.max)} (worst)`);
const whole = (value: number) => value.toLocaleString("en-US");

/** Counts of nothing are left out, and what is not known because nobody tried it is said. */
function headline({ drill }: SweepResult, { coverage: { tried, of }, met, missed, unknown }: SweepFigures): string {
  const counts = Object.entries({ met, missed, unknown }).flatMap(([verdict, n]) => (n > 0 ? [`${tried > 1 && n === tried ? "all" : whole(n)} ${verdict}`] : []));
  const open = missed === 0 && tried < of ? `; of the other ${whole(of - tried)} nobody knows` : "";
  return `${drill}, ${whole(tried)} of ${whole(of)} points tried${counts.length > 0 ? `: ${counts.join(", ")}` : ""}${open}`;
}

function success({ success: { part, of, from, to } }: SweepFigures): string {
  return of === 0 ? "not known" : `${percent(part / of)} of ${whole(of)} (95 % certain: ${percent(from)} to ${percent(to)})`;
}

function repeated({ repeated: { part, of, from, to } }: SweepFigures): string {
  return of === 0 ? "not measured" : `${percent(part / of)} of ${whole(of)} repeated ${of === 1 ? "try" : "tries"} (95 % certain: ${percent(from)} to ${percent(to)})`;
}

/** For what came out otherwise in some tries: what is shown is the worst. */
const seldom = ({ tries, alike }: Tried) => (alike === tries ? "" : ` (in ${alike} of ${tries} tries)`);

/** One way of failing: points in the same half at which the same way back misses the same, with the same findings. */
type Failure = { readonly points: readonly Point[]; readonly outcomes: readonly Tried[] };

export function failures({ points, outcomes }: Pick<SweepResult, "points" | "outcomes">): readonly Failure[] {
  const known = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  const bad = points.flatMap((point) => { const outcome = known.get(point.id); return outcome && outcome.verdict !== "met" ? [{ point, outcome }] : []; });
  const groups = Map.groupBy(bad, ({ point, outcome }) => JSON.stringify([outcome.verdict, point.way, point.moments[0]?.during, outcome.missed, outcome.findings]));
  return [...groups.values()]
    .map((group) => ({ points: group.map(({ point }) => point), outcomes: group.map(({ outcome }) => outcome) }))
    .sort((a, b) => Number(a.outcomes[0]?.verdict === "unknown") - Number(b.outcomes[0]?.verdict === "unknown") || b.points.length - a.points.length);
}

const titleOf = ({ outcomes: [first], points: [point] }: Failure) => `${first?.verdict === "unknown" ? "unknown" : `${first?.missed.join(", ")} missed`}, back by ${point && WAYS[point.way]}, struck in the ${point?.moments[0]?.during}`;

export function sweepJson(result: SweepResult): object {
  const { drill, plan, runtime, seed, startedAt, points, outcomes } = result;
  const figures = figuresOf(outcomes, points.length);
  const of = new Map(points.map((point) => [point.id, point]));
  return {
    schema: "turnback.sweep/1", drill, plan, runtime, seed, startedAt, verdict: verdictOf(result), found: result.found,
    coverage: figures.coverage.of === 0 ? 0 : figures.coverage.tried / figures.coverage.of, figures,
    points: outcomes.map(({ id, ...outcome }) => {
      const point = of.get(id);
      const [first, second] = point?.moments ?? [];
      const at = (moment: Moment | undefined) => ({ during: moment?.during ?? null, step: moment?.step ?? null, at: moment?.at ?? null });
      return { ...at(first), ...(second && { then: at(second) }), fault: point?.fault.name ?? null, way: point?.way ?? null, ...outcome };
    }),
  };
}

/** One point, as soon as it is over. */
export function pointLine({ verdict, recoveryMs, missed, answer, tookMs }: Outcome, point: Point, { tried, of, again }: { readonly tried: number; readonly of: number; readonly again: boolean }, c: ReturnType<typeof coloursFor>): string {
  const paint = { met: c.green, missed: c.red, unknown: c.yellow }[verdict];
  const head = `${(again ? "again" : `${tried}/${of}`).padStart(9)} ${paint(WORDS[verdict].padEnd(7))} ${(tookMs / 1_000).toFixed(1).padStart(5)} s  `;
  const why = verdict === "met" ? [`recovery ${recoveryMs === null ? "not measured" : ms(recoveryMs)}`] : [verdict === "missed" ? `missed: ${missed.join(", ")}` : answer];
  return head + [`${scheduleInWords(point)}; back by ${WAYS[point.way]}`, ...why].flatMap((part) => wrap(part, 51)).join(`\n${" ".repeat(27)}`);
}

export function renderSweepTerminal(result: SweepResult, c: ReturnType<typeof coloursFor>): string {
  const verdict = verdictOf(result);
  const figures = figuresOf(result.outcomes, result.points.length);
  const paint = { met: c.green, missed: c.red, unknown: c.yellow }[verdict];
  const worst = failures(result).flatMap((failure) => {
    const [point] = failure.points;
    return point ? wrap(`- ${titleOf(failure)}: ${failure.points.length} ${failure.points.length === 1 ? "point" : "points"}, first ${scheduleInWords(point)}`, 78) : [];
  });
  return ["", `${paint(`${ICONS[verdict]} ${WORDS[verdict]}`)}  sweep  (${result.runtime} runtime)`, ...wrap(`${headline(result, figures)}.`, 78), "",
    ...wrap(`way back succeeds  ${success(figures)}`, 78), ...wrap(`outcome repeats    ${repeated(figures)}`, 78), ...wrap(`recovery           ${spread(figures.recoveryMs, ms)}`, 78), ...wrap(`lost writes        ${spread(figures.lostWrites, whole)}`, 78),
    ...(worst.length > 0 ? ["", ...worst] : []), ...result.found.map(({ point, file, failed, of }) => (file === null ? `not missed again in ${of} tries: ${point}` : `made smaller (${failed} of ${of} tries): ${file}`)).flatMap((line) => wrap(line, 78)), ""].join("\n");
}

export function renderSweepMarkdown(result: SweepResult): string {
  const verdict = verdictOf(result);
  const figures = figuresOf(result.outcomes, result.points.length);
  const rows = failures(result).map((failure) => `| ${ICONS[failure.outcomes[0]?.verdict ?? "unknown"]} ${markdownCell(titleOf(failure))} | ${failure.points.length} | ${failure.points[0] ? markdownCell(scheduleInWords(failure.points[0])) : ""} | ${markdownCell(failure.outcomes[0]?.answer ?? "")} |`);
  return `## ${ICONS[verdict]} ${WORDS[verdict]}: sweep of ${markdownCell(result.drill)}

${markdownCell(headline(result, figures))}.

| | |
|---|---|
| The way back succeeds | ${success(figures)} |
| An outcome repeats | ${repeated(figures)} |
| Recovery | ${spread(figures.recoveryMs, ms)} |
| Lost writes | ${spread(figures.lostWrites, whole)} |
${rows.length === 0 ? "" : `\n| Where it breaks | Points | The first | Its answer |\n|---|---|---|---|\n${rows.slice(0, 100).join("\n")}\n`}`;
}

/** A test case a point: those that nobody has tried are skipped. */
export function renderSweepJunit(result: SweepResult): string {
  const { points, outcomes } = result;
  const known = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  const { missed, unknown } = figuresOf(outcomes, points.length);
  const time = (took: number) => (took / 1_000).toFixed(3);
  const all = time(outcomes.reduce((sum, { tookMs }) => sum + tookMs, 0));
  const counts = `tests="${points.length}" failures="${missed}" errors="${unknown}" skipped="${points.length - outcomes.length}" time="${all}"`;
  const cases = points.map((point) => {
    const outcome = known.get(point.id);
    const open = `    <testcase classname="turnback.${xml(point.way)}.${xml(point.fault.name)}" name="${xml(scheduleInWords(point))}" time="${time(outcome?.tookMs ?? 0)}"`;
    if (outcome?.verdict === "met") return `${open}/>`;
    const inside = outcome === undefined ? "<skipped message=\"not tried within the budget\"/>"
      : `<${outcome.verdict === "missed" ? "failure" : "error"} type="${outcome.verdict}" message="${xml(outcome.missed.join(", ") || "unknown")}">${xml(outcome.answer + seldom(outcome))}</${outcome.verdict === "missed" ? "failure" : "error"}>`;
    return `${open}>\n      ${inside}\n    </testcase>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="turnback" tests="${points.length}" failures="${missed}" errors="${unknown}" time="${all}">
  <testsuite name="sweep ${xml(result.drill)}" timestamp="${result.startedAt.replace(/\.\d+Z$/, "")}" ${counts}>
${cases.join("\n")}
  </testsuite>
</testsuites>
`;
}

export function renderSweepHtml(result: SweepResult): string {
  const verdict = verdictOf(result);
  const figures = figuresOf(result.outcomes, result.points.length);
  const kinds = (id: string, title: string, of: Verdict) => {
    const some = failures(result).filter(({ outcomes: [first] }) => first?.verdict === of);
    return some.length === 0 ? "" : section(id, `${title} (${some.length} ${some.length === 1 ? "way" : "ways"})`, some.map((failure) => article(failure, result)).join("\n"));
  };
  const facts = [["Coverage", `${whole(figures.coverage.tried)} of ${whole(figures.coverage.of)} points, ${percent(figures.coverage.tried / Math.max(1, figures.coverage.of))}`], ["The way back succeeds", success(figures)], ["An outcome repeats", repeated(figures)], ["Recovery", spread(figures.recoveryMs, ms)], ["Lost writes", spread(figures.lostWrites, whole)]] as const;
  return page(`${WORDS[verdict]}: sweep of ${result.drill}: Turnback`, `<header class="${verdict}">
<p class="verdict"><span aria-hidden="true">${ICONS[verdict]}</span> ${WORDS[verdict]}</p>
<div><h1>At which moment of ${text(result.plan)} does a fault keep us from going back?</h1><p class="answer">${text(headline(result, figures))}.</p>
<p class="meta">Its drill asks: ${text(result.question)}</p><p class="meta">Plan ${text(result.plan)} · ${text(result.runtime)} runtime · seed ${result.seed} · <time datetime="${text(result.startedAt)}">${text(result.startedAt.slice(0, 16).replace("T", " "))} UTC</time></p></div>
</header>
${section("figures", "How it went", `<dl class="sweep">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${text(value)}</dd></div>`).join("")}</dl>`)}
${kinds("broken", "Where it breaks", "missed")}${kinds("open", "What nobody knows", "unknown")}
${section("map", "Every moment", heatMap(result))}`);
}

function article(failure: Failure, { found }: SweepResult): string {
  const { points, outcomes } = failure;
  const repeated = found.filter(({ point }) => points.some(({ id }) => id === point)).map(({ file, failed, of, changes }) =>
    file === null ? `<p>It was not missed again in ${of} tries.</p>` : `<p>Repeated by <a href="${text(encodeURI(file))}">${text(file)}</a>, which failed in ${failed} of ${of} tries${changes.length === 0 ? "" : `; made smaller: ${text(changes.join("; "))}`}.</p>`);
  const verdict = outcomes[0]?.verdict ?? "unknown";
  const links = points.map((point, i) => `<li>${link(outcomes[i], text(scheduleInWords(point)))}${outcomes[i] ? seldom(outcomes[i]) : ""}</li>`);
  return `<article class="${verdict}"><h3>${badge(verdict)} ${text(titleOf(failure))} <span class="count">(${points.length} ${points.length === 1 ? "point" : "points"})</span></h3>
<p>${text(outcomes[0]?.answer ?? "")}</p>${outcomes[0]?.findings.length ? `<p class="count">Findings: ${outcomes[0].findings.map((kind) => `<code>${text(kind)}</code>`).join(", ")}</p>` : ""}
${links.length <= 6 ? `<ul>${links.join("")}</ul>` : `<ul>${links.slice(0, 3).join("")}</ul><details><summary>and ${links.length - 3} more</summary><ul>${links.slice(3).join("")}</ul></details>`}${repeated.join("")}</article>`;
}

const link = (outcome: Outcome | undefined, what: string) => (outcome?.run ? `<a href="${text(encodeURI(outcome.run))}">${what}</a>` : what);

/** Moments from top to bottom as time goes, ways back and faults beside each other; a second fault is not drawn, but listed above. */
function heatMap({ points, outcomes }: SweepResult): string {
  const known = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  const single = points.filter(({ moments }) => moments.length === 1);
  const lanes = [...Map.groupBy(single, ({ way, fault }) => `${way}, ${fault.name}`)];
  const rows = [...Map.groupBy(single, ({ moments: [moment] }) => (moment ? momentInWords(moment) : ""))];
  const slowest = Math.max(1, ...outcomes.map(({ recoveryMs }) => recoveryMs ?? 0));
  const wasTried = ([, some]: (typeof rows)[number]) => some.some(({ id }) => known.has(id));
  const [tried, untried] = [rows.filter(wasTried), rows.filter((row) => !wasTried(row))];
  const body = tried.map(([moment, some]) => `<tr><th scope="row">${text(moment)}</th>${lanes.map(([lane]) => {
    const point = some.find(({ way, fault }) => `${way}, ${fault.name}` === lane);
    const outcome = point && known.get(point.id);
    if (!point) return "<td></td>";
    if (!outcome) return '<td class="heat untried" title="not tried"><span aria-hidden="true">·</span><span class="unseen">not tried</span></td>';
    const bar = Math.round(((outcome.recoveryMs ?? 0) / slowest) * 100);
    const says = outcome.verdict === "met" ? ms(outcome.recoveryMs ?? 0) : outcome.verdict === "missed" ? outcome.missed.join(", ") : "unknown";
    const lost = outcome.lostWrites ? `, ${whole(outcome.lostWrites)} lost` : "";
    return `<td class="heat ${outcome.verdict}"><span aria-hidden="true">${ICONS[outcome.verdict]}</span> ${link(outcome, text(says + lost))}${seldom(outcome)}<span class="bar" aria-hidden="true"><span style="width:${bar}%"></span></span></td>`;
  }).join("")}</tr>`);
  const rest = untried.length === 0 ? "" : `<details><summary>${whole(untried.length)} ${untried.length === 1 ? "moment" : "moments"} not tried at all</summary><ul>${untried.map(([moment]) => `<li>${text(moment)}</li>`).join("")}</ul></details>`;
  const ways = [...new Set(single.map(({ way }) => way))];
  const head = ({ way, fault }: Point) => `${text(fault.name)}${ways.length > 1 ? `<br><span class="count">back by ${text(WAYS[way])}</span>` : ""}`;
  const back = ways.length === 1 ? ways.map((way) => `Each goes back by ${WAYS[way]}. `).join("") : "";
  return `<p class="count">From top to bottom as time goes. ${text(back)}Met: how long recovery took, with a bar against the slowest. Missed: which objectives. Lost: how many writes, where any are. A dot: not tried.</p>${table(["Moment", ...lanes.map(([, some]) => some.slice(0, 1).map(head).join(""))], body.join("\n"))}${rest}`;
}
