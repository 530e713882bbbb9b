// The contract of every fault: steady, not yet proven, injected, proven, healed, proven gone, steady.

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { expect } from "vitest";
import { pause, waitUntil } from "../../harness/base/deadline.ts";
import { startClock, wallClock } from "../../harness/base/clock.ts";
import { faultSchema, strikesDisk, type Fault, type FaultKind } from "../../harness/drill/fault.ts";
import { drillSchema } from "../../harness/drill/schema.ts";
import { readApplication, readSystem } from "../../harness/drill/parse.ts";
import { createFault, FAULTS } from "../../harness/faults/registry.ts";
import { tryPath } from "../../harness/faults/try-path.ts";
import { Backups } from "../../harness/rollback/backups.ts";
import { whyNoFuse } from "../../harness/topology/faulty-disk.ts";
import { connect } from "../../harness/topology/postgres.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import { CLOCK_FILE } from "../../harness/topology/skewed-clock.ts";
import { startTopology, type Topology } from "../../harness/topology/topology.ts";
import { smallDrill } from "../support/drills.ts";

export const KINDS = Object.keys(FAULTS) as FaultKind[];

/** Parameters that a fault can't do without, or that make it quick to prove. */
const PARAMETERS: Partial<Record<FaultKind, object>> = { "held-lock": { table: "customers" }, "wrong-version": { version: "v2", instances: 1 } };

/** Faults that only show in what somebody does meanwhile. */
const needsTraffic = (kind: FaultKind) => kind === "reply-lost" || (strikesDisk(faultOf(kind)) && kind !== "power-cut");

/** Faults that strike and are over by themselves. */
const OVER_AT_ONCE: ReadonlySet<FaultKind> = new Set(["reply-lost", "oom-kill"]);

/** Why a fault can't be tried there. */
export function lacking(kind: FaultKind, { runtime }: Topology): string | undefined {
  const { needs } = FAULTS[kind];
  return runtime.capabilities.has(needs) ? undefined : `the ${runtime.kind} runtime lacks ${needs} here`;
}

export function faultOf(kind: FaultKind): Fault {
  return faultSchema.parse({ kind, at: { afterMs: 0 }, ...PARAMETERS[kind] });
}

export type Held = { readonly topology: Topology; readonly close: () => Promise<void> };

/** A topology with every proxy, a replica and a backup in it, for all faults in turn; on a disk that can fail, or the machine's own. */
export async function openTopology(kind: "process" | "docker", disk: "faulty" | "own", application?: "with its application"): Promise<Held> {
  const drill = drillSchema.parse(smallDrill({ faults: [{ kind: "reply-lost", at: { afterMs: 0 } }, { kind: "clock-skewed", at: { afterMs: 0 } }, ...(disk === "faulty" && whyNoFuse() === undefined ? [{ kind: "power-cut", at: { afterMs: 0 } } as const] : [])], system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { replica: {} } }, rollback: { strategy: "pitr" }, application: { path: "fixtures/systems/shop/application" } }));
  const runtime = await openRuntime({ kind, why: "test" }, `contract-${startClock().startMonotonicNs}`);
  try {
    const topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), application: application && await readApplication("fixtures/systems/shop/application"), say: () => undefined, onSecret: () => undefined });
    await new Backups(topology, () => undefined).take();
    return { topology, close: async () => { await runtime[Symbol.asyncDispose](); } };
  } catch (error) {
    await runtime[Symbol.asyncDispose]();
    throw error;
  }
}

async function expectSteady(topology: Topology): Promise<void> {
  const seen = await waitUntil({
    what: "clients served normally", withinMs: 10_000, everyMs: 50, lastSeen: () => "not served",
    check: async () => {
      const result = await tryPath(topology.access("app", "clients"));
      return result.error === undefined && result.connectMs < 150 && result.closeMs < 200 ? result : undefined;
    },
  });
  expect(seen.error).toBeUndefined();
}

