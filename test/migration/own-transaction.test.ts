// A step that begins or ends a transaction is refused when its plan is read; what only looks like it is not.

import { describe, expect, test } from "vitest";
import { keyColumns, planSchema } from "../../harness/drill/plan.ts";
import { refuseOwnTransactions } from "../../harness/migration/own-transaction.ts";
import { statementsOf } from "../../harness/topology/sql-file.ts";

const step = (more: object) => planSchema.parse({ name: "p", description: "", steps: [{ id: "s", kind: "expand", forward: "select 1", backward: "select 2", ...more }] });

test.for([
  "commit", "COMMIT", "Commit work and chain", "rollback", "rollback work", "rollback and chain", "begin", "BEGIN isolation level serializable", "start  transaction read only", "end", "abort", "prepare transaction 'x'", "commit prepared 'x'",
  "select 1; commit; select 2", "-- first\n/* then /* nested */ */ commit", "select 'a''b;'; end", "select $$;$$; rollback", "select E'\\';'; commit", "alter table t add c int;\ncommit;", "create function f() returns int begin atomic select case when true then 1 end; end; commit",
])("%j is refused", (forward) => {
  expect(() => refuseOwnTransactions(step({ forward }))).toThrow(/^plan p, step s, forward: this statement begins or ends the transaction that the step is run in: /);
  expect(() => refuseOwnTransactions(step({ backward: ["select 1", forward] }))).toThrow("plan p, step s, backward");
  expect(() => refuseOwnTransactions(step({ backward: { irreversible: "letters were sent", compensate: forward } }))).toThrow("step s, backward");
  expect(() => refuseOwnTransactions(step({ kind: "backfill", backward: { batches: forward } }))).toThrow("step s, backward");
  expect(() => refuseOwnTransactions(step({ transactional: false, forward: [forward] })), "without a transaction it may").not.toThrow();
});

test.for([
  "select 'commit; commit'", "select $$ begin; commit; $$", "select $body$ ;commit; $body$", "-- commit;\nselect 1", "/* ; commit */ select 1", 'create table "commit" (a int); select * from "commit"', "select 1 as commit",
  "savepoint a; update t set b = 1; rollback to a", "savepoint a; rollback work to savepoint a; release a", "do $$ begin perform 1; end $$", "comment on table t is 'end'", "select E'\\'; commit; --'",
  "create function f() returns int begin atomic select case when true then 1 end; select 2; end", "create rule r as on insert to t do also (delete from u; delete from v)", "set transaction isolation level serializable", "select case when a then b end from t; select 1", "prepare q as select 1",
])("%j is not", (forward) => expect(() => refuseOwnTransactions(step({ forward, backward: forward }))).not.toThrow());

test("says the statement, and what to do", () => {
  expect(() => refuseOwnTransactions(step({ forward: "select 1;\n  commit  and\n chain; select 2" }))).toThrow(expect.objectContaining({
    code: "step-ended-transaction", kind: "declaration", place: "plan p, step s, forward", message: expect.stringMatching(/: commit and chain$/) as string, remedy: expect.stringContaining("transactional: false") as string,
  }));
});

test("statements are divided where they end", () => expect(statementsOf("a; 'b;' ;; -- c;\n d").map(({ words }) => words)).toEqual(["a", "?", "d"]));

describe("the key of what is preserved", () => {
  const keyed = (key: unknown) => planSchema.safeParse({ name: "p", description: "", steps: [{ id: "s", kind: "contract", forward: "select 1", backward: { nothing: "it is put back" }, preserve: [{ table: "t", key, columns: ["c"] }] }] });

  test("is one column or several", () => {
    expect(["id", "a, b", "a,b", ["a", "b"], ["odd, name"]].map((key) => [keyed(key).success, keyColumns(key)])).toEqual([[true, ["id"]], [true, ["a", "b"]], [true, ["a", "b"]], [true, ["a", "b"]], [true, ["odd, name"]]]);
  });

  test.for(["", "a,", ",", "a, a", [], [""], ["a", "a"]].map((key) => [key] as const))("is not %j", ([key]) => expect(keyed(key).success).toBe(false));
});
