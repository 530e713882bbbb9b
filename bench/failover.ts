// Failovers, many of them: the loss that the scorecard states against what the old primary's own WAL says is lost.

import { seededRandom } from "../harness/base/random.ts";
import type { DrillDeclaration } from "../harness/drill/schema.ts";
import type { Topology } from "../harness/topology/topology.ts";
import { smallDrill } from "../test/support/drills.ts";
import { spread } from "./figures.ts";
import { progress, same, trial, WRITTEN_ONCE } from "./trial.ts";

const RUNS = Number(process.env["TURNBACK_BENCH_FAILOVERS"] ?? 50);

type Failover = { readonly stated: ReadonlySet<string>; readonly truth: ReadonlySet<string>; readonly lost: number; readonly recoveryMs: number };

export async function failover(): Promise<void> {
  for (const mode of ["synchronous", "asynchronous"] as const) {
    const all: Failover[] = [];
    for (let i = 1; i <= RUNS; i++) {
      all.push(await once(mode, i));
      progress(`${mode}: ${i} of ${RUNS}`);
    }
    progress("");
    const equal = all.filter(({ stated, truth }) => same(stated, truth)).length;
    const lossless = all.filter(({ lost }) => lost === 0).length;
    console.log(`  ${mode}, ${all.length} runs: nothing lost in ${lossless}; stated loss is the true one, record for record, in ${equal} (${spread(all.map(({ truth }) => truth.size), 0)} payments and movements a run)`
      + `; recovery ${spread(all.map(({ recoveryMs }) => recoveryMs / 1_000), 2)} s`);
  }
}

/** One drill: the replica lags by a chance amount, the primary dies at a chance moment. */
async function once(mode: "synchronous" | "asynchronous", seed: number): Promise<Failover> {
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
  let left = new Set<string>();
  const { card: { measures }, stated, told } = await trial(drill, seed, async (topology) => { left = await leftBehind(topology); });
  return { stated, truth: new Set([...left].filter((key) => told.has(key))), lost: measures.lostWrites?.definite ?? Number.NaN, recoveryMs: measures.recoveryMs.value ?? Number.NaN };
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
