// Nobody else on this machine gets into what a run starts, not for a moment: there is no password to know, and nothing listens beyond the loopback.

import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { intrude, listensBeyond, portsOf } from "./reach.ts";

describe("a run in processes", () => {
  test("lets nobody in from the moment that its server listens, and listens on the loopback alone", { timeout: 90_000 }, async () => {
    const { tried, answers, seen } = await intrude("process", "reach", async (topology) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const client = await topology.observer("test");
      try {
        const { rows } = await client.query<{ open: number }>("select count(*)::int as open from pg_authid where rolpassword is null and rolcanlogin");
        return { ports: portsOf(topology), beyond: await listensBeyond(), open: rows[0]?.open };
      } finally {
        await client.end();
      }
    });
    expect(tried).toBeGreaterThan(50);
    expect([...answers].filter((answer) => answer === "let in")).toEqual([]);
    expect(seen.open, "roles that log in without a password of this run").toBe(0);
    expect(seen.ports.length).toBeGreaterThan(3);
    expect(seen.ports.filter((port) => seen.beyond.has(port))).toEqual([]);
  });

  test("and a socket that listens on all addresses would be seen", async () => {
    for (const [host, beyond] of [["0.0.0.0", true], ["::", true], ["127.0.0.1", false]] as const) {
      const server = createServer();
      await new Promise<void>((resolve) => { server.listen(0, host, resolve); });
      const { port } = server.address() as { readonly port: number };
      expect((await listensBeyond()).has(port), host).toBe(beyond);
      await new Promise((resolve) => { server.close(resolve); });
    }
  });
});
