// The ledger outlives the generator: after a SIGKILL, nothing is in the database that it doesn't know of.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startClock } from "../../harness/base/clock.ts";
import { waitUntil, within } from "../../harness/base/deadline.ts";
import { drillSchema } from "../../harness/drill/schema.ts";
import { Load } from "../../harness/load/load.ts";
import { ownReplication, proveQuiescence } from "../../harness/observe/quiescence.ts";
import { accessUrl } from "../../harness/topology/topology.ts";
import { openTopology, type Held } from "../faults/contract.ts";
import { smallDrill, temporaryFolder } from "../support/drills.ts";

let held: Held;
beforeAll(async () => { held = await openTopology("process", "own"); });
afterAll(async () => { await held.close(); });

type Line = { readonly seq: number; readonly vu: number; readonly op: string; readonly end: number; readonly intended: number; readonly start: number; readonly outcome: string; readonly effects: readonly { entity: string; key: string }[] };
const lines = async (file: string) => (await readFile(file, "utf8")).trimEnd().split("\n").map((line) => JSON.parse(line) as Line);

async function start(folder: string, perSecond: number, over: object = {}) {
  const load = drillSchema.shape.load.parse({ ...smallDrill().load, arrivalsPerSecond: perSecond, ...over });
  const generator = await Load.start({ load, slowAfterMs: 500, scale: 0.05, seed: Math.floor(perSecond), clock: startClock(), workDirectory: folder, url: accessUrl(held.topology.access("app", "clients")), ledgerDirectory: join(folder, "ledger") });
  await waitUntil({ what: "operations", withinMs: 20_000, check: () => ((generator.stats?.counts.committed ?? 0) > 200 ? true : undefined) });
  return generator;
}

