// What is found to be as it was: never a record that isn't, whatever comes in which order; and nearly all of those that are.

import { expect, test } from "vitest";
import { seededRandom } from "../../harness/base/random.ts";
import { afterHeader, recordsOf, SameRecords } from "../../harness/observe/same-records.ts";

const HEADER = "key,value\n";
const csv = (records: readonly string[]) => Buffer.from(HEADER + records.map((record) => `${record}\n`).join(""));

/** Compares two dumps, the second of which comes in pieces. */
function compared(before: readonly string[], after: readonly string[], piece = 100_000) {
  const [old, now] = [csv(before), csv(after).subarray(HEADER.length)];
  expect(recordsOf(old)).toBe(before.length);
  const same = new SameRecords(old, afterHeader(old));
  const told: { gone: string[]; changed: string[] } = { gone: [], changed: [] };
  const take = ({ gone, changed }: ReturnType<SameRecords["end"]>) => {
    told.gone.push(...gone.map((record) => record.toString().slice(0, -1)));
    told.changed.push(...changed.map((record) => record.toString().slice(0, -1)));
  };
  for (let at = 0; at < now.length; at += piece) take(same.take(now.subarray(at, at + piece)));
  take(same.end());
  return told;
}

/** Before without what is gone, and with what is new: must be what there is. */
function completed(before: readonly string[], { gone, changed }: ReturnType<typeof compared>): string[] {
  const rest = [...before];
  for (const record of gone) rest.splice(rest.indexOf(record), 1);
  return [...rest, ...changed].sort();
}

const thousands = Array.from({ length: 30_000 }, (_, i) => `k${i},value ${i * 7} and more text, so that there is some to compare`);

test("of a dump that is as it was nothing is left", () => {
  expect(compared(thousands, thousands)).toEqual({ gone: [], changed: [] });
});

test("a record that is changed, gone, new, or there twice is told alone, wherever it stands", () => {
  for (const at of [0, 1, 15_000, 29_998, 29_999]) {
    const record = thousands[at] as string;
    expect(compared(thousands, thousands.with(at, `${record}!`)), `changed at ${at}`).toEqual({ gone: [record], changed: [`${record}!`] });
    expect(compared(thousands, thousands.with(at, record.replace("value", "valua"))), `one sign at ${at}`).toEqual({ gone: [record], changed: [record.replace("value", "valua")] });
    expect(compared(thousands, thousands.toSpliced(at, 1)), `gone at ${at}`).toEqual({ gone: [record], changed: [] });
    expect(compared(thousands, thousands.toSpliced(at, 0, "new,1")), `new at ${at}`).toEqual({ gone: [], changed: ["new,1"] });
    expect(compared(thousands, thousands.toSpliced(at, 0, record)), `twice at ${at}`).toEqual({ gone: [], changed: [record] });
    expect(compared(thousands, [...thousands.toSpliced(at, 1), record]), `moved from ${at} to the end`).toEqual({ gone: [], changed: [] });
  }
});

test("nothing at all, and everything new", () => {
  expect(compared(["a,1"], [])).toEqual({ gone: ["a,1"], changed: [] });
  expect(compared([], ["a,1"])).toEqual({ gone: [], changed: ["a,1"] });
  expect(compared([], [])).toEqual({ gone: [], changed: [] });
  expect(compared(["a,1", "b,2"], ["c,3"])).toEqual({ gone: ["a,1", "b,2"], changed: ["c,3"] });
});

test("null is not the empty text", () => {
  expect(compared(["a,"], ['a,""'])).toEqual({ gone: ["a,"], changed: ['a,""'] });
});

test("a line of a text is no record, though it looks like one", () => {
  const before = ["a,1", "b,2", "c,3"];
  expect(compared(before, ['a,"one', "b,2", 'end"', "c,3"])).toEqual({ gone: ["a,1", "b,2"], changed: ['a,"one\nb,2\nend"'] });
  expect(compared(before, ["a,1", 'x,"', "b,2", '"', "c,3"], 3)).toEqual({ gone: ["b,2"], changed: ['x,"\nb,2\n"'] });
  expect(recordsOf(csv(['a,"one', 'two"'])), "such a dump is not compared with").toBeUndefined();
  expect(recordsOf(Buffer.from("key\na")), "nor one that is cut short").toBeUndefined();
  expect(recordsOf(Buffer.from("")), "nor one without its first line").toBeUndefined();
});

test("in another order all are found again, up to a bound; beyond it what is told is as right", () => {
  const back = thousands.toReversed();
  expect(compared(thousands, back)).toEqual({ gone: [], changed: [] });
  const more = Array.from({ length: 150_000 }, (_, i) => `k${i},${i}`);
  const told = compared(more, more.toReversed(), 300_000);
  expect(told.gone.length).toBeGreaterThan(0);
  const gone = new Set(told.gone);
  expect(gone.size).toBe(told.gone.length);
  expect([...more.filter((record) => !gone.has(record)), ...told.changed].sort()).toEqual(more.toSorted());
});

test("whatever is done to a dump, before without what is gone and with what is new is what there is", () => {
  const random = seededRandom(7);
  const any = (n: number) => Math.floor(random() * n);
  for (let i = 0; i < 200; i++) {
    const before = Array.from({ length: any(120) }, (_, n) => `k${n},${"v".repeat(any(30))}`);
    const after = [...before];
    for (let change = any(12); change > 0; change--) {
      const at = any(after.length + 1);
      const kind = any(5);
      if (kind === 0) after.splice(at, 1);
      else if (kind === 1) after.splice(at, 0, `n${any(1_000)},new`);
      else if (kind === 2 && after.length > at) after[at] = `${after[at]}x`;
      else if (kind === 3 && after.length > at) after.push(...after.splice(at, 1 + any(5)));
      else if (after.length > at) after.splice(any(after.length), 0, after[at] as string);
    }
    const told = compared(before, after, 1 + any(400));
    expect(completed(before, told), JSON.stringify({ before, after })).toEqual(after.toSorted());
  }
});
