// What a run does with the application: back to the versions that belong to the steps which stay, and to rest whatever became of the database.

import { describe, expect, test } from "vitest";
import { restApplication, takeApplicationBack } from "../../harness/conduct/application.ts";
import { planSchema } from "../../harness/drill/plan.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import type { Application } from "../../harness/topology/application.ts";
import type { Topology } from "../../harness/topology/topology.ts";

const plan = planSchema.parse({ name: "roll-out", description: "two deployments", steps: [
  { id: "tolerant", kind: "deploy", deploy: { version: "tolerant", was: "v1" } },
  { id: "canary", kind: "deploy", deploy: { version: "v2", was: "tolerant", instances: 1 } },
] });

/** An application of these versions, which notes what is asked of it. */
function stub(versions: readonly string[]) {
  const asked: string[] = [];
  const application = {
    versions, declared: { workers: [{ name: "feed", settled: "select true" }], settlesWithinMs: 50 },
    change(to: (now: readonly string[]) => readonly string[]) { application.versions = to(application.versions); asked.push(application.versions.join(" ")); return Promise.resolve(); },
    reconcile() { asked.push("reconciled"); return Promise.resolve("nothing to do"); },
    stop() { asked.push("stopped"); return Promise.resolve(); },
  };
  return { application: application as unknown as Application, asked };
}

describe("taking the application back", () => {
  const back = async (versions: readonly string[], kept: readonly string[], reconcile = false) => {
    const { application, asked } = stub(versions);
    await takeApplicationBack(application, { plan, kept: plan.steps.filter(({ id }) => kept.includes(id)), reconcile, record: () => undefined });
    return asked;
  };

  test("deploys at once what there was before all that doesn't stay, and nothing where that is there", async () => {
    expect(await back(["v2", "tolerant"], [])).toEqual(["v1 v1"]);
    expect(await back(["v2", "tolerant"], ["tolerant"])).toEqual(["tolerant tolerant"]);
    expect(await back(["v2", "tolerant"], ["tolerant", "canary"])).toEqual([]);
    expect(await back(["tolerant", "tolerant"], [])).toEqual(["v1 v1"]);
    expect(await back(["v1", "v1"], [])).toEqual([]);
  });

  test("reconciles others when it is back, and only where that is asked for", async () => {
    expect(await back(["tolerant", "tolerant"], [], true)).toEqual(["v1 v1", "reconciled"]);
  });
});

describe("bringing the application to rest", () => {
  const rest = async (answer: () => Promise<boolean>, signal = new AbortController().signal) => {
    const { application, asked } = stub(["v1"]);
    const events: RunEvent[] = [];
    const observer = () => Promise.resolve({ query: async () => ({ rows: [[await answer()]] }), end: () => Promise.resolve() });
    const ended = await restApplication({ application, observer } as unknown as Topology, (event) => { events.push(event); }, signal).then(() => "", (error: Error) => error.message);
    return { asked, ended, states: events.map((event) => ("state" in event ? event.state : "")) };
  };

  test("waits until the workers have done what there was, and stops it", async () => {
    let looks = 0;
    expect(await rest(() => Promise.resolve(++looks > 1))).toEqual({ asked: ["stopped"], ended: "", states: ["settled"] });
  });

  test("stops it, too, when they never get done, or the database doesn't answer", async () => {
    expect(await rest(() => Promise.resolve(false))).toEqual({ asked: ["stopped"], ended: "", states: ["unsettled"] });
    expect(await rest(() => Promise.reject(new Error("no such server")))).toEqual({ asked: ["stopped"], ended: "", states: ["unsettled"] });
  });

  test("ends with the run that is aborted", async () => {
    expect(await rest(() => Promise.resolve(false), AbortSignal.abort(new Error("stop")))).toMatchObject({ ended: "stop", states: [] });
  });
});
