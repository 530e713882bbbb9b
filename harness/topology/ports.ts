// Free ports, and a clear word when a fixed one is taken.

import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import { HarnessError, codeOf } from "../base/errors.ts";
import { mutex } from "../base/mutex.ts";

/**
 * Below those that systems give to outgoing connections (Linux: from 32,768 on): one of these could
 * take a port between our look at it and the start of the service that is to listen there.
 */
const FREE = { from: 12_000, to: 32_000 };
/** A harness takes ports by the block, and listens on a block's first port for as long as it lives: no other one gives out the rest. */
const BLOCK = 100;
const blocks: Server[] = [];
const left: number[] = [];
const inTurn = mutex();

/** A port that is free now and was given out by no harness of this machine, or the fixed one. @throws HarnessError `port-in-use`. */
export async function claimPort(service: string, fixed = 0): Promise<number> {
  if (fixed !== 0) {
    const why = await whyTaken(fixed);
    if (why !== undefined) {
      throw new HarnessError({
        code: "port-in-use", kind: "environment", place: `system.postgres.port`,
        message: `port ${fixed}, which ${service} is to listen on, is ${why}`, remedy: "choose another port, or 0 for a free one",
      });
    }
    return fixed;
  }
  return inTurn(async () => {
    for (;;) {
      const port = left.shift() ?? await takeBlock(service);
      if ((await whyTaken(port)) === undefined) return port; // else somebody who is no harness listens there
    }
  });
}

/** @returns the first port of a block that is ours alone from now on; the others are left */
async function takeBlock(service: string): Promise<number> {
  const count = (FREE.to - FREE.from) / BLOCK;
  const first = randomInt(count);
  for (let i = 0; i < count; i++) {
    const guard = FREE.from + ((first + i) % count) * BLOCK;
    const server = createServer((socket) => socket.destroy());
    if ((await whyNotListening(server, guard)) !== undefined) continue;
    blocks.push(server.unref());
    left.push(...Array.from({ length: BLOCK - 2 }, (_, at) => guard + 2 + at));
    return guard + 1;
  }
  throw new HarnessError({ code: "port-in-use", kind: "environment", place: service, message: `no port between ${FREE.from} and ${FREE.to} is left for ${service}: other harnesses have them all`, remedy: "end what listens there" });
}

async function whyTaken(port: number): Promise<string | undefined> {
  const server = createServer();
  const why = await whyNotListening(server, port);
  server.close();
  return why;
}

/** Begins to listen; what keeps it from that is told. */
async function whyNotListening(server: Server, port: number): Promise<string | undefined> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    return undefined;
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") return "already in use";
    if (codeOf(error) === "EACCES") return "not allowed to us";
    throw error;
  }
}
