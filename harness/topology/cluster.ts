// The database servers of a drill: which of them is the primary, and the replica that follows it.

import type pg from "pg";
import { waitUntil, within } from "../base/deadline.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import type { Replica } from "../drill/schema.ts";
import { appendSettings, copyServing } from "./base-copy.ts";
import { connect, dataFolder } from "./postgres.ts";
import type { FaultyDisk } from "./faulty-disk.ts";
import type { Service } from "./runtime.ts";
import type { Proxies } from "./toxiproxy.ts";
import type { WireProxy } from "./wire-proxy.ts";

/** One of the servers. A fenced one starts as a standby, whoever starts it, until its data are replaced. */
export type Server = { readonly name: string; readonly service: Service; readonly fence: { on: boolean } };

/** A replica that is declared, and how to start its server once it has data. */
export type Standby = { readonly name: string; readonly start: () => Promise<Server> };

/** Where a promoted server left the old one's history. */
export type Fork = { readonly timeline: number; readonly lsn: string };

/** What the old primary has in its WAL that the new one never had. */
export type LeftBehind = { readonly transactions: number; readonly bytes: number };

const STOP_WITHIN_MS = 5_000;
const ATTACHED_WITHIN_MS = 60_000;
const PROMOTED_WITHIN_MS = 60_000;

/** While the server replays up to a target nobody may read, nor hold it up with a query: then `ready` means there. */
const TO_TARGET = { recovery_target_action: "promote", recovery_min_apply_delay: "0", hot_standby: "off" };

export class Cluster {
  readonly declared: Replica | undefined;
  readonly #disk: FaultyDisk | undefined;
  readonly #password: string;
  readonly #proxies: Proxies;
  /** Leads all paths to the primary: Toxiproxy can't be told another way while it tries the old one. */
  readonly #router: WireProxy | undefined;
  #primary: Server;
  #standby: Server | Standby | undefined;

  constructor(options: { readonly primary: Server; readonly standby: Standby | undefined; readonly replica: Replica | undefined; readonly disk: FaultyDisk | undefined; readonly password: string; readonly proxies: Proxies; readonly router: WireProxy | undefined }) {
    this.declared = options.replica;
    this.#primary = options.primary;
    this.#standby = options.standby;
    this.#disk = options.disk;
    this.#password = options.password;
    this.#proxies = options.proxies;
    this.#router = options.router;
  }

  get primary(): Service {
    return this.#primary.service;
  }

  /** The server that follows the primary, or should; undefined where the drill has none. */
  get replica(): Service | undefined {
    return this.#standby && "service" in this.#standby ? this.#standby.service : undefined;
  }

