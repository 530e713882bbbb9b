// Back from a newer major version: with what was written there, and, when the newer server dies, with exactly the loss that is stated.

import { seededRandom } from "../harness/base/random.ts";
import type { DrillDeclaration } from "../harness/drill/schema.ts";
import { smallDrill } from "../test/support/drills.ts";
import { spread } from "./figures.ts";
import { gone, progress, same, trial, whatIsThere, type Trial } from "./trial.ts";

const RUNS = Number(process.env["TURNBACK_BENCH_SWITCHES"] ?? 20);

export async function switchBack(): Promise<void> {
  const alive: Trial[] = [];
  const killed: { readonly stated: ReadonlySet<string>; readonly truth: ReadonlySet<string> }[] = [];
  for (let seed = 1; seed <= RUNS; seed++) {
    const wait = Math.floor(300 + seededRandom(seed)() * 1_500);
    alive.push(await trial(drill({ rollback: { strategy: "switch-back", decide: { on: "completion", delayMs: wait } } }), seed, () => Promise.resolve()));
    const held = new Set<string>();
    const { card, stated, told } = await trial(drill({
      // So that there is something on its way when the server dies.
      faults: [{ kind: "latency", on: "replication", latencyMs: 100, at: { after: "switch" }, healAfterMs: 10_000 }, { kind: "kill", at: { after: "switch" }, healAfterMs: 6_000 }],
      rollback: { strategy: "switch-back", decide: { on: "completion" } },
    }), seed, (topology) => whatIsThere(topology, held));
    // Between its end and the way back nobody is served.
    killed.push({ stated, truth: gone(told, held, card.spans.find(({ lane }) => lane === "rollback")?.fromMs) });
    progress(`${seed} of ${RUNS} switches, there and back`);
  }
  progress("");
  const lost = alive.reduce((sum, { card }) => sum + (card.measures.lostWrites?.definite ?? Number.NaN) + (card.measures.lostWrites?.possible ?? Number.NaN), 0);
  const held = (trial: Trial, which: number) => { const gate = trial.card.spans.filter(({ lane }) => lane === "gate")[which]; return gate ? gate.toMs - gate.fromMs : Number.NaN; };
  console.log(`  ${alive.length} upgrades and back, ${alive.reduce((sum, { card }) => sum + card.measures.operations.committed, 0).toLocaleString("en-US")} acknowledged operations: ${lost} lost, surely or possibly; ${alive.filter(({ card }) => card.verdict === "met").length} runs met; `
    + `clients held ${spread(alive.map((one) => held(one, 0)))} ms for the switch, ${spread(alive.map((one) => held(one, 1)))} ms for the way back`);
  console.log(`  the newer server killed after the switch: something lost in ${killed.filter(({ truth }) => truth.size > 0).length} of ${killed.length}; stated loss is the true one, record for record, in ${killed.filter(({ stated, truth }) => same(stated, truth)).length} (${spread(killed.map(({ truth }) => truth.size))} payments and movements a run)`);
}

function drill(over: Partial<DrillDeclaration>): DrillDeclaration {
  return smallDrill({
    name: "switch-back", migration: { plan: "fixtures/systems/shop/migrations/analyze", blueGreen: { upgrade: true } },
    load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 200, warmUpMs: 1_000, holdMs: 500 }, ...over,
  });
}
