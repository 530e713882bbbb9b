// PostgreSQL as a service: its settings, its roles, and the seeded data that every run starts from.

import { readFile, readdir, mkdir, rm, writeFile, chown, stat } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { run } from "../base/process.ts";
import { ROOT, sha256 } from "../base/files.ts";
import { newSecret } from "../base/random.ts";
import type { System } from "../drill/system.ts";
import { postgresBinaries, unprivilegedUser, type Release } from "./embedded-postgres.ts";
import type { FaultyDisk, Volume } from "./faulty-disk.ts";
import { keepFolder, keptFolder } from "./cache.ts";
import { takeCopy } from "./kept-data.ts";
import type { Address, Launch, Service } from "./runtime.ts";
import { FIXED_OPTIONS, fixTheRest, READER_OPTIONS, UNHURRIED_OPTIONS } from "./sessions.ts";
import { LOADER, skewedBy } from "./skewed-clock.ts";
import { runSqlFile } from "./sql-file.ts";

export const DATABASE = "app";
/** Who asks what a declaration wants to know: it may read every row, and nothing else. */
export const READER = "turnback_reader";
export type Role = "turnback" | "migrator" | "app" | typeof READER;

/** How to reach the database as one of its roles. */
export type Access = { readonly address: Address; readonly role: Role; readonly password: string };

export type Passwords = Readonly<Record<Role, string>>;

const IMAGES: Record<Release, string> = { usual: "turnback/postgres:latest", older: "turnback/postgres:latest", newer: "turnback/postgres-newer:latest" };
export const postgresImage = (release: Release): string => IMAGES[release];
/** What the server keeps in a container: its data, and backups and WAL beside them. */
const DOCKER_HOME = "/var/lib/postgresql";

export type Settings = Readonly<Record<string, string | number | boolean>>;

/** Like production in what decides about loss: fsync, synchronous commit and checksums are on. */
const BASE_SETTINGS: Settings = {
  shared_buffers: "128MB",
  max_connections: 150,
  wal_level: "replica",
  max_wal_size: "1GB",
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  log_line_prefix: "%m [%p] %q%u@%d ",
  log_lock_waits: "on",
  deadlock_timeout: "500ms",
  log_checkpoints: "on",
  log_statement: "ddl",
  timezone: "UTC",
  logging_collector: "off",
  unix_socket_directories: "",
};

function settingArguments(settings: Settings): string[] {
  return Object.entries({ ...BASE_SETTINGS, ...settings }).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
}

/** What a replica needs to catch up after it was cut off; slots would be left over. */
const REPLICATING: Settings = { wal_keep_size: "1GB" };

/** What publishes its changes row by row, for a server that may be of another release. */
const PUBLISHING: Settings = { wal_level: "logical" };

/**
 * A server of the system: `postgres`, the one that it begins with, a `replica` of it, `green`, to which a blue-green migration
 * leads, or that of another database, by the name of that. Its folders lie beside the others'; a name is the same in both runtimes.
 */
export const dataFolder = (server: string): Volume => (server === "postgres" ? "data" : server);
/** Whether a copy of the first server's data is made beside them; any other server has its own from the start, and its own volume. */
const isCopy = (server: string) => server === "postgres" || server === "replica";

