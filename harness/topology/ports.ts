// Free ports, and a clear word when a fixed one is taken.

import { createServer } from "node:net";
import { HarnessError, codeOf } from "../base/errors.ts";

/** A port that is free now, or the fixed one. @throws HarnessError `port-in-use`. */
export async function claimPort(service: string, fixed = 0): Promise<number> {
  const server = createServer();
  try {
    return await new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(fixed, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address ? address.port : fixed);
      });
    });
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE" && codeOf(error) !== "EACCES") throw error;
    throw new HarnessError({
      code: "port-in-use", kind: "environment", place: `system.postgres.port`,
      message: `port ${fixed}, which ${service} is to listen on, is ${codeOf(error) === "EACCES" ? "not allowed to us" : "already in use"}`,
      remedy: "choose another port, or 0 for a free one", cause: error,
    });
  } finally {
    server.close();
  }
}
