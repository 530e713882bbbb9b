// The way back `coordinated`: several databases go back as one, with clients held at all of them, or none of them does.

import { HarnessError, messageOf } from "../base/errors.ts";
import type { Step } from "../drill/plan.ts";
import type { Rollback } from "../drill/schema.ts";
import { holdingClients } from "../migration/holding-clients.ts";
import { runBackward, runForward, type RunnerContext } from "../migration/runner.ts";
import { endSessions, withSessions } from "../migration/sessions.ts";
import { viewsOf } from "../topology/topology.ts";
import { retrying } from "./down.ts";
import type { WayBack, WayBackContext } from "./way-back.ts";

const NAME = "turnback-rollback";

type Coordinated = Extract<Rollback, { strategy: "coordinated" }>;

/**
 * That each database answers, and that no step has no way back, is seen before anybody is held. Then clients are held at all of
 * them, so that what is carried from one to the other is whole and nobody meets a half, and the plan's backward statements run
 * in reverse order. Where that doesn't come to its end in time, the steps that were undone are taken forward again: databases
 * that refer to each other are of one version, the old or the new.
 */
export function coordinated({ attempts, drainMs, heldMs }: Coordinated, context: WayBackContext): WayBack {
  const { topology, plan, record, reach } = context;
  /** What this way back has begun to undo, and may have undone; and what it has undone for sure. */
  const begun = new Set<string>();
  const undone = new Set<string>();
  /** What may have been undone on a database that fell silent, and is looked at when it answers again. */
  let left: readonly Step[] = [];

  const running = (signal: AbortSignal, work: (runner: RunnerContext) => Promise<void>) => withSessions(topology, NAME, signal, (on) => work({
    on, plan, application: topology.application, reach, signal,
    record: (event) => {
      if (event.kind === "step" && event.direction === "backward") (event.state === "done" ? undone : begun).add(event.step);
      record(event);
    },
  }));

  const together = async (signal: AbortSignal) => {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(heldMs)]);
    try {
      await retrying("coordinated", attempts, record, inTime, () => running(inTime, (runner) => runBackward(runner)));
    } catch (error) {
      signal.throwIfAborted();
      const why = inTime.aborted ? `it was not through when clients had been held for ${heldMs.toLocaleString("en-US")} ms` : messageOf(error);
      const ended = await Promise.allSettled(viewsOf(topology).map((view) => endSessions(view, NAME)));
      const unended = ended.flatMap((end) => (end.status === "rejected" ? [messageOf(end.reason)] : []));
      throw await forwardAgain([why, ...unended].join("; "), signal);
    }
  };

  const forwardAgain = async (why: string, signal: AbortSignal): Promise<HarnessError> => {
    const steps = plan.steps.filter(({ id }) => begun.has(id));
    if (steps.length === 0) return new HarnessError({ code: "not-together", kind: "run", place: `plan ${plan.name}`, message: `${why}; nothing was undone` });
    let again = steps;
    try {
      await retrying("coordinated", attempts, record, signal, () => running(signal, async (runner) => {
        // Of a database that doesn't answer, clients wait for what was undone for sure: what was but begun it has most likely forgotten.
        const silent = await silentOnes(runner, steps);
        again = steps.filter(({ id, on }) => undone.has(id) || !silent.has(on));
        left = steps.filter((step) => !again.includes(step));
        await runForward(runner, again);
      }));
    } catch (error) {
      signal.throwIfAborted();
      return new HarnessError({ code: "left-apart", kind: "run", place: `plan ${plan.name}`, message: `${why}; the databases are left apart: ${names(again)} could not be taken forward again: ${messageOf(error)}`, remedy: "resume the migration, or go back, before clients come", cause: error });
    }
    const all = left.length === 0 ? ", and all databases are as migrated" : `; whether ${names(left)} was undone is seen when its database answers`;
    return new HarnessError({ code: "not-together", kind: "run", place: `plan ${plan.name}`, message: `${why}; ${names(again) || "nothing else"} ${again.length > 1 ? "were" : "was"} taken forward again${all}` });
  };

  /** With clients served again. */
  const lookAtTheLeft = async (signal: AbortSignal) => {
    if (left.length === 0) return;
    try {
      await retrying("coordinated", attempts, record, signal, () => running(signal, (runner) => runForward(runner, left)));
    } catch (error) {
      signal.throwIfAborted();
      record({ kind: "rollback", state: "retried", strategy: "coordinated", detail: `whether ${names(left)} was undone is not known: ${messageOf(error)}` });
    }
  };

  return {
    prepare: () => Promise.resolve(),
    approach: () => Promise.resolve(),
    mark: () => Promise.resolve(),
    tidy: lookAtTheLeft,
    goBack: async (signal) => {
      await retrying("coordinated", attempts, record, signal, () => running(signal, (runner) => runBackward(runner, { look: true })));
      await holdingClients({ topology, record, signal, drainMs }, "the way back", () => together(signal));
    },
  };
}

const names = (steps: readonly Step[]) => steps.map(({ id }) => id).join(", ");

/** The databases of these steps that don't answer. */
async function silentOnes({ on }: RunnerContext, steps: readonly Step[]): Promise<ReadonlySet<string | undefined>> {
  const databases = [...new Set(steps.map((step) => step.on))];
  const answers = await Promise.all(databases.map((database) => on(database).then(() => true, () => false)));
  return new Set(databases.filter((_, i) => !answers[i]));
}
