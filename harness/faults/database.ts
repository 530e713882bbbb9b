// Faults inside the database: timeouts that are too short, a password that was changed too early, a backend that is killed.

import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import type pg from "pg";
import { pause, waitUntil } from "../base/deadline.ts";
import { codeOf, messageOf } from "../base/errors.ts";
import { newSecret } from "../base/random.ts";
import type { Fault, FaultKind } from "../drill/fault.ts";
import { connect, type Role } from "../topology/postgres.ts";
import type { Topology } from "../topology/topology.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type Of<K extends FaultKind> = Extract<Fault, { kind: K }>;

const ROLES: Record<"clients" | "migration", Role> = { clients: "app", migration: "migrator" };

async function asking<T>(topology: Topology, id: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await topology.observer(id);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined); // the fault may have cut it
  }
}

/** A role's session: whether it gets one, and what it makes of a statement. */
async function trying(topology: Topology, role: Role, work: (client: pg.Client) => Promise<unknown>): Promise<unknown> {
  const client = await connect(topology.access(role, "direct"), { name: "turnback-proof" });
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined); // the fault may have cut it
  }
}

/** A setting of the whole server, which every session takes over that has none of its own. */
function tooShort<F extends Of<"statement-timeout"> | Of<"idle-timeout">>(setting: string, code: string, provoke: (client: pg.Client, timeoutMs: number) => Promise<unknown>): FaultKindOf<F> {
  return {
    needs: "database",
    create: (fault, { topology, id }) => {
      const meets = async (): Promise<string | undefined> => {
        try {
          await trying(topology, "app", (client) => provoke(client, fault.timeoutMs));
          return undefined;
        } catch (error) {
          if (codeOf(error) === code) return `a session meets it: ${messageOf(error)}`;
          throw error;
        }
      };
      return {
        inject: () => asking(topology, id, async (client) => {
          await client.query(`alter system set ${setting} = '${fault.timeoutMs}ms'`);
          await client.query("select pg_reload_conf()");
        }),
        prove: meets,
        heal: () => asking(topology, id, async (client) => {
          await client.query(`alter system reset ${setting}`);
          await client.query("select pg_reload_conf()");
        }),
        proveHealed: async () => ((await meets()) === undefined ? `a session is given more than ${fault.timeoutMs} ms again` : undefined),
      };
    },
  };
}

export const statementTimeout = tooShort<Of<"statement-timeout">>("statement_timeout", "57014", (client, timeoutMs) => client.query("select pg_sleep($1)", [(timeoutMs + 200) / 1_000]));
export const idleTimeout = tooShort<Of<"idle-timeout">>("idle_in_transaction_session_timeout", "25P03", async (client, timeoutMs) => {
  let told: unknown;
  client.on("error", (error) => { told ??= error; }); // the server says why, and hangs up
  await client.query("begin");
  await pause(timeoutMs + 200);
  await client.query("commit").catch((error: unknown) => { throw told ?? error; });
});

/** Who is connected stays so; who connects anew with the old password is refused. */
export const passwordRotated: FaultKindOf<Of<"password-rotated">> = {
  needs: "database",
  create: (fault, { topology, id }) => {
    const role = ROLES[fault.on];
    const change = (password: string) => asking(topology, id, async (client) => {
      await client.query("set log_statement = 'none'"); // or the log would quote it
      await client.query(`alter role ${role} password ${client.escapeLiteral(password)}`);
    });
    const refusal = async (): Promise<string | undefined> => {
      try {
        await trying(topology, role, () => Promise.resolve());
        return undefined;
      } catch (error) {
        if (codeOf(error) === "28P01") return messageOf(error);
        throw error;
      }
    };
    return {
      inject: () => change(newSecret()),
      prove: refusal,
      heal: () => change(topology.access(role, "direct").password),
      proveHealed: async () => ((await refusal()) === undefined ? `${role} is let in again` : undefined),
    };
  },
};

/** What the kernel does when memory runs out: SIGKILL to one backend. The server then ends all others, and recovers. */
export const oomKill: FaultKindOf<Of<"oom-kill">> = {
  needs: "kill",
  create: (fault, { topology, id }) => {
    const server = serverOf(topology, "postgres");
    let killed: number | undefined;
    let logFrom = 0;
    return {
      inject: () => asking(topology, id, async (client) => {
        logFrom = statSync(server.logFile).size;
        // Its own backend, where nobody else is connected: the server can't tell one from another, either.
        const { rows: [row] } = await client.query<{ pid: number }>("select coalesce((select pid from pg_stat_activity where usename = $1 and backend_type = 'client backend' order by xact_start nulls last limit 1), pg_backend_pid()) as pid", [ROLES[fault.on]]);
        killed = row?.pid;
        if (killed !== undefined) await server.killOne(killed);
      }),
      prove: () => {
        const line = killed === undefined ? undefined : since(server.logFile, logFrom).split("\n").find((text) => text.includes(`(PID ${killed}) was terminated by signal 9`));
        return Promise.resolve(line && `the server says: ${line.slice(line.indexOf("LOG:") + 4).trim()}`);
      },
      heal: () => waitUntil({
        what: `${server.name} to let clients in again`, withinMs: 15_000, everyMs: 50, place: server.name,
        check: () => asking(topology, id, () => Promise.resolve(true)),
      }).then(() => undefined),
      proveHealed: () => asking(topology, id, async (client) => {
        const { rows } = await client.query("select from pg_stat_activity where pid = $1", [killed]);
        return rows.length === 0 && killed !== undefined ? "the server has recovered, and lets clients in" : undefined;
      }),
    };
  },
};

/** What was appended to a log since it had a size. */
function since(file: string, from: number): string {
  const handle = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(handle).size - from));
    readSync(handle, buffer, 0, buffer.length, from);
    return buffer.toString("utf8");
  } finally {
    closeSync(handle);
  }
}
