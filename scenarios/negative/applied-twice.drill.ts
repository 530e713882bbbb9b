// A drill that must be missed: it proves that the harness can say no.
import { defineDrill } from "../../harness/drill/schema.ts";

export default defineDrill({
  name: "applied-twice",
  question: "Does a crash in the middle of the rollback leave each step applied once?",
  learn: `
    Stock was set aside, and the way back puts it back: plus five for each of some products, in a statement that
    commits by itself. Then the server dies, before it could be noted that this was done. The way back is taken up
    from what the journal says, and adds five once more. It ends without an error; the schema is right; the stock is
    wrong. The harness finds it because it knows what each record held and who was told what. A relative change
    belongs into one transaction with the note that it was made, or into a form that says what the value is to be,
    and not by how much it changes.`,
  sources: ["golang-migrate, issue 282"],
  system: { path: "fixtures/systems/shop", scale: 0.02 },
  migration: { plan: "fixtures/systems/shop/migrations/wrong-applied-twice" },
  load: { workload: "fixtures/systems/shop/workload/clients.ts", arrivalsPerSecond: 60, connections: 10, warmUpMs: 1_000, holdMs: 1_000 },
  steadyState: { windowMs: 500 },
  faults: [{ kind: "kill", at: { within: "close-shelf", progress: 0.5, during: "rollback" }, healAfterMs: 500 }],
  rollback: { decide: { on: "completion" } },
  objectives: { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  expect: { verdict: "missed", missed: ["consistency"], findings: ["altered-write"] },
});