describe("the ledger", () => {
  test.for([400, 401, 402])("knows every order that a generator killed under %i arrivals a second has placed", { meta: { sharesServices: true } }, async (perSecond) => {
    await using folder = await temporaryFolder();
    const admin = await held.topology.observer("test");
    const before = new Set((await admin.query<{ ref: string }>("select ref from orders")).rows.map(({ ref }) => ref));
    const generator = await start(folder.path, perSecond);
    process.kill(generator.pid, "SIGKILL");
    expect(await generator.died()).toContain("ended by itself (SIGKILL)");
    await proveQuiescence(admin, { withinMs: 10_000, own: ownReplication(held.topology.cluster, undefined) });
    const placed = (await admin.query<{ ref: string }>("select ref from orders")).rows.map(({ ref }) => ref).filter((ref) => !before.has(ref));
    await admin.end();
    const intended = new Set((await lines(join(folder.path, "ledger/intents.ndjson"))).flatMap(({ effects }) => effects.filter(({ entity }) => entity === "order").map(({ key }) => key)));
    expect(placed.length).toBeGreaterThan(20);
    expect(placed.filter((ref) => !intended.has(ref))).toEqual([]);
  });

  test("keeps what was due when every client was busy: late starts and drops", { meta: { sharesServices: true } }, async () => {
    await using folder = await temporaryFolder();
    const generator = await start(folder.path, 300, { clients: 4, connections: 4, patienceMs: 300, timeoutMs: 1_500 });
    await held.topology.postgres.pause();
    await waitUntil({ what: "drops", withinMs: 10_000, check: () => ((generator.stats?.counts.dropped ?? 0) > 50 ? true : undefined) });
    await held.topology.postgres.resume();
    await generator.stop(20_000);
    const intents = await lines(join(folder.path, "ledger/intents.ndjson"));
    const outcomes = new Map((await lines(join(folder.path, "ledger/outcomes.ndjson"))).map((line) => [line.seq, line]));
    // Every arrival of the schedule is accounted for, once, at its own time.
    const due = intents.toSorted((a, b) => a.seq - b.seq);
    expect(due.map(({ seq }) => seq)).toEqual(due.map((_, index) => index + 1));
    const gap = 1e9 / 300;
    for (const [index, { intended }] of due.entries()) expect(Math.abs(intended - (due[0]!.intended + index * gap))).toBeLessThan(gap);
    expect(due.filter(({ seq }) => outcomes.get(seq)?.outcome === "dropped").length).toBeGreaterThan(50);
    expect(due.every(({ seq }) => outcomes.has(seq))).toBe(true);
    expect(Math.max(...due.filter(({ start }) => start > 0).map(({ intended, start }) => (start - intended) / 1e6))).toBeGreaterThan(100);
  });

  test("numbers what clients do after an arrival's first operation apart, due when that had ended, and on the other database", { meta: { sharesServices: true } }, async () => {
    await using folder = await temporaryFolder();
    const script = join(folder.path, "chain.ts");
    await writeFile(script, `
      import { andThen, database, options as openModel, serve, statement } from "k6/x/turnback";
      export const options = openModel();
      const other = database("other");
      export default function () {
        serve(() => {
          if (statement("first", [], "select 1") !== "committed") return;
          andThen();
          other.transaction("second", [], (tx) => { if (tx.query("select current_user::text as who")[0].who !== "migrator") throw new Error("on the first database"); });
        });
      }`);
    const load = drillSchema.shape.load.parse({ ...smallDrill().load, workload: script, arrivalsPerSecond: 200 });
    const url = (role: "app" | "migrator") => accessUrl(held.topology.access(role, "clients"));
    const generator = await Load.start({ load, slowAfterMs: 500, scale: 1, seed: 1, clock: startClock(), workDirectory: folder.path, url: url("app"), otherUrls: { other: url("migrator") }, ledgerDirectory: join(folder.path, "ledger") });
    await waitUntil({ what: "operations", withinMs: 20_000, check: () => ((generator.stats?.counts.committed ?? 0) > 200 ? true : undefined) });
    await generator.stop(20_000);
    const intents = await lines(join(folder.path, "ledger/intents.ndjson"));
    const outcomes = new Map((await lines(join(folder.path, "ledger/outcomes.ndjson"))).map((line) => [line.seq, line]));
    const of = (op: string) => intents.filter((intent) => intent.op === op).toSorted((a, b) => a.seq - b.seq);
    const [firsts, seconds] = [of("first"), of("second")];
    expect(firsts.map(({ seq }) => seq), "the schedule is not changed by it").toEqual(firsts.map((_, i) => i + 1));
    expect(seconds.map(({ seq }) => seq)).toEqual(firsts.map((_, i) => 1_000_000_001 + i));
    expect(seconds.every(({ seq }) => outcomes.get(seq)?.outcome === "committed")).toBe(true);
    for (const second of seconds) expect(firsts.some(({ seq, vu }) => vu === second.vu && (outcomes.get(seq)?.end ?? Infinity) <= second.intended)).toBe(true);
  });

  test.for([
    ["andThen() comes after an operation", "andThen(); statement('a', [], 'select 1');"],
    ["an arrival serves one operation", "statement('a', [], 'select 1'); statement('b', [], 'select 1');"],
    ["no other database named", "database('billing');"],
  ] as const)("refuses a workload that makes it wrong: %s", { meta: { sharesServices: true } }, async ([says, body]) => {
    await using folder = await temporaryFolder();
    const script = join(folder.path, "wrong.ts");
    await writeFile(script, `import { andThen, database, options as openModel, serve, statement } from "k6/x/turnback";\nexport const options = openModel();\nexport default function () { serve(() => { ${body} }); }`);
    const load = drillSchema.shape.load.parse({ ...smallDrill().load, workload: script });
    const generator = await Load.start({ load, slowAfterMs: 500, scale: 1, seed: 1, clock: startClock(), workDirectory: folder.path, url: accessUrl(held.topology.access("app", "clients")), ledgerDirectory: join(folder.path, "ledger") });
    expect(await within(30_000, "the end of the load", generator.died())).toContain(says);
  });
});
