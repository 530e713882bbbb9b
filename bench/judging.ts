// Judging large runs: time and memory of packing, of reconciliation and of the whole judgement, each in a process of its own.

import { execFile } from "node:child_process";
import { glob, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { literal, openDuckDB } from "../harness/evidence/duckdb.ts";
import { dumpFile, partFile, PATHS } from "../harness/evidence/run-directory.ts";
import { record } from "../test/judge/history.ts";
import { temporaryFolder } from "../test/support/drills.ts";
import type { Figure, Step } from "./judging-step.ts";

const PLANTED = { lost: 3, phantom: 2, altered: 2 };

export async function judging(): Promise<void> {
  const sizes = [1_000_000, 10_000_000, ...(process.env["TURNBACK_BENCH_LARGE"] ? [100_000_000] : [])];
  for (const operations of sizes) {
    await using folder = await temporaryFolder();
    await generate(folder.path, operations);
    console.log(`  ${operations.toLocaleString("en-US")} operations`);
    const lines = await size(folder.path, [PATHS.intents, PATHS.outcomes]);
    const packing = await inProcess("pack", folder.path);
    console.log(`    packing        ${figure(packing)}; ${mb(lines)} of lines to ${mb(await size(folder.path, [partFile(PATHS.operations, "*"), partFile(PATHS.effects, "*")]))}`);
    const reconciling = await inProcess("reconcile", folder.path);
    console.log(`    reconciliation ${figure(reconciling)}; planted ${JSON.stringify(PLANTED)}, found ${JSON.stringify(reconciling.result)}`);
    const judged = await inProcess("judge", folder.path);
    console.log(`    judgement      ${figure(judged)}, reconciliation included`);
  }
}

async function inProcess(step: Step, run: string): Promise<Figure> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "judging-step.ts"), step, run], { maxBuffer: 1e8 });
  return JSON.parse(stdout) as Figure;
}

const figure = ({ seconds, rssMb }: Figure) => `${seconds.toFixed(1)} s, ${rssMb.toFixed(0)} MB at most`;
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

async function size(run: string, files: readonly string[]): Promise<number> {
  let bytes = 0;
  for await (const file of glob(files.map((file) => join(run, file)))) bytes += (await stat(file)).size;
  return bytes;
}

/**
 * Of ten operations five insert a record of two fields, two update one of the baseline's (an eleventh of all
 * records), one updates a record that was inserted during the run, one adds to a counter and one, each tenth
 * time, deletes, and otherwise counts too. One in a thousand is rejected. Then three rows are taken away, two added and two bent.
 */
async function generate(folder: string, operations: number): Promise<void> {
  record(folder, { before: [], after: [], ops: [{ at: 0 }] });
  await using duckdb = await openDuckDB();
  const run = async (sql: string) => { await duckdb.connection.run(sql); };
  const base = operations / 10;
  const bent = operations / 2;
  await run("set preserve_insertion_order = true");
  await run(`create view ops as select seq, seq % 10 as turn, seq % 1000 = 999 as refused,
      case when seq % 10 < 5 then 'n' || seq when seq % 10 = 7 and seq > 2000 then 'n' || (seq - 1007 + seq // 10 % 5) when seq % 100 = 8 then 'd' || (seq // 100) else 'b' || (seq * 7919 % ${base}) end as key,
      case when seq % 10 < 5 then 'insert' when seq % 100 = 8 then 'delete' when seq % 10 >= 8 then 'add' else 'update' end as kind
    from range(1, ${operations + 1}) t(seq)`);
  await run(`copy (select seq, 1 as vu, 'op' as op, seq * 100000 as intended, seq * 100000 as start,
      [{'entity': 'item', 'key': key, 'kind': kind, 'value': case kind when 'insert' then json_object('value', 'new', 'amount', seq % 1000 || '.50') when 'add' then json_object('stock', 2) when 'update' then json_object('value', 'u' || seq) end}] as effects
    from ops) to ${literal(join(folder, PATHS.intents))} (format json)`);
  await run(`copy (select seq, seq * 100000 as acquired, seq * 100000 + 2000000 as "end", case when refused then 'rejected' else 'committed' end as outcome, 'commit' as phase, '' as code
    from ops) to ${literal(join(folder, PATHS.outcomes))} (format json)`);
  const csv = (when: "before" | "after") => `${literal(join(folder, dumpFile(when, "item")))} (format csv, header, force_quote (value), compression zstd)`;
  const before = `select 'b' || i as key, 'v' as value, '1.00' as amount, 0 as stock from range(0, ${base}) t(i) union all select 'd' || i, 'v', '1.00', 0 from range(0, ${base / 10 + 1}) t(i)`;
  await run(`copy (${before}) to ${csv("before")}`);
  await run(`create view state as
    with written as (select key, max(seq) filter (kind = 'update') as updated, bool_or(kind = 'insert') as inserted, min(seq) as first, 2 * count(*) filter (kind = 'add') as stock, bool_or(kind = 'delete') as deleted
      from ops where not refused group by key)
    select key, case when w.updated is not null then 'u' || w.updated when w.inserted then 'new' else b.value end as value,
      case when w.inserted then w.first % 1000 || '.50' else b.amount end as amount, coalesce(b.stock, 0) + coalesce(w.stock, 0) as stock
    from (${before}) b full join written w using (key) where not coalesce(w.deleted, false) and (b.key is not null or w.inserted)`);
  await run(`copy (
    select key, case when key = 'b17' then 'bent' else value end as value, amount, case when key = 'b19' then stock + 1 else stock end as stock
    from state where key not in ('n10', 'n${bent + 1}', 'b5')
    union all values ('p1', 'x', '1', 0), ('p2', 'x', '1', 0)) to ${csv("after")}`);
}
