// The scorecard as one self-contained page: verdict first, then how it went, then the evidence.

import { anomalyForm } from "../harness/evidence/forms/scorecard.ts";
import type { ToldAnomaly } from "../harness/judge/isolation/describe.ts";
import type { Finding, Scorecard } from "../harness/judge/scorecard.ts";
import { renderChart } from "./chart.ts";
import { renderCycle } from "./cycle.ts";
import { courseLines } from "./course-words.ts";
import { comparedRows, excerpts } from "./examples.ts";
import { badge, page, section, table, text } from "./page.ts";
import { ICONS, WORDS, bound, figure, measured, stoodStill } from "./words.ts";

/** Renders a page that opens from the file system and needs nothing else: no script, no font, no network. */
export function renderHtml(card: Scorecard): string {
  return page(`${WORDS[card.verdict]}: ${card.drill}: Turnback scorecard`, `${banner(card)}
${objectives(card)}
${harness(card)}
${course(card)}
${findings(card)}
${journeys(card)}
${clients(card)}
${faults(card)}
${provenance(card)}`);
}

function banner(card: Scorecard): string {
  return `<header class="${card.verdict}">
<p class="verdict"><span aria-hidden="true">${ICONS[card.verdict]}</span> ${WORDS[card.verdict]}</p>
<div>
<h1>${text(card.question)}</h1>
${card.advice ? `<p class="answer"><b>${text(card.advice.consequence)}</b><br>${text(card.advice.advice)}</p>\n` : ""}<p class="answer">${text(card.summary)}</p>
${courseLines(card).map((line) => `<p class="course">${text(line)}</p>\n`).join("")}<p class="meta">Drill <b>${text(card.drill)}</b> · ${text(card.runtime)} runtime · <time datetime="${text(card.startedAt)}">${text(card.startedAt.slice(0, 16).replace("T", " "))} UTC</time></p>
</div>
</header>`;
}

function objectives(card: Scorecard): string {
  const rows = card.objectives.map((objective) => `<tr>
<td>${objective.applies === false ? `<span class="badge">– N/A</span>` : badge(objective.verdict)}</td><th scope="row">${text(objective.title)}</th>
<td class="figure">${text(measured(objective))}</td><td class="bound">${text(bound(objective))}</td><td>${text(objective.reason)}</td></tr>`).join("\n");
  return section("objectives", "Objectives", table(["Verdict", "Objective", "Measured", "Target", "Why"], rows));
}

/** What the harness itself failed at stands apart: it says nothing about the drilled system. */
function harness(card: Scorecard): string {
  if (card.doubts.length === 0) return "";
  return section("harness", "Why this run can't be trusted", `<p>These are failures of the harness or its surroundings, not of the drilled system. Until they are mended, nothing here counts as met.</p>
<ul>${card.doubts.map((doubt) => `<li>${text(doubt)}</li>`).join("")}</ul>`);
}

function course(card: Scorecard): string {
  const { bins, binMs } = card.series;
  if (bins.length === 0) return "";
  const { recoveryMs, unavailableMs, detectionMs, decisionMs, rollbackMs } = card.measures;
  const alt = `Operations per second and latency over ${((bins.length * binMs) / 1_000).toFixed(0)} seconds. Recovery ${figure(recoveryMs)}, unserved ${figure(unavailableMs)}.`;
  const svg = renderChart(card).replace(/<svg /, `<svg role="img" aria-label="${text(alt)}" `);
  const binRows = bins.map((bin) => `<tr><th scope="row">${(bin.atMs / 1_000).toFixed(2)} s</th><td>${bin.served}</td><td>${bin.failed}</td><td>${bin.p50Ms ?? "–"}</td><td>${bin.p99Ms ?? "–"}</td></tr>`).join("");
  const spanRows = card.spans.map((span) => `<tr><td>${text(span.lane)}</td><th scope="row">${text(span.label)}</th><td>${(span.fromMs / 1_000).toFixed(3)} s</td><td>${(span.toMs / 1_000).toFixed(3)} s</td><td>${((span.toMs - span.fromMs) / 1_000).toFixed(3)} s</td></tr>`).join("");
  const told = recoveryMs.value === 0 ? "<b>No client impact was seen.</b> The way back took" : `Recovery <b>${figure(recoveryMs)}</b>: detection ${figure(detectionMs)}, decision ${figure(decisionMs)}, way back`;
  return section("course", "How it went", `<p>${told} ${figure(rollbackMs)}. Not served for ${figure(unavailableMs)} in all. The shaded time is the clients' impact.</p>
<div class="chart" tabindex="0" role="region" aria-label="Chart of the run">${svg}</div>
<details><summary>What happened when, as a table (${card.spans.length} rows)</summary>${table(["Kind", "What", "From", "To", "Took"], spanRows)}</details>
<details><summary>The chart's figures, as a table (${bins.length} rows of ${binMs} ms)</summary>${table(["From", "Served", "Not served", "p50, ms", "p99, ms"], binRows)}</details>`);
}

