// Recorded histories in ok, bad and unknown sets: what clients were told against what is held.

import { expect, test, describe } from "vitest";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { add, insert, record, remove, update, type History } from "./history.ts";

type Expected = Partial<Record<"lost" | "possible" | "phantom" | "duplicate" | "altered" | "shed", number>>;
const base: History["before"] = [["a", "1", 10]];
/** A restore took the data back; without one, a sum that fits is a coincidence. */
const RESTORED: Pick<History, "events"> = { events: [
  [0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], [5_000, { kind: "rollback", state: "started", strategy: "pitr" }],
  [6_000, { kind: "backup", state: "restored", label: "base-1", detail: "" }], [6_000, { kind: "rollback", state: "completed", strategy: "pitr" }],
  [9_000, { kind: "quiescence", state: "proven", detail: "0 backends" }], [9_500, { kind: "run", state: "completed" }],
] };

/** The power was cut in the midst, with the same way back along the plan after it. */
const CUT = (at: "postgres" | "replica"): Pick<History, "events"> => ({ events: [
  [0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }],
  [2_000, { kind: "fault", index: 0, fault: "power-cut", target: at, state: "triggered" }], [2_050, { kind: "fault", index: 0, fault: "power-cut", target: at, state: "proven" }],
  [3_000, { kind: "fault", index: 0, fault: "power-cut", target: at, state: "healed" }],
  [5_000, { kind: "rollback", state: "started", strategy: "down" }], [6_000, { kind: "rollback", state: "completed", strategy: "down" }],
  [9_000, { kind: "quiescence", state: "proven", detail: "0 backends" }], [9_500, { kind: "run", state: "completed" }],
] });

const counted = (value: string, stock: number) => ({ key: "a", kind: "insert", value: { value, stock } });

const OK: Record<string, History> = {
  "nothing happened": { before: base, after: base, ops: [] },
  "an insert is there": { before: [], after: [["a", "1"]], ops: [{ at: 0, effects: [insert("a", "1")] }] },
  "a rejected insert is not there": { before: [], after: [], ops: [{ at: 0, outcome: "rejected", effects: [insert("a", "1")] }] },
  "an indeterminate insert is there": { before: [], after: [["a", "1"]], ops: [{ at: 0, outcome: "indeterminate", effects: [insert("a", "1")] }] },
  "an indeterminate insert is not there": { before: [], after: [], ops: [{ at: 0, outcome: "indeterminate", effects: [insert("a", "1")] }] },
  "the last of two updates holds": { before: base, after: [["a", "3", 10]], ops: [{ at: 0, effects: [update("a", "2")] }, { at: 100, effects: [update("a", "3")] }] },
  "of two concurrent updates either may hold": { before: base, after: [["a", "2", 10]], ops: [{ at: 0, took: 50, effects: [update("a", "2")] }, { at: 20, took: 50, effects: [update("a", "3")] }] },
  "a later indeterminate update may hold": { before: base, after: [["a", "3", 10]], ops: [{ at: 0, effects: [update("a", "2")] }, { at: 100, outcome: "indeterminate", effects: [update("a", "3")] }] },
  "a later indeterminate update may not hold": { before: base, after: [["a", "2", 10]], ops: [{ at: 0, effects: [update("a", "2")] }, { at: 100, outcome: "indeterminate", effects: [update("a", "3")] }] },
  "an indeterminate update leaves the baseline": { before: base, after: base, ops: [{ at: 0, outcome: "indeterminate", effects: [update("a", "2")] }] },
  "a committed delete": { before: base, after: [], ops: [{ at: 0, effects: [remove("a")] }] },
  "deleted, and inserted again": { before: base, after: [["a", "2", 10]], ops: [{ at: 0, effects: [remove("a")] }, { at: 100, effects: [insert("a", "2")] }] },
  "an indeterminate delete that happened leaves nothing to lose but doubt": { before: [], after: [], ops: [{ at: 0, outcome: "indeterminate", effects: [insert("a", "1")] }, { at: 100, outcome: "indeterminate", effects: [remove("a")] }] },
  "numbers that print differently are the same": { types: ["numeric"], before: [["a", "1.50", 10]], after: [["a", "1.5000", 10]], ops: [] },
  "an update to null": { before: base, after: [["a", null, 10]], ops: [{ at: 0, effects: [update("a", null)] }] },
  "an empty text is not null": { before: base, after: [["a", "", 10]], ops: [{ at: 0, effects: [update("a", "")] }] },
  "inserted, deleted and inserted again, each time with another count": { before: [], after: [["a", "2", 7]], ops: [{ at: 0, effects: [counted("1", 3)] }, { at: 100, effects: [remove("a")] }, { at: 200, effects: [counted("2", 7)] }] },
  "counters add up": { before: base, after: [["a", "1", 8]], ops: [{ at: 0, effects: [add("a", -5)] }, { at: 0, effects: [add("a", 3)] }] },
  "an indeterminate change may count": { before: base, after: [["a", "1", 5]], ops: [{ at: 0, outcome: "indeterminate", effects: [add("a", -5)] }] },
  "a transaction in doubt took effect as a whole": { before: [["a", "1", 10], ["b", "1", 10]], after: [["a", "2", 7], ["b", "1", 13], ["c", "1"]], ops: [{ at: 0, outcome: "indeterminate", effects: [update("a", "2"), add("a", -3), add("b", 3), insert("c", "1")] }] },
  "a transaction in doubt took no effect": { before: [["a", "1", 10], ["b", "1", 10]], after: [["a", "1", 10], ["b", "1", 10]], ops: [{ at: 0, outcome: "indeterminate", effects: [update("a", "2"), add("b", 3), insert("c", "1")] }] },
  "half of a transaction in doubt is there, and the other half may have been overwritten": { before: [["a", "1"], ["b", "1"]], after: [["a", "2"], ["b", "3"]], ops: [{ at: 0, outcome: "indeterminate", effects: [update("a", "2"), update("b", "2")] }, { at: 50, effects: [update("b", "3")] }] },
  "half of a transaction in doubt shows, and the other half sets what was there": { before: [["a", "1"], ["b", "2"]], after: [["a", "2"], ["b", "2"]], ops: [{ at: 0, outcome: "indeterminate", effects: [update("a", "2"), update("b", "2")] }] },
  "a rejected change does not count": { before: base, after: base, ops: [{ at: 0, outcome: "rejected", effects: [add("a", -5)] }] },
};

