// A drill comes out as it must, or it is said in what it doesn't.

import { describe, expect, test } from "vitest";
import { drillSchema, type Drill } from "../../harness/drill/schema.ts";
import { surprises } from "../../harness/judge/expectation.ts";
import type { Finding, ObjectiveResult, Scorecard, Verdict } from "../../harness/judge/scorecard.ts";
import { smallDrill } from "../support/drills.ts";

const objective = (name: string, verdict: Verdict): ObjectiveResult => ({ name, title: name, target: {}, measured: { value: 1, plusMinus: 0, unit: "count" }, verdict, reason: `why ${name}`, evidence: [] });
const card = (verdict: Verdict, objectives: readonly ObjectiveResult[], findings: readonly string[] = []) =>
  ({ verdict, objectives, findings: findings.map((finding) => ({ kind: finding.split(" ")[0], subject: finding.split(" ").slice(1).join(" "), detail: "so" }) as Finding), summary: "No: step add-column: 42P01." }) as unknown as Scorecard;
const expectOf = (declared: NonNullable<Drill["expect"]>) => drillSchema.safeParse({ ...smallDrill(), expect: declared }).error?.message ?? "";
const missesLoss = { verdict: "missed" as const, missed: ["loss"], findings: ["write-lost"], onlyThese: false, says: [] };

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

  test("may name findings with their subjects, and no others", () => {
    const exact = { ...missesLoss, findings: ["write-lost order"], onlyThese: true };
    const missed = [objective("loss", "missed")];
    expect(surprises(exact, card("missed", missed, ["write-lost order"]))).toEqual([]);
    expect(surprises(exact, card("missed", missed, ["write-lost customer"]))).toEqual(["no finding is write-lost order", "write-lost customer is found, and must not be: so"]);
    expect(surprises({ ...exact, findings: ["write-lost"] }, card("missed", missed, ["write-lost order", "write-lost customer"]))).toEqual([]);
    expect(surprises({ ...exact, onlyThese: false }, card("missed", missed, ["write-lost order", "index-missing a"]))).toEqual([]);
    expect(surprises({ verdict: "met", missed: [], findings: [], onlyThese: true, says: [] }, card("met", [objective("loss", "met")], ["index-missing a"]))).toEqual(["index-missing a is found, and must not be: so"]);
  });

  test("may be that nobody knows, for a reason whose words it names", () => {
    const unknown = { verdict: "unknown" as const, missed: [], findings: [], onlyThese: true, says: ["add-column", "42P01"] };
    expect(surprises(unknown, card("unknown", [objective("loss", "unknown"), objective("structure", "met")]))).toEqual([]);
    expect(surprises({ ...unknown, says: ["55P04"] }, card("unknown", [objective("loss", "unknown")]))).toEqual(['the answer doesn\'t say "55P04": No: step add-column: 42P01.']);
    expect(surprises(unknown, card("met", [objective("loss", "met")]))).toEqual(["it is met, and must be unknown"]);
    expect(surprises(unknown, card("missed", [objective("loss", "missed"), objective("structure", "unknown")]))).toEqual(["it is missed, and must be unknown", "loss is missed, and must be met: why loss"]);
    expect(expectOf({ ...unknown, says: [] })).toContain("of what must be unknown, name words of the reason");
    expect(expectOf(unknown)).toBe("");
  });
});
