// Harm that was found and that no declared objective is about: nobody said whether it may be, so a run is not green beside it.

import type { Objectives } from "../drill/schema.ts";
import { failedJourneys } from "./journeys.ts";
import type { Finding, ObjectiveResult } from "./scorecard.ts";
import type { Judged } from "./verdicts.ts";

type Found = Pick<Judged, "reconciled" | "unread" | "structure" | "integrity" | "invariants" | "journeys">;

const LOSSES: ReadonlySet<string> = new Set(["write-lost", "write-possibly-lost"]);
/** A part that nobody could look at is no harm; whoever asks for integrity is told of it. */
export const isHarm = ({ kind }: Pick<Finding, "kind">): boolean => kind !== "unchecked";
const MOST_NAMED = 5;

/** By the objective that would count them, what was found and nobody asked for. */
function unaskedFindings(objectives: Objectives, { reconciled = [], unread = [], structure = [], integrity = [], invariants = [], journeys = [] }: Found): Finding[] {
  const asked = (name: keyof Objectives) => objectives[name] !== undefined;
  const lost = reconciled.filter(({ kind }) => LOSSES.has(kind));
  const found: readonly (readonly [asked: boolean, readonly Finding[]])[] = [
    [asked("loss"), lost], [asked("consistency"), reconciled.filter((finding) => !lost.includes(finding))],
    [asked("consistency") || asked("integrity"), unread],
    [asked("structure"), structure], [asked("integrity"), integrity.filter((finding) => !unread.includes(finding))], [asked("invariants"), invariants],
    [asked("journeys"), failedJourneys(journeys)],
  ];
  return found.flatMap(([isAsked, findings]) => (isAsked ? [] : findings.filter(isHarm)));
}

/** Of a run that is met otherwise; nothing where each finding has its objective: a limit that somebody declared allows what it allows. */
export function unasked(objectives: Objectives, found: Found): ObjectiveResult[] {
  const findings = unaskedFindings(objectives, found);
  if (findings.length === 0) return [];
  return [{
    name: "unasked", title: "Found, and nobody asked", target: { maxFound: 0 }, measured: { value: findings.length, plusMinus: 0, unit: "count" }, verdict: "unknown",
    reason: `${named(findings)}; no objective says whether that may be: declare one that forbids it, or that allows it`,
    evidence: [...new Set(findings.map(({ kind }) => kind))],
  }];
}

/** Each with what it is about and how much of it there is. */
export function named(findings: readonly Finding[]): string {
  const few = findings.slice(0, MOST_NAMED).map(({ kind, subject, count }) => `${kind}: ${subject}${count > 1 ? ` (${count.toLocaleString("en-US")})` : ""}`);
  return `${few.join(", ")}${findings.length > few.length ? ` and ${findings.length - few.length} more` : ""}`;
}
