// A blue-green migration: a second server follows the first, the plan runs there, and clients are switched to it.

import { HarnessError, messageOf } from "../base/errors.ts";
import type { BlueGreenMigration } from "../drill/schema.ts";
import { hold } from "../topology/clients.ts";
import type { BlueGreen } from "../topology/blue-green.ts";
import type { Topology } from "../topology/topology.ts";
import type { WireProxy } from "../topology/wire-proxy.ts";
import { runForward, type RunnerContext } from "./runner.ts";

/** What surrounds the plan's own steps. */
export const BESIDE_STEPS = { follow: "follow", switch: "switch" } as const;

export type BlueGreenContext = Pick<RunnerContext, "record" | "reach" | "signal"> & { readonly topology: Topology; readonly declared: BlueGreenMigration };

/** The pair of servers, and the proxy that holds clients between them. @throws HarnessError where the drill has none */
export function besides({ blueGreen, wireProxy }: Topology): { readonly pair: BlueGreen; readonly wire: WireProxy } {
  if (!blueGreen || !wireProxy) throw new HarnessError({ code: "no-green", kind: "declaration", place: "migration.blueGreen", message: "this drill has no second server to switch clients to, or back from", remedy: "declare migration.blueGreen" });
  return { pair: blueGreen, wire: wireProxy };
}

/** `runner` is connected to green. What fails before clients are let in on green leaves them on blue, and serves them there. */
export async function runBlueGreen(context: BlueGreenContext, runner: RunnerContext): Promise<void> {
  await step(context, BESIDE_STEPS.follow, () => follow(context));
  await runForward(runner);
  await step(context, BESIDE_STEPS.switch, () => switchOver(context));
}

async function step({ record, reach, signal }: BlueGreenContext, id: string, work: () => Promise<void>): Promise<void> {
  const event = { kind: "step", direction: "forward", step: id } as const;
  await reach("forward", { at: "before", step: id });
  signal.throwIfAborted();
  record({ ...event, state: "started" });
  try {
    await work();
  } catch (error) {
    record({ ...event, state: "failed", detail: messageOf(error) });
    throw error;
  }
  record({ ...event, state: "done" });
  await reach("forward", { at: "after", step: id });
}

async function follow({ topology, record, reach, signal }: BlueGreenContext): Promise<void> {
  const { pair } = besides(topology);
  const tables = await pair.forward.publish();
  await pair.forward.subscribe({ copy: true });
  await pair.forward.copied(signal, async (share) => {
    record({ kind: "progress", direction: "forward", step: BESIDE_STEPS.follow, share });
    await reach("forward", { at: "progress", step: BESIDE_STEPS.follow, share });
  });
  await pair.forward.caughtUp(signal);
  record({ kind: "replication", state: "attached", server: pair.green.name, bytes: await pair.sizeOf(pair.green), detail: `follows ${pair.blue.name} by logical replication, ${tables} tables` });
}

async function switchOver(context: BlueGreenContext): Promise<void> {
  const { topology, declared, record, signal } = context;
  const { pair } = besides(topology);
  await pair.forward.caughtUp(signal); // so that clients are held for the rest alone
  await holdingClients(context, declared.drainMs, "the switch", async () => {
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

/** Lets clients wait while the work is done, and lets them on when it is over, however it ends. */
export async function holdingClients({ topology, record, signal }: Pick<BlueGreenContext, "topology" | "record" | "signal">, drainMs: number, why: string, work: () => Promise<void>): Promise<void> {
  const { wire } = besides(topology);
  record({ kind: "traffic", state: "closing", detail: `clients are held, for ${why}` });
  try {
    record({ kind: "traffic", state: "closed", detail: await hold(wire, drainMs, () => topology.observer("gate"), signal) });
    await work();
  } finally {
    await wire.admit("any");
    record({ kind: "traffic", state: "open", detail: "all clients are let through again" });
  }
}
