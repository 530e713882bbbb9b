// The way back `volume-back`, from a volume swap: the server goes on from its old volume, with or without what was written since.

import type { Rollback } from "../drill/schema.ts";
import { holdingClients } from "../migration/holding-clients.ts";
import { SWAP_STEP } from "../drill/plan.ts";
import { COPY, NEW, OLD, swap } from "../migration/volume-swap.ts";
import type { WayBack, WayBackContext } from "./way-back.ts";

/**
 * Clients are held, the server is stopped, and starts from the old volume. With `bring`, everything is copied back first, and
 * compared, file by file: that takes as long as the swap did. Without, the old volume is as it was then.
 */
export function volumeBack({ bring, drainMs }: Extract<Rollback, { strategy: "volume-back" }>, { topology, record, reach }: WayBackContext): WayBack {
  /** Whatever became of the migration: the old volume is aside when the server is on the new one. */
  const swapped = async () => (await topology.postgres.shell(`[ ! -d ${OLD} ] || echo yes`)).trim() === "yes";
  return {
    prepare: () => Promise.resolve(),
    approach: () => Promise.resolve(),
    mark: () => Promise.resolve(),
    goBack: async (signal) => {
      await reach("backward", { at: "before", step: SWAP_STEP });
      signal.throwIfAborted();
      if (await swapped()) {
        await holdingClients({ topology, record, signal, drainMs }, "the way back", async () => {
          const bytes = await swap(topology, { prepare: bring ? COPY(OLD) : "echo 0", aside: NEW, mounted: OLD });
          record({ kind: "volume", state: "swapped-back", bytes: Number(bytes), detail: bring ? "to the old volume: every file is what it was on the new one" : "to the old volume, as it was at the swap" });
        });
      }
      await reach("backward", { at: "after", step: SWAP_STEP });
    },
    tidy: async () => { if (!(await swapped())) await topology.postgres.shell(`rm -rf ${NEW}`); },
  };
}
