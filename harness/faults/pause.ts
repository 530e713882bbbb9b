// The server hangs: SIGSTOP to all of its processes; connections stay open and nothing answers.

import type { Fault } from "../drill/fault.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type Pause = Extract<Fault, { kind: "pause" }>;

export const pause: FaultKindOf<Pause> = {
  needs: "pause",
  create: (fault, { topology }) => {
    const server = serverOf(topology, fault.on);
    return {
      inject: () => server.pause(),
      prove: async () => {
        const seen = await server.observe();
        return seen.state === "paused" ? seen.detail : undefined;
      },
      heal: () => server.resume(),
      proveHealed: async () => {
        const seen = await server.observe();
        return seen.state === "paused" ? undefined : seen.detail; // a failover may have ended it for good
      },
    };
  },
};