const BAD: Record<string, readonly [History, Expected]> = {
  "an insert is gone": [{ before: [], after: [], ops: [{ at: 0, effects: [insert("a", "1")] }] }, { lost: 1, possible: 1 }],
  "a row of the baseline is gone": [{ before: base, after: [], ops: [] }, { lost: 1, possible: 1 }],
  "inserted again after a delete, and gone": [{ before: base, after: [], ops: [{ at: 0, effects: [remove("a")] }, { at: 100, effects: [insert("a", "2")] }] }, { lost: 1, possible: 1 }],
  "deleted and inserted at once: the insert succeeded, so it came second": [{ before: base, after: [], ops: [{ at: 0, took: 50, effects: [remove("a")] }, { at: 20, took: 50, effects: [insert("a", "2")] }] }, { lost: 1, possible: 1 }],
  "an update was undone": [{ before: base, after: base, ops: [{ at: 0, effects: [update("a", "2")] }] }, { lost: 1, possible: 1 }],
  "an older update came back": [{ before: base, after: [["a", "2", 10]], ops: [{ at: 0, effects: [update("a", "2")] }, { at: 100, effects: [update("a", "3")] }] }, { lost: 1, possible: 1 }],
  "a value that nobody wrote": [{ before: base, after: [["a", "9", 10]], ops: [{ at: 0, effects: [update("a", "2")] }] }, { altered: 1 }],
  "an untouched value changed": [{ before: base, after: [["a", "9", 10]], ops: [] }, { altered: 1 }],
  "null for empty": [{ before: [["a", "", 10]], after: [["a", null, 10]], ops: [] }, { altered: 1 }],
  "truncated text": [{ before: [], after: [["a", "lon"]], ops: [{ at: 0, effects: [insert("a", "long")] }] }, { altered: 1 }],
  "a rejected write took effect": [{ before: base, after: [["a", "2", 10]], ops: [{ at: 0, outcome: "rejected", effects: [update("a", "2")] }] }, { altered: 1 }],
  "a row that nobody inserted": [{ before: [], after: [["x", "1"]], ops: [] }, { phantom: 1 }],
  "a rejected insert is there": [{ before: [], after: [["a", "1"]], ops: [{ at: 0, outcome: "rejected", effects: [insert("a", "1")] }] }, { phantom: 1 }],
  "a deleted row is back": [{ before: base, after: base, ops: [{ at: 0, effects: [remove("a")] }] }, { phantom: 1 }],
  "a row twice": [{ before: base, after: [...base, ...base], ops: [] }, { duplicate: 1 }],
  "the count of a record's first insert stands after its second": [{ before: [], after: [["a", "2", 3]], ops: [{ at: 0, effects: [counted("1", 3)] }, { at: 100, effects: [remove("a")] }, { at: 200, effects: [counted("2", 7)] }] }, { altered: 1 }],
  "a change counted twice": [{ before: base, after: [["a", "1", 0]], ops: [{ at: 0, effects: [add("a", -5)] }] }, { altered: 1 }],
  "a change that is lost": [{ before: base, after: base, ops: [{ at: 0, effects: [add("a", -5)] }] }, { altered: 1 }],
  "a change that a promoted replica never had": [{ events: [...(RESTORED.events ?? []).filter(([, { kind }]) => kind !== "backup"), [5_500, { kind: "replication", state: "promoted", server: "replica", detail: "" }]], before: base, after: base, ops: [{ at: 0, effects: [add("a", -5)] }] }, { lost: 1, possible: 1 }],
  "a change that a power cut lost, and one after it that counts": [{ ...CUT("postgres"), before: base, after: [["a", "1", 50]], ops: [{ at: 1_900, effects: [add("a", -5)] }, { at: 4_000, effects: [add("a", 40)] }] }, { lost: 1, possible: 1 }],
  "a power cut of the replica loses nothing on the primary": [{ ...CUT("replica"), before: base, after: base, ops: [{ at: 1_900, effects: [add("a", -5)] }] }, { altered: 1 }],
  "a change after a power cut": [{ ...CUT("postgres"), before: base, after: base, ops: [{ at: 4_000, effects: [add("a", -5)] }] }, { altered: 1 }],
  "a change that a restore lost": [{ ...RESTORED, before: base, after: base, ops: [{ at: 0, effects: [add("a", -5)] }] }, { lost: 1, possible: 1 }],
  "the newest changes are lost": [{ ...RESTORED, before: base, after: [["a", "1", 12]], ops: [{ at: 0, effects: [add("a", 2)] }, { at: 100, took: 50, effects: [add("a", 7)] }, { at: 120, took: 50, effects: [add("a", 40)] }] }, { lost: 1, possible: 1 }],
  "of two changes at once one is lost": [{ ...RESTORED, before: base, after: [["a", "1", 17]], ops: [{ at: 100, took: 50, effects: [add("a", 7)] }, { at: 120, took: 50, effects: [add("a", 40)] }] }, { lost: 1, possible: 1 }],
  "changes before the way back are lost, and those after it count": [{ ...RESTORED, before: base, after: [["a", "1", 52]], ops: [{ at: 0, effects: [add("a", 2)] }, { at: 100, effects: [add("a", 7)] }, { at: 7_000, effects: [add("a", 40)] }] }, { lost: 1, possible: 1 }],
  "changes are lost beside one in doubt that was made": [{ ...RESTORED, before: base, after: [["a", "1", 110]], ops: [{ at: 50, outcome: "indeterminate", effects: [add("a", 100)] }, { at: 200, effects: [add("a", 7)] }] }, { lost: 1, possible: 1 }],
  "an older change is gone, and a newer one is there": [{ ...RESTORED, before: base, after: [["a", "1", 50]], ops: [{ at: 0, effects: [add("a", 7)] }, { at: 100, effects: [add("a", 40)] }] }, { altered: 1 }],
  "half of a transaction in doubt: one of two inserts": [{ before: [], after: [["a", "1"]], ops: [{ at: 0, outcome: "indeterminate", effects: [insert("a", "1"), insert("b", "1")] }] }, { altered: 1 }],
  "half of a transaction in doubt: one side of a transfer": [{ before: [["a", "1", 10], ["b", "1", 10]], after: [["a", "1", 7], ["b", "1", 10]], ops: [{ at: 0, outcome: "indeterminate", effects: [add("a", -3), add("b", 3)] }] }, { altered: 1 }],
  "half of a transaction in doubt: an update, and not the delete": [{ before: [["a", "1"], ["b", "1"]], after: [["a", "2"], ["b", "1"]], ops: [{ at: 0, outcome: "indeterminate", effects: [update("a", "2"), remove("b")] }] }, { altered: 1 }],
  "set to null, and the value before that is back": [{ before: base, after: [["a", "2", 10]], ops: [{ at: 0, effects: [update("a", "2")] }, { at: 100, effects: [update("a", null)] }] }, { lost: 1, possible: 1 }],
  "two clients were told that they inserted the same record": [{ before: [], after: [["a", "2"]], ops: [{ at: 0, took: 50, effects: [insert("a", "1")] }, { at: 20, took: 50, effects: [insert("a", "2")] }] }, { altered: 1 }],
  "an addition to what is no counter sets nothing": [{ before: base, after: [["a", "2", 10]], ops: [{ at: 0, effects: [{ key: "a", kind: "add", value: { value: "2" } }] }] }, { altered: 1 }],
  "a value without a place in the old shape": [{ before: base, after: base, ops: [{ at: 0, effects: [{ key: "a", kind: "update", value: { nickname: "Al" } }] }] }, { shed: 1 }],
};

