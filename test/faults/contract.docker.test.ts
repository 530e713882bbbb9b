// Every fault keeps its contract in the docker runtime.

import { afterAll, beforeAll, describe, test } from "vitest";
import { holdsTheContract, KINDS, lacking, openTopology, startsPlainCommands, throttleIsToldFromABusyMachine, type Held } from "./contract.ts";
import { dockerReason } from "../support/docker.ts";
let held: Held;

describe.skipIf(dockerReason)("faults in the docker runtime", () => {
  beforeAll(async () => { held = await openTopology("docker", "faulty", "with its application"); });
  afterAll(async () => { await held.close(); });

  test.for(KINDS)("%s is injected, proven, healed and proven gone", { meta: { sharesServices: true } }, async (kind, { skip }) => {
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
