// JUnit XML: one test case an objective, as CI systems read it.

import { visible } from "../harness/base/visible.ts";
import type { ObjectiveResult, Scorecard } from "../harness/judge/scorecard.ts";
import { courseLines } from "./course-words.ts";
import { exampleLines } from "./examples.ts";
import { measured, target } from "./words.ts";

/**
 * A missed objective is a failure; an unknown one an error, since to skip it would look green.
 * The form follows the schema that Jenkins publishes: testsuites, testsuite, testcase.
 */
export function renderJunit(card: Scorecard): string {
  const skipped = card.objectives.filter(({ applies = true }) => !applies).length;
  const failures = card.objectives.filter(({ verdict }) => verdict === "missed").length;
  const errors = card.objectives.filter(({ verdict, applies = true }) => verdict === "unknown" && applies).length;
  const seconds = ((card.spans.reduce((end, { toMs }) => Math.max(end, toMs), 0)) / 1_000).toFixed(3);
  const counts = `tests="${card.objectives.length}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${seconds}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="turnback" ${counts.replace(/ skipped="\d+"/, "")}>
  <testsuite name="${xml(card.drill)}" timestamp="${xml(card.startedAt.replace(/\.\d+Z$/, ""))}" ${counts}>
    <properties>
      <property name="run" value="${xml(card.run)}"/>
      <property name="verdict" value="${card.verdict}"/>
      <property name="score" value="${card.score}"/>
      <property name="seed" value="${card.seed}"/>
${courseLines(card).map((line) => `      <property name="course" value="${xml(line)}"/>\n`).join("")}    </properties>
${card.objectives.map((objective) => testCase(card, objective)).join("\n")}
  </testsuite>
</testsuites>
`;
}

function testCase(card: Scorecard, objective: ObjectiveResult): string {
  const open = `    <testcase classname="turnback.${xml(card.drill)}" name="${xml(objective.title)}" time="0"`;
  if (objective.verdict === "met") return `${open}/>`;
  if (objective.applies === false) return `${open}>\n      <skipped message="${xml(objective.reason)}"/>\n    </testcase>`;
  const element = objective.verdict === "missed" ? "failure" : "error";
  const text = [...(card.advice ? [card.advice.consequence, card.advice.advice] : []), `target: ${target(objective)}`, `measured: ${measured(objective)}`, ...courseLines(card), ...card.findings
    .filter(({ kind }) => objective.evidence.includes(kind)).slice(0, 20).flatMap((finding) => [`${finding.kind}: ${finding.subject}: ${finding.detail}`, ...exampleLines(finding, 76).map((line) => `    ${line}`)])].join("\n");
  return `${open}>\n      <${element} type="${objective.verdict}" message="${xml(objective.reason)}">${xml(text)}</${element}>\n    </testcase>`;
}

/** Text as XML. */
export function xml(text: string): string {
  // Control characters other than tab and line ends can't be written in XML 1.0 at all.
  return visible(text).replace(/[\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("\n", "&#10;");
}
