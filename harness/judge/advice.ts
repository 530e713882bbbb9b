// One sentence of consequence and one of advice, for who reads nothing else: from the leading cause of a missed run.

import { BEFORE_WORDS, FINDING_WORDS, ISOLATION_WORDS, OBJECT_WORDS, OBJECTIVE_WORDS, STRUCTURE_WORDS, type Words } from "./advice-words.ts";
import { apart } from "./harms.ts";
import { FATES, FINDING_KINDS, type NamedKind } from "./kinds.ts";
import { headlineOf } from "./structure-headlines.ts";
import { urgency } from "./structure-order.ts";
import type { Finding, ObjectiveResult, Scorecard } from "./scorecard.ts";

type Advice = NonNullable<Scorecard["advice"]>;

/**
 * What leads: that the system did not come back at all; then the first of the table's kinds among the findings of missed objectives;
 * then an objective that is missed without any.
 */
export function adviceOn(objectives: readonly ObjectiveResult[], findings: readonly Finding[]): Advice | undefined {
  const missed = objectives.filter(({ verdict }) => verdict === "missed");
  const [first] = missed;
  if (!first) return undefined;
  if (notTaken(objectives)) return { kind: "completion", ...objectiveWords("not-taken") };
  if (first.name === "completion") return { kind: "completion", ...objectiveWords("completion") };
  const evidence = new Set(missed.flatMap((objective) => objective.evidence));
  const leading = leadingFirst(findings.filter(({ kind, consequences = [] }) => [kind, ...consequences.map((consequence) => consequence.kind)].some((one) => evidence.has(one))))[0];
  return leading ? { kind: leading.kind, ...adviceOf(leading) } : { kind: first.name, ...objectiveWords(first.name) };
}

/** That nobody went back, or that it never came to an end; where it is only in doubt, what was measured says that it did. */
export const notTaken = (objectives: readonly ObjectiveResult[]): ObjectiveResult | undefined => objectives.find(({ name, verdict, measured }) => name === "completion" && verdict === "unknown" && measured.value === null);

const ORDER: readonly string[] = FINDING_KINDS;
const rankOf = (kind: string) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.indexOf("invariant-violated") + 0.5);
/** A cause leads where the most pressing of its consequences would. */
const rank = ({ kind, consequences = [] }: Finding) => Math.min(rankOf(kind), ...consequences.map((consequence) => rankOf(consequence.kind)));

/** In the order in which they should be read: those that lead first; then what opens data or breaks clients; of the same, those with the most consequences, and the largest. */
export function leadingFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => rank(a) - rank(b) || urgency(a) - urgency(b) || (b.consequences?.length ?? 0) - (a.consequences?.length ?? 0)
    || (a.kind === b.kind ? b.count - a.count : a.kind < b.kind ? -1 : 1));
}

/** Words for a kind; undefined for one that nobody has found words for, which a test doesn't let pass. */
export function wordsFor(kind: string): Words | undefined {
  if (Object.hasOwn(FINDING_WORDS, kind)) return FINDING_WORDS[kind as keyof typeof FINDING_WORDS];
  if (kind.startsWith("isolation-")) return ISOLATION_WORDS;
  const fate = FATES.find((end) => kind.endsWith(`-${end}`));
  if (fate === undefined) return undefined;
  const [consequence, advice] = OBJECT_WORDS[kind] ?? STRUCTURE_WORDS[fate];
  return [["place", "places"], consequence.replace("{kind}", kind.slice(0, -fate.length - 1).replaceAll("-", " ")), advice];
}

function adviceOf(finding: Finding): Omit<Advice, "kind"> {
  const words = wordsFor(finding.kind);
  if (!words) return { consequence: `${finding.subject}: ${finding.detail}.`, advice: "See the finding below." };
  const [consequence, advice] = headlineOf(finding) ?? [];
  if (consequence !== undefined && advice !== undefined) return { consequence: `${consequence}${refusedBy(finding)}`, advice };
  return inGeneral(finding, words);
}

/** Which operations clients are not served by it. */
function refusedBy({ kind, consequences = [] }: Finding): string {
  const refused = [...new Set(consequences.flatMap((one) => (/^operation-(refused|refused-anew|fails)$/.test(one.kind) ? [one.subject] : [])))];
  const slower = [...new Set(consequences.flatMap((one) => (one.kind === "operation-slower" ? [one.subject] : [])))];
  if (kind.startsWith("operation-")) return "";
  return `${refused.length > 0 ? ` Clients are not served ${refused.join(", ")} by it.` : ""}${slower.length > 0 ? ` It makes ${slower.join(", ")} many times as slow.` : ""}`;
}

function inGeneral(finding: Finding, words: Words): Omit<Advice, "kind"> {
  const [[one, many], consequence, advice] = finding.count > 0 && finding.count === finding.ofRowsBefore ? BEFORE_WORDS[finding.kind as NamedKind] ?? words : words;
  const { count, ofRowsBefore = 0 } = finding;
  const n = ofRowsBefore > 0 ? apart(count - ofRowsBefore, ofRowsBefore) : `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
  const on = `${finding.subject}${finding.fields === undefined ? "" : ` (${finding.fields.join(", ")})`}`;
  // In one pass, and by functions: a subject may itself hold braces or dollar signs.
  return { consequence: `${consequence.replaceAll(/\{(n|on|detail)\}/g, (_, what) => (what === "n" ? n : what === "on" ? on : finding.detail))}${refusedBy(finding)}`, advice };
}

function objectiveWords(name: string): Omit<Advice, "kind"> {
  const [consequence, advice] = OBJECTIVE_WORDS[name] ?? [`Missed: ${name}.`, "See below."];
  return { consequence, advice };
}
