// Two databases that go back as one, and one of the servers killed at a chance moment of it: never of two versions, nothing lost.

import { waitUntil } from "../harness/base/deadline.ts";
import { seededRandom } from "../harness/base/random.ts";
import type { DrillDeclaration } from "../harness/drill/schema.ts";
import { viewsOf, type Topology } from "../harness/topology/topology.ts";
import { spread } from "./figures.ts";
import { progress, trial, type Trial } from "./trial.ts";

const RUNS = Number(process.env["TURNBACK_BENCH_COORDINATED"] ?? 20);

/** What plain SQL on the live servers says: by what billing names orders, by what orders are named, and invoices without theirs. */
type Seen = { readonly orders: string; readonly billing: string; readonly broken: number };

export async function coordinated(): Promise<void> {
  const quiet: Rehearsed[] = [];
  const killed: Rehearsed[] = [];
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = seededRandom(seed);
    quiet.push(await rehearse(seed, []));
    const at = { afterMs: Math.floor(random() * 300), during: "rollback" } as const;
    killed.push(await rehearse(seed, [{ kind: "kill", at, healAfterMs: Math.floor(300 + random() * 4_000), ...(random() < 0.5 ? { database: "billing" } : {}) }]));
    progress(`${seed} of ${RUNS}, twice`);
  }
  progress("");
  say("undisturbed", quiet);
  say("a server killed within the first 300 ms of the way back, for 0.3 to 4.3 s", killed);
}

type Rehearsed = Trial & { readonly seen: Seen | undefined };

async function rehearse(seed: number, faults: NonNullable<DrillDeclaration["faults"]>): Promise<Rehearsed> {
  let seen: Seen | undefined;
  const result = await trial({
    name: "coordinated", question: "Do two databases go back as one, or not at all?",
    system: { path: "fixtures/systems/orders", scale: 0.1, others: { billing: { path: "fixtures/systems/billing", scale: 0.1 } } },
    migration: { plan: "fixtures/systems/orders/migrations/number-orders" },
    load: { workload: "fixtures/systems/orders/workload/clients.ts", arrivalsPerSecond: 150, warmUpMs: 1_000, holdMs: 500 },
    steadyState: { windowMs: 500 }, faults,
    rollback: { strategy: "coordinated", heldMs: 2_000, decide: { on: "completion", delayMs: 700 } },
    objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } },
  }, seed, async (topology) => { seen = await look(topology); });
  return { ...result, seen };
}

async function look(topology: Topology): Promise<Seen> {
  const [orders, billing] = await Promise.all(viewsOf(topology).map((view) => waitUntil({ what: "the server", withinMs: 15_000, everyMs: 100, check: () => view.observer("bench") })));
  try {
    const { rows: [named] } = await billing!.query<{ by: string }>("select value as by from settings");
    const { rows: [keyed] } = await orders!.query<{ by: string }>("select case when is_nullable = 'NO' then 'id' else 'number' end as by from information_schema.columns where table_name = 'orders' and column_name = 'id'");
    const by = named?.by === "number" ? "number" : "id";
    // Invoices first: an order is there before its invoice.
    const { rows: invoices } = await billing!.query<{ key: string | null }>(`select ${by === "id" ? "order_id" : "order_number"}::text as key from invoices`);
    const there = new Set((await orders!.query<{ key: string }>(`select ${by}::text as key from orders`)).rows.map(({ key }) => key));
    return { orders: keyed?.by ?? "", billing: by, broken: invoices.filter(({ key }) => key === null || !there.has(key)).length };
  } finally {
    await Promise.all([orders, billing].map((client) => client?.end()));
  }
}

function say(what: string, runs: readonly Rehearsed[]): void {
  const count = (test: (run: Rehearsed) => boolean) => runs.filter(test).length;
  const ended = (verdict: string) => (run: Rehearsed) => run.card.objectives.some(({ name, verdict: is }) => name === "completion" && is === verdict);
  const sum = (of: (run: Rehearsed) => number | null | undefined) => runs.reduce((all, run) => all + (of(run) ?? Number.NaN), 0);
  const held = runs.flatMap(({ card }) => card.spans.filter(({ lane }) => lane === "gate").map(({ fromMs, toMs }) => toMs - fromMs));
  console.log(`  ${what}: ${runs.length} runs, ${sum(({ card }) => card.measures.operations.committed).toLocaleString("en-US")} acknowledged operations, ${sum(({ card }) => card.measures.lostWrites?.possible)} lost, surely or possibly, `
    + `${sum(({ card }) => card.measures.invariantsViolated)} rules broken; went back in ${count(ended("met"))}, stayed as migrated in ${count(ended("missed"))}; `
    + `by plain SQL on both servers of one version in ${count(({ seen }) => seen !== undefined && seen.orders === seen.billing)}, invoices without their order: ${sum(({ seen }) => seen?.broken)}; clients held ${spread(held)} ms`);
}
