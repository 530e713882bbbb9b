// A volume swap: the server's files are copied to another volume, compared, and the server goes on from there.

import { HarnessError, messageOf } from "../base/errors.ts";
import type { Topology } from "../topology/topology.ts";
import { holdingClients, type HoldContext } from "./holding-clients.ts";
import type { RunnerContext } from "./runner.ts";
import { runStep } from "./step.ts";

/** The step that comes before the plan's own. */
export const SWAP_STEP = "swap";

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
    const bytes = await whileStopped(context.topology, `${COPY(NEW)}; mv -T "$DATA" ${OLD}; mv -T ${NEW} "$DATA"`, `rm -rf ${NEW}; [ -d "$DATA" ] || mv -T ${OLD} "$DATA"; rm -rf ${OLD}`);
    context.record({ kind: "volume", state: "swapped", bytes: Number(bytes), detail: "to the new volume: every file is what it was on the old one" });
  }));
}

/** Has a script change the server's files while it is stopped, and starts it again; when that fails, another one takes it back. */
export function whileStopped({ postgres, inTurn, disk }: Topology, script: string, back: string): Promise<string> {
  return inTurn(async () => {
    if ((await postgres.observe()).state !== "stopped") await postgres.stop();
    try {
      const said = await postgres.shell(script);
      await disk?.sync("data");
      await postgres.start();
      return said.trim();
    } catch (error) {
      if ((await postgres.observe()).state !== "stopped") await postgres.stop();
      await postgres.shell(back);
      await postgres.start();
      throw new HarnessError({ code: "swap-failed", kind: "run", place: postgres.name, message: `the volumes were not swapped: ${messageOf(error)}`, cause: error });
    }
  });
}
