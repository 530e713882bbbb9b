// All faults by their kind; a kind without an entry doesn't compile.

import type { Fault, FaultKind } from "../drill/fault.ts";
import { clockSkewed } from "./clock-skewed.ts";
import { connectionStorm } from "./connection-storm.ts";
import type { ActiveFault, FaultContext, FaultKindOf } from "./fault.ts";
import { idleTimeout, oomKill, passwordRotated, statementTimeout } from "./database.ts";
import { bitsFlipped, diskFull, diskReadOnly, diskSlow, diskStalled, fsyncFails, powerCut, readError, readsShort, writeError } from "./disk.ts";
import { cpuThrottled } from "./cpu-throttled.ts";
import { heldLock } from "./held-lock.ts";
import { kill, restart } from "./outage.ts";
import { namesGone, packetsLost, partition } from "./packets.ts";
import { pause } from "./pause.ts";
import { replayPaused } from "./replay-paused.ts";
import { replyLost } from "./reply-lost.ts";
import { archiveFailing, backupDamaged, diskLost, walMissing } from "./storage.ts";
import { instanceKilled } from "./instance-killed.ts";
import { wrongVersion } from "./wrong-version.ts";
import { bandwidth, down, latency, limitData, reset, slicer, slowClose, timeout } from "./toxic.ts";

type Registry = { readonly [K in FaultKind]: FaultKindOf<Extract<Fault, { kind: K }>> };

export const FAULTS: Registry = {
  kill, pause, restart,
  "instance-killed": instanceKilled,
  "wrong-version": wrongVersion,
  "cpu-throttled": cpuThrottled,
  "clock-skewed": clockSkewed,
  "power-cut": powerCut,
  "fsync-fails": fsyncFails,
  "read-error": readError,
  "write-error": writeError,
  "disk-full": diskFull,
  "disk-slow": diskSlow,
  "disk-stalled": diskStalled,
  "disk-read-only": diskReadOnly,
  "bits-flipped": bitsFlipped,
  "reads-short": readsShort,
  "disk-lost": diskLost,
  "backup-damaged": backupDamaged,
  "wal-missing": walMissing,
  "archive-failing": archiveFailing,
  "replay-paused": replayPaused,
  "connection-storm": connectionStorm,
  "held-lock": heldLock,
  "statement-timeout": statementTimeout,
  "idle-timeout": idleTimeout,
  "password-rotated": passwordRotated,
  "oom-kill": oomKill,
  latency, bandwidth, down, timeout, reset,
  "slow-close": slowClose,
  slicer,
  "limit-data": limitData,
  "packets-lost": packetsLost,
  partition,
  "names-gone": namesGone,
  "reply-lost": replyLost,
};

/** The fault that a declaration asks for, ready to strike. */
export function createFault(fault: Fault, context: FaultContext): ActiveFault {
  const kind = FAULTS[fault.kind] as FaultKindOf<Fault>;
  return kind.create(fault, context);
}
