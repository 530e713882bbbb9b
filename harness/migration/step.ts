// A step that is the harness's own, beside the plan's: it is told of, and struck, like any other.

import { messageOf } from "../base/errors.ts";
import { failureOf } from "../evidence/failure.ts";
import type { RunnerContext } from "./runner.ts";

export async function runStep({ record, reach, signal }: Pick<RunnerContext, "record" | "reach" | "signal">, id: string, work: () => Promise<void>): Promise<void> {
  const event = { kind: "step", direction: "forward", step: id } as const;
  await reach("forward", { at: "before", step: id });
  signal.throwIfAborted();
  record({ ...event, state: "started" });
  try {
    await work();
  } catch (error) {
    record({ ...event, state: "failed", detail: messageOf(error), error: failureOf(error) });
    throw error;
  }
  record({ ...event, state: "done" });
  await reach("forward", { at: "after", step: id });
}
