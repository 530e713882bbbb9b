// Assembles the system under drill: the database, and the paths on which clients and the migration reach it.

import { HarnessError } from "../base/errors.ts";
import { mutex, type Mutex } from "../base/mutex.ts";
import { newSecret } from "../base/random.ts";
import { strikesDisk } from "../drill/fault.ts";
import { replicaSchema, type Drill, type Gate, type Replica } from "../drill/schema.ts";
import type { LoadedApplication } from "../drill/application.ts";
import { Application } from "./application.ts";
import { backupStoreOf, type BackupStore } from "./backup-store.ts";
import { BlueGreen } from "./blue-green.ts";
import { Cluster } from "./cluster.ts";
import type { FaultyDisk } from "./faulty-disk.ts";
import { connect, DATABASE, READER, type Access, type Passwords, type Role } from "./postgres.ts";
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

/**
 * The system under drill as seen from one of its databases: what strikes or changes that one gets its view. What there is once
 * only, the runtime and the turns, is the same in each.
 */
export type Topology = {
  /** Undefined for the first database. */
  readonly database: string | undefined;
  /** The views of the other databases by their names; none in such a view itself. */
  readonly others: ReadonlyMap<string, Topology>;
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
  /** The system's own application, if it has one. */
  readonly application: Application | undefined;
  readonly wireProxy: WireProxy | undefined;
  readonly services: readonly Service[];
  /** What stands on the paths and is the harness's own: one that dies is none of the system's trouble. */
  readonly onPaths: readonly Service[];
  /** Healing, restoring and failing over all stop and start servers: they take turns. */
  readonly inTurn: Mutex;
  /** How a role reaches the database on one of the paths, or directly, around all proxies. */
  readonly access: (role: Role, path: Path | "direct") => Access;
  /** A superuser's connection around all proxies, for observing. */
  readonly observer: (name: string) => Promise<pg.Client>;
  /** A connection around all proxies of a role that may only read: for what a declaration asks. */
  readonly reader: (name: string) => Promise<pg.Client>;
  readonly serverVersion: () => Promise<string>;
};

/** Starts everything that a drill needs, in the order of who depends on whom. */
export async function startTopology(options: {
  readonly runtime: Runtime;
  readonly drill: Drill;
  readonly system: LoadedSystem;
  readonly others?: Readonly<Record<string, LoadedSystem>>;
  readonly application?: LoadedApplication | undefined;
  readonly say: (what: string) => void;
  readonly onSecret: (secret: string) => void;
}): Promise<Topology> {
  const { runtime, drill, system, others = {}, say } = options;
  const passwords = { turnback: newSecret(), migrator: newSecret(), app: newSecret(), [READER]: newSecret() };
  Object.values(passwords).forEach(options.onSecret);

  const swallows = drill.faults.some((fault) => fault.kind === "reply-lost");
  const replica = replicaOf(drill);
  const disk = drill.faults.some(strikesDisk) ? await runtime.openDisk() : undefined;
  const { blueGreen: beside } = drill.migration;
  const { scale, postgres } = drill.system;
  const backups = backupStoreOf(runtime.kind, system.tablespaces);
  const ownClock = drill.faults.some(({ kind }) => kind === "clock-skewed");
  const [{ primary, standby, dataKey }, green, toxiproxy] = await Promise.all([
    postgresFor({ runtime, contents: { system, scale }, release: beside?.upgrade ? "older" : "usual", postgres, archiving: keepsBackups(drill) ? backups.settings : undefined, replicated: replica !== undefined, publishes: beside !== undefined, ownClock, disk, passwords, say }),
    // Its schema alone, from the same files: its data come from the other one.
    beside && postgresFor({ runtime, contents: { system, scale: Math.min(scale, SMALL), empty: true }, server: "green", release: beside.upgrade ? "newer" : "usual", postgres: { ...postgres, port: 0 }, publishes: true, ownClock, passwords, say }),
    runtime.start(toxiproxyLaunch(Object.keys(others), drill.load.arrivalsPerSecond)),
  ]);
  const inTurn = mutex();
  const besides = new Map(await Promise.all(Object.entries(others).map(async ([database, other]) => [database, await startOther({ runtime, drill, system: other, database, passwords, toxiproxy, inTurn, say })] as const)));
  if (keepsBackups(drill) && backups.begin !== "") await primary.service.shellInside(backups.begin, { PGPASSWORD: passwords.turnback });
  await disk?.sync("data"); // a production system has been on its disk for long
  const upstream = primary.service.innerAddress("sql");
  /** Whose messages are read on the way, so that transactions are known from each other. */
  const watched = swallows || counts(drill.rollback.gate) || green !== undefined || drill.migration.volumeSwap !== undefined || besides.size > 0;
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

  const { access, observer, reader } = sessionsOf(cluster, proxies, passwords);
  const application = options.application && await Application.start({
    runtime, declared: options.application, instances: drill.application?.instances ?? 1,
    urls: Object.fromEntries([["DATABASE_URL", proxies] as const, ...[...besides].map(([name, view]) => [`${name.replaceAll("-", "_").toUpperCase()}_URL`, view.proxies] as const)]
      .map(([variable, paths]) => [variable, accessUrl({ address: paths.innerAddress("clients"), role: "app", password: passwords.app })])),
  });
  return {
    application, database: undefined, others: besides, runtime, cluster, disk, backups, blueGreen, replicaBytes, dataKey, proxies, access, observer, reader, inTurn,
    get postgres() { return cluster.primary; },
    wireProxy,
    services: [primary.service, cluster.replica, green?.primary.service, toxiproxy, wire, ...[...besides.values()].flatMap(({ services }) => services)].filter((service) => service !== undefined),
    onPaths: [toxiproxy, wire, ...[...besides.values()].flatMap(({ onPaths }) => onPaths)].filter((service) => service !== undefined),
    serverVersion: () => versionOf(cluster),
  };
}