/** How to launch a server on a data directory (process) or a prepared image (docker). */
export function postgresLaunch(options: {
  readonly server?: string;
  readonly release?: Release;
  readonly dataDirectory: string;
  readonly image: string;
  readonly settings: Settings;
  readonly port: number;
  readonly readyWithinMs: number;
  /** A disk that can fail, in the place of a volume of the engine's. */
  readonly disk?: Pick<FaultyDisk, "at"> | undefined;
  /** What makes it keep its WAL, for backups. */
  readonly archiving?: Settings;
  readonly replicated?: boolean;
  /** What it does alone, in a container, before it listens for the first time; in a process that is done before it is launched. */
  readonly first?: string;
  /** Whether another server takes up its changes row by row. */
  readonly publishes?: boolean;
  /** Whether it has a clock of its own, which can be set. */
  readonly ownClock?: boolean;
  /** A server that is fenced starts as a standby, whoever starts it: nobody can write to it. */
  readonly fenced?: () => boolean;
  /** The superuser's password: the readiness probe logs in. */
  readonly password: string;
}): Launch {
  const { server = "postgres", release = "usual", fenced = () => false } = options;
  const volume = isCopy(server) ? "postgres" : server;
  const inProcess = { DATA: options.dataDirectory, BACKUPS: join(options.dataDirectory, "../backups") };
  const inDocker = { DATA: `${DOCKER_HOME}/${dataFolder(isCopy(server) ? server : "postgres")}`, BACKUPS: `${DOCKER_HOME}/backups` };
  const settings = settingArguments({ ...options.archiving, ...(options.replicated ? REPLICATING : {}), ...(options.publishes ? PUBLISHING : {}), ...options.settings });
  const [command, ...before] = [...(options.ownClock ? LOADER : []), join(postgresBinaries(release), "bin/postgres")] as const;
  return {
    name: server,
    ports: { sql: { inside: 5432, ...(options.port === 0 ? {} : { fixed: options.port }) } },
    process: {
      command,
      args: (ports) => [...before, "-D", options.dataDirectory, "-p", String(ports["sql"]), "-c", "listen_addresses=127.0.0.1", ...settings],
      folders: inProcess,
      ...(options.ownClock ? { env: () => skewedBy(`${options.dataDirectory}-clock`) } : {}),
      unprivileged: true,
      stopSignal: "SIGINT", // fast shutdown
      endSignal: "SIGQUIT", // immediate shutdown: no checkpoint; SIGKILL would leave its shared memory
    },
    docker: {
      image: options.image,
      command: ["-c", "listen_addresses=*", ...settings],
      ...(options.first === undefined ? {} : { files: { "/tmp/first.sql": options.first } }),
      folders: inDocker,
      ...(options.ownClock ? { env: { ...skewedBy(`${inDocker.DATA}-clock`), LOADER: LOADER.join(" ") } } : {}),
      volume: options.disk ? { folder: options.disk.at, at: DOCKER_HOME } : { name: volume, at: DOCKER_HOME },
      memoryBytes: 2 * 1024 ** 3,
      stopSignal: "SIGINT",
    },
    beforeStart: async (service) => { if (fenced()) await service.shell('[ ! -e "$DATA/PG_VERSION" ] || touch "$DATA/standby.signal"'); },
    ready: (service) => accepts(service.address("sql"), options.password),
    readyWithinMs: options.readyWithinMs,
  };
}

/** Whether the server lets us in; what it says while it starts or recovers is a no. */
async function accepts(address: Address, password: string): Promise<boolean> {
  const client = new pg.Client({
    host: address.host, port: address.port, database: "postgres", user: "turnback", password, connectionTimeoutMillis: 2_000,
  });
  client.on("error", () => undefined); // reported by connect below
  await client.connect();
  await client.end();
  return true;
}

type ConnectOptions = {
  readonly name: string;
  readonly database?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** The harness's own session, but as the database makes it: for SQL that isn't ours. */
  readonly asGiven?: boolean;
};

/** A connected client that never crashes the harness when its connection is cut while idle. Of the harness's own sessions everything is fixed that decides what they see. */
export async function connect(access: Access, options: ConnectOptions): Promise<pg.Client> {
  const fixed = (access.role === "turnback" || access.role === READER) && !options.asGiven;
  const client = new pg.Client({
    host: access.address.host, port: access.address.port, database: options.database ?? DATABASE,
    user: access.role, password: access.password,
    application_name: options.name,
    connectionTimeoutMillis: options.timeoutMs ?? 5_000,
    keepAlive: true,
    ...(access.role === "turnback" ? { options: fixed ? FIXED_OPTIONS : UNHURRIED_OPTIONS } : access.role === READER ? { options: READER_OPTIONS } : {}),
  });
  client.on("error", () => undefined); // the next query reports it, in its own context
  await client.connect();
  options.signal?.addEventListener("abort", () => cut(client), { once: true });
  if (fixed) await fixTheRest(client);
  return client;
}

/** Cuts a client's connection at once; what it is waiting for fails. The server may go on with it. */
export function cut(client: pg.Client): void {
  (client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }).connection.stream.destroy();
}

/**
 * What gives roles their passwords. Prepared data hold none, so that nobody gets in; a server is given them alone, before it listens for
 * the first time ("single-user mode" of PostgreSQL's documentation, which reads one statement a line).
 */
