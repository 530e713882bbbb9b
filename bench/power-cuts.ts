// Power cuts, a hundred of them: nothing that was acknowledged may be lost; and without fsync, what is stated is what is gone.

import { seededRandom } from "../harness/base/random.ts";
import { smallDrill } from "../test/support/drills.ts";
import { spread } from "./figures.ts";
import { gone, progress, same, trial, whatIsThere, type Trial } from "./trial.ts";

const CUTS_PER_RUN = 10;
const CUT_EVERY_MS = 4_500;
const RUNS = Number(process.env["TURNBACK_BENCH_POWER_CUTS"] ?? 100) / CUTS_PER_RUN;
const CONTROLS = 5;

export async function powerCuts(): Promise<void> {
  const all: Trial[] = [];
  for (let i = 1; i <= RUNS; i++) {
    all.push(await manyCuts(i));
    progress(`${i * CUTS_PER_RUN} power cuts of ${RUNS * CUTS_PER_RUN}`);
  }
  progress("");
  const proven = all.flatMap(({ card }) => card.faults).filter(({ proven }) => proven).length;
  const sum = (of: (trial: Trial) => number) => all.reduce((total, one) => total + of(one), 0);
  console.log(`  fsync on, ${proven} torn power cuts in ${all.length} runs: ${sum(({ card }) => card.measures.operations.committed).toLocaleString("en-US")} acknowledged operations, `
    + `${sum(({ card }) => card.measures.lostWrites?.definite ?? Number.NaN)} lost, ${sum(({ card }) => card.measures.lostWrites?.possible ?? Number.NaN)} possibly; ${all.filter(({ card }) => card.verdict === "met").length} runs met`);
  for (const [what, settings] of [["fsync off", { fsync: "off" }], ["synchronous_commit off", { synchronous_commit: "off", wal_writer_delay: "1000ms" }]] as const) {
    const controls = [];
    for (let i = 1; i <= CONTROLS; i++) {
      controls.push(await control(i, settings));
      progress(`${what}: ${i} of ${CONTROLS}`);
    }
    progress("");
    console.log(`  ${what}, one power cut a run: something lost in ${controls.filter(({ truth }) => truth.size > 0).length} of ${controls.length}; stated loss is the true one, record for record, in ${controls.filter(({ stated, truth }) => same(stated, truth)).length} (${spread(controls.map(({ truth }) => truth.size))} payments and movements a run)`);
  }
}

/** The first cut ends the migration; the others follow before anybody decides to go back. */
function manyCuts(seed: number): Promise<Trial> {
  const random = seededRandom(seed);
  return trial(smallDrill({
    name: "power-cuts",
    load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 200, warmUpMs: 1_000, holdMs: 500 },
    faults: Array.from({ length: CUTS_PER_RUN }, (_, i) => ({ kind: "power-cut" as const, at: { afterMs: Math.floor(200 + i * CUT_EVERY_MS + random() * 1_500) }, healAfterMs: 200 })),
    rollback: { decide: { on: "completion", delayMs: CUTS_PER_RUN * CUT_EVERY_MS } },
  }), seed, () => Promise.resolve());
}

async function control(seed: number, settings: Record<string, string>): Promise<{ readonly stated: ReadonlySet<string>; readonly truth: ReadonlySet<string> }> {
  const held = new Set<string>();
  const { card, stated, told } = await trial(smallDrill({
    name: "power-cut-control",
    system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { settings } },
    load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 200, warmUpMs: 1_000, holdMs: 500 },
    faults: [{ kind: "power-cut", torn: false, at: { afterMs: Math.floor(200 + seededRandom(seed)() * 500) }, healAfterMs: 200 }],
  }), seed, (topology) => whatIsThere(topology, held));
  // Acknowledged before the cut, and not in the tables: by plain SQL on the live server, without the judge.
  return { stated, truth: gone(told, held, card.faults[0]?.atMs) };
}
