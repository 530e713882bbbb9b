// The server is not running: killed, or shut down in good order. Healing starts it again.

import { codeOf, messageOf } from "../base/errors.ts";
import type { Fault, FaultKind } from "../drill/fault.ts";
import type { Capability, Service } from "../topology/runtime.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type Of<K extends FaultKind> = Extract<Fault, { kind: K }>;

/**
 * Starts a server that is stopped, and gives what it said if it ended while it was starting: another fault may have struck it
 * just then, or what is left on its disk doesn't carry it.
 */
export async function startAgain(server: Service): Promise<string | undefined> {
  if ((await server.observe()).state !== "stopped") return undefined;
  try {
    await server.start();
    return undefined;
  } catch (error) {
    if (codeOf(error) !== "service-exited") throw error;
    return messageOf(error);
  }
}

function outage<F extends Of<"kill"> | Of<"restart">>(needs: Capability, stop: (server: Service) => Promise<void>): FaultKindOf<F> {
  return {
    needs,
    create: (fault, { topology }) => {
      const server = serverOf(topology, fault.on);
      let broken: string | undefined;
      return {
        inject: () => stop(server),
        prove: async () => {
          const seen = await server.observe();
          return seen.state === "stopped" ? seen.detail : undefined;
        },
        heal: async () => { broken = await startAgain(server); },
        proveHealed: async () => {
          const seen = await server.observe();
          if (seen.state === "running") return `answers again; ${seen.detail}`;
          if (broken !== undefined) throw new Error(broken); // unless whatever ended it starts it, too
          return undefined;
        },
      };
    },
  };
}

/** SIGKILL to all of its processes. */
export const kill = outage<Of<"kill">>("kill", (server) => server.kill());
/** A fast shutdown. */
export const restart = outage<Of<"restart">>("restart", (server) => server.stop());
