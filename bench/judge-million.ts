// Judging a run of a million operations: time and memory, in a process of its own.

import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";
import { once } from "node:events";
import { record } from "../test/judge/history.ts";

const OPERATIONS = 1_000_000;

export async function judgeMillion(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "tb-bench-"));
  try {
    await generate(folder);
    const script = `const t = performance.now(); const { judge } = await import(${JSON.stringify(join(import.meta.dirname, "../harness/judge/judge.ts"))});
      const card = await judge(${JSON.stringify(folder)}); console.log(JSON.stringify({ seconds: (performance.now() - t) / 1000, rssMb: process.resourceUsage().maxRSS / 1024, lost: card.measures.lostWrites, phantom: card.measures.phantomWrites, altered: card.measures.alteredWrites, verdict: card.verdict }));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    const { seconds, rssMb, lost, phantom, altered } = JSON.parse(stdout) as { seconds: number; rssMb: number; lost: { definite: number }; phantom: number; altered: number };
    console.log(`  ${OPERATIONS.toLocaleString("en-US")} operations judged in ${seconds.toFixed(1)} s (${(seconds / 10).toFixed(2)} of the goal of 10 s) with ${rssMb.toFixed(0)} MB at most (${(rssMb / 1024).toFixed(2)} of 1 GB)`);
    console.log(`  planted and found: 3 lost, ${lost.definite} found; 2 phantoms, ${phantom} found; 1 altered, ${altered} found`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Half inserts, a quarter updates, the rest counters and reads; three rows taken away, two added, one bent. */
async function generate(folder: string): Promise<void> {
  record(folder, { before: [], after: [], ops: [] });
  const intents = createWriteStream(join(folder, "ledger/intents.ndjson"));
  const outcomes = createWriteStream(join(folder, "ledger/outcomes.ndjson"));
  const open = (when: string) => {
    const zip = createGzip({ level: 1 });
    const file = zip.pipe(createWriteStream(join(folder, when, "entity-item.csv.gz")));
    zip.write("key,value,stock\n");
    return { zip, written: once(file, "finish") };
  };
  const dumps = [open("before"), open("after")] as const;
  const [before, after] = [dumps[0].zip, dumps[1].zip];
  const hold = new Map<number, string>();
  const base = 200_000;
  for (let i = 0; i < base; i++) before.write(`b${i},"v",0\n`);
  const stock = new Map<number, number>();
  for (let seq = 1; seq <= OPERATIONS; seq++) {
    const at = seq * 1_000_000;
    const kind = seq % 4;
    const target = (seq * 7919) % base;
    let effect: object | undefined;
    if (kind < 2) effect = { entity: "item", key: `n${seq}`, kind: "insert", value: { value: "new" } };
    if (kind === 2) { effect = { entity: "item", key: `b${target}`, kind: "update", value: { value: `u${seq}` } }; hold.set(target, `u${seq}`); }
    if (kind === 3 && seq % 8 === 7) { effect = { entity: "item", key: `b${target}`, kind: "add", value: { stock: 2 } }; stock.set(target, (stock.get(target) ?? 0) + 2); }
    if (!intents.write(`{"seq":${seq},"vu":1,"op":"op","intended":${at},"start":${at},"effects":${JSON.stringify(effect ? [effect] : [])}}\n`)) await once(intents, "drain");
    if (!outcomes.write(`{"seq":${seq},"acquired":${at},"end":${at + 2_000_000},"outcome":"committed","phase":"commit","code":""}\n`)) await once(outcomes, "drain");
    if (kind < 2 && ![4_000, 4_004, 4_005].includes(seq)) after.write(`n${seq},"new",0\n`);
  }
  for (let i = 0; i < base; i++) after.write(`b${i},"${i === 17 ? "bent" : (hold.get(i) ?? "v")}",${stock.get(i) ?? 0}\n`);
  after.write('p1,"x",0\np2,"x",0\n');
  for (const stream of [intents, outcomes, before, after]) stream.end();
  await Promise.all([once(intents, "finish"), once(outcomes, "finish"), ...dumps.map(({ written }) => written)]);
}
