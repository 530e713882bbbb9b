// Dumps that are compared with those kept from before, on a real server: whatever was done to a record, completed they hold what a whole dump holds.

import { afterAll, beforeAll, expect, test } from "vitest";
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { startClock } from "../../harness/base/clock.ts";
import { newSecret } from "../../harness/base/random.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import type { System } from "../../harness/drill/system.ts";
import { EvidenceDatabase } from "../../harness/evidence/database.ts";
import { EvidenceWriter, readJson, type Since } from "../../harness/evidence/run-directory.ts";
import { baselineFacts } from "../../harness/observe/baseline.ts";
import { captureFacts } from "../../harness/observe/facts.ts";
import { openTopology, type Held } from "../faults/contract.ts";
import { temporaryFolder } from "../support/drills.ts";

let held: Held;
let shop: System;
let kept: string;
const dataKey = `kept-dumps-${newSecret()}`;
const shared = { meta: { sharesServices: true } };

async function facts(folder: string, work: (observed: Parameters<typeof baselineFacts>[0][number], evidence: EvidenceWriter) => Promise<unknown>): Promise<void> {
  const [client, reader] = [await held.topology.observer("test"), await held.topology.reader("test")];
  try {
    await work({ client, reader, system: shop, dataKey }, new EvidenceWriter(folder, startClock()));
  } finally {
    await reader.end();
    await client.end();
  }
}

beforeAll(async () => {
  held = await openTopology("process", "own");
  shop = await readSystem("fixtures/systems/shop");
  const where: (string | undefined)[] = [];
  for (let i = 0; i < 2; i++) {
    await using folder = await temporaryFolder();
    await facts(folder.path, async (observed, evidence) => { where.push(await baselineFacts([observed], evidence)); });
  }
  expect(where[0], "whoever captures them has his own").toBeUndefined();
  kept = where[1] as string;
});
afterAll(async () => {
  await rm(dirname(kept), { recursive: true, force: true });
  await held.close();
});

const rowsOf = async (run: string) => {
  await using database = await EvidenceDatabase.open(run, shop.entities);
  return Object.fromEntries(await Promise.all(shop.entities.map(async ({ name }) => [name, await database.rows(`select * from "after_${name}" order by all`)] as const)));
};

/** Captures the facts after a change, whole and against those kept; the change is gone then. */
async function bothWays(change: string, undo: string): Promise<Readonly<Record<string, Since>> | undefined> {
  await using whole = await temporaryFolder();
  await using short = await temporaryFolder();
  const admin = await held.topology.observer("test");
  try {
    await admin.query(change);
    for (const { path } of [whole, short]) await facts(path, (observed, evidence) => baselineFactsThen(observed, evidence, path === short.path));
    expect(await rowsOf(short.path)).toEqual(await rowsOf(whole.path));
    expect((await readJson<{ since: object }>(whole.path, "after/entities.json"))?.since).toEqual({});
    return (await readJson<{ since: Record<string, Since> }>(short.path, "after/entities.json"))?.since;
  } finally {
    await admin.query(undo);
    await admin.end();
  }
}

async function baselineFactsThen(observed: Parameters<typeof baselineFacts>[0][number], evidence: EvidenceWriter, compared: boolean): Promise<void> {
  expect(await baselineFacts([observed], evidence)).toBe(kept);
  await captureFacts([observed], evidence, "after", compared ? { kept } : {});
}

const none = { gone: 0, changed: 0 };

test("of a system that is as it was hardly anything is written", shared, async () => {
  const since = await bothWays("select", "select");
  expect(Object.keys(since ?? {})).toEqual(shop.entities.map(({ name }) => name));
  for (const [entity, of] of Object.entries(since ?? {})) expect(of, entity).toMatchObject(none);
});

test.for<[what: string, entity: string, of: object, change: string, undo: string]>([
  ["a value", "order", { gone: 1, changed: 1 }, "update orders set total = total + 0.01 where id = 4711", "update orders set total = total - 0.01 where id = 4711"],
  ["a value that prints otherwise alone", "payment", { gone: 1, changed: 1 }, "alter table payments alter column amount type numeric; update payments set amount = amount * 1.000 where id = 77", "alter table payments alter column amount type numeric(12, 2)"],
  ["a record of another table that a query joins", "order", { gone: 10, changed: 10 }, "update customers set ref = md5('x')::uuid where id = 9", "update customers set ref = md5('customer-9')::uuid where id = 9"],
  ["what a query counts", "order", { gone: 1, changed: 1 }, "insert into order_lines values (55, 9, 1, 1, 1)", "delete from order_lines where order_id = 55 and line_no = 9"],
  ["a record that is gone", "stock", { gone: 1, changed: 0 }, "delete from stock where warehouse_id = 2 and product_id = 100", "insert into stock values (2, 100, 1000000)"],
  ["a new one", "movement", { gone: 0, changed: 1 }, "insert into stock_movements values (md5('m')::uuid, 1, 1, 2, 3)", "delete from stock_movements"],
  ["a text over several lines that holds a line of another record", "customer", { gone: 1, changed: 1 },
    "update customers c set name = E'a\\n' || (select ref || ',' || name || ',' || email from customers where id = 8) || E'\\nb' where id = 7; update customers set name = name where id < 20", "update customers set name = 'Ada' where id = 7"],
])("%s is told, of its entity", shared, async ([what, entity, of, change, undo]) => {
  const since = await bothWays(change, undo);
  if (what.includes("several lines")) expect(since?.[entity]?.changed).toBe(1);
  else expect(since?.[entity]).toMatchObject(of);
});

test("an entity with other columns is written whole", shared, async () => {
  await using folder = await temporaryFolder();
  const [client, reader] = [await held.topology.observer("test"), await held.topology.reader("test")];
  try {
    const evidence = new EvidenceWriter(folder.path, startClock());
    await baselineFacts([{ client, reader, system: shop, dataKey }], evidence);
    const system = { ...shop, entities: shop.entities.map((entity) => (entity.name === "movement" ? { ...entity, before: "select ref::text as key, 1 as one from stock_movements" } : entity)) };
    await captureFacts([{ client, reader, system }], evidence, "after", { kept });
    const since = (await readJson<{ since: Record<string, Since> }>(folder.path, "after/entities.json"))?.since;
    expect(Object.keys(since ?? {})).toEqual(shop.entities.map(({ name }) => name).filter((name) => name !== "movement"));
    await expect(readFile(join(folder.path, "after/gone-movement.csv.zst"))).rejects.toThrow("ENOENT");
  } finally {
    await reader.end();
    await client.end();
  }
});
