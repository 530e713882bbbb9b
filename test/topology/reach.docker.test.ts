// Nobody else gets into a run's containers: their ports are published on the loopback alone, and there is no password to know.

import { networkInterfaces } from "node:os";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { run } from "../../harness/base/process.ts";
import { dockerReason } from "../support/docker.ts";
import { intrude, listensBeyond, portsOf } from "./reach.ts";

const reachable = (host: string, port: number) => new Promise<boolean>((resolve) => {
  const socket = connect({ host, port, timeout: 1_000 });
  socket.once("connect", () => { socket.destroy(); resolve(true); });
  socket.once("timeout", () => { socket.destroy(); resolve(false); });
  socket.once("error", () => { resolve(false); });
});

describe.skipIf(dockerReason)("a run in containers", () => {
  test("lets nobody in, from the moment that its server listens, nor from any other address of this machine", { timeout: 180_000 }, async () => {
    const name = `reach-${process.pid}`;
    const others = Object.values(networkInterfaces()).flat().filter((at) => at && !at.internal && at.family === "IPv4").map((at) => at?.address ?? "");
    const { answers, seen } = await intrude("docker", name, async (topology) => {
      const ports = portsOf(topology);
      const { stdout } = await run("docker", ["ps", "--no-trunc", "--filter", `label=turnback.run=${name}`, "--format", "{{.Ports}}"]);
      const got = await Promise.all(ports.flatMap((port) => ["127.0.0.1", ...others].map(async (host) => [host, port, await reachable(host, port)] as const)));
      return { ports, published: stdout, beyond: await listensBeyond(), got };
    });
    expect([...answers].filter((answer) => answer === "let in")).toEqual([]);
    expect(seen.ports.length).toBeGreaterThan(3);
    expect(seen.published.match(/127\.0\.0\.1:\d+/g)?.length).toBeGreaterThanOrEqual(2);
    expect(seen.published).not.toMatch(/0\.0\.0\.0:|\[::\]|:::\d/);
    expect(seen.ports.filter((port) => seen.beyond.has(port))).toEqual([]);
    expect(seen.got.filter(([host, , open]) => open && host !== "127.0.0.1")).toEqual([]);
    expect(seen.got.some(([host, , open]) => open && host === "127.0.0.1")).toBe(true);
  });
});
