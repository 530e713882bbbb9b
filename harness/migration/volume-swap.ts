// A volume swap: the server's files are copied to another volume, compared, and the server goes on from there.

import { HarnessError, messageOf } from "../base/errors.ts";
import { SWAP_STEP } from "../drill/plan.ts";
import type { Topology } from "../topology/topology.ts";
import { holdingClients, type HoldContext } from "./holding-clients.ts";
import type { RunnerContext } from "./runner.ts";
import { runStep } from "./step.ts";

/** The volume that the server was on, and the one that it leaves when it goes back; $DATA is where one of them is mounted. */
export const OLD = '"${DATA%/*}/volume-old"';
export const NEW = '"${DATA%/*}/volume-new"';

/** Compares every file of a stopped server with its copy; fails, and says which, when they differ. */
export const SAME = (to: string) => `sums() { cd "$1"; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; }
  diff <(sums "$DATA") <(sums ${to}) | sed -n 's/^[<>] [0-9a-f]*  /not the same on both volumes: /p' | head -n 3 >&2`;

/** Copies a stopped server's files, and compares them. Gives their size in bytes. */
export const COPY = (to: string) => `rm -rf ${to}; cp -a "$DATA" ${to}; ${SAME(to)}; du -sb ${to} | cut -f1`;

/** What comes before the plan. @throws HarnessError `swap-failed`, with the server on its old volume */
export function swapVolumes(context: HoldContext & Pick<RunnerContext, "reach">): Promise<void> {
  return runStep(context, SWAP_STEP, () => holdingClients(context, "the swap", async () => {
    const bytes = await swap(context.topology, { prepare: `[ ! -e ${OLD} ] || { echo "there is a "${OLD}" already" >&2; exit 1; }; ${COPY(NEW)}`, aside: OLD, mounted: NEW });
    context.record({ kind: "volume", state: "swapped", bytes: Number(bytes), detail: "to the new volume: every file is what it was on the old one" });
  }));
}

/**
 * Stops the server, prepares another volume, puts the one that it is on `aside`, and starts it on the other, which is then
 * `mounted` where that was. Gives what the preparation said. When it doesn't start from there, it starts from where it was.
 * @throws HarnessError `swap-failed`
 */
export function swap({ postgres, inTurn, disk }: Topology, { prepare, aside, mounted }: { readonly prepare: string; readonly aside: string; readonly mounted: string }): Promise<string> {
  return inTurn(async () => {
    let moving = false;
    if ((await postgres.observe()).state !== "stopped") await postgres.stop();
    try {
      const said = await postgres.shell(prepare);
      moving = true;
      await postgres.shell(`mv -T "$DATA" ${aside}; mv -T ${mounted} "$DATA"`);
      await disk?.sync("data");
      await postgres.start();
      return said.trim();
    } catch (error) {
      if ((await postgres.observe()).state !== "stopped") await postgres.stop();
      if (moving) await postgres.shell(`if [ -d ${aside} ]; then [ ! -d "$DATA" ] || mv -T "$DATA" ${mounted}; mv -T ${aside} "$DATA"; fi`);
      await postgres.start();
      throw new HarnessError({ code: "swap-failed", kind: "run", place: postgres.name, message: `the volumes were not swapped: ${messageOf(error)}`, cause: error });
    }
  });
}
