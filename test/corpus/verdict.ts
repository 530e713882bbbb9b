// Whether a scorecard names a planted defect, and what else it reports.

import type { Scorecard } from "../../harness/judge/scorecard.ts";
import type { Case } from "./corpus.ts";

export type CaseVerdict = {
  /** Something was found at all. */
  readonly found: boolean;
  /** With the right name and on the right object. */
  readonly named: boolean;
  /** Findings that neither name the defect nor rightly follow from it. */
  readonly surplus: readonly string[];
};

/** `*` in the expected subject stands for what differs between runs, such as a backend's number. */
export function verdictOn(entry: Case, { findings }: Scorecard): CaseVerdict {
  const pattern = entry.finding && new RegExp(`^${entry.finding.subject.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
  const names = (kind: string, subject: string) => kind === entry.finding?.kind && (pattern?.test(subject) ?? false);
  return {
    found: findings.length > 0,
    named: findings.some(({ kind, subject }) => names(kind, subject)),
    surplus: findings.filter(({ kind, subject }) => !names(kind, subject) && !entry.also.includes(kind)).map(({ kind, subject }) => `${kind} ${subject}`),
  };
}