const MOST_FINDINGS = 100;

function findings(card: Scorecard): string {
  const none = "<p>None: data, schema, service and integrity are as they were, and as clients were told.</p>";
  const unknown = "<p>None were recorded, which says nothing here: the facts are not complete.</p>";
  const body = card.findings.length === 0 ? (card.doubts.length === 0 ? none : unknown)
    : card.findings.slice(0, MOST_FINDINGS).map((finding) => one(card, finding)).join("\n")
      + (card.findings.length > MOST_FINDINGS ? `<p>… and ${card.findings.length - MOST_FINDINGS} more in scorecard.json.</p>` : "");
  const known = card.warnings.length === 0 ? "" : section("warnings", `Worth knowing, and not counted (${card.warnings.length})`, card.warnings.slice(0, MOST_FINDINGS).map((finding) => one(card, finding)).join("\n"));
  const looked = card.coverage ? `\n<p class="coverage">${text(card.coverage.sentence)}</p>` : "";
  return section("findings", `Findings (${card.findings.length})`, body + looked) + known;
}

function one(card: Scorecard, finding: Finding): string {
  const { kind, subject, detail, count, query, consequences = [] } = finding;
  const command = `turnback query runs/${card.run} "${query.replaceAll(/["$`\\]/g, "\\$&")}"`;
  return `<article><h3><code>${text(kind)}</code> ${text(subject)}</h3>
<p>${text(detail)}${count > 1 ? ` <span class="count">×${count.toLocaleString("en-US")}</span>` : ""}</p>
${compared(finding)}${consequences.length === 0 ? "" : `<details${consequences.length <= 5 ? " open" : ""}><summary>What follows from it (${consequences.length})</summary><ul>${consequences.map((one) => `<li><code>${text(one.kind)}</code> ${text(one.subject)}: ${text(one.detail)}</li>`).join("")}</ul></details>
`}<details><summary>How do you know?</summary>
<p>Ask the run's evidence:</p><pre tabindex="0">${text(command)}</pre>
${others(finding)}
</details></article>`;
}

/** Values that are not as they should be stand open: they say more than any sentence. */
function compared(finding: Finding): string {
  const rows = comparedRows(finding, 5);
  if (rows.length === 0) return "";
  const cells = rows.map(([key, expected, held]) => `<tr><th scope="row">${text(key)}</th>${excerpts(expected, held, [300, 300]).map((value) => `<td><code>${text(value)}</code></td>`).join("")}</tr>`);
  return `${table(["Key", "Expected", "Held"], cells.join("\n"))}\n`;
}

function others(finding: Finding): string {
  if (finding.kind.startsWith("isolation-")) return pictures(finding.examples.filter((example): example is ToldAnomaly => anomalyForm.safeParse(example).success));
  if (finding.examples.length === 0 || comparedRows(finding, 1).length > 0) return "";
  return `<p>Examples:</p><pre tabindex="0">${text(finding.examples.slice(0, 5).map((example) => JSON.stringify(example)).join("\n"))}</pre>`;
}

