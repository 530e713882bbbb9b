// The way back `flag`: the change is behind a feature flag, and going back is turning that off. The schema stays expanded.

import { waitUntil } from "../base/deadline.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { keptSteps, flagStep, type Step } from "../drill/plan.ts";
import type { Rollback } from "../drill/schema.ts";
import { Journal } from "../migration/journal.ts";
import { runBackward, type RunnerContext } from "../migration/runner.ts";
import { connect } from "../topology/postgres.ts";
import { expectRules, onThePlan } from "./down.ts";
import type { WayBack, WayBackContext } from "./way-back.ts";

type Flag = Extract<Rollback, { strategy: "flag" }>;

/**
 * Looks at the service's health, turns the flag off, and looks again, through the clients' path: that the flag is off is not yet
 * that it helped. Where steps behind the flag have begun, turning it off doesn't bring back what they took, and is refused.
 */
export function flag({ attempts, healthyWithinMs, step: named }: Flag, context: WayBackContext): WayBack {
  const { topology, plan, record, system } = context;
  const step = flagStep(plan, named);
  const keep = keptSteps(plan, { only: step.id });
  const off = onThePlan("flag", attempts, context, async (runner) => {
    await expectNothingBehind(runner, keep, step);
    await runBackward(runner, { keep });
  });

  const health = async (signal: AbortSignal): Promise<string | undefined> => {
    try {
      const client = await connect(topology.access("app", "clients"), { name: "turnback-health", timeoutMs: 1_000, signal });
      try {
        await client.query(system.probe);
      } finally {
        await client.end().catch(() => undefined); // a cut connection can't be closed in good order
      }
      await expectRules(context);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return messageOf(error);
    }
  };

  return {
    ...off,
    goBack: async (signal) => {
      const ill = await health(signal);
      record({ kind: "flag", state: "checked", flag: step.flag.name, detail: ill === undefined ? "healthy before it is turned off" : `ill before it is turned off: ${ill}` });
      await off.goBack(signal);
      record({ kind: "flag", state: "off", flag: step.flag.name, detail: `of ${step.flag.owner}, to be removed by ${step.flag.removeBy}` });
      let last = "";
      await waitUntil({
        what: `health after ${step.flag.name} was turned off`, withinMs: healthyWithinMs, everyMs: 50, place: step.id, signal, lastSeen: () => last,
        check: async () => {
          last = (await health(signal)) ?? "";
          return last === "" ? true : undefined;
        },
      });
      record({ kind: "flag", state: "checked", flag: step.flag.name, detail: "healthy after it was turned off" });
    },
  };
}

async function expectNothingBehind({ on, plan }: RunnerContext, keep: readonly Step[], step: Step): Promise<void> {
  const journal = new Journal(await on(step.on), plan.name);
  await journal.open();
  const rows = await journal.rows();
  const behind = plan.steps.find((other) => other.id !== step.id && !keep.includes(other) && rows.has(other.id));
  if (behind) throw new HarnessError({ code: "flag-too-late", kind: "run", place: `plan ${plan.name}, step ${behind.id}`, message: `step ${behind.id}, which needs ${step.id}, was begun: turning the flag off doesn't undo it`, remedy: "go back by another way" });
}