export function passwordSql(passwords: Partial<Passwords>): string {
  return Object.entries(passwords).map(([role, password]) => `alter role ${role} password '${password.replaceAll("'", "''")}'\n`).join("");
}

/** @param folder data of a server that isn't running */
async function setPasswords(folder: string, workDirectory: string, release: Release, passwords: Passwords): Promise<void> {
  const alone = run(join(postgresBinaries(release), "bin/postgres"), ["--single", "-D", folder, "-c", "log_statement=none", "-c", "unix_socket_directories=", "postgres"], {
    cwd: folder, env: marked(workDirectory), ...(unprivilegedUser() ?? {}),
  });
  alone.child.stdin?.end(passwordSql(passwords));
  const { stderr } = await alone;
  if (/^.*(ERROR|FATAL|PANIC):/m.test(stderr)) throw new Error(`the passwords can't be set: ${stderr}`);
}

/** A system, where its files are, and the tablespaces that the migration will need. */
export type LoadedSystem = System & { readonly directory: string; readonly tablespaces?: readonly string[] };

/** What a server begins with: the system's data at a scale, or its schema alone. */
export type Contents = { readonly system: LoadedSystem; readonly scale: number; readonly empty?: boolean };

/** Names the prepared data: the same schema, seed, scale and server give the same key. */
export async function templateKey({ system, scale, empty = false }: Contents, server: string): Promise<string> {
  const files = await Promise.all([...system.schema, ...system.seed].map((file) => readFile(join(system.directory, file), "utf8")));
  return sha256(JSON.stringify(["template/8", server, scale, system.extensions, system.tablespaces ?? [], files, ...(empty ? ["empty"] : [])])).slice(0, 16);
}

/** Creates roles, schema and data through a superuser's connection to an empty server, and takes that one's password away. */
export async function populate(address: Address, { system, scale, empty = false }: Contents, password: string): Promise<void> {
  const admin = new pg.Client({ host: address.host, port: address.port, database: "postgres", user: "turnback", password });
  await admin.connect();
  try {
    await admin.query("create role migrator login");
    await admin.query("create role app login");
    await admin.query(`create role ${READER} login bypassrls; grant pg_read_all_data to ${READER}`);
    await admin.query(`create database ${DATABASE} owner migrator`);
    await admin.query(`grant connect, temporary on database ${DATABASE} to ${READER}`); // whatever becomes of PUBLIC's rights
    await admin.query("create extension pg_walinspect"); // outside the system's own database
    // In place, and not elsewhere: copies, backups and replicas have them without more ado.
    await admin.query("set allow_in_place_tablespaces = on");
    for (const tablespace of system.tablespaces ?? []) {
      await admin.query(`create tablespace ${tablespace} location ''`);
      await admin.query(`grant create on tablespace ${tablespace} to migrator`);
    }
  } finally {
    await admin.end();
  }
  const client = await connect({ address, role: "turnback", password }, { name: "turnback-prepare", asGiven: true });
  try {
    for (const extension of ["amcheck", ...system.extensions]) await client.query(`create extension if not exists ${client.escapeIdentifier(extension)}`);
    await client.query("alter schema public owner to migrator");
    await client.query("set role migrator"); // a file that needs more says RESET ROLE: the schema is the system's own, as its migrations are
    for (const file of [...system.schema, ...system.seed]) await runSqlFile(client, join(system.directory, file), scale);
    if (empty) await client.query(EMPTY);
    await client.query("set role migrator");
    await client.query(READABLE);
    await client.query("reset role");
    await client.query("alter role turnback password null"); // nobody gets into prepared data
    await client.query("vacuum analyze");
    await client.query("checkpoint");
    await client.query("select pg_switch_wal()");
    await client.query("checkpoint"); // what the first one needed may go now
  } finally {
    await client.end();
  }
}

/** What the system's own views, checks and queries call, although PUBLIC may not: of extensions and of the server it may nothing more. */
const READABLE = `do $$ declare routine regprocedure; begin
  for routine in select p.oid from pg_catalog.pg_proc p where p.proowner = 'migrator'::regrole and not pg_catalog.has_function_privilege('${READER}', p.oid, 'execute')
  loop execute pg_catalog.format('grant execute on routine %s to ${READER}', routine); end loop;
end $$`;

