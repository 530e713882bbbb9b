// Whether the migration has changed anything: what changed nothing has rehearsed nothing.

import { catalogueChanged, catalogueDigests, type CatalogueDigest } from "../observe/catalogue-digest.ts";
import type { Plan } from "../drill/plan.ts";
import type { Drill } from "../drill/schema.ts";
import { Journal } from "../migration/journal.ts";
import { connect } from "../topology/postgres.ts";
import { viewOf, viewsOf, type Topology } from "../topology/topology.ts";

export type Untouched = ReadonlyMap<string | undefined, CatalogueDigest>;

/**
 * What the catalogues of all databases say before the migration; undefined where a second server or volume is part of it, which is a
 * change by itself. The journal is made first, which else would be one.
 */
export async function untouched(topology: Topology, plan: Plan, { blueGreen, volumeSwap }: Drill["migration"]): Promise<Untouched | undefined> {
  if (blueGreen || volumeSwap) return undefined;
  for (const database of new Set(plan.steps.map((step) => step.on))) {
    const migrator = await connect(viewOf(topology, database).access("migrator", "direct"), { name: "turnback-journal" });
    try {
      await new Journal(migrator, plan.name).open();
    } finally {
      await migrator.end();
    }
  }
  return new Map(await Promise.all(viewsOf(topology).map(async ({ database, cluster }) => [database, await cluster.asking(cluster.primary, catalogueDigests)] as const)));
}

/** False when it wrote no row and no catalogue says anything else; undefined where that isn't known. Never throws: a server that is gone says nothing. */
export async function changedAnything(topology: Topology, was: Untouched | undefined, wrote: boolean): Promise<boolean | undefined> {
  if (!was) return undefined;
  if (wrote) return true;
  try {
    const changed = await Promise.all(viewsOf(topology).map(({ database, cluster }) => cluster.asking(cluster.primary, async (client) => {
      const before = was.get(database);
      return before === undefined || catalogueChanged(client, before);
    })));
    return changed.includes(true);
  } catch {
    return undefined; // what is wrong with it is told where it is needed
  }
}