const UNKNOWN: Record<string, readonly [History, Expected]> = {
  "an indeterminate delete could explain a missing row": [{ before: base, after: [], ops: [{ at: 0, outcome: "indeterminate", effects: [remove("a")] }] }, { lost: 0, possible: 1 }],
  "an earlier indeterminate update could explain an undone one": [{ before: base, after: [["a", "2", 10]], ops: [{ at: 0, outcome: "indeterminate", effects: [update("a", "2")] }, { at: 100, effects: [update("a", "3")] }] }, { lost: 0, possible: 1 }],
};

async function reconciled(history: History) {
  await using folder = await temporaryFolder();
  const card = await judge(record(folder.path, history));
  const { lostWrites, phantomWrites, duplicateWrites, alteredWrites, shedValues } = card.measures;
  const seen = { lost: lostWrites?.definite, possible: lostWrites?.possible, phantom: phantomWrites, duplicate: duplicateWrites, altered: alteredWrites, shed: shedValues };
  return { seen, card };
}
const NONE = { lost: 0, possible: 0, phantom: 0, duplicate: 0, altered: 0, shed: 0 };

describe("reconciliation", () => {
  test.for(Object.entries(OK))("ok: %s", async ([, history]) => {
    const { seen, card } = await reconciled(history);
    expect(seen).toEqual(NONE);
    expect(card.verdict).toBe("met");
  });

  test.for(Object.entries(BAD))("bad: %s", async ([, [history, expected]]) => {
    const { seen, card } = await reconciled(history);
    expect(seen).toEqual({ ...NONE, ...expected });
    expect(card.verdict).toBe("missed");
    expect(card.findings.length).toBeGreaterThan(0);
  });

  test.for(Object.entries(UNKNOWN))("unknown: %s", async ([, [history, expected]]) => {
    const { seen, card } = await reconciled(history);
    expect(seen).toEqual({ ...NONE, ...expected });
    expect(card.verdict).toBe("unknown");
  });

  /** Names that SQL, JSON's paths, CSV, or we ourselves could take for something else. */
  const ODD = ['a"b', "a'b", "$x", "/x", "x.y", "~t/z", "*", "#", "\\", "select", "größe", "seq", "held", "field", "value", "kind", "entity", "key", "bucket", "was", "Mixed Case", "x".repeat(63), " ", "{}", "a,b", "a[0]", "%20", "-", "constructor"];
  const named = (i: number): [string, string, string] => [0, 1, 2].map((n) => ODD[(i * 3 + n) % ODD.length] ?? "") as [string, string, string];

  test.for([...Object.values(OK).map((history) => [history, {}] as const), ...Object.values(BAD)].map((one, i) => [named(i), ...one] as const))("with the names %j as with any other", async ([names, history, expected]) => {
    const { seen } = await reconciled({ ...history, names });
    expect(seen).toEqual({ ...NONE, ...expected });
  });

  test("an intent without an outcome is indeterminate: a killed generator proves nothing", async () => {
    await using folder = await temporaryFolder();
    record(folder.path, { before: [], after: [["a", "1"]], ops: [{ at: 0, effects: [insert("a", "1")] }] });
    const { writeFileSync } = await import("node:fs");
    writeFileSync(`${folder.path}/ledger/outcomes.ndjson`, "");
    const card = await judge(folder.path);
    expect(card.measures.operations).toEqual({ committed: 0, rejected: 0, indeterminate: 1, dropped: 0 });
    expect(card.measures.phantomWrites).toBe(0);
  });

  test("the loss window reaches from the oldest lost write's acknowledgement to the fault", async () => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, {
      before: [], after: [], drill: { faults: [{ kind: "kill", at: { afterMs: 0 } }] },
      ops: [{ at: 1_000, took: 10, effects: [insert("a", "1")] }, { at: 2_000, effects: [insert("b", "1")] }],
      events: [[0, { kind: "migration", state: "started" }], [4_000, { kind: "fault", index: 0, fault: "kill", target: "postgres", state: "proven", detail: "gone" }]],
    }));
    expect(card.measures.lossWindowMs).toEqual({ value: 2_990, plusMinus: 1, unit: "ms" });
    expect(card.measures.lostWrites).toEqual({ definite: 2, possible: 2, ofRowsBefore: 0 });
  });

  test("of several faults the loss window reaches to the one that ended the loss, as surely as its moment is known", async () => {
    await using folder = await temporaryFolder();
    const struck = (index: number, kind: "down" | "kill" | "pause", state: "triggered" | "proven") => ({ kind: "fault", index, fault: kind, target: "postgres", state, detail: "" }) as const;
    const card = await judge(record(folder.path, {
      before: [], after: [], drill: { faults: [{ kind: "down", on: "replication", at: { afterMs: 0 } }, { kind: "kill", at: { afterMs: 0 } }, { kind: "pause", at: { afterMs: 0 } }] },
      ops: [{ at: 1_000, took: 10, effects: [insert("a", "1")] }, { at: 2_000, effects: [insert("b", "1")] }],
      events: [[0, { kind: "migration", state: "started" }], [900, struck(0, "down", "triggered")], [910, struck(0, "down", "proven")],
        [3_960, struck(1, "kill", "triggered")], [4_000, struck(1, "kill", "proven")], [5_000, struck(2, "pause", "triggered")], [5_010, struck(2, "pause", "proven")]],
    }));
    expect(card.measures.lossWindowMs).toEqual({ value: 2_990, plusMinus: 40, unit: "ms" });
  });

  const LOSS = { objectives: { loss: { maxLostWrites: 0 }, consistency: {} } };
  test.for<[string, History, { readonly kind: string; readonly before?: number; readonly detail: string }]>([
    ["12 acknowledged writes and 3 rows", { before: [["x", "1"], ["y", "1"], ["z", "1"]], after: [], ops: Array.from({ length: 12 }, (_, i) => ({ at: i * 10, effects: [insert(`k${i}`, "1")] })) },
      { kind: "write-lost", before: 3, detail: "15 item records: 12 acknowledged writes and 3 rows that were there before: gone" }],
    ["rows alone", { before: [["x", "1"]], after: [], ops: [] }, { kind: "write-lost", before: 1, detail: "1 item record: 1 row that was there before: gone" }],
    ["a row that a client wrote before it went is that client's", { before: [["x", "1"]], after: [], ops: [{ at: 0, effects: [update("x", "2")] }] }, { kind: "write-lost", detail: "1 item record: acknowledged to a client, and gone" }],
    ["a row that a client failed to change is none of that client's", { before: [["x", "1"]], after: [], ops: [{ at: 0, outcome: "rejected", effects: [update("x", "2")] }] }, { kind: "write-lost", before: 1, detail: "1 item record: 1 row that was there before: gone" }],
    ["an altered value beside one that a client wrote wrongly", { before: [["x", "1"], ["y", "1"]], after: [["x", "8"], ["y", "9"]], ops: [{ at: 0, effects: [update("x", "2")] }] }, { kind: "altered-write", before: 1, detail: "2 item records: 1 acknowledged write and 1 row that was there before: present with a value that no admissible history gives (value)" }],
    ["a counter that clients change is theirs", { before: [["x", "1", 5]], after: [["x", "1", 5]], ops: [{ at: 0, effects: [add("x", 2)] }] }, { kind: "altered-write", detail: "1 item record: present with a value that no admissible history gives (stock)" }],
    ["a counter that nobody changes is not", { before: [["x", "1", 5]], after: [["x", "1", 6]], ops: [{ at: 0, effects: [update("x", "1")] }] }, { kind: "altered-write", before: 1, detail: "1 item record: 1 row that was there before: present with a value that no admissible history gives (stock)" }],
  ])("rows that were there before are told apart from clients' writes: %s", async ([, history, { kind, before, detail }]) => {
    const { card } = await reconciled({ ...history, drill: LOSS });
    expect(card.findings.filter((finding) => finding.kind === kind)).toEqual([expect.objectContaining({ kind, detail })]);
    expect(card.findings[0]?.ofRowsBefore).toBe(before);
    if (kind === "write-lost") expect(card.measures.lostWrites?.ofRowsBefore).toBe(before ?? 0);
    if (kind === "write-lost" && before === 3) expect(card.objectives.find(({ name }) => name === "loss")?.reason).toMatch(/^12 acknowledged writes and 3 rows that were there before are gone/);
  });
});