  /** A superuser's connection around all proxies. */
  connect(server: Service, name: string, database?: string): Promise<pg.Client> {
    return connect({ address: server.address("sql"), role: "turnback", password: this.#password }, { name: `turnback-${name}`, ...(database === undefined ? {} : { database }) });
  }

  /** Works on a server with such a connection, and ends it. */
  async asking<T>(server: Service, work: (client: pg.Client) => Promise<T>, database?: string): Promise<T> {
    const client = await this.connect(server, "cluster", database);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /**
   * Copies the primary's data to the other server, whatever that holds, and has it follow.
   * Gives the size of the copy in bytes. @throws HarnessError when it doesn't follow in time
   */
  async attach(): Promise<number> {
    const standby = this.#required();
    const copy = `$DATA/../${dataFolder(standby.name)}`;
    if ("service" in standby) await halt(standby.service);
    const { host, port } = this.#proxies.innerAddress("replication");
    const delay = this.declared?.applyDelayMs ?? 0;
    const settings = {
      primary_conninfo: `host=${host} port=${port} user=turnback password=${this.#password} application_name=${standby.name}`,
      ...(delay > 0 ? { recovery_min_apply_delay: `${delay}ms` } : {}),
    };
    await this.asking(this.primary, async (client) => {
      await this.primary.shell(`rm -rf "${copy}"`);
      await copyServing(client, this.primary, `copy for ${standby.name}`, copy);
    });
    // What the primary was told about its own part in replication is not the replica's.
    const bytes = Number(await this.primary.shell(`cd "${copy}"; sed -i '/^synchronous_standby_names/d' postgresql.auto.conf; touch standby.signal
      ${appendSettings(copy, settings)}du -sb . | cut -f1`));
    await this.#disk?.sync(dataFolder(standby.name)); // as those who copy a server for good do
    if ("service" in standby) {
      standby.fence.on = false;
      await standby.service.start();
    } else {
      this.#standby = await standby.start();
    }
    await this.asking(this.primary, async (client) => {
      await waitUntil({
        what: `${standby.name} to follow ${this.primary.name}`, withinMs: ATTACHED_WITHIN_MS, place: standby.name,
        check: async () => ((await client.query("select from pg_stat_replication where application_name = $1 and state = 'streaming'", [standby.name])).rowCount === 1 ? true : undefined),
      });
      if (this.declared?.mode === "synchronous") {
        await client.query(`alter system set synchronous_standby_names = '${standby.name}'`);
        await client.query("select pg_reload_conf()");
        await waitUntil({
          what: `${standby.name} to be synchronous`, withinMs: ATTACHED_WITHIN_MS, place: standby.name,
          check: async () => ((await client.query("select from pg_stat_replication where sync_state = 'sync'")).rowCount === 1 ? true : undefined),
        });
      }
    });
    return bytes;
  }

  #required(): Server | Standby {
    if (!this.#standby) throw new HarnessError({ code: "no-replica", kind: "declaration", place: "system.postgres.replica", message: "this system has no replica", remedy: "declare system.postgres.replica" });
    return this.#standby;
  }

  #follower(): Server {
    const standby = this.#required();
    if (!("service" in standby)) throw new HarnessError({ code: "no-replica", kind: "run", place: standby.name, message: `${standby.name} was never started` });
    return standby;
  }

  /** Leads everybody to a server that stands beside, and is neither a replica nor fenced. */
  async become(server: Server): Promise<void> {
    this.#primary = server;
    await this.#router?.lead(server.service.innerAddress("sql"));
  }

  /** Leads clients and the migration nowhere, ends the primary in whatever state it is, and keeps it from being one again. */
  async fence(): Promise<string> {
    await this.#router?.lead(undefined);
    this.#primary.fence.on = true;
    return halt(this.primary);
  }

  /** Takes a fencing back: the old primary serves again, if it can. */
  async unfence(): Promise<void> {
    this.#primary.fence.on = false;
    const { state } = await this.primary.observe();
    if (state !== "stopped") await halt(this.primary);
    await this.primary.shell('rm -f "$DATA/standby.signal"');
    await this.primary.start();
    await this.#router?.lead(this.primary.innerAddress("sql"));
  }

  /** Makes the replica the primary, as of all that it has received. */
  async promote(): Promise<void> {
    const replica = this.#follower();
    await this.asking(replica.service, async (client) => {
      // A statement that waited for it would hold a snapshot, and what is still to be replayed might have to wait for that.
      await client.query("select pg_promote(false)");
      await waitUntil({
        what: `the promotion of ${replica.name}`, withinMs: PROMOTED_WITHIN_MS, everyMs: 20, place: replica.name,
        check: async () => ((await client.query<{ waits: boolean }>("select pg_is_in_recovery() as waits")).rows[0]?.waits === false ? true : undefined),
      });
    });
    await this.#takeOver(replica);
  }

  /** Makes the replica the primary, as of a restore point that it has received and not replayed yet. */
  async promoteAt(restorePoint: string): Promise<void> {
    const replica = this.#follower();
    await halt(replica.service);
    await replica.service.shell(appendSettings("$DATA", { ...TO_TARGET, recovery_target_name: restorePoint }));
    await replica.service.start();
    await this.#takeOver(replica);
  }

  /** Clients first: nothing else may keep them from a server that is promoted. */
  async #takeOver(replica: Server): Promise<void> {
    this.#standby = this.#primary;
    this.#primary = replica;
    await this.#router?.lead(replica.service.innerAddress("sql"));
  }

  /** Takes the settings of a replica away from a server that is none any more, and says where it left the old one's history. */
  async forkOfPrimary(): Promise<Fork> {
    return this.asking(this.primary, async (client) => {
      for (const name of ["primary_conninfo", "recovery_target_name", ...Object.keys(TO_TARGET)]) await client.query(`alter system reset ${name}`);
      return forkOf(client);
    });
  }

  /** Whether the replica is still one: a promotion that failed half-way may have ended that. */
  async replicaFollows(): Promise<boolean> {
    return (await this.#follower().service.shell('[ ! -e "$DATA/standby.signal" ] || echo yes')).trim() === "yes";
  }

  /** Starts the fenced old primary, to which nobody can write, and reads in its own WAL what it never passed on. */
  async leftBehind({ lsn }: Fork): Promise<LeftBehind> {
    const old = this.#follower();
    if ((await old.service.observe()).state === "stopped") await old.service.start();
    return this.asking(old.service, (client) => commitsAfter(client, lsn), "postgres");
  }
}

/** Ends a server: in good order if it answers, and at once if it doesn't. What was done, in words. */
async function halt(server: Service): Promise<string> {
  const { state } = await server.observe();
  if (state === "stopped") return `${server.name} was not running`;
  if (state === "running") {
    try {
      await within(STOP_WITHIN_MS, `stop of ${server.name}`, server.stop());
      return `${server.name} was shut down`;
    } catch (error) {
      if ((await server.observe()).state === "stopped") return `${server.name} was shut down`;
      await server.kill();
      return `${server.name} was killed: ${messageOf(error)}`;
    }
  }
  // Nobody is led to it any more: what it finishes now reaches no client.
  await server.resume();
  await server.kill();
  return `${server.name} hung, and was killed`;
}

/** The server's timeline and where it began, from the history that a promotion writes. */
async function forkOf(client: pg.Client): Promise<Fork> {
  const { rows: [row] } = await client.query<{ file: string }>("select left(pg_walfile_name(pg_current_wal_lsn()), 8) as file");
  const { rows: [history] } = await client.query<{ text: string }>("select pg_read_file('pg_wal/' || $1 || '.history') as text", [row?.file]);
  const last = history?.text.trim().split("\n").filter((line) => /^\d/.test(line)).at(-1);
  const lsn = last?.split("\t")[1];
  if (!row || lsn === undefined) throw new HarnessError({ code: "no-timeline-history", kind: "run", place: "promotion", message: `the history of timeline ${row?.file ?? "?"} says nothing of its start` });
  return { timeline: parseInt(row.file, 16), lsn };
}

/** Commit records in a recovering server's WAL after a position. */
async function commitsAfter(client: pg.Client, lsn: string): Promise<LeftBehind> {
  const { rows: [row] } = await client.query<{ bytes: string; end: string }>("select greatest(0, pg_last_wal_replay_lsn() - $1::pg_lsn)::bigint::text as bytes, pg_last_wal_replay_lsn()::text as end", [lsn]);
  if (!row || row.bytes === "0") return { transactions: 0, bytes: 0 };
  const { rows: [found] } = await client.query<{ n: number }>(
    "select count(*)::int as n from pg_get_wal_records_info($1::pg_lsn, $2::pg_lsn) where resource_manager = 'Transaction' and record_type like 'COMMIT%'", [lsn, row.end]);
  return { transactions: found?.n ?? 0, bytes: Number(row.bytes) };
}