/** Reads, writes and commits through the clients' path until stopped. */
function traffic(topology: Topology): { stop: () => Promise<void> } {
  let stopped = false;
  const done = (async () => {
    while (!stopped) {
      try {
        const client = await connect(topology.access("app", "clients"), { name: "turnback-traffic" });
        await client.query("begin; select from customers limit 1; insert into stock_movements (ref, product_id, from_warehouse, to_warehouse, quantity) select gen_random_uuid(), 1, 1, 2, 1 from generate_series(1, 100)");
        await client.query("commit");
        await client.end();
      } catch {
        await pause(5); // that is what the fault is for
      }
    }
  })();
  return { stop: async () => { stopped = true; await done; } };
}

export async function holdsTheContract(kind: FaultKind, topology: Topology): Promise<void> {
  await expectSteady(topology);
  const fault = createFault(faultOf(kind), { topology, id: `contract-${kind}`, seed: 1 });
  expect(await fault.prove(), "proven before it was injected: the proof is empty").toBeUndefined();
  const clients = needsTraffic(kind) ? traffic(topology) : undefined;
  try {
    await fault.inject();
    const proof = await waitUntil({ what: `proof of ${kind}`, withinMs: 5_000, everyMs: 10, lastSeen: () => "injected, but not proven", check: () => fault.prove() });
    expect(proof).toEqual(expect.any(String));
    if (!OVER_AT_ONCE.has(kind)) expect(await fault.proveHealed(), "proven gone while it holds: the proof is empty").toBeUndefined();
  } finally {
    await clients?.stop();
    await fault.heal();
  }
  const gone = await waitUntil({ what: `proof that ${kind} is gone`, withinMs: 5_000, everyMs: 10, lastSeen: () => "healed, but not proven gone", check: () => fault.proveHealed() });
  expect(gone).toEqual(expect.any(String));
  await fault.heal(); // healing twice must do no harm
  await expectSteady(topology);
}

/** Beside programs that leave a backend a fraction of a processor, too: what they take is no throttle, and hides none. */
export async function throttleIsToldFromABusyMachine(topology: Topology): Promise<void> {
  const fault = createFault(faultSchema.parse({ kind: "cpu-throttled", share: 0.3, at: { afterMs: 0 } }), { topology, id: "contract-busy", seed: 1 });
  // They leave it two fifths: less than what proves a throttle to 0.3, were it the throttle's doing.
  const others = Array.from({ length: 2 * availableParallelism() }, () => spawn("bash", ["-c", "while :; do :; done"], { detached: true }));
  try {
    expect(await fault.prove(), "not injected").toBeUndefined();
    await fault.inject();
    await waitUntil({ what: "proof of the throttle", withinMs: 10_000, everyMs: 10, check: () => fault.prove() });
    expect(await fault.proveHealed(), "it holds").toBeUndefined();
    await fault.heal();
    await waitUntil({ what: "proof that the throttle is gone", withinMs: 10_000, everyMs: 10, check: () => fault.proveHealed() });
  } finally {
    for (const other of others) other.kill("SIGKILL");
    await fault.heal();
  }
}

/** A server with a clock of its own keeps it to itself: the commands it starts (to archive, to restore) are the machine's own. */
export async function startsPlainCommands({ cluster, postgres }: Topology): Promise<void> {
  await postgres.shell(`echo '+3600' > "${CLOCK_FILE}"`);
  try {
    await waitUntil({
      what: "the server's clock an hour ahead", withinMs: 5_000, everyMs: 50, lastSeen: () => "its clock is ours",
      check: async () => await secondsAhead("select extract(epoch from clock_timestamp())::text as said") > 3_000 || undefined,
    });
    expect(await secondsAhead("create temp table said (said text); copy said from program 'date +%s'; select said from said")).toBeLessThan(60);
  } finally {
    await postgres.shell(`echo '+0' > "${CLOCK_FILE}"`);
  }

  /** How far ahead of ours a clock is, by the last statement of those. */
  function secondsAhead(sql: string): Promise<number> {
    return cluster.asking(postgres, async (client) => {
      const results = [await client.query<{ said: string }>(sql)].flat();
      return Number(results.at(-1)?.rows[0]?.said) - Date.parse(wallClock()) / 1_000;
    });
  }
}
