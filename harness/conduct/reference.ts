// The structure that a way back which doesn't end at the start must end with: from the same plan, undisturbed.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../base/errors.ts";
import { ROOT, sha256, writeAtomically } from "../base/files.ts";
import type { Plan, Step } from "../drill/plan.ts";
import { runForward } from "../migration/runner.ts";
import { fingerprint, located, type SchemaObject } from "../observe/fingerprint.ts";
import { DATABASE, connect } from "../topology/postgres.ts";
import { viewsOf, type Topology } from "../topology/topology.ts";

const COPY = "turnback_reference";

/**
 * Runs the steps that will stay on a copy of each database, before any client comes, and gives what they change: so the
 * way back is compared with a system to which nothing else ever happened, and not with what itself made. Runs
 * with the same data and steps share it.
 */
export async function referenceStructure(topology: Topology, plan: Plan, steps: readonly Step[], before: readonly SchemaObject[], signal: AbortSignal): Promise<SchemaObject[]> {
  const key = sha256(JSON.stringify(["reference/2", viewsOf(topology).map(({ database, dataKey }) => [database, dataKey]), steps, before])).slice(0, 16);
  const cached = join(ROOT, ".cache", "facts", `reference-${key}.json`);
  const kept = await readFile(cached, "utf8").then((text) => JSON.parse(text) as SchemaObject[]).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined; // none, or one that somebody has damaged
    throw error;
  });
  if (kept) return kept;
  const structure = await onACopy(topology, plan, steps, before, signal);
  await writeAtomically(cached, JSON.stringify(structure));
  return structure;
}

async function onACopy(topology: Topology, plan: Plan, steps: readonly Step[], before: readonly SchemaObject[], signal: AbortSignal): Promise<SchemaObject[]> {
  const views = viewsOf(topology);
  const onServers = (sql: string) => Promise.all(views.map(({ cluster }) => cluster.asking(cluster.primary, (admin) => admin.query(sql), "postgres")));
  try {
    await onServers(`create database ${COPY} template ${DATABASE} owner migrator`);
    const look = async () => (await Promise.all(views.map(({ cluster, database }) => cluster.asking(cluster.primary, async (observer) => (await fingerprint(observer)).map((object) => located(database, object)), COPY)))).flat();
    const migrators = new Map(await Promise.all(views.map(async ({ database, access }) => [database, await connect(access("migrator", "direct"), { name: "turnback-reference", database: COPY })] as const)));
    try {
      const untouched = await look();
      const on = (database: string | undefined) => {
        const migrator = migrators.get(database);
        return migrator ? Promise.resolve(migrator) : Promise.reject(new Error(`there is no database "${database}"`));
      };
      await runForward({ on, plan: { ...plan, steps: [...steps] }, signal, record: () => undefined, reach: () => Promise.resolve() });
      return withChanges(before, untouched, await look());
    } finally {
      for (const migrator of migrators.values()) await migrator.end();
    }
  } finally {
    await onServers(`drop database if exists ${COPY} with (force)`);
  }
}

/** The changes between two states, applied to a third: what belongs to the copy alone, such as its settings, falls out. */
function withChanges(to: readonly SchemaObject[], from: readonly SchemaObject[], until: readonly SchemaObject[]): SchemaObject[] {
  const name = (object: SchemaObject) => `${object.kind} ${object.name}`;
  const was = new Map(from.map((object) => [name(object), JSON.stringify(object)]));
  const is = new Map(until.map((object) => [name(object), object]));
  const kept = to.flatMap((object) => {
    const now = is.get(name(object));
    if (!was.has(name(object))) return [object];
    return now === undefined ? [] : JSON.stringify(now) === was.get(name(object)) ? [object] : [now];
  });
  return [...kept, ...until.filter((object) => !was.has(name(object)))];
}
