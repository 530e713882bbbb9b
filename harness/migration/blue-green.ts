// A blue-green migration: a second server follows the first, the plan runs there, and clients are switched to it.

import { HarnessError } from "../base/errors.ts";
import { BESIDE_STEPS } from "../drill/plan.ts";
import type { BlueGreenMigration } from "../drill/schema.ts";
import type { BlueGreen } from "../topology/blue-green.ts";
import type { Topology } from "../topology/topology.ts";
import { holdingClients } from "./holding-clients.ts";
import type { RunnerContext } from "./runner.ts";
import { runStep } from "./step.ts";

export type BlueGreenContext = Pick<RunnerContext, "record" | "reach" | "signal"> & { readonly topology: Topology; readonly declared: BlueGreenMigration };

/** The pair of servers. @throws HarnessError where the drill has none */
export function pairOf({ blueGreen }: Topology): BlueGreen {
  if (!blueGreen) throw new HarnessError({ code: "no-green", kind: "declaration", place: "migration.blueGreen", message: "this drill has no second server to switch clients to, or back from", remedy: "declare migration.blueGreen" });
  return blueGreen;
}

/** What comes before the plan, which then runs on green: that follows blue from now on. */
export function follow(context: BlueGreenContext): Promise<void> {
  return runStep(context, BESIDE_STEPS.follow, () => beginToFollow(context));
}

/** What comes after it. What fails before clients are let in on green leaves them on blue, and serves them there. */
export function switchOver(context: BlueGreenContext): Promise<void> {
  return runStep(context, BESIDE_STEPS.switch, () => switchClients(context));
}

async function beginToFollow({ topology, record, reach, signal }: BlueGreenContext): Promise<void> {
  const pair = pairOf(topology);
  const tables = await pair.forward.publish();
  await pair.forward.subscribe({ copy: true });
  await pair.forward.copied(signal, async (share) => {
    record({ kind: "progress", direction: "forward", step: BESIDE_STEPS.follow, share });
    await reach("forward", { at: "progress", step: BESIDE_STEPS.follow, share });
  });
  await pair.forward.caughtUp(signal);
  record({ kind: "replication", state: "attached", server: pair.green.name, bytes: await pair.sizeOf(pair.green), detail: `follows ${pair.blue.name} by logical replication, ${tables} tables` });
}

async function switchClients(context: BlueGreenContext): Promise<void> {
  const { topology, declared, record, signal } = context;
  const pair = pairOf(topology);
  await pair.forward.caughtUp(signal); // so that clients are held for the rest alone
  await holdingClients({ ...context, drainMs: declared.drainMs }, "the switch", async () => {
    try {
      const caughtUp = await pair.forward.caughtUp(signal);
      const completed = await pair.completeFrom(pair.blue, pair.green);
      await pair.forward.end();
      if (declared.backward) await pair.backward.publish();
      await pair.lead("green");
      if (declared.backward) await pair.backward.subscribe({ copy: false });
      record({ kind: "replication", state: "switched", server: pair.green.name, detail: `to ${pair.green.name}: ${caughtUp}; ${completed}; ${declared.backward ? "what is written there is passed on to" : "nothing is passed on to"} ${pair.blue.name}` });
    } catch (error) {
      if (pair.serving === "green") await pair.lead("blue"); // nobody has been let in there yet
      throw error;
    }
  });
}
