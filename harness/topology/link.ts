// A logical replication from one server to another: what the one's clients change reaches the other, row by row.

import type pg from "pg";
import { waitUntil } from "../base/deadline.ts";
import { HarnessError } from "../base/errors.ts";
import { tailOf } from "../base/files.ts";
import type { Address, Service } from "./runtime.ts";

/** Works on a server with a superuser's connection around all proxies. */
export type Asking = <T>(server: Service, work: (client: pg.Client) => Promise<T>) => Promise<T>;

type Column = { readonly table: string; readonly column: string; readonly identity: boolean };

/** Columns that carry values of their own, of tables outside the migration's journal; `identity`: part of what names a row. */
const COLUMNS = `
  select a.attrelid::regclass::text as table, quote_ident(a.attname) as column,
    coalesce(a.attnum = any (i.indkey::int2[]), c.relreplident = 'f') as identity
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  left join pg_index i on i.indrelid = c.oid and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
  where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'turnback')
  order by 1, a.attnum`;

/** Copying the tables that are there at the beginning, and whatever is written meanwhile. */
const COPIED_WITHIN_MS = 300_000;

/** Nothing more is on its way when nothing has come for that long. */
const QUIET_MS = 500;

export class Link {
  readonly name: string;
  readonly from: Service;
  readonly to: Service;
  readonly #asking: Asking;
  #begun = false;
  /** Where the receiving server finds the sending one, and as whom. */
  readonly #source: { readonly address: Address; readonly password: string };

  constructor(options: { readonly name: string; readonly from: Service; readonly to: Service; readonly asking: Asking; readonly source: { readonly address: Address; readonly password: string } }) {
    this.name = options.name;
    this.from = options.from;
    this.to = options.to;
    this.#asking = options.asking;
    this.#source = options.source;
  }

  /** Whether the receiving server was ever told to take anything up. */
  get begun(): boolean {
    return this.#begun;
  }

