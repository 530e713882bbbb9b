// What clients were told before the migration, against what the system then holds: whether the workload does what it declares.

import pg from "pg";
import { codeOf } from "../base/errors.ts";
import type { RunClock } from "../base/clock.ts";
import type { Entity, System } from "../drill/system.ts";
import { ledgerHead, type LedgerHead } from "../evidence/ledger-head.ts";
import type { EvidenceWriter } from "../evidence/run-directory.ts";
import { canonical, DIGEST, kindOf, type Column } from "../evidence/values.ts";
import { askOne } from "./asking.ts";
import { columnsOf, printed } from "./entities.ts";
import { findBySearchPath } from "./search-path.ts";

/** Records of an entity by their keys, as its query in the old shape gave them between two moments of the run; null where it gave none. */
export type LookedUp = { readonly entity: string; readonly from: number; readonly to: number; readonly rows: readonly { readonly key: string; readonly held: Readonly<Record<string, string | null>> | null }[] };

/** `reader`: of a role that may only read. */
type Asked = { readonly reader: pg.Client; readonly database?: string | undefined; readonly system: System };

/** Enough to say of each operation whether it does what it tells. */
const MOST_EACH = 30;
const MOST_KEYS = 400;
/** An entity whose query takes longer is left out: clients are being served meanwhile. */
const WITHIN_MS = 1_500;

/** Looks at records that acknowledged operations touched, in each entity that clients write; to be called while nothing but clients writes. */
export async function lookAtTold(databases: readonly Asked[], evidence: EvidenceWriter, clock: Pick<RunClock, "nowNs">): Promise<LookedUp[]> {
  const keys = chooseKeys(await ledgerHead(evidence));
  const looked: LookedUp[] = [];
  for (const { reader, database, system } of databases) {
    for (const entity of system.entities.filter(({ derived }) => !derived)) {
      const some = keys.get(entity.name) ?? [];
      const found = some.length === 0 ? undefined : await lookUp({ client: reader, entity, keys: some, evidence, clock, database });
      if (found) looked.push(found);
    }
  }
  return looked;
}

/** Of each operation and kind some records by entity, those first that nothing else touched: what they hold, that operation alone explains. */
export function chooseKeys({ intents, outcomes }: LedgerHead): ReadonlyMap<string, readonly string[]> {
  const committed = new Set(outcomes.filter(({ outcome }) => outcome === "committed").map(({ seq }) => seq));
  const effects = intents.flatMap(({ seq, op, effects: told }) => told.map((effect) => ({ ...effect, seq, op }))).filter(({ key }) => !key.startsWith(DIGEST));
  const touches = new Map<string, number>();
  const name = ({ entity, key }: { readonly entity: string; readonly key: string }) => JSON.stringify([entity, key]);
  for (const effect of effects) touches.set(name(effect), (touches.get(name(effect)) ?? 0) + 1);
  const often = (effect: (typeof effects)[number]) => touches.get(name(effect)) ?? 0;
  const chosen = new Map<string, Set<string>>();
  for (const [, some] of Map.groupBy(effects.filter(({ seq }) => committed.has(seq)), ({ entity, op, kind }) => JSON.stringify([entity, op, kind]))) {
    for (const { entity, key } of some.toSorted((a, b) => often(a) - often(b) || a.seq - b.seq).slice(0, MOST_EACH)) {
      const keys = chosen.get(entity) ?? new Set();
      chosen.set(entity, keys.size < MOST_KEYS ? keys.add(key) : keys);
    }
  }
  return new Map([...chosen].map(([entity, keys]) => [entity, [...keys]]));
}

type Search = { readonly client: pg.Client; readonly entity: Entity; readonly keys: readonly string[]; readonly evidence: EvidenceWriter; readonly clock: Pick<RunClock, "nowNs">; readonly database: string | undefined };

async function lookUp({ client, entity, keys, evidence, clock, database }: Search): Promise<LookedUp | undefined> {
  const from = clock.nowNs(); // the first query decides what is seen
  await client.query("begin isolation level repeatable read, read only");
  try {
    await client.query(`set local statement_timeout = ${WITHIN_MS}`);
    await findBySearchPath(client, evidence, "before", database);
    const columns = await columnsOf(client, entity.before);
    const asPrinted = keysAsPrinted(columns.find(({ name }) => name === entity.key), keys);
    if (!asPrinted) return undefined;
    // As a dump has them: by the type's own output, where ::text would print a boolean in another way.
    const held = columns.map((column) => `case when (${printed(column, columns.length)}) is null then null else pg_catalog.format('%s', ${printed(column, columns.length)}) end`);
    const key = `(${pg.escapeIdentifier(entity.key)}::text collate pg_catalog."C")`;
    const { rows } = await askOne<{ key: string; held: (string | null)[] }>(client,
      `select ${key} as key, array[${held.join(", ")}]::text[] as held from (${entity.before}\n) records where ${key} = any($1::text[])`, [asPrinted]);
    const to = clock.nowNs();
    const found = new Map(rows.map((row) => [row.key, Object.fromEntries(columns.map(({ name }, i) => [name, row.held[i] ?? null]))]));
    return { entity: entity.name, from, to, rows: asPrinted.map((one) => ({ key: one, held: found.get(one) ?? null })) };
  } catch (error) {
    if (codeOf(error) !== "57014") throw error;
    return undefined;
  } finally {
    await client.query("rollback");
  }
}

/** Keys that the server prints in one way alone; of others nobody could say that they are not there. */
function keysAsPrinted(column: Column | undefined, keys: readonly string[]): string[] | undefined {
  const kind = column && kindOf(column);
  if (!kind || !(kind.of === "text" || kind.of === "uuid" || (kind.of === "number" && kind.keeps === 0))) return undefined;
  return [...new Set(keys.flatMap((key) => canonical(kind, key) ?? []))];
}
