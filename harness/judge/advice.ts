// One sentence of consequence and one of advice, for who reads nothing else: from the leading cause of a missed run.

import { FINDING_WORDS, ISOLATION_WORDS, OBJECTIVE_WORDS, STRUCTURE_WORDS, type Words } from "./advice-words.ts";
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
  if (first.name === "completion") return { kind: "completion", ...objectiveWords("completion") };
  const evidence = new Set(missed.flatMap((objective) => objective.evidence));
  const leading = leadingFirst(findings.filter(({ kind }) => evidence.has(kind)))[0];
  return leading ? { kind: leading.kind, ...adviceOf(leading) } : { kind: first.name, ...objectiveWords(first.name) };
}

const ORDER = Object.keys(FINDING_WORDS);
const rank = ({ kind }: Pick<Finding, "kind">) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.indexOf("invariant-violated") + 0.5);

/** In the order in which they should be read: those that lead first; of the same kind, those with the most consequences, and the largest. */
export function leadingFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => rank(a) - rank(b) || (b.consequences?.length ?? 0) - (a.consequences?.length ?? 0)
    || (a.kind === b.kind ? b.count - a.count : a.kind < b.kind ? -1 : 1));
}

/** Words for a kind; undefined for one that nobody has found words for, which a test doesn't let pass. */
export function wordsFor(kind: string): Words | undefined {
  if (FINDING_WORDS[kind]) return FINDING_WORDS[kind];
  if (kind.startsWith("isolation-")) return ISOLATION_WORDS;
  for (const [end, [consequence, advice]] of Object.entries(STRUCTURE_WORDS)) {
    if (kind.endsWith(`-${end}`)) return [["place", "places"], consequence.replace("{kind}", kind.slice(0, -end.length - 1).replaceAll("-", " ")), advice];
  }
  return undefined;
}

function adviceOf(finding: Finding): Omit<Advice, "kind"> {
  const words = wordsFor(finding.kind);
  if (!words) return { consequence: `${finding.subject}: ${finding.detail}.`, advice: "See the finding below." };
  const [[one, many], consequence, advice] = words;
  const n = `${finding.count.toLocaleString("en-US")} ${finding.count === 1 ? one : many}`;
  // In one pass, and by functions: a subject may itself hold braces or dollar signs.
  return { consequence: consequence.replaceAll(/\{(n|on)\}/g, (_, what) => (what === "n" ? n : finding.subject)), advice };
}

function objectiveWords(name: string): Omit<Advice, "kind"> {
  const [consequence, advice] = OBJECTIVE_WORDS[name] ?? [`Missed: ${name}.`, "See below."];
  return { consequence, advice };
}
