// The server hangs: SIGSTOP to all of its processes; connections stay open and nothing answers.

import type { Fault } from "../drill/schema.ts";
import type { FaultKindOf } from "./fault.ts";

type Pause = Extract<Fault, { kind: "pause" }>;

export const pause: FaultKindOf<Pause> = {
  needs: "pause",
  create: (_fault, { topology: { postgres } }) => ({
    inject: () => postgres.pause(),
    prove: async () => {
      const seen = await postgres.observe();
      return seen.state === "paused" ? seen.detail : undefined;
    },
    heal: () => postgres.resume(),
    proveHealed: async () => {
      const seen = await postgres.observe();
      return seen.state === "running" ? seen.detail : undefined;
    },
  }),
};
