// The structure that a way back which doesn't end at the start must end with: from the same plan, undisturbed.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, exists, sha256, writeAtomically } from "../base/files.ts";
import type { Plan, Step } from "../drill/plan.ts";
import { runForward } from "../migration/runner.ts";
import { fingerprint, type SchemaObject } from "../observe/fingerprint.ts";
import { DATABASE, connect } from "../topology/postgres.ts";
import type { Topology } from "../topology/topology.ts";

const COPY = "turnback_reference";

/**
 * Runs the steps that will stay on a copy of the database, before any client comes, and gives what they change: so the
 * way back is compared with a system to which nothing else ever happened, and not with what itself made. Runs
 * with the same data and steps share it.
 */
export async function referenceStructure(topology: Topology, plan: Plan, steps: readonly Step[], before: readonly SchemaObject[], signal: AbortSignal): Promise<SchemaObject[]> {
  const key = sha256(JSON.stringify(["reference/1", topology.dataKey, steps, before])).slice(0, 16);
  const cached = join(ROOT, ".cache", "facts", `reference-${key}.json`);
  if (await exists(cached)) return JSON.parse(await readFile(cached, "utf8")) as SchemaObject[];
  const structure = await onACopy(topology, plan, steps, before, signal);
  await writeAtomically(cached, JSON.stringify(structure));
  return structure;
}

async function onACopy(topology: Topology, plan: Plan, steps: readonly Step[], before: readonly SchemaObject[], signal: AbortSignal): Promise<SchemaObject[]> {
  const { cluster } = topology;
  const admin = await cluster.connect(cluster.primary, "reference", "postgres");
  try {
    await admin.query(`create database ${COPY} template ${DATABASE} owner migrator`);
    try {
      const observer = await cluster.connect(cluster.primary, "reference", COPY);
      const migrator = await connect(topology.access("migrator", "direct"), { name: "turnback-reference", database: COPY });
      try {
        const untouched = await fingerprint(observer);
        await runForward({ client: migrator, plan: { ...plan, steps: [...steps] }, signal, record: () => undefined, reach: () => Promise.resolve() });
        return withChanges(before, untouched, await fingerprint(observer));
      } finally {
        await migrator.end();
        await observer.end();
      }
    } finally {
      await admin.query(`drop database ${COPY} with (force)`);
    }
  } finally {
    await admin.end();
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
