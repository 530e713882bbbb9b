// The server is shut down in good order, and started again after a while.

import type { Fault } from "../drill/schema.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type Restart = Extract<Fault, { kind: "restart" }>;

export const restart: FaultKindOf<Restart> = {
  needs: "restart",
  create: (fault, { topology }) => {
    const server = serverOf(topology, fault.on);
    return {
      inject: () => server.stop(),
      prove: async () => {
        const seen = await server.observe();
        return seen.state === "stopped" ? seen.detail : undefined;
      },
      heal: async () => {
        if ((await server.observe()).state === "stopped") await server.start();
      },
      proveHealed: async () => {
        const seen = await server.observe();
        return seen.state === "running" ? `answers again; ${seen.detail}` : undefined;
      },
    };
  },
};
