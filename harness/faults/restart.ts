// The server is shut down in good order, and started again after a while.

import type { Fault } from "../drill/schema.ts";
import type { FaultKindOf } from "./fault.ts";

type Restart = Extract<Fault, { kind: "restart" }>;

export const restart: FaultKindOf<Restart> = {
  needs: "restart",
  create: (_fault, { topology: { postgres } }) => ({
    inject: () => postgres.stop(),
    prove: async () => {
      const seen = await postgres.observe();
      return seen.state === "stopped" ? seen.detail : undefined;
    },
    heal: async () => {
      if ((await postgres.observe()).state === "stopped") await postgres.start();
    },
    proveHealed: async () => {
      const seen = await postgres.observe();
      return seen.state === "running" ? `answers again; ${seen.detail}` : undefined;
    },
  }),
};