/** A cycle says more as a ring than as JSON; an anomaly without one is told in words. */
function pictures(anomalies: readonly ToldAnomaly[]): string {
  return anomalies.map((anomaly) => `${anomaly.steps ? `<figure class="cycle">${renderCycle(anomaly)}</figure>` : ""}<pre tabindex="0">${text(anomaly.text)}</pre>`).join("\n");
}

function clients(card: Scorecard): string {
  const { measures } = card;
  const still = stoodStill(card);
  const { operations, latency, probes } = measures;
  const rows = latency.map(({ period, operations: n, p50Ms, p99Ms, maxMs }) =>
    `<tr><th scope="row">${period} the migration and the way back</th><td>${n.toLocaleString("en-US")}</td><td>${p50Ms ?? "–"}</td><td>${p99Ms ?? "–"}</td><td>${maxMs ?? "–"}</td></tr>`).join("");
  return section("clients", "What clients were told", `<dl>
<div><dt>Committed</dt><dd>${operations.committed.toLocaleString("en-US")}</dd></div>
<div><dt>Rejected</dt><dd>${operations.rejected.toLocaleString("en-US")}</dd></div>
<div><dt>Indeterminate</dt><dd>${operations.indeterminate.toLocaleString("en-US")}</dd></div>
<div><dt>Dropped</dt><dd>${operations.dropped.toLocaleString("en-US")}</dd></div>
<div><dt>Independent probes failed</dt><dd>${probes.failed.toLocaleString("en-US")} of ${probes.sent.toLocaleString("en-US")}</dd></div></dl>
${still === undefined ? "" : `<p>Meanwhile ${text(still)}.</p>\n`}<p>Latency from when an operation was due, of those that were served, in milliseconds:</p>
${table(["When", "Operations", "p50", "p99", "Worst"], rows)}`);
}

const JOURNEY_WORDS = { passed: "✔ works", failed: "✘ fails", unknown: "? not known" } as const;

function journeys(card: Scorecard): string {
  if (card.journeys.length === 0) return "";
  const link = (path: string | undefined, words: string) => (path === undefined ? "" : `<a href="${text(encodeURI(path))}">${words}</a>`);
  const rows = card.journeys.map(({ name, version, state, tookMs, error, screenshot, trace }) => `<tr><td>${JOURNEY_WORDS[state]}</td><th scope="row">${text(name)}</th><td>${text(version)}</td>
<td class="figure">${(tookMs / 1_000).toFixed(2)} s</td><td>${text(error ?? "")}</td><td>${[link(screenshot, "picture"), link(trace, "trace")].filter(Boolean).join(", ")}</td></tr>`).join("\n");
  return section("journeys", "People's journeys, after the way back", table(["Went", "Journey", "At version", "Took", "What went wrong", "Evidence"], rows));
}

function faults(card: Scorecard): string {
  if (card.faults.length === 0) return "";
  const rows = card.faults.map((fault) => `<tr><th scope="row">${text(fault.kind)}</th><td>${text(fault.target)}</td>
<td>${fault.proven ? "✔ proven" : "✘ not proven"}${fault.atMs === null ? "" : ` at ${(fault.atMs / 1_000).toFixed(2)} s`}</td>
<td>${fault.healed ? "✔ healed" : "✘ not healed"}${fault.healedMs === null ? "" : ` at ${(fault.healedMs / 1_000).toFixed(2)} s`}</td><td>${text(fault.proof)}</td></tr>`).join("");
  return section("faults", "Faults", table(["Fault", "On", "Held", "Gone", "Proof"], rows));
}

function provenance(card: Scorecard): string {
  const versions = Object.entries(card.versions).map(([name, version]) => `${name} ${version}`).join(" · ");
  return `<footer><p>Run <code>${text(card.run)}</code> · seed ${card.seed} · ${text(versions)}</p>
<p>Repeat this judgement with <code>turnback judge runs/${text(card.run)}</code>; check that nothing was changed with <code>turnback verify runs/${text(card.run)}</code>.</p></footer>`;
}
