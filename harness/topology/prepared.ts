// A started PostgreSQL with the system's data in it, in either runtime.

import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import { inShort, quoted } from "../base/quoted.ts";
import { newSecret } from "../base/random.ts";
import { declarationError } from "../drill/parse.ts";
import type { Drill } from "../drill/schema.ts";
import type { Server, Standby } from "./cluster.ts";
import type { Release } from "./embedded-postgres.ts";
import { dataDirectoryFor, dataFolder, postgresImage, postgresLaunch, passwordSql, type Contents, type Passwords, type Settings } from "./postgres.ts";
import type { FaultyDisk } from "./faulty-disk.ts";
import { DockerRuntime } from "./docker-runtime.ts";
import { ProcessRuntime } from "./process-runtime.ts";
import { seededImage } from "./docker-images.ts";
import type { Runtime } from "./runtime.ts";

/** `dataKey` names the data, byte for byte: the same key, the same rows and the same schema. */
export type Prepared = {
  readonly primary: Server;
  /** A second server beside it, for whoever has given it data. */
  readonly standby: Standby;
  readonly dataKey: string;
};

export async function postgresFor(options: {
  readonly runtime: Runtime;
  readonly contents: Contents;
  readonly server?: string;
  readonly release?: Release;
  readonly postgres: Drill["system"]["postgres"];
  readonly archiving?: Settings | undefined;
  readonly replicated?: boolean;
  readonly publishes?: boolean;
  readonly ownClock?: boolean;
  readonly disk?: FaultyDisk | undefined;
  /** Of its roles, in this run alone. */
  readonly passwords: Passwords;
  readonly say: (what: string) => void;
}): Promise<Prepared> {
  const { runtime, contents, server = "postgres", release = "usual", postgres, archiving = {}, replicated = false, publishes = false, ownClock = false, disk, passwords, say } = options;
  const { system } = contents;
  /** Or recovery, of a replica or a backup, refuses tablespaces that are no links. */
  const inPlace: Settings = (system.tablespaces ?? []).length > 0 ? { allow_in_place_tablespaces: "on" } : {};
  const startServer = async (name: string, dataDirectory: string, image: string): Promise<Server> => {
    const fence = { on: false };
    const service = await settled(postgres.settings, runtime.start(postgresLaunch({
      server: name, release, dataDirectory, image, disk, archiving, replicated, publishes, ownClock, password: passwords.turnback, fenced: () => fence.on,
      ...(name === server && { first: passwordSql(passwords) }), // another's data come with theirs
      port: name === "postgres" ? postgres.port : 0, settings: { ...inPlace, ...postgres.settings }, readyWithinMs: postgres.readyWithinMs,
    })));
    return { name, service, fence };
  };
  const prepared = async (dataDirectory: string, image: string, dataKey: string): Promise<Prepared> => {
    const primary = await startServer(server, dataDirectory, image);
    return {
      primary, dataKey,
      standby: { name: "replica", start: () => startServer("replica", join(dataDirectory, "..", dataFolder("replica")), image) },
    };
  };
  // Data in the making may be lost with the machine: it is only kept once it is whole. Its WAL is not kept: each run would copy it.
  const templateOn = (dataDirectory: string, password: string) => ({
    ...postgresLaunch({ first: passwordSql({ turnback: password }), release, dataDirectory, image: postgresImage(release), port: 0, settings: { fsync: "off", wal_recycle: "off", min_wal_size: "32MB" }, readyWithinMs: postgres.readyWithinMs, password }),
    name: `${server}-template`,
  });
  if (runtime instanceof DockerRuntime) {
    const password = newSecret();
    const image = await seededImage({ runtime, contents, say, launch: templateOn("", password), password });
    if (disk) await runtime.copyFromImage(postgresLaunch({ dataDirectory: "", image, disk: { at: disk.below }, settings: {}, port: 0, readyWithinMs: 0, password: "" }));
    return prepared("", image, image);
  }
  const { dataDirectory, dataKey, keep } = await dataDirectoryFor({
    contents, release, server, say, passwords, workDirectory: runtime.workDirectory, below: disk?.below,
    withServer: async (directory, password, work) => {
      const service = await runtime.start(templateOn(directory, password));
      try {
        await work(service);
      } finally {
        await service.stop();
      }
    },
  });
  if (keep && runtime instanceof ProcessRuntime) runtime.atEnd(`data of ${server}`, keep);
  return prepared(dataDirectory, postgresImage(release), dataKey);
}

/** Of a server that doesn't start by a declared setting, that is what is wrong. */
async function settled<T>(settings: Settings, starting: Promise<T>): Promise<T> {
  try {
    return await starting;
  } catch (error) {
    const [, name, said] = /(?:unrecognized configuration parameter|invalid value for parameter|parameter) "([^"]+)"([^\n]*)/.exec(messageOf(error)) ?? [];
    if (name === undefined || !Object.hasOwn(settings, name)) throw error;
    throw declarationError(`system.postgres.settings.${name}`, `system.postgres.settings.${name}: the server doesn't start with ${quoted(settings[name])}${said ? ` (${inShort(`${name}${said}`)})` : ", for it knows no such setting"}`, "correct the setting, or leave it out", error);
  }
}