function sessionsOf(cluster: Cluster, proxies: Proxies, passwords: Passwords): Pick<Topology, "access" | "observer" | "reader"> {
  const access = (role: Role, path: Path | "direct"): Access => ({ address: path === "direct" ? cluster.primary.address("sql") : proxies.address(path), role, password: passwords[role] });
  return { access, observer: (name) => cluster.connect(cluster.primary, name), reader: (name) => connect(access(READER, "direct"), { name: `turnback-${name}` }) };
}

function versionOf(cluster: Cluster): Promise<string> {
  return cluster.asking(cluster.primary, async (client) => (await client.query<{ server_version: string }>("show server_version")).rows[0]?.server_version ?? "unknown");
}

/** Another database: a server, and the paths to it, on which transactions are known from each other. */
async function startOther(options: {
  readonly runtime: Runtime;
  readonly drill: Drill;
  readonly system: LoadedSystem;
  readonly database: string;
  readonly passwords: Readonly<Record<Role, string>>;
  readonly toxiproxy: Service;
  readonly inTurn: Mutex;
  readonly say: (what: string) => void;
}): Promise<Topology> {
  const { runtime, drill, system, database, passwords, toxiproxy, inTurn, say } = options;
  const { postgres, others } = drill.system;
  const ownClock = drill.faults.some(({ kind }) => kind === "clock-skewed");
  const { primary, dataKey } = await postgresFor({ runtime, contents: { system, scale: others[database]?.scale ?? 1 }, server: database, postgres: { ...postgres, port: 0 }, ownClock, passwords, say });
  const wire = await runtime.start(wireProxyLaunch(primary.service.innerAddress("sql"), database));
  const proxies = new Proxies(toxiproxy, database);
  await proxies.create("clients", wire.innerAddress("sql"));
  await proxies.create("migration", wire.innerAddress("plain"));
  const wireProxy = new WireProxy(wire);
  const cluster = new Cluster({ primary, standby: undefined, replica: undefined, disk: undefined, password: passwords.turnback, proxies, router: wireProxy });
  return {
    application: undefined, database, others: new Map(), runtime, cluster, disk: undefined, backups: backupStoreOf(runtime.kind, system.tablespaces), blueGreen: undefined, replicaBytes: 0, dataKey, proxies, wireProxy, inTurn,
    get postgres() { return cluster.primary; },
    services: [primary.service, wire],
    onPaths: [wire],
    ...sessionsOf(cluster, proxies, passwords),
    serverVersion: () => versionOf(cluster),
  };
}

/** The view of a database: the first one, unless another is named. @throws HarnessError for one that there is none of */
export function viewOf(topology: Topology, database: string | undefined): Topology {
  const view = database === undefined ? topology : topology.others.get(database);
  if (!view) throw new HarnessError({ code: "no-such-database", kind: "declaration", place: database, message: `this system has no database named "${database}"`, remedy: "declare it in system.others" });
  return view;
}

/** The views of all databases, the first one first. */
export function viewsOf(topology: Topology): readonly Topology[] {
  return [topology, ...topology.others.values()];
}

/** A URL for programs that want one; it holds the password and must not be written anywhere. */
export function accessUrl(access: Access): string {
  const { host, port } = access.address;
  return `postgres://${access.role}:${encodeURIComponent(access.password)}@${host}:${port}/${DATABASE}?sslmode=disable&application_name=turnback-clients`;
}
