// A server that somebody else ends is told apart from one that the harness stops, and from one that a declared fault takes down.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pause, waitUntil } from "../../harness/base/deadline.ts";
import { watchDeaths } from "../../harness/conduct/deaths.ts";
import { openTopology, type Held } from "../faults/contract.ts";

describe("a server", () => {
  let held: Held;
  let deaths: (readonly [code: string, place: string, message: string])[];
  beforeEach(async () => {
    held = await openTopology("process", "own");
    deaths = [];
  });
  afterEach(async () => { await held.close(); });
  const watch = (struck: boolean) => watchDeaths(held.topology, { abort: (...death) => { deaths.push(death); }, struck: () => struck });
  const killFromOutside = async () => process.kill(Number(await held.topology.postgres.shell('head -n 1 "$DATA/postmaster.pid"')), "SIGKILL");

  test("that is killed from outside is told", async () => {
    watch(false);
    await killFromOutside();
    await waitUntil({ what: "its death to be told", withinMs: 5_000, check: () => (deaths.length > 0 ? true : undefined) });
    expect(deaths).toEqual([["server-died", "postgres", "postgres ended by itself (SIGKILL)"]]);
  });

  test("is not told where the harness kills it, where a fault has struck, and once nobody watches", async () => {
    watch(false);
    await held.topology.postgres.kill();
    await held.topology.postgres.start();
    watch(true);
    watch(false)();
    await killFromOutside();
    await pause(500);
    expect(deaths).toEqual([]);
  });
});
