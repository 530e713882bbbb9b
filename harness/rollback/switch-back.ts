// The way back `switch-back`, from a blue-green migration: clients are led back to the server that they came from.

import { within } from "../base/deadline.ts";
import { messageOf } from "../base/errors.ts";
import type { Rollback } from "../drill/schema.ts";
import { BESIDE_STEPS } from "../drill/plan.ts";
import { pairOf } from "../migration/blue-green.ts";
import { holdingClients } from "../migration/holding-clients.ts";
import type { Topology } from "../topology/topology.ts";
import { retrying } from "./down.ts";
import type { WayBack, WayBackContext } from "./way-back.ts";

const ANSWER_WITHIN_MS = 2_000;

/**
 * Clients are held until blue has on its disk all that they wrote on green, and led there with the sequences where green's
 * stand. Where green doesn't answer, it is fenced, and what it had not passed on is lost, and counted. Where nothing was ever
 * passed on, all that was written there is. Before the switch there are only links to take away.
 */
export function switchBack({ attempts, drainMs }: Extract<Rollback, { strategy: "switch-back" }>, context: WayBackContext): WayBack {
  const { topology, record, reach } = context;
  const pair = pairOf(topology);

  const leadBack = async (signal: AbortSignal) => {
    // So that clients are held for the rest alone, and not at all when blue can't take up what they write.
    if (pair.backward.begun && (await whySilent(topology)) === undefined) await pair.backward.caughtUp(signal);
    await holdingClients({ topology, record, signal, drainMs }, "the way back", () => handOver(signal));
  };

  const handOver = async (signal: AbortSignal) => {
    const silent = await whySilent(topology);
    if (silent !== undefined) record({ kind: "replication", state: "fenced", server: pair.green.name, detail: `${silent}; ${await topology.cluster.fence()}` });
    const has = !pair.backward.begun ? `nothing of what was written there was passed on`
      : silent === undefined ? await pair.backward.caughtUp(signal) : await pair.backward.drained(signal);
    const completed = await pair.completeFrom(silent === undefined ? pair.green : undefined, pair.blue);
    await pair.lead("blue");
    record({ kind: "replication", state: "switched-back", server: pair.blue.name, detail: `back to ${pair.blue.name}: ${has}; ${completed}` });
  };

  return {
    prepare: () => Promise.resolve(),
    approach: () => Promise.resolve(),
    mark: () => Promise.resolve(),
    goBack: (signal) => retrying("switch-back", attempts, record, signal, async () => {
      await reach("backward", { at: "before", step: BESIDE_STEPS.switch });
      if (pair.serving === "green") await topology.inTurn(() => leadBack(signal));
      await reach("backward", { at: "after", step: BESIDE_STEPS.switch });
    }),
    tidy: async () => {
      if (pair.serving === "green") return; // going back has failed, and blue may yet be needed
      try {
        await pair.forward.end();
        await pair.backward.end();
      } catch (error) {
        record({ kind: "replication", state: "failed", server: pair.green.name, detail: `the links could not be taken away: ${messageOf(error)}` });
      }
    },
  };
}

/** Why the server that serves can't be asked; undefined when it can. */
async function whySilent({ cluster }: Topology): Promise<string | undefined> {
  try {
    await within(ANSWER_WITHIN_MS, `an answer of ${cluster.primary.name}`, cluster.asking(cluster.primary, (client) => client.query("select")));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
