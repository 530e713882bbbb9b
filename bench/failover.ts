// Failovers, many of them: the loss that the scorecard states against what the old primary's own WAL says is lost.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../harness/base/random.ts";
import { runDrill } from "../harness/conduct/run-drill.ts";
import type { DrillDeclaration } from "../harness/drill/schema.ts";
import { EvidenceDatabase } from "../harness/evidence/database.ts";
import { packRun } from "../harness/evidence/pack.ts";
import { ask } from "../harness/judge/ask.ts";
import { judge } from "../harness/judge/judge.ts";
import type { Topology } from "../harness/topology/topology.ts";
import { SILENT, smallDrill } from "../test/support/drills.ts";
import { spread } from "./figures.ts";

const RUNS = Number(process.env["TURNBACK_BENCH_FAILOVERS"] ?? 50);
/** Rows of these are written once: the transaction that a row names is the one that its client was told of. */
const WRITTEN_ONCE = { payment: "payments", movement: "stock_movements" } as const;

type Trial = { readonly stated: ReadonlySet<string>; readonly truth: ReadonlySet<string>; readonly lost: number; readonly recoveryMs: number };

export async function failover(): Promise<void> {
  for (const mode of ["synchronous", "asynchronous"] as const) {
    const trials: Trial[] = [];
    for (let i = 1; i <= RUNS; i++) {
      trials.push(await trial(mode, i));
      if (process.stderr.isTTY) process.stderr.write(`\r  ${mode}: ${i} of ${RUNS}`);
    }
    const equal = trials.filter(({ stated, truth }) => stated.size === truth.size && [...stated].every((key) => truth.has(key))).length;
    const lossless = trials.filter(({ lost }) => lost === 0).length;
    console.log(`${process.stderr.isTTY ? "\r" : ""}  ${mode}, ${trials.length} runs: nothing lost in ${lossless}; stated loss is the true one, record for record, in ${equal} (${spread(trials.map(({ truth }) => truth.size), 0)} payments and movements a run)`
      + `; recovery ${spread(trials.map(({ recoveryMs }) => recoveryMs / 1_000), 2)} s`);
  }
}

/** One drill: the replica lags by a chance amount, the primary dies at a chance moment. */
async function trial(mode: "synchronous" | "asynchronous", seed: number): Promise<Trial> {
  const random = seededRandom(seed);
  const drill: DrillDeclaration = smallDrill({
    name: "failover-trial",
    system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: { mode } } },
    load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 200, warmUpMs: 1_000, holdMs: 500 },
    faults: [
      ...(mode === "asynchronous" ? [lagging(random)] : []),
      { kind: "kill", at: { within: "retire-name", afterMs: Math.floor(random() * 500) }, healAfterMs: 1_000 },
    ],
    rollback: { strategy: "failover", decide: { on: "alert" } },
  });
  const folder = await mkdtemp(join(tmpdir(), "tb-failover-"));
  try {
    const file = join(folder, "failover-trial.drill.json");
    await writeFile(file, JSON.stringify(drill));
    let left = new Set<string>();
    const result = await runDrill({ file, runtime: "process", seed, runsDirectory: folder, signal: new AbortController().signal, watcher: SILENT, beforeTidy: async (topology) => { left = await leftBehind(topology); } });
    if (result.failure) throw result.failure;
    await packRun(result.directory, result.system.entities);
    const card = await judge(result.directory);
    const told = await acknowledged(result.directory, result.system.entities);
    const names = Object.keys(WRITTEN_ONCE);
    const [harms = []] = await ask(result.directory, [`select entity || ' ' || key as key from harms where harm = 'write-lost' and entity in (${names.map((name) => `'${name}'`).join(", ")})`]);
    return {
      stated: new Set(harms.map(({ key }) => String(key))), truth: new Set([...left].filter((key) => told.has(key))),
      lost: card.measures.lostWrites?.definite ?? Number.NaN, recoveryMs: card.measures.recoveryMs.value ?? Number.NaN,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What was sent before the primary died still arrives, however late; what could not be sent is lost. */
function lagging(random: () => number): NonNullable<DrillDeclaration["faults"]>[number] {
  const held = { on: "replication", at: { before: "sync-trigger" }, healAfterMs: 4_000 } as const;
  return random() < 0.3 ? { kind: "latency", latencyMs: 50 + Math.floor(random() * 500), ...held } : { kind: "down", ...held };
}

/** The records that the old primary committed after the new one had left its history: from its WAL, which names the transactions, and its rows, which name theirs. */
async function leftBehind({ cluster, inTurn }: Topology): Promise<Set<string>> {
  return inTurn(async () => {
    const old = cluster.replica;
    if (!old) throw new Error("there was no failover");
    if ((await old.observe()).state === "stopped") await old.start();
    const fresh = await cluster.connect(cluster.primary, "bench");
    const { rows: [history] } = await fresh.query<{ text: string }>("select pg_read_file('pg_wal/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '.history') as text");
    await fresh.end();
    const fork = history?.text.trim().split("\t")[1];
    const wal = await cluster.connect(old, "bench", "postgres");
    const { rows: [end] } = await wal.query<{ lsn: string; some: boolean }>("select pg_last_wal_replay_lsn()::text as lsn, pg_last_wal_replay_lsn() > $1::pg_lsn as some", [fork]);
    const { rows: commits } = end?.some ? await wal.query<{ xid: string }>(
      "select xid::text from pg_get_wal_records_info($1::pg_lsn, $2::pg_lsn) where resource_manager = 'Transaction' and record_type like 'COMMIT%'", [fork, end.lsn]) : { rows: [] };
    await wal.end();
    const app = await cluster.connect(old, "bench");
    const keys = new Set<string>();
    for (const [entity, table] of Object.entries(WRITTEN_ONCE)) {
      const { rows } = await app.query<{ ref: string }>(`select ref::text from ${table} where xmin::text = any($1)`, [commits.map(({ xid }) => xid)]);
      for (const { ref } of rows) keys.add(`${entity} ${ref}`);
    }
    await app.end();
    return keys;
  });
}

async function acknowledged(directory: string, entities: Parameters<typeof EvidenceDatabase.open>[1]): Promise<Set<string>> {
  await using database = await EvidenceDatabase.open(directory, entities);
  return new Set((await database.rows("select entity || ' ' || key as key from effects where outcome = 'committed'")).map(({ key }) => String(key)));
}
