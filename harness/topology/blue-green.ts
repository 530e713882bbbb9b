// Blue, the server that serves, and green beside it, which is to: linked by logical replication in one direction at a time.

import type pg from "pg";
import type { Cluster, Server } from "./cluster.ts";
import { Link, type Asking } from "./link.ts";
import type { Service } from "./runtime.ts";
import type { Proxies } from "./toxiproxy.ts";

export class BlueGreen {
  readonly blue: Service;
  readonly green: Service;
  /** What blue's clients write, on its way to green: until the switch. */
  readonly forward: Link;
  /** What green's clients write, on its way to blue: from the switch on, if going back is to lose nothing. */
  readonly backward: Link;
  readonly #cluster: Cluster;
  readonly #servers: readonly Server[];

  constructor(options: { readonly blue: Server; readonly green: Server; readonly cluster: Cluster; readonly proxies: Proxies; readonly password: string }) {
    const { blue, green, cluster, proxies, password } = options;
    const asking: Asking = (server, work) => cluster.asking(server, work);
    // Both ways lead over one proxied path, on which faults may strike, to whichever server serves.
    const source = { address: proxies.innerAddress("replication"), password };
    this.blue = blue.service;
    this.green = green.service;
    this.#servers = [blue, green];
    this.#cluster = cluster;
    this.forward = new Link({ name: "turnback_green", from: blue.service, to: green.service, asking, source });
    this.backward = new Link({ name: "turnback_blue", from: green.service, to: blue.service, asking, source });
  }

  get serving(): "blue" | "green" {
    return this.#cluster.primary === this.green ? "green" : "blue";
  }

  /** Leads everybody to one of the two. */
  async lead(to: "blue" | "green"): Promise<void> {
    const server = this.#servers[to === "blue" ? 0 : 1];
    if (server) await this.#cluster.become(server);
  }

  /** Size of a server's database in bytes. */
  async sizeOf(server: Service): Promise<number> {
    return this.#cluster.asking(server, async (client) => Number((await client.query<{ size: string }>("select pg_database_size(current_database())::text as size")).rows[0]?.size));
  }

  /**
   * Logical replication passes on neither what sequences stand at nor what materialised views hold: the one is copied, or, where
   * the other server is gone, taken from the columns that they feed; the other made anew.
   */
  async completeFrom(from: Service | undefined, to: Service): Promise<string> {
    const theirs = from && new Map((await this.#cluster.asking(from, sequences)).map(({ name, value }) => [name, value]));
    return this.#cluster.asking(to, async (client) => {
      let set = 0;
      for (const { name, value, column } of await sequences(client)) {
        const fed = theirs || column === null ? undefined : (await client.query<{ top: string | null }>(column)).rows[0]?.top;
        const next = theirs ? theirs.get(name) : fed;
        if (next === undefined || next === null || (value !== null && BigInt(next) <= BigInt(value))) continue;
        await client.query("select setval($1::regclass, $2::bigint)", [name, next]);
        set += 1;
      }
      const { rows: views } = await client.query<{ name: string }>("select oid::regclass::text as name from pg_class where relkind = 'm' and relispopulated and relnamespace::regnamespace::text !~ '^pg_'");
      for (const { name } of views) await client.query(`refresh materialized view ${name}`);
      return `${set} ${set === 1 ? "sequence" : "sequences"} set${views.length === 0 ? "" : `, ${views.length} materialised ${views.length === 1 ? "view" : "views"} made anew`}`;
    });
  }
}

type Sequence = { readonly name: string; /** Null before its first use. */ readonly value: string | null; /** Query of the highest value in the column that it feeds. */ readonly column: string | null };

async function sequences(client: pg.Client): Promise<Sequence[]> {
  return (await client.query<Sequence>(`
    select c.oid::regclass::text as name, pg_sequence_last_value(c.oid)::text as value,
      (select format('select max(%I)::text as top from %s', a.attname, d.refobjid::regclass) from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
       where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 limit 1) as column
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'S' and n.nspname !~ '^pg_' and n.nspname <> 'turnback' order by 1`)).rows;
}
