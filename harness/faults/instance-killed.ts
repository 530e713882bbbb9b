// Instances of the application die, with what they were doing; whoever looks after them starts them again after a while.

import type { Fault } from "../drill/fault.ts";
import { applicationOf, type FaultKindOf } from "./fault.ts";

export const instanceKilled: FaultKindOf<Extract<Fault, { kind: "instance-killed" }>> = {
  needs: "kill",
  create: ({ instances }, { topology }) => {
    const application = applicationOf(topology);
    return {
      inject: () => application.killInstances(instances),
      prove: async () => {
        const states = await application.states();
        const dead = states.filter(({ state }) => state === "stopped");
        return dead.length >= Math.min(instances, states.length) ? `of ${states.length} instances ${dead.length} ${dead.length === 1 ? "is" : "are"} dead: ${dead.map(({ detail }) => detail).join("; ")}` : undefined;
      },
      heal: () => application.revive(),
      proveHealed: async () => {
        if ((await application.states()).some(({ state }) => state === "stopped")) return undefined;
        return `each instance answers, as ${(await application.observedVersions()).join(", ")}`;
      },
    };
  },
};
