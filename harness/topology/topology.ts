// Assembles the system under drill: the database, and the paths on which clients and the migration reach it.

import { mutex, type Mutex } from "../base/mutex.ts";
import { newSecret } from "../base/random.ts";
import { replicaSchema, strikesDisk, type Drill, type Gate, type Replica } from "../drill/schema.ts";
import { backupStoreOf, type BackupStore } from "./backup-store.ts";
import { BlueGreen } from "./blue-green.ts";
import { Cluster } from "./cluster.ts";
import type { FaultyDisk } from "./faulty-disk.ts";
import { DATABASE, type Access, type Role } from "./postgres.ts";
import { postgresFor } from "./prepared.ts";
import { Proxies, toxiproxyLaunch, type Path } from "./toxiproxy.ts";
import { WireProxy, wireProxyLaunch } from "./wire-proxy.ts";
import type { LoadedSystem } from "./postgres.ts";
import type { Runtime, Service } from "./runtime.ts";
import type pg from "pg";

/** Of data that are made only to be thrown away. */
const SMALL = 0.01;

/** Does the drill's way back start from a backup? */
export function keepsBackups({ rollback }: Drill): boolean {
  return rollback.strategy === "snapshot" || rollback.strategy === "pitr";
}

/** Does a gate have to know where a transaction begins and ends? */
function counts(gate: Gate | undefined): boolean {
  return gate !== undefined && (gate.clients !== "refused" || gate.returnMs > 0);
}

/** The replica that a drill declares; a failover needs one in any case. */
export function replicaOf({ system: { postgres }, rollback }: Drill): Replica | undefined {
  return postgres.replica ?? (rollback.strategy === "failover" ? replicaSchema.parse({}) : undefined);
}

export type Topology = {
  readonly runtime: Runtime;
  /** The primary of the moment: a failover makes it another one. */
  readonly postgres: Service;
  readonly cluster: Cluster;
  /** What the servers keep their files on, where a fault of the drill needs one that can fail. */
  readonly disk: FaultyDisk | undefined;
  /** Where and by what backups are kept, if they are. */
  readonly backups: BackupStore;
  /** The server beside the one that serves, and how they are linked, in a blue-green migration. */
  readonly blueGreen: BlueGreen | undefined;
  /** Size of the replica's data as it was copied; 0 without one. */
  readonly replicaBytes: number;
  /** Names the prepared data that the database started from. */
  readonly dataKey: string;
  readonly proxies: Proxies;
  readonly wireProxy: WireProxy | undefined;
  readonly services: readonly Service[];
  /** Healing, restoring and failing over all stop and start servers: they take turns. */
  readonly inTurn: Mutex;
  /** How a role reaches the database on one of the paths, or directly, around all proxies. */
  readonly access: (role: Role, path: Path | "direct") => Access;
  /** A superuser's connection around all proxies, for observing. */
  readonly observer: (name: string) => Promise<pg.Client>;
  readonly serverVersion: () => Promise<string>;
};

/** Starts everything that a drill needs, in the order of who depends on whom. */
export async function startTopology(options: {
  readonly runtime: Runtime;
  readonly drill: Drill;
  readonly system: LoadedSystem;
  readonly say: (what: string) => void;
  readonly onSecret: (secret: string) => void;
}): Promise<Topology> {
  const { runtime, drill, system, say } = options;
  const passwords = { turnback: newSecret(), migrator: newSecret(), app: newSecret() };
  Object.values(passwords).forEach(options.onSecret);

  const swallows = drill.faults.some((fault) => fault.kind === "reply-lost");
  const replica = replicaOf(drill);
  const disk = drill.faults.some(strikesDisk) ? await runtime.openDisk() : undefined;
  const { blueGreen: beside } = drill.migration;
  const { scale, postgres } = drill.system;
  const backups = backupStoreOf(runtime.kind, system.tablespaces);
  const ownClock = drill.faults.some(({ kind }) => kind === "clock-skewed");
  const [{ primary, standby, dataKey, setPasswords }, green, toxiproxy] = await Promise.all([
    postgresFor({ runtime, contents: { system, scale }, release: beside?.upgrade ? "older" : "usual", postgres, archiving: keepsBackups(drill) ? backups.settings : undefined, replicated: replica !== undefined, publishes: beside !== undefined, ownClock, disk, say }),
    // Its schema alone, from the same files: its data come from the other one.
    beside && postgresFor({ runtime, contents: { system, scale: Math.min(scale, SMALL), empty: true }, server: "green", release: beside.upgrade ? "newer" : "usual", postgres: { ...postgres, port: 0 }, publishes: true, ownClock, say }),
    runtime.start(toxiproxyLaunch()),
  ]);
  await setPasswords(passwords);
  await green?.setPasswords(passwords);
  if (keepsBackups(drill) && backups.begin !== "") await primary.service.shellInside(backups.begin, { PGPASSWORD: passwords.turnback });
  await disk?.sync("data"); // a production system has been on its disk for long
  const upstream = primary.service.innerAddress("sql");
  /** Whose messages are read on the way, so that transactions are known from each other. */
  const watched = swallows || counts(drill.rollback.gate) || green !== undefined || drill.migration.volumeSwap !== undefined;
  const wire = watched || replica ? await runtime.start(wireProxyLaunch(upstream)) : undefined;
  const proxies = new Proxies(toxiproxy);
  // Only clients whose answers are to be swallowed, or transactions counted, pay for having them read.
  const plain = wire?.innerAddress("plain") ?? upstream;
  await proxies.create("clients", watched && wire ? wire.innerAddress("sql") : plain);
  await proxies.create("migration", green?.primary.service.innerAddress("sql") ?? plain);
  if (replica || green) await proxies.create("replication", plain);
  const wireProxy = wire && new WireProxy(wire);
  const cluster = new Cluster({ primary, standby: replica && standby, replica, disk, password: passwords.turnback, proxies, router: wireProxy });
  let replicaBytes = 0;
  if (replica) {
    replicaBytes = await cluster.attach();
  }

  const blueGreen = green && new BlueGreen({ blue: primary, green: green.primary, cluster, proxies, password: passwords.turnback });

  const access = (role: Role, path: Path | "direct"): Access => ({
    address: path === "direct" ? cluster.primary.address("sql") : proxies.address(path),
    role, password: passwords[role],
  });
  const observer = (name: string) => cluster.connect(cluster.primary, name);
  return {
    runtime, cluster, disk, backups, blueGreen, replicaBytes, dataKey, proxies, access, observer, inTurn: mutex(),
    get postgres() { return cluster.primary; },
    wireProxy,
    services: [primary.service, cluster.replica, green?.primary.service, toxiproxy, wire].filter((service) => service !== undefined),
    serverVersion: async () => {
      const client = await observer("version");
      try {
        return (await client.query<{ server_version: string }>("show server_version")).rows[0]?.server_version ?? "unknown";
      } finally {
        await client.end();
      }
    },
  };
}

/** A URL for programs that want one; it holds the password and must not be written anywhere. */
export function accessUrl(access: Access): string {
  const { host, port } = access.address;
  return `postgres://${access.role}:${encodeURIComponent(access.password)}@${host}:${port}/${DATABASE}?sslmode=disable&application_name=turnback-clients`;
}