const EMPTY = `do $$ declare tables text; begin
  select string_agg(oid::regclass::text, ', ') into tables from pg_class where relkind in ('r', 'p') and relowner = 'migrator'::regrole;
  execute 'truncate ' || tables || ' restart identity';
end $$`;

/**
 * A data directory of this run's own, copied from prepared data; the first run prepares it.
 * `withServer` starts a server on a fresh directory, populates it, and stops it.
 * @returns also what keeps the directory for another run, when this one's servers are down
 */
export async function dataDirectoryFor(options: {
  readonly contents: Contents;
  readonly release: Release;
  readonly server: string;
  readonly workDirectory: string;
  /** The folder that is shown as the servers' own, where that is another one. */
  readonly below?: string | undefined;
  readonly say: (what: string) => void;
  readonly passwords: Passwords;
  readonly withServer: (dataDirectory: string, password: string, work: (service: Service) => Promise<void>) => Promise<void>;
}): Promise<{ readonly dataDirectory: string; readonly dataKey: string; readonly keep?: () => Promise<void> }> {
  const { contents, release } = options;
  const { system } = contents;
  const key = await templateKey(contents, await versionOf(postgresBinaries(release)));
  const dataKey = `${system.name}-${key}`;
  const shelf = { kind: "templates", name: dataKey, holds: "data" } as const;
  const folder = dataFolder(options.server);
  // The server's user owns the folder, too: a restore puts other data in the place of these.
  const home = join(options.workDirectory, "postgres");
  const target = join(home, folder);
  await mkdir(home, { recursive: true });
  const user = unprivilegedUser();
  if (user) await chown(home, user.uid, user.gid);
  let template = await keptFolder(shelf, { say: options.say });
  if (template === undefined) {
    options.say(`preparing the data of system ${system.name} (once)`);
    const fresh = join(options.workDirectory, `pgdata-template-${options.server}`);
    const password = newSecret();
    await initialise(fresh, options.workDirectory, release, password);
    await options.withServer(fresh, password, (service) => populate(service.address("sql"), contents, password));
    template = await keepFolder(shelf, (at) => copyTree(fresh, at, options.workDirectory));
    await rm(fresh, { recursive: true, force: true });
  }
  const keep = options.below === undefined ? await takeCopy(template, target, join(options.workDirectory, `kept-${folder}`), dataKey) : undefined;
  if (options.below !== undefined) await copyTree(template, join(options.below, folder), options.workDirectory);
  await setPasswords(target, options.workDirectory, release, options.passwords);
  return { dataDirectory: target, dataKey, ...(keep && { keep }) };
}

const versions = new Map<string, string>();

/** What these binaries say that they are; asked once. */
async function versionOf(binaries: string): Promise<string> {
  const version = versions.get(binaries) ?? (await run(join(binaries, "bin/postgres"), ["--version"])).stdout;
  versions.set(binaries, version);
  return version;
}

async function initialise(directory: string, workDirectory: string, release: Release, password: string): Promise<void> {
  const passwordFile = `${directory}-password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const user = unprivilegedUser();
  if (user) {
    await chown(directory, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  await run(join(postgresBinaries(release), "bin/initdb"), [
    "-D", directory, "-U", "turnback", "--pwfile", passwordFile, "--auth=scram-sha-256",
    "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-sync",
  ], { cwd: workDirectory, env: marked(workDirectory), ...(user ?? {}) });
  await rm(passwordFile);
}

/** What is started for a run bears its mark, so that `clean` finds it whoever was killed meanwhile. */
const marked = (workDirectory: string) => ({ PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8", TURNBACK_WORK: workDirectory });

async function copyTree(from: string, to: string, workDirectory: string): Promise<void> {
  await run("cp", ["-a", "--reflink=auto", from, to], { env: marked(workDirectory) });
}

/** The context of the image, so that a change of a Dockerfile makes new prepared data. */
export async function postgresImageKey(image: string): Promise<string> {
  const directory = join(ROOT, "fixtures", "images", image.replace(/^turnback\/|:.*$/g, ""));
  const files = (await readdir(directory)).sort();
  const texts = await Promise.all(files.map(async (file) => ((await stat(join(directory, file))).isFile() ? readFile(join(directory, file), "utf8") : "")));
  return sha256([image, ...texts].join("\0")).slice(0, 16);
}
