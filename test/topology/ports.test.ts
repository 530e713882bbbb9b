// No two harnesses of a machine give out the same port, however many they want, and none keeps one when it has ended.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { claimPort } from "../../harness/topology/ports.ts";

/** By chance alone, two harnesses that take so many each of 20,000 would have some hundred in common. */
const MANY = 1_500;

/** Another harness: it claims ports, says which, and lives on until it is told to end. */
async function harness() {
  const script = `
    const { claimPort } = await import(${JSON.stringify(new URL("../../harness/topology/ports.ts", import.meta.url).href)});
    const ports = [];
    process.on("message", () => undefined); // lives on while somebody may speak to it
    for (let i = 0; i < ${MANY}; i++) ports.push(await claimPort("test"));
    process.send(ports);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const [ports] = await once(child, "message") as [number[]];
  return { ports, end: async () => { const ended = once(child, "exit"); child.disconnect(); await ended; } };
}

test("two harnesses at the same time have no port in common", async () => {
  const both = await Promise.all([harness(), harness()]);
  try {
    const ports = both.flatMap((one) => one.ports);
    expect(ports).toHaveLength(2 * MANY);
    expect(new Set(ports).size).toBe(2 * MANY);
  } finally {
    await Promise.all(both.map(({ end }) => end()));
  }
});

test("a port at which somebody else listens is not given out", async () => {
  const next = (await claimPort("test")) + 1;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(next, "127.0.0.1", resolve));
  const given = await claimPort("test");
  server.close();
  expect(given).not.toBe(next);
});
