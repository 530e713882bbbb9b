// Assembles the system under drill: the database, and the paths on which clients and the migration reach it.

import { mutex, type Mutex } from "../base/mutex.ts";
import { newSecret } from "../base/random.ts";
import type { Drill } from "../drill/schema.ts";
import { DATABASE, connect, type Access, type Role } from "./postgres.ts";
import { postgresFor } from "./prepared.ts";
import { Proxies, toxiproxyLaunch, type Path } from "./toxiproxy.ts";
import { WireProxy, wireProxyLaunch } from "./wire-proxy.ts";
import type { LoadedSystem } from "./postgres.ts";
import type { Runtime, Service } from "./runtime.ts";
import type pg from "pg";

/** Does the drill's way back start from a backup? */
export function keepsBackups({ rollback }: Drill): boolean {
  return rollback.strategy === "snapshot" || rollback.strategy === "pitr";
}

export type Topology = {
  readonly runtime: Runtime;
  readonly postgres: Service;
  /** Names the prepared data that the database started from. */
  readonly dataKey: string;
  readonly proxies: Proxies;
  readonly wireProxy: WireProxy | undefined;
  readonly services: readonly Service[];
  /** Healing and restoring both stop and start the server: they take turns. */
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

  const needsWireProxy = drill.faults.some((fault) => fault.kind === "reply-lost");
  const [{ service: postgres, dataKey, setPasswords }, toxiproxy] = await Promise.all([
    postgresFor({ runtime, system, scale: drill.system.scale, postgres: drill.system.postgres, archive: keepsBackups(drill), say }),
    runtime.start(toxiproxyLaunch()),
  ]);
  await setPasswords(passwords);
  const wire = needsWireProxy ? await runtime.start(wireProxyLaunch(postgres.innerAddress("sql"))) : undefined;
  const proxies = new Proxies(toxiproxy);
  await proxies.create("clients", (wire ?? postgres).innerAddress("sql"));
  await proxies.create("migration", postgres.innerAddress("sql"));

  const access = (role: Role, path: Path | "direct"): Access => ({
    address: path === "direct" ? postgres.address("sql") : proxies.address(path),
    role, password: passwords[role],
  });
  const observer = (name: string) => connect(access("turnback", "direct"), { name: `turnback-${name}` });
  return {
    runtime, postgres, dataKey, proxies, access, inTurn: mutex(),
    wireProxy: wire && new WireProxy(wire),
    services: wire ? [postgres, toxiproxy, wire] : [postgres, toxiproxy],
    observer,
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
