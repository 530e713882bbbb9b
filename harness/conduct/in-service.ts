// What clients write while nothing but them writes: of what is changed afterwards, the rest is the migration's or the way back's.

import type { RunClock } from "../base/clock.ts";
import type { System } from "../drill/system.ts";
import { PATHS, readJson, type EvidenceWriter } from "../evidence/run-directory.ts";
import { activityBetween, countersOf, withSamples, type Counters } from "../observe/activity.ts";
import type { SampledRow } from "../observe/sample.ts";
import { lookAtTold } from "../observe/told.ts";
import type { OldKeys, UnreadTable } from "../observe/unread.ts";
import { writtenInService } from "../observe/written.ts";
import { viewsOf, type Topology } from "../topology/topology.ts";

/** The server's counters and its next transactions, before the load. */
export type Before = { readonly counters: Counters; readonly since: ReadonlyMap<string, number> };
type Noting = { readonly before: Before; readonly evidence: EvidenceWriter; readonly clock: RunClock; readonly systemOf: (database: string | undefined) => System };

export async function noteActivity(topology: Topology, { before: { counters, since }, evidence, clock, systemOf }: Noting): Promise<void> {
  const databases = await Promise.all(viewsOf(topology).map(async ({ database, observer, reader }) => ({ database, system: systemOf(database), client: await observer("activity"), reader: await reader("told") })));
  try {
    const counted = activityBetween(counters, await countersOf(databases));
    const unread = (await readJson<UnreadTable[]>(evidence.directory, "before/unread.json")) ?? [];
    const sample = (await readJson<SampledRow[]>(evidence.directory, PATHS.sample.before)) ?? [];
    const keys = await readJson<OldKeys>(evidence.directory, PATHS.keys);
    const from = clock.nowNs();
    const seen = await Promise.all(databases.map(async ({ client, database = "" }) => (await writtenInService(client, database, unread, sample, { since: since.get(database), keys })).map((table) => ({ database, ...table }))));
    await evidence.writeJson(PATHS.activity, withSamples(counted, seen.flat(), { from, to: clock.nowNs() }));
    await evidence.writeJson(PATHS.told, await lookAtTold(databases, evidence, clock));
  } finally {
    await Promise.all(databases.flatMap(({ client, reader }) => [client.end(), reader.end()]));
  }
}
