// The replica after the way back: does it follow the primary, on its timeline, and does it hold the same?

import type pg from "pg";
import { waitUntil } from "../base/deadline.ts";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import type { Cluster } from "../topology/cluster.ts";
import type { Service } from "../topology/runtime.ts";
import type { IntegrityFact } from "./integrity/integrity.ts";
import { LIMITS, untilAborted, type Limits } from "./frame.ts";

const CAUGHT_UP_WITHIN_MS = 5_000;
const FOLLOWERS = "select application_name, state, sent_lsn, replay_lsn, sync_state from pg_stat_replication";
const TIMELINE = "select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int as timeline, pg_current_wal_lsn()::text as lsn";

/** What is wrong with the replica, if the drill has one; nobody writes any more. The first thing that is, hides the rest. */
export async function replicaFacts(cluster: Cluster, primary: pg.Client, signal?: AbortSignal, { statementMs }: Pick<Limits, "statementMs"> = LIMITS): Promise<IntegrityFact[]> {
  const { replica } = cluster;
  if (!replica) return [];
  const fact = (kind: IntegrityFact["kind"], subject: string, detail: string, query: string): IntegrityFact => ({ kind, subject, count: 1, detail, query });
  const { rows: [at] } = await primary.query<{ timeline: number; lsn: string }>(TIMELINE);
  let client: pg.Client;
  try {
    client = await cluster.connect(replica, "replica");
  } catch (error) {
    return [fact("replica-missing", replica.name, `it does not answer: ${messageOf(error)}`, FOLLOWERS)];
  }
  try {
    if (!(await follows(primary, replica))) {
      const { rows: [own] } = await client.query<{ timeline: number; standby: boolean }>("select timeline_id as timeline, pg_is_in_recovery() as standby from pg_control_checkpoint()");
      return own?.standby && own.timeline === at?.timeline
        ? [fact("replica-missing", replica.name, "it runs, and receives nothing from the primary", FOLLOWERS)]
        : [fact("replica-timeline", replica.name, `it is ${own?.standby ? "a standby" : "a primary"} on timeline ${own?.timeline}, and the primary is on ${at?.timeline}: it can't follow`, TIMELINE)];
    }
    if ((cluster.declared?.applyDelayMs ?? 0) > 0) return []; // behind on purpose
    const behind = await lag(client, at?.lsn ?? "0/0");
    if (behind !== undefined) return [fact("replica-behind", replica.name, behind, FOLLOWERS)];
    return (await untilAborted([primary, client], signal, () => differences(primary, client, statementMs))).map(({ kind, table, detail }) => fact(kind, `${replica.name}: ${table}`, detail, digestOf(table)));
  } finally {
    await client.end();
  }
}

async function follows(primary: pg.Client, { name }: Service): Promise<boolean> {
  return (await primary.query("select from pg_stat_replication where application_name = $1 and state = 'streaming'", [name])).rowCount === 1;
}

/** How far it is behind a position that it had time to reach; undefined when it has. */
async function lag(client: pg.Client, lsn: string): Promise<string | undefined> {
  let seen = "";
  try {
    await waitUntil({
      what: "the replica's replay", withinMs: CAUGHT_UP_WITHIN_MS, place: "replica",
      check: async () => {
        const { rows: [row] } = await client.query<{ behind: string; paused: string }>("select ($1::pg_lsn - pg_last_wal_replay_lsn())::bigint::text as behind, pg_get_wal_replay_pause_state() as paused", [lsn]);
        seen = `it is ${row?.behind} bytes of WAL behind, its replay is ${row?.paused}`;
        return Number(row?.behind) <= 0 ? true : undefined;
      },
    });
    return undefined;
  } catch (error) {
    if (error instanceof HarnessError && error.code === "wait-timed-out") return seen;
    throw error;
  }
}

const TABLES = `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relispopulated and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`;

/** One number for a table's rows, whatever their order. */
const digestOf = (table: string) => `select count(*)::text || ' rows, digest ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text as digest from only ${table} t`;

type Difference = { readonly kind: "replica-diverged" | "unchecked"; readonly table: string; readonly detail: string };
type Digest = { readonly told: string; readonly code?: string | undefined };
/** Cut off by a time-out, or by what the replica had to replay: says nothing of the rows. */
const CUT_OFF = new Set(["57014", "40001"]);

/** What only one of the two can read is as good as another row; where nobody got an answer, nobody knows. */
async function differences(primary: pg.Client, replica: pg.Client, statementMs: number): Promise<Difference[]> {
  const found: Difference[] = [];
  const { rows } = await primary.query<{ name: string }>(TABLES);
  for (const { name: table } of rows) {
    const [here, there] = [await digest(primary, table, statementMs), await digest(replica, table, statementMs)];
    const detail = `the primary holds ${here.told}, the replica ${there.told}`;
    if ([here, there].some(({ code }) => CUT_OFF.has(code ?? "")) || (here.code && there.code)) found.push({ kind: "unchecked", table, detail });
    else if (here.told !== there.told) found.push({ kind: "replica-diverged", table, detail });
  }
  return found;
}

async function digest(client: pg.Client, table: string, statementMs: number): Promise<Digest> {
  await client.query(`begin read only; set local statement_timeout = ${statementMs}`);
  try {
    return { told: (await client.query<{ digest: string }>(digestOf(table))).rows[0]?.digest ?? "nothing" };
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error; // a connection that is gone is no answer
    return { told: code === "57014" ? `no answer within ${statementMs} ms` : `an error: ${messageOf(error)}`, code };
  } finally {
    await client.query("rollback");
  }
}
