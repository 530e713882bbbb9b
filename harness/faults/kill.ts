// The server dies: SIGKILL to all of its processes; healing starts it again.

import type { Fault } from "../drill/schema.ts";
import type { FaultKindOf } from "./fault.ts";

type Kill = Extract<Fault, { kind: "kill" }>;

export const kill: FaultKindOf<Kill> = {
  needs: "kill",
  create: (_fault, { topology: { postgres } }) => ({
    inject: () => postgres.kill(),
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
