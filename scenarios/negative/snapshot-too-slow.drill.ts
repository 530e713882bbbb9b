// A drill that must be missed: the snapshot is intact and replaces the data, and that takes its time.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "snapshot-too-slow",
  question: "Is the system back from a snapshot within a tenth of a second, with everything as it was then?",
  learn: `
    A snapshot needs no replay, and is still no switch that is thrown: each byte of it has to get to where the
    server looks for it, the server has to start, and whoever was connected has to come back. For a small shop that
    is a second or two, and for yours it is what your storage gives, divided into what you have. The drill must be
    missed for the time, and for nothing else: what was written since the snapshot is declared as its price. Measure
    the rate at which you can restore, and write it beside the size of your largest database.`,
  system: { path: "fixtures/systems/shop", scale: 0.05 },
  migration: { plan: "fixtures/systems/shop/migrations/split-customer-name" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 100, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  rollback: { strategy: "snapshot", decide: { on: "completion" } },
  objectives: { recovery: { maxMs: 100 }, rollback: { maxMs: 100 }, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["recovery", "rollback"], findings: [] },
});
