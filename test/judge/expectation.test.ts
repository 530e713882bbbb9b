// A drill comes out as it must, or it is said in what it doesn't.

import { describe, expect, test } from "vitest";
import { surprises } from "../../harness/judge/expectation.ts";
import type { Finding, ObjectiveResult, Scorecard, Verdict } from "../../harness/judge/scorecard.ts";

const objective = (name: string, verdict: Verdict): ObjectiveResult => ({ name, title: name, target: {}, measured: { value: 1, plusMinus: 0, unit: "count" }, verdict, reason: `why ${name}`, evidence: [] });
const card = (verdict: Verdict, objectives: readonly ObjectiveResult[], findings: readonly string[] = []) =>
  ({ verdict, objectives, findings: findings.map((kind) => ({ kind }) as Finding) }) as unknown as Scorecard;
const missesLoss = { verdict: "missed" as const, missed: ["loss"], findings: ["write-lost"] };

describe("what a drill must come to", () => {
  test("without an expectation is that everything is met", () => {
    expect(surprises(undefined, card("met", [objective("loss", "met")], ["anything"]))).toEqual([]);
    expect(surprises(undefined, card("missed", [objective("loss", "missed")]))).toEqual(["it is missed, and must be met", "loss is missed, and must be met: why loss"]);
    expect(surprises(undefined, card("unknown", [objective("loss", "unknown")]))).toEqual(["it is unknown, and must be met", "loss is unknown: why loss"]);
  });

  test("with one is exactly that: missed for its reason, and for no other", () => {
    const right = [objective("loss", "missed"), objective("recovery", "met")];
    expect(surprises(missesLoss, card("missed", right, ["write-lost"]))).toEqual([]);
    expect(surprises(missesLoss, card("missed", right))).toEqual(["no finding is of the kind write-lost"]);
    expect(surprises(missesLoss, card("missed", [objective("loss", "missed"), objective("recovery", "missed")], ["write-lost"]))).toEqual(["recovery is missed, and must be met: why recovery"]);
    expect(surprises(missesLoss, card("missed", [objective("loss", "met"), objective("recovery", "missed")], ["write-lost"]))).toEqual(["loss is met, and must be missed: why loss", "recovery is missed, and must be met: why recovery"]);
    expect(surprises(missesLoss, card("missed", [objective("loss", "missed"), objective("recovery", "unknown")], ["write-lost"]))).toEqual(["recovery is unknown: why recovery"]);
    expect(surprises(missesLoss, card("missed", [objective("recovery", "met")], ["write-lost"]))).toEqual(["loss must be missed, and is no objective"]);
  });
});
