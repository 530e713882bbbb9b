// Faults of the disk, through faultfs: the power is cut, or chosen operations fail, hang or lie.

import { waitUntil } from "../base/deadline.ts";
import { HarnessError } from "../base/errors.ts";
import type { Fault, FaultKind } from "../drill/fault.ts";
import type { DiskRule, FaultyDisk, Volume } from "../topology/faulty-disk.ts";
import { dataFolder } from "../topology/postgres.ts";
import type { Service } from "../topology/runtime.ts";
import type { Topology } from "../topology/topology.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";
import { startAgain } from "./outage.ts";

type OnDisk = Extract<Fault, { files: string }>;
type Of<K extends FaultKind> = Extract<Fault, { kind: K }>;

function diskOf({ disk }: Topology): FaultyDisk {
  if (!disk) throw new HarnessError({ code: "no-disk", kind: "run", place: "faults", message: "the servers of this topology lie on the machine's own disk" });
  return disk;
}

/** The disk of the server that has the role now: after a failover that is another one. */
function volumeOf({ cluster }: Topology, on: "postgres" | "replica"): Volume {
  const name = on === "postgres" ? cluster.primary.name : cluster.replica?.name;
  return dataFolder(name === "replica" ? "replica" : "postgres");
}

/** Everything dies at once, and of what was not synced nothing is left, or a chance part. */
export const powerCut: FaultKindOf<Of<"power-cut">> = {
  needs: "faulty-disk",
  create: (fault, { topology, seed }) => {
    const server = serverOf(topology, fault.on);
    const volume = volumeOf(topology, fault.on);
    const disk = diskOf(topology);
    let took = "";
    let broken: string | undefined;
    return {
      inject: async () => {
        await server.kill();
        const before = await disk.unsynced(volume);
        const { lostBytes, undoneChanges } = await disk.cutPower(volume, { tears: fault.torn, seed });
        took = `of ${before.bytes.toLocaleString("en-US")} bytes and ${before.changes} directory changes that were not synced it took ${lostBytes.toLocaleString("en-US")} and ${undoneChanges}`;
      },
      prove: async () => {
        if (took === "") return undefined;
        const seen = await server.observe();
        const { bytes, changes } = await disk.unsynced(volume);
        if (seen.state !== "stopped" || bytes > 0 || changes > 0) throw new Error(`somebody lives on: ${seen.detail}; since the cut ${bytes} bytes and ${changes} directory changes are not synced`);
        return `${seen.detail}; ${took}`;
      },
      heal: async () => {
        // The power is back; that the server doesn't survive it is what the drill is there to find out.
        broken = await startAgain(server);
      },
      proveHealed: async () => {
        const seen = await server.observe();
        if (seen.state === "running") return `answers again; ${seen.detail}`;
        return broken === undefined ? undefined : `the power is back, and the server ended while it was starting: ${broken}`;
      },
    };
  },
};

/** Starts a server that has ended; one that is just ending, or recovers by itself, is given time for that. */
async function standUp({ cluster }: Topology, server: Service): Promise<void> {
  await waitUntil({
    what: `${server.name} to stop or end`, withinMs: 15_000, everyMs: 50, place: server.name, lastSeen: () => "it runs, and lets nobody in",
    check: async () => {
      if ((await server.observe()).state === "stopped") await server.start();
      const client = await cluster.connect(server, "heal");
      await client.end();
      return true;
    },
  });
}

const FOLDERS: Record<OnDisk["files"], (volume: Volume, topology: Topology) => string> = {
  all: (volume) => `${volume}/`,
  tables: (volume) => `${volume}/base/`,
  wal: (volume) => `${volume}/pg_wal/`,
  archive: (_volume, { backups }) => `backups/${backups.archive}/`,
};

/** A rule at the disk. That it has met an operation of the server, which the disk counts, is its proof. */
function rule<F extends OnDisk>(ruleOf: (fault: F) => Omit<DiskRule, "under">, met: string): FaultKindOf<F> {
  return {
    needs: "faulty-disk",
    create: (fault, { topology, id }) => {
      const disk = diskOf(topology);
      const server = serverOf(topology, fault.on);
      const under = FOLDERS[fault.files](volumeOf(topology, fault.on), topology);
      return {
        inject: () => disk.setRule(id, { under, ...ruleOf(fault) }),
        prove: async () => {
          const hits = await disk.hits(id);
          return hits === undefined || hits === 0 ? undefined : `${met}: ${hits.toLocaleString("en-US")} ${hits === 1 ? "operation" : "operations"} below ${under}`;
        },
        // What the disk did may have ended the server, as it must: PostgreSQL doesn't go on after a failed fsync.
        lift: () => disk.clearRule(id), // a server that is just starting may be waiting for it
        heal: async () => {
          await disk.clearRule(id);
          await standUp(topology, server);
        },
        proveHealed: async () => {
          if ((await disk.hits(id)) !== undefined) return undefined;
          const seen = await server.observe();
          return seen.state === "running" ? `the disk is well again; ${seen.detail}` : undefined;
        },
      };
    },
  };
}

export const fsyncFails = rule<Of<"fsync-fails">>(({ times }) => ({ operations: ["fsync"], error: "EIO", times }), "not synced");
export const readError = rule<Of<"read-error">>(() => ({ operations: ["read"], error: "EIO" }), "failed with EIO");
export const writeError = rule<Of<"write-error">>(() => ({ operations: ["write"], error: "EIO" }), "failed with EIO");
export const diskFull = rule<Of<"disk-full">>(({ bytes }) => ({ operations: ["extend", "create"], error: "ENOSPC", afterBytes: bytes }), "no space");
export const diskSlow = rule<Of<"disk-slow">>(({ delayMs }) => ({ operations: ["read", "write", "fsync"], delayMs }), "delayed");
export const diskStalled = rule<Of<"disk-stalled">>(() => ({ operations: ["read", "write", "fsync"], stall: true }), "hanging");
export const diskReadOnly = rule<Of<"disk-read-only">>(() => ({ operations: ["write", "extend", "create", "remove", "rename", "truncate"], error: "EROFS" }), "refused");
export const bitsFlipped = rule<Of<"bits-flipped">>(() => ({ operations: ["read"], flip: true }), "read with a wrong bit");
export const readsShort = rule<Of<"reads-short">>(() => ({ operations: ["read"], short: true }), "read in part");
