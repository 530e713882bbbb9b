// Every fault keeps its contract in the process runtime.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkCapabilities } from "../../harness/conduct/preflight.ts";
import { drillSchema } from "../../harness/drill/schema.ts";
import { smallDrill } from "../support/drills.ts";
import { faultOf, holdsTheContract, KINDS, lacking, openTopology, startsPlainCommands, throttleIsToldFromABusyMachine, type Held } from "./contract.ts";

/** Where addresses are numbers, nobody asks for a name. */
const NEVER = "names-gone";

let held: Held;

describe("faults in the process runtime", () => {
  beforeAll(async () => { held = await openTopology("process", "faulty", "with its application"); });
  afterAll(async () => { await held.close(); });

  test("a fault that plain processes can't bring about is refused by name", { meta: { sharesServices: true } }, () => {
    const drill = drillSchema.parse(smallDrill({ faults: [faultOf(NEVER)] }));
    expect(() => { checkCapabilities(drill, held.topology.runtime); }).toThrow(/can't do "names-gone" here: it lacks names/);
  });

  test.for(KINDS.filter((kind) => kind !== NEVER))("%s is injected, proven, healed and proven gone", { meta: { sharesServices: true } }, async (kind, { skip }) => {
    const reason = lacking(kind, held.topology);
    if (reason !== undefined) skip(reason);
    await holdsTheContract(kind, held.topology);
  });

  test("a throttle is told from a machine that is busy", { meta: { sharesServices: true } }, () => throttleIsToldFromABusyMachine(held.topology));

  test("a server with a clock of its own keeps it to itself: its commands have the machine's", { meta: { sharesServices: true } }, async ({ skip }) => {
    const reason = lacking("clock-skewed", held.topology);
    if (reason !== undefined) skip(reason);
    await startsPlainCommands(held.topology);
  });
});
