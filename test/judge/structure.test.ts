// Structure, integrity and invariants: what differs is named, what is benign is not.

import { describe, expect, test } from "vitest";
import type { IntegrityKind } from "../../harness/evidence/forms/facts.ts";
import { judgeInvariants, newProblems } from "../../harness/judge/integrity.ts";
import { structureWarnings } from "../../harness/judge/structure.ts";
import { differencesOf } from "../support/structure.ts";

const object = (kind: string, name: string, detail: object = {}) => ({ kind, name, detail: { ...detail } });
const kinds = (findings: readonly { kind: string }[]) => findings.map(({ kind }) => kind);

test("what must be there in the end is asked for by its own name", () => {
  const index = { kind: "index", name: "kept_idx", detail: { valid: true } };
  const [missing] = differencesOf([index], [], "reference");
  expect(missing).toMatchObject({ kind: "index-missing", detail: "it must be there, and isn't" });
  expect(missing?.query).toContain("reference/structure.json");
  expect(differencesOf([], [index], "reference")[0]).toMatchObject({ kind: "index-left-over", detail: "it must not be there" });
});

describe("structure", () => {
  const table = object("relation", "t", { owner: "a" });
  test("the same schema has no differences", () => expect(differencesOf([table], [table])).toEqual([]));
  test("missing, left over and changed objects are named", () => {
    expect(kinds(differencesOf([table], []))).toEqual(["relation-missing"]);
    expect(kinds(differencesOf([], [object("trigger", "t: x")]))).toEqual(["trigger-left-over"]);
    const [changed] = differencesOf([table], [object("relation", "t", { owner: "b" })]);
    expect(changed).toMatchObject({ kind: "relation-changed", detail: "owner: a → b" });
  });
  test("a constraint that was validated meanwhile is benign; one that no longer is, is not", () => {
    const constraint = (validated: boolean) => object("constraint", "t: k", { validated });
    expect(differencesOf([constraint(false)], [constraint(true)])).toEqual([]);
    expect(kinds(differencesOf([constraint(true)], [constraint(false)]))).toEqual(["constraint-changed"]);
  });
});

describe("labels of an enum that a migration left", () => {
  const type = (labels: readonly string[], unused: readonly string[] | undefined = []) => object("type", "state", { type: "e", labels, ...(unused && { unused }) });
  const was = [type(["a", "b"])];
  test.for<[string, ReturnType<typeof type>, "warning" | "difference"]>([
    ["at its end, that no row uses, are a warning", type(["a", "b", "c", "d"], ["c", "d"]), "warning"],
    ["at its end, of which one is used, are a difference", type(["a", "b", "c", "d"], ["c"]), "difference"],
    ["in its middle are a difference: its order is another", type(["a", "c", "b"], ["c"]), "difference"],
    ["of which it isn't known whether they are used are a difference", type(["a", "b", "c"], undefined), "difference"],
    ["that are gone are a difference", type(["a"], []), "difference"],
  ])("%s", ([, is, expected]) => {
    expect(kinds(differencesOf(was, [is]))).toEqual(expected === "difference" ? ["type-changed"] : []);
    expect(kinds(structureWarnings(was, [is]))).toEqual(expected === "warning" ? ["enum-label-left-over"] : []);
  });
  test("are nothing where only their use changed", () => {
    expect(differencesOf(was, [type(["a", "b"], ["a"])])).toEqual([]);
    expect(structureWarnings(was, [type(["a", "b"], ["a"])])).toEqual([]);
  });
});

describe("integrity", () => {
  const fact = (kind: IntegrityKind, count: number) => ({ kind, subject: "s", count, detail: "", query: "q" });
  test("only what is new or worse is a problem", () => {
    expect(newProblems([fact("orphans", 2)], [fact("orphans", 2)])).toEqual([]);
    expect(newProblems([fact("orphans", 2)], [fact("orphans", 1)])).toEqual([]);
    expect(kinds(newProblems([fact("orphans", 2)], [fact("orphans", 3)]))).toEqual(["orphans"]);
    expect(kinds(newProblems([], [fact("sequence", 4), fact("invalid-index", 1), fact("advisory-lock", 1)]))).toEqual(["stale-sequence", "invalid-index", "advisory-lock-left"]);
  });
  test("a rule that is broken, or whose query fails now, is named", () => {
    const rule = (violations: number, error?: string) => ({ name: "r", query: "q", violations, examples: [], ...(error ? { error } : {}) });
    expect(judgeInvariants([rule(0)], [rule(0)])).toEqual({ findings: [], unsure: [], warnings: [] });
    expect(kinds(judgeInvariants([rule(0)], [rule(2)]).findings)).toEqual(["invariant-violated"]);
    expect(judgeInvariants([rule(0)], [rule(0, "no such column")]).findings[0]?.detail).toContain("no such column");
    expect(judgeInvariants([rule(0, "never")], [rule(0, "never")])).toMatchObject({ findings: [], unsure: [expect.stringContaining("neither before nor after")], warnings: [] });
    expect(judgeInvariants([rule(0, "not yet")], [rule(0)]).unsure[0]).toContain("could not be asked before");
    expect(judgeInvariants([rule(0)], []).unsure[0]).toContain("was not asked");
    expect(judgeInvariants([rule(2)], [rule(2)])).toMatchObject({ findings: [], unsure: [], warnings: [{ kind: "invariant-broken-before", count: 2 }] });
    expect(judgeInvariants([rule(2)], [rule(3)])).toMatchObject({ findings: [{ kind: "invariant-violated", count: 3 }], warnings: [] });
  });
});