  /**
   * Makes the sending server offer the columns that both servers have. Gives how many tables that are.
   * @throws HarnessError `no-replica-identity` for a table whose rows nothing names: updating them would fail from then on
   */
  async publish(): Promise<number> {
    const theirs = new Set((await this.#columns(this.to)).map(({ table, column }) => `${table}.${column}`));
    const tables = new Map<string, Column[]>();
    for (const column of await this.#columns(this.from)) {
      if (theirs.has(`${column.table}.${column.column}`)) tables.set(column.table, [...(tables.get(column.table) ?? []), column]);
    }
    const nameless = [...tables].find(([, columns]) => !columns.some(({ identity }) => identity));
    if (nameless) {
      throw new HarnessError({
        code: "no-replica-identity", kind: "run", place: nameless[0], message: `nothing names the rows of table ${nameless[0]}: published, they could be neither updated nor deleted any more`,
        remedy: "give it a primary key, or REPLICA IDENTITY FULL",
      });
    }
    const list = [...tables].map(([table, columns]) => `${table} (${columns.map(({ column }) => column).join(", ")})`);
    await this.#asking(this.from, (client) => client.query(`create publication ${this.name} for table ${list.join(", ")}`));
    return tables.size;
  }

  async #columns(server: Service): Promise<Column[]> {
    return this.#asking(server, async (client) => (await client.query<Column>(COLUMNS)).rows);
  }

  /** Has the receiving server take up what is offered; with `copy`, what is there already, too. */
  async subscribe({ copy }: { readonly copy: boolean }): Promise<void> {
    const { address, password } = this.#source;
    await this.#asking(this.to, async (client) => {
      await client.query("set log_statement = 'none'"); // or the log would quote the password
      await client.query(`create subscription ${this.name} connection 'host=${address.host} port=${address.port} user=turnback password=${password} dbname=app application_name=${this.name}'
        publication ${this.name} with (copy_data = ${copy})`);
    });
    this.#begun = true;
  }

  /** Waits until every table is copied; `progress` hears which share of them is. */
  async copied(signal: AbortSignal, progress: (share: number) => Promise<void>): Promise<void> {
    let said = 0;
    await this.#asking(this.to, (client) => waitUntil({
      what: `copying the tables to ${this.to.name}`, withinMs: COPIED_WITHIN_MS, everyMs: 50, place: this.to.name, signal, lastSeen: () => this.#lastError(),
      check: async () => {
        const { rows: [row] } = await client.query<{ all: number; done: number }>("select count(*)::int as all, count(*) filter (where srsubstate in ('s', 'r'))::int as done from pg_subscription_rel");
        if (!row) return undefined;
        const share = row.done / row.all;
        if (share > said) await progress((said = share)); // the end, too: what is to strike on the way may find no other moment
        return share === 1 ? true : undefined;
      },
    }));
  }

  /**
   * Waits until the receiving server has on its disk all that the sending one has committed by now. An error that it can't get
   * past ends the waiting. @throws HarnessError `replication-stuck` with what it said, and when the signal ends the waiting
   */
  async caughtUp(signal: AbortSignal): Promise<string> {
    return this.#asking(this.from, (sender) => this.#asking(this.to, async (receiver) => {
      const { rows: [now] } = await sender.query<{ lsn: string }>("select pg_current_wal_insert_lsn()::text as lsn");
      const errors = async () => (await receiver.query<{ n: number }>("select apply_error_count::int as n from pg_stat_subscription_stats where subname = $1", [this.name])).rows[0]?.n ?? 0;
      const before = await errors();
      const stuck = await waitUntil({
        what: `${this.to.name} to have what ${this.from.name} has`, withinMs: COPIED_WITHIN_MS, everyMs: 5, place: this.to.name, signal, lastSeen: () => this.#lastError(),
        check: async () => {
          const { rows: [slot] } = await sender.query<{ there: boolean }>("select confirmed_flush_lsn >= $2::pg_lsn as there from pg_replication_slots where slot_name = $1", [this.name, now?.lsn]);
          if (!slot) return `there is no slot ${this.name} any more`;
          return slot.there ? "" : (await errors()) > before ? this.#lastError() : undefined;
        },
      });
      if (stuck === "") return `${this.to.name} has all of ${this.from.name}'s changes up to ${now?.lsn}`;
      throw new HarnessError({ code: "replication-stuck", kind: "run", place: this.to.name, message: `${this.to.name} can't take up what was written on ${this.from.name}: ${stuck}`, remedy: "make both shapes fit each other, or go back by another way" });
    }));
  }

  /** Waits until nothing more comes from a sending server that has ended: what was on its way is taken up. */
  async drained(signal: AbortSignal): Promise<string> {
    return this.#asking(this.to, async (client) => {
      let last = "";
      let since = 0;
      return waitUntil({
        what: `the end of what was on its way to ${this.to.name}`, withinMs: 30_000, everyMs: QUIET_MS / 10, place: this.to.name, signal,
        check: async () => {
          const { rows: [row] } = await client.query<{ at: string }>("select coalesce(max(received_lsn), '0/0')::text || ' ' || coalesce(max(latest_end_lsn), '0/0')::text || ' ' || count(pid) as at from pg_stat_subscription where subname = $1", [this.name]);
          since = row?.at === last ? since + 1 : 0;
          last = row?.at ?? "";
          return since >= 10 ? `${this.from.name} is gone, and what it had not passed on is lost` : undefined;
        },
      });
    });
  }

  /** What the receiving server last complained of in its log. */
  #lastError(): string {
    const errors = tailOf(this.to.logFile).split("\n").filter((line) => line.includes(" ERROR: "));
    return errors.at(-1)?.replace(/^.* ERROR: +/, "") ?? "it reports no error";
  }

  /** Takes it away from both servers, in whatever state they are; one that doesn't answer keeps its part. Safe to repeat. */
  async end(): Promise<void> {
    await this.#ifItAnswers(this.to, async (client) => {
      if ((await client.query("select from pg_subscription where subname = $1", [this.name])).rowCount === 0) return;
      await client.query(`alter subscription ${this.name} disable`);
      await client.query(`alter subscription ${this.name} set (slot_name = none)`);
      await client.query(`drop subscription ${this.name}`);
    });
    await this.#ifItAnswers(this.from, async (client) => {
      await client.query(`drop publication if exists ${this.name}`);
      await waitUntil({
        what: `the end of the replication slots for ${this.to.name}`, withinMs: 10_000, everyMs: 20, place: this.from.name,
        check: async () => {
          // The copying of a table has a slot of its own while it lasts.
          const { rows } = await client.query<{ name: string; pid: number | null }>("select slot_name as name, active_pid as pid from pg_replication_slots where slot_name = $1 or slot_name ~ '^pg_[0-9]+_sync_'", [this.name]);
          for (const { name, pid } of rows) await (pid === null ? client.query("select pg_drop_replication_slot($1)", [name]) : client.query("select pg_terminate_backend($1)", [pid]));
          return rows.length === 0 ? true : undefined;
        },
      });
    });
  }

  async #ifItAnswers(server: Service, work: (client: pg.Client) => Promise<void>): Promise<void> {
    if ((await server.observe()).state === "running") await this.#asking(server, work);
  }
}
