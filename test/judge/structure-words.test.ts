// Differences of the schema in words: no letter of the catalogue, where a long text differs, what it means, and what opens data first.

import { describe, expect, test } from "vitest";
import { adviceOn } from "../../harness/judge/advice.ts";
import { inWords } from "../../harness/judge/catalogue-letters.ts";
import { headlineOf } from "../../harness/judge/structure-headlines.ts";
import { describeChange } from "../../harness/judge/structure-words.ts";
import type { Finding, ObjectiveResult } from "../../harness/judge/scorecard.ts";
import { differencesOf } from "../support/structure.ts";

const changed = (kind: string, was: object, is: object, name = "t") => differencesOf([{ kind, name, detail: { ...was } }], [{ kind, name, detail: { ...is } }]);
const head = (findings: readonly Finding[]) => (findings[0] ? headlineOf(findings[0])?.[0] : undefined);

describe("a letter of the catalogue", () => {
  test.for([
    ["trigger", "enabled", "O", "D", "enabled: on → disabled"], ["rule", "enabled", "O", "R", "enabled: on → on for replication alone"], ["foreign-key-trigger", "enabled", ["O", "O"], ["D", "O"], "enabled: with disabled"],
    ["policy", "command", "r", "*", "command: SELECT → all commands"], ["constraint", "type", "u", "p", "type: unique → primary key"], ["relation", "type", "m", "v", "type: materialized view → view"], ["type", "type", "b", "e", "type: base → enum"],
    ["relation", "replicaIdentity", "d", "f", "replica identity: its primary key → the whole row"], ["type", "align", "i", "d", "align: 4 bytes → 8 bytes"], ["column", "identity", "a", null, "identity: always → none"], ["column", "generated", "s", "v", "generated: stored → virtual"],
    ["function", "parallel", "s", "u", "parallel: safe → unsafe"], ["cast", "context", "e", "i", "context: explicit → implicit"],
  ] as const)("is told in words: %s %s", ([kind, field, was, is, said]) => {
    const [finding] = changed(kind, { [field]: was }, { [field]: is });
    expect(finding?.detail).toBe(said);
  });
  test("is left as it is where it means itself", () => {
    expect(inWords("column", "default", "O")).toBe("O");
    expect(inWords("column", "type", "p")).toBe("p");
    expect(inWords("setting", "value", "d")).toBe("d");
    expect(inWords("trigger", "enabled", "constructor")).toBe("constructor");
    expect(describeChange({ field: "comment", was: "D", is: "O" }, "trigger")).toBe("comment: D → O");
  });
});

describe("a long text", () => {
  const view = " SELECT id,\n    name\n   FROM patients\n  WHERE (deleted_at IS NULL);";
  test("is told by what one of them alone says", () => {
    expect(describeChange({ field: "definition", was: view, is: " SELECT id,\n    name\n   FROM patients;" }, "relation")).toBe('definition, line 4: without "WHERE (deleted_at IS NULL)"');
    expect(describeChange({ field: "definition", was: " SELECT id,\n    name\n   FROM patients;", is: view }, "relation")).toBe('definition, line 3: with "WHERE (deleted_at IS NULL)"');
    expect(describeChange({ field: "definition", was: view, is: view.replace("NULL", "NOT NULL") }, "relation")).toBe('definition, line 4: with "NOT"');
    expect(describeChange({ field: "definition", was: view, is: view.replace("name", "mail") }, "relation")).toContain("name → ");
  });
  test("of other blanks is not told as other words", () => expect(describeChange({ field: "definition", was: "a\nb c", is: "a b\nd c" }, "function")).toContain('with "d"'));
});

describe("a headline", () => {
  test("says what it means", () => {
    expect(head(changed("trigger", { enabled: "O" }, { enabled: "D" }, "patients: audit"))).toBe("The trigger audit on patients is disabled: it doesn't fire, and what it did is left undone.");
    expect(head(changed("relation", { owner: "a" }, { owner: "b" }))).toContain("The owner of the relation t is now b, and was a");
    expect(head(changed("relation", { grants: ["app=SELECT"] }, { grants: ["PUBLIC=SELECT", "app=SELECT"] }))).toBe("The relation t is open to everybody: PUBLIC may SELECT, which was not so before.");
    expect(head(changed("relation", { grants: ["app=SELECT"] }, { grants: [] }))).toContain("app no longer may SELECT");
    expect(head(changed("relation", { rowSecurity: true }, { rowSecurity: false }))).toContain("Row security of the relation t is off");
    expect(head(changed("relation", { rowSecurity: false }, { rowSecurity: true }))).toContain("is on, and was off");
    expect(head(changed("relation", { definition: "a\nb" }, { definition: "a\nc" }))).toContain("shows something else than before");
    expect(head(differencesOf([{ kind: "policy", name: "s.t: own", detail: {} }], []))).toContain("The policy own on s.t is gone");
  });
  test("says what default rights are on", () => expect(head(differencesOf([], [{ kind: "default-grant", name: "migrator in public: r", detail: {} }]))).toContain("made by migrator in public: tables"));
  test("is of the most urgent of several changes", () => expect(head(changed("relation", { comment: "x", owner: "a", rowSecurity: true }, { comment: null, owner: "b", rowSecurity: false }))).toContain("Row security"));
});

test("an owner's rights go with the owner, and others' don't", () => {
  const grants = (owner: string, more: readonly string[] = []) => ({ owner, grants: [`${owner}=SELECT`, ...more] });
  expect(changed("relation", grants("a"), grants("b"))[0]?.detail).toBe("owner: a → b");
  expect(changed("relation", grants("a"), grants("b", ["PUBLIC=SELECT"]))[0]?.detail).toContain("PUBLIC=SELECT");
});

describe("of several differences", () => {
  const before = [{ kind: "column", name: "a.b", detail: { table: "a", comment: "x" } }, { kind: "index", name: "a_idx", detail: {} }, { kind: "relation", name: "z", detail: { grants: ["app=SELECT"] } }, { kind: "trigger", name: "m: t", detail: { enabled: "O" } }];
  const after = [{ kind: "column", name: "a.b", detail: { table: "a", comment: null } }, { kind: "relation", name: "z", detail: { grants: ["PUBLIC=SELECT", "app=SELECT"] } }, { kind: "trigger", name: "m: t", detail: { enabled: "D" } }];
  const all = differencesOf(before, after);
  test("what opens data stands first, then what breaks, slows, and what nobody notices", () => expect(all.map(({ subject }) => subject)).toEqual(["z", "m: t", "a_idx", "a.b"]));
  test("and it is the first that leads", () => {
    const missed: ObjectiveResult = { name: "structure", title: "", target: {}, measured: { value: 3, plusMinus: 0, unit: "count" }, verdict: "missed", reason: "", evidence: all.map(({ kind }) => kind) };
    expect(adviceOn([missed], all.toReversed())?.consequence).toContain("open to everybody");
  });
});
