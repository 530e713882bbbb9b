// Free ports, and a clear word when a fixed one is taken.

import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { HarnessError, codeOf } from "../base/errors.ts";

/**
 * Below those that systems give to outgoing connections (Linux: from 32,768 on): one of these could
 * take a port between our look at it and the start of the service that is to listen there.
 */
const FREE = { from: 12_000, to: 32_000 };
const TRIES = 100;
const given = new Set<number>();

/** A port that is free now and was not given out before, or the fixed one. @throws HarnessError `port-in-use`. */
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
  for (let i = 0; i < TRIES; i++) {
    const port = randomInt(FREE.from, FREE.to);
    if (given.has(port) || (await whyTaken(port)) !== undefined) continue;
    given.add(port);
    return port;
  }
  throw new HarnessError({ code: "port-in-use", kind: "environment", place: service, message: `none of ${TRIES} ports between ${FREE.from} and ${FREE.to} is free for ${service}`, remedy: "end what listens there" });
}

async function whyTaken(port: number): Promise<string | undefined> {
  const server = createServer();
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
  } finally {
    server.close();
  }
}
