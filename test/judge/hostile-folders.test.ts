// A run is judged by what is in it, and not by the name of the folder that it is in.

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packRun } from "../../harness/evidence/pack.ts";
import { ask } from "../../harness/judge/ask.ts";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, update } from "./history.ts";

const NAMES = [
  "outcome=rejected", "outcome=committed/seq=7", "kind=insert", "entity=item", "key=a", "before=after", "#bucket=1", "value=x", "ok=true/t=0",
  "[a]", "[!a]", "*", "a*b", "?", "{a,b}", "**", "a, b", "it's", "with \"quotes\"", "two\nlines", "back\\slash", "%20", "umlaut ü €", "-x", "~", "a;b", "$HOME", "x.parquet", ".hidden",
];
const ITEM = [{ name: "item", key: "key" }];

test("the same run gives the same scorecard in whatever folder it lies, packed or not, and its findings' queries the same answers", { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder();
  const plain = record(join(folder.path, "plain"), {
    before: [["a", "x"], ["b", "x"], ["gone", "x"]], after: [["a", "x"], ["b", "wrong"], ["surplus", "x"]],
    ops: [{ at: 100, effects: [insert("lost", "new")] }, { at: 200, outcome: "rejected", effects: [update("a", "other")] }, { at: 300, effects: [update("b", "y")] }],
    facts: { after: { integrity: [{ kind: "orphans", subject: "orders", count: 1, detail: "1 row", query: "select 1" }] } },
  });
  const card = await judge(plain);
  expect(card.verdict).toBe("missed");
  const findings = [...card.findings.map(({ query }) => query), "select outcome, count(*) as n from operations group by all order by 1", "select * from before_item order by key"];
  const answers = await ask(plain, findings);
  expect(answers[card.findings.findIndex(({ kind }) => kind === "orphans")]?.length ?? 0).toBeGreaterThan(0);
  for (const [index, name] of NAMES.entries()) {
    const hostile = join(folder.path, `in-${index}`, name);
    await cp(plain, hostile, { recursive: true });
    if (index % 2 === 0) await packRun(hostile, ITEM);
    expect(JSON.stringify(await judge(hostile)), name).toBe(JSON.stringify(card));
    expect(await ask(hostile, findings), name).toEqual(answers);
  }
});
