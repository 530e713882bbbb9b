// An engine that dies in the middle of a run. Alone in its file: testcontainers keeps the engine that it found first.

import { createServer, connect as dial, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run as execute } from "../../harness/base/process.ts";
import { findLeftovers } from "../../harness/topology/leftovers.ts";
import { dockerReason, ours } from "../support/docker.ts";
import { rehearse, smallDrill, temporaryFolder, writeDrill } from "../support/drills.ts";

describe.skipIf(dockerReason)("the docker runtime", () => {
  test("an engine that dies in the middle leaves an unknown run, and `clean` removes the rest once it answers", async () => {
    await using folder = await temporaryFolder();
    const socket = join(folder.path, "docker.sock");
    const open = new Set<Socket>();
    const engine = createServer((client) => {
      const upstream = dial("/var/run/docker.sock");
      for (const end of [client, upstream]) { open.add(end); end.on("error", () => undefined); end.on("close", () => { client.destroy(); upstream.destroy(); }); }
      client.pipe(upstream).pipe(client);
    }).listen(socket);
    const original = process.env["DOCKER_HOST"];
    process.env["DOCKER_HOST"] = `unix://${socket}`;
    try {
      const drill = smallDrill({ faults: [{ kind: "kill", at: { after: "add-columns" }, healAfterMs: 500 }] });
      const { card, failure } = await rehearse(await writeDrill(folder.path, drill), {
        runtime: "docker", runs: join(folder.path, "runs"),
        onEvent: (entry) => {
          if (entry.kind !== "migration" || entry.state !== "started") return;
          engine.close();
          for (const end of open) end.destroy();
        },
      });
      expect(card.verdict).not.toBe("met");
      expect(card.doubts.length).toBeGreaterThan(0);
      expect(failure?.message).toBeDefined();
      // The record names this very process as the harness, which lives: nothing is touched.
      expect(await findLeftovers()).toEqual([]);
      await execute(process.execPath, ["-e", RECLAIM, join(import.meta.dirname, "../../.cache/live")]);
      const [unreachable] = await findLeftovers();
      expect(unreachable?.what.join()).toContain("does not answer now");
      await expect(unreachable?.remove()).rejects.toThrow("no engine answers");
    } finally {
      if (original === undefined) delete process.env["DOCKER_HOST"];
      else process.env["DOCKER_HOST"] = original;
      engine.close();
    }
    expect(await ours()).not.toBe("");
    for (const leftover of await findLeftovers()) await leftover.remove();
    expect(await ours()).toBe("");
  });
});
/** Makes the records look as if their harness had died. */
const RECLAIM = `const fs=require("node:fs"),p=require("node:path");for(const f of fs.readdirSync(process.argv[1])){const q=p.join(process.argv[1],f);const r=JSON.parse(fs.readFileSync(q));r.harness={pid:999999999,startTicks:1};fs.writeFileSync(q,JSON.stringify(r));}`;
