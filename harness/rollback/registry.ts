// All ways back by their strategy; a strategy without an entry doesn't compile.

import type { Rollback } from "../drill/schema.ts";
import { coordinated } from "./coordinated.ts";
import { down, resume } from "./down.ts";
import { failover } from "./failover.ts";
import { flag } from "./flag.ts";
import { pitr, snapshot } from "./restore.ts";
import { switchBack } from "./switch-back.ts";
import { volumeBack } from "./volume-back.ts";
import type { WayBack, WayBackContext } from "./way-back.ts";

type Registry = { readonly [S in Rollback["strategy"]]: (rollback: Extract<Rollback, { strategy: S }>, context: WayBackContext) => WayBack };

const WAYS_BACK: Registry = { down, resume, flag, snapshot, pitr, failover, "switch-back": switchBack, "volume-back": volumeBack, coordinated };

/** Every strategy that a drill can declare. */
export const STRATEGIES = Object.keys(WAYS_BACK) as readonly Rollback["strategy"][];

/** The way back that a drill declares. */
export function createWayBack(rollback: Rollback, context: WayBackContext): WayBack {
  const create = WAYS_BACK[rollback.strategy] as (rollback: Rollback, context: WayBackContext) => WayBack;
  return create(rollback, context);
}
