// The server dies: SIGKILL to all of its processes; healing starts it again.

import type { Fault } from "../drill/schema.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type Kill = Extract<Fault, { kind: "kill" }>;

export const kill: FaultKindOf<Kill> = {
  needs: "kill",
  create: (fault, { topology }) => {
    const server = serverOf(topology, fault.on);
    return {
      inject: () => server.kill(),
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
