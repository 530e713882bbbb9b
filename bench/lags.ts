// Known lags: the replica is cut off for a known time before the primary dies, and the scorecard states how far back the loss reaches.

import type { DrillDeclaration } from "../harness/drill/schema.ts";
import { smallDrill } from "../test/support/drills.ts";
import { quantile, spread } from "./figures.ts";
import { progress, trial } from "./trial.ts";

const LAGS_MS = [100, 300, 1_000, 2_500];
const EACH = Number(process.env["TURNBACK_BENCH_LAGS"] ?? 6);

/** Of the truth: half of the time that the cut and the kill took, and the next write that could be lost at all. */
type Lag = { readonly knownMs: number; readonly slackMs: number; readonly statedMs: number; readonly statedPlusMinusMs: number };

const PER_SECOND = 200;
/** An arrival in five only reads, and a write takes its time. */
const NEXT_WRITE_MS = 2 * 1_000 / PER_SECOND;

export async function lags(): Promise<void> {
  const all: Lag[] = [];
  for (const lagMs of LAGS_MS) {
    for (let seed = 1; seed <= EACH; seed++) {
      const { card: { measures: { lossWindowMs } }, struck: [cut, kill] } = await trial(drill(lagMs), seed, () => Promise.resolve());
      if (!cut || !kill) throw new Error("a fault never struck");
      all.push({
        knownMs: (kill.fromMs + kill.toMs - cut.fromMs - cut.toMs) / 2, slackMs: (kill.toMs - kill.fromMs + cut.toMs - cut.fromMs) / 2 + NEXT_WRITE_MS,
        statedMs: lossWindowMs.value ?? Number.NaN, statedPlusMinusMs: lossWindowMs.plusMinus,
      });
      progress(`${all.length} of ${LAGS_MS.length * EACH}`);
    }
  }
  progress("");
  const errors = all.map(({ knownMs, statedMs }) => Math.abs(statedMs - knownMs));
  const within = all.filter(({ statedPlusMinusMs, slackMs }, i) => (errors[i] ?? Infinity) <= statedPlusMinusMs + slackMs).length;
  console.log(`  ${all.length} replicas cut off for ${LAGS_MS.join(", ")} ms before the primary died, ${PER_SECOND} arrivals a second: the stated loss window differs by ${spread(errors)} ms, 95 %: ${quantile(errors, 0.95).toFixed(0)} ms; `
    + `stated uncertainty ${spread(all.map(({ statedPlusMinusMs }) => statedPlusMinusMs))} ms, which with the truth's own slack of ${spread(all.map(({ slackMs }) => slackMs))} ms holds in ${within} of ${all.length}`);
  for (const { knownMs, slackMs, statedMs, statedPlusMinusMs } of all) console.log(`    known ${knownMs.toFixed(0)} ms ± ${slackMs.toFixed(0)} ms, stated ${statedMs.toFixed(0)} ms ± ${statedPlusMinusMs.toFixed(0)} ms`);
}

function drill(lagMs: number): DrillDeclaration {
  const at = { within: "backfill-names" } as const;
  return smallDrill({
    name: "lag", system: { path: "fixtures/systems/shop", scale: 0.2, postgres: { replica: {} } },
    load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: PER_SECOND, warmUpMs: 1_000, holdMs: 500 },
    faults: [{ kind: "down", on: "replication", at: { ...at, afterMs: 100 }, healAfterMs: 5_000 }, { kind: "kill", at: { ...at, afterMs: 100 + lagMs }, healAfterMs: 1_000 }],
    rollback: { strategy: "failover", decide: { on: "alert" } },
  });
}
