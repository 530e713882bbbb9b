// The memory that a killed server leaves behind is released; first it is seen to be there.

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { waitUntil } from "../../harness/base/deadline.ts";
import { inspect, killTree, processTree, signal, stopTree } from "../../harness/base/process.ts";
import { release, sharedMemoryOf, unusedSegments } from "../../harness/base/shared-memory.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import { drillSchema } from "../../harness/drill/schema.ts";
import { connect } from "../../harness/topology/postgres.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import { startTopology } from "../../harness/topology/topology.ts";
import { smallDrill } from "../support/drills.ts";

/** A server with a query under way whose processes share memory, and the segments that it holds. */
async function busyServer() {
  const runtime = await openRuntime({ kind: "process", why: "test" }, "shared-memory");
  const drill = drillSchema.parse(smallDrill());
  const topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), say: () => undefined, onSecret: () => undefined });
  const client = await connect(topology.access("turnback", "direct"), { name: "test" });
  await client.query("set min_parallel_table_scan_size = 0; set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set parallel_leader_participation = off");
  client.query("select count(*) from stock_movements a, customers b, customers c, customers d where a.id + b.id + c.id + d.id < 0").catch(() => undefined); // it is cut off
  const pid = Number((await topology.postgres.shell('head -1 "$DATA/postmaster.pid"')).trim());
  const files = await waitUntil({
    what: "memory that a query's processes share", withinMs: 10_000,
    check: () => {
      const held = new Set(processTree(pid).flatMap((id) => [...readFileSync(`/proc/${id}/maps`, "latin1").matchAll(/\/dev\/shm\/PostgreSQL\.\d+/g)].map(([file]) => file)));
      return held.size > 1 ? [...held] : undefined;
    },
  });
  return { pid, files, [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose]() };
}

test("a killed server's segments stay until they are released", async () => {
  await using server = await busyServer();
  const { pid, files } = server;
  const shared = sharedMemoryOf([pid]);
  expect(shared).toEqual({ systemV: [expect.stringMatching(/^\d+$/)], lists: [expect.any(String)] });
  const tree = processTree(pid);
  for (const id of tree) signal(id, "SIGKILL");
  await waitUntil({ what: "end of the server", withinMs: 5_000, check: () => tree.every((id) => [undefined, "Z"].includes(inspect(id)?.state)) || undefined });
  expect(unusedSegments()).toEqual(expect.arrayContaining([...shared.systemV]));
  expect(files.filter(existsSync)).toEqual(files);
  await release(shared);
  expect(unusedSegments().filter((id) => shared.systemV.includes(id))).toEqual([]);
  expect(files.filter(existsSync)).toEqual([]);
  await release(shared); // nothing is left to do
});

test.for(["all of its processes", "its first process alone"] as const)("who kills a server of which %s is there releases them", async (left) => {
  await using server = await busyServer();
  const { pid, files } = server;
  const shared = sharedMemoryOf([pid]);
  if (left === "its first process alone") { // as in a crash, before it has started the others again
    const [, ...others] = await stopTree(pid);
    for (const id of others) signal(id, "SIGKILL");
    await waitUntil({ what: "end of the others", withinMs: 5_000, check: () => processTree(pid).length === 1 || undefined });
  }
  await killTree(pid);
  expect(unusedSegments().filter((id) => shared.systemV.includes(id))).toEqual([]);
  expect(files.filter(existsSync)).toEqual([]);
});
