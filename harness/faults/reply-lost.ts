// The answer of a statement is lost: the server executed it, and the client never hears of it.

import { waitUntil } from "../base/deadline.ts";
import type { Fault } from "../drill/fault.ts";
import { HarnessError } from "../base/errors.ts";
import type { FaultKindOf } from "./fault.ts";

type ReplyLost = Extract<Fault, { kind: "reply-lost" }>;

export const replyLost: FaultKindOf<ReplyLost> = {
  needs: "reply-lost",
  create: (fault, { topology }) => {
    const proxy = topology.wireProxy;
    if (!proxy) throw new HarnessError({ code: "no-wire-proxy", kind: "run", message: "the wire proxy is not part of this topology", place: "fault reply-lost" });
    return {
      inject: async () => {
        await proxy.setTrap(fault.statement, fault.times);
        // It has struck when the last answer is gone; until then it only lies in wait.
        await waitUntil({
          what: `${fault.times} answers of /${fault.statement}/ to be swallowed`, withinMs: 10_000,
          check: async () => ((await proxy.counts()).swallows >= fault.times ? true : undefined),
        });
      },
      prove: async () => {
        const { swallows } = await proxy.counts();
        return swallows >= fault.times ? `${swallows} answers swallowed after the server had executed the statement` : undefined;
      },
      heal: () => proxy.clearTrap(),
      proveHealed: async () => {
        const { swallows } = await proxy.counts();
        return swallows === fault.times ? `no more than ${fault.times} answers were swallowed` : undefined;
      },
    };
  },
};
