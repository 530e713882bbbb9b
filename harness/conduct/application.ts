// What a run does with the system's application: it takes it back, lets it come to rest, and looks at it as people do.

import { waitUntil } from "../base/deadline.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import type { Plan, Step } from "../drill/plan.ts";
import type { Drill } from "../drill/schema.ts";
import { PATHS, type EvidenceWriter } from "../evidence/run-directory.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import { makeJourneys } from "../observe/journeys.ts";
import type { Application } from "../topology/application.ts";
import type { Topology } from "../topology/topology.ts";

type Tell = (event: RunEvent) => void;

/** Deploys what there was before the steps that don't stay: a way back other than the plan's own undoes no step. Then others are reconciled. */
export async function takeApplicationBack(application: Application | undefined, { plan, kept, reconcile, record }: { readonly plan: Plan; readonly kept: readonly Step[]; readonly reconcile: boolean; readonly record: Tell }): Promise<void> {
  if (!application) return;
  const versions = plan.steps.toReversed().reduce((now, step) => {
    const { deploy } = step;
    if (!deploy || kept.includes(step)) return now;
    return now.map((version, at) => (version === deploy.version && at < (deploy.instances ?? Infinity) ? (deploy.was ?? version) : version));
  }, application.versions);
  if (versions.join() !== application.versions.join()) {
    await application.change(() => versions);
    record({ kind: "application", state: "deployed", detail: application.versions.join(", ") });
  }
  if (reconcile) record({ kind: "application", state: "reconciled", detail: await application.reconcile() });
}

/** Once the load has ended, workers finish what there is; then everything of the application is stopped. What didn't get done is there to be seen in the data. */
export async function restApplication({ application, observer }: Topology, record: Tell, signal: AbortSignal): Promise<void> {
  if (!application) return;
  const { workers, settlesWithinMs } = application.declared;
  try {
    const client = await observer("application");
    try {
      for (const { name, settled } of workers) {
        if (settled === undefined) continue;
        await waitUntil({
          what: `${name} to be done with what there was`, withinMs: settlesWithinMs, everyMs: 25, signal,
          check: async () => ((await client.query<unknown[]>({ text: settled, rowMode: "array" })).rows[0]?.[0] === true ? true : undefined),
        });
        record({ kind: "application", state: "settled", detail: `${name} has done what there was` });
      }
    } finally {
      await client.end();
    }
  } catch (error) {
    signal.throwIfAborted();
    record({ kind: "application", state: "unsettled", detail: messageOf(error) }); // a database that a failed way back left dead says nothing
  }
  await application.stop();
}

/** Starts the application as it was in the end, and makes the drill's journeys. How they went is evidence; that they could not be made leaves them unknown. */
export async function checkApplication(topology: Topology, { drill, versions, evidence, record }: { readonly drill: Drill; readonly versions: readonly string[]; readonly evidence: EvidenceWriter; readonly record: Tell }): Promise<void> {
  const { application, runtime: { workDirectory } } = topology;
  const { checks } = drill;
  if (!application || !checks) return;
  try {
    await application.startAgain(versions);
    const journeys = await makeJourneys({ folder: checks.journeys, urls: application.urls, runDirectory: evidence.directory, workDirectory, withinMs: checks.withinMs });
    await evidence.writeJson(PATHS.journeys, journeys);
    for (const { name, version, state, error } of journeys) record({ kind: "journey", journey: name, version, state, ...(error === undefined ? {} : { detail: error }) });
  } catch (error) {
    if (error instanceof HarnessError && error.kind === "environment") throw error;
    record({ kind: "journey", journey: "all", version: versions.join(", "), state: "unknown", detail: messageOf(error) });
  }
}
