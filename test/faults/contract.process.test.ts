// Every fault keeps its contract in the process runtime.

import { afterAll, beforeAll, describe, test } from "vitest";
import { holdsTheContract, KINDS, lacking, openTopology, type Held } from "./contract.ts";

let held: Held;

describe("faults in the process runtime", () => {
  beforeAll(async () => { held = await openTopology("process", "faulty"); });
  afterAll(async () => { await held.close(); });

  test.for(KINDS)("%s is injected, proven, healed and proven gone", { meta: { sharesServices: true } }, async (kind, { skip }) => {
    const reason = lacking(kind, held.topology);
    if (reason !== undefined) skip(reason);
    await holdsTheContract(kind, held.topology);
  });
});
