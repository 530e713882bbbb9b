// What can't be read any more is told of the object, whatever else is right; what couldn't be read before either is not held against the way back.

import { describe, expect, test } from "vitest";
import type { RunRecord, UnreadTable } from "../../harness/judge/run-record.ts";
import { unreadables } from "../../harness/judge/unreadable.ts";
import { differencesOf } from "../support/structure.ts";

const table = (why?: string): UnreadTable => ({ database: "", name: "notes", full: "public.notes", rows: why === undefined ? 3 : null, ...(why !== undefined && { why }), checksum: null, columns: [], entities: [], key: [], cascades: [], triggers: [] });
const facts = (failed: readonly { entity: string; error: string }[] = []) => ({ structure: [], integrity: [], invariants: [], entities: { entities: ["order"], failed } });
const found = (before: UnreadTable, after: UnreadTable | undefined, failed: readonly { entity: string; error: string }[] = []) =>
  unreadables({ before: facts(), after: facts(failed), unread: { before: [before], after: after ? [after] : [], activity: [], sampled: { before: [], after: [] } } } satisfies Pick<RunRecord, "before" | "after" | "unread">).map(({ kind, subject }) => `${kind} ${subject}`);

describe("a table", () => {
  test("that gives an error now, and gave none, is a finding", () => expect(found(table(), table("it can't be read: division by zero"))).toEqual(["table-unreadable notes"]));
  test("that gave one before as well, is gone, or was not looked at for a harmless reason, is none", () => {
    expect(found(table("it can't be read: division by zero"), table("it can't be read: division by zero"))).toEqual([]);
    expect(found(table(), undefined)).toEqual([]);
    expect(found(table(), table("it belongs to an extension"))).toEqual([]);
    expect(found(table(), table())).toEqual([]);
  });
});

test("an entity whose query fails is one", () => expect(found(table(), table(), [{ entity: "order", error: "no such column" }])).toEqual(["entity-unreadable order"]));

describe("a materialized view", () => {
  const view = (detail: object) => [{ kind: "relation", name: "sums", detail: { type: "m", ...detail } }];
  test("without its rows is a finding of its own, beside what else is different of it", () => {
    expect(differencesOf(view({ populated: true }), view({ populated: false })).map(({ kind }) => kind)).toEqual(["materialized-view-unpopulated"]);
    expect(differencesOf(view({ populated: true, owner: "a" }), view({ populated: false, owner: "b" })).map(({ kind }) => kind).toSorted()).toEqual(["materialized-view-unpopulated", "relation-changed"]);
  });
  test("that has rows now, and had none, is only different", () => expect(differencesOf(view({ populated: false }), view({ populated: true })).map(({ kind }) => kind)).toEqual(["relation-changed"]));
});
