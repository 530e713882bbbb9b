// A process of its own for rehearsals, one after the other: what hangs or breaks in one costs nothing else.

import { HarnessError, messageOf, type HarnessErrorFields } from "../base/errors.ts";
import { SILENT } from "../conduct/run-drill.ts";
import type { Drill } from "../drill/schema.ts";
import type { Scorecard } from "../judge/scorecard.ts";
import { keepVolumes } from "../topology/docker-volumes.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { rehearse } from "./rehearse.ts";

/** `drill` is a variant of what `file` declares. */
export type Ask = { readonly file: string; readonly drill: Drill; readonly runtime: RuntimeKind; readonly seed: number; readonly runsDirectory: string };
export type Told = { readonly card: Scorecard; readonly directory: string; /** The harness's own failure. */ readonly failure: HarnessErrorFields | undefined };

export type Request = { readonly ask: Ask } | { readonly abort: HarnessErrorFields };
export type Answer = { readonly told: Told } | { readonly refused: HarnessErrorFields } | { readonly broken: string };

const volumes = keepVolumes();
let current: AbortController | undefined;
let underWay: Promise<void> = Promise.resolve();

async function answer({ file, drill, runtime, seed, runsDirectory }: Ask, signal: AbortSignal): Promise<Answer> {
  try {
    const { card, result } = await rehearse({ file, variant: () => drill, runtime, seed, runsDirectory, signal, watcher: SILENT });
    return { told: { card, directory: result.directory, failure: result.failure && fieldsOf(result.failure) } };
  } catch (error) {
    if (!(error instanceof HarnessError)) return { broken: error instanceof Error ? error.stack ?? messageOf(error) : messageOf(error) };
    return { refused: fieldsOf(error) };
  }
}

/** What another process can be told of an error. */
const fieldsOf = ({ code, kind, message, place, remedy }: HarnessError): HarnessErrorFields => ({ code, kind, message, place, remedy });

async function take(ask: Ask): Promise<void> {
  current = new AbortController();
  const told = await answer(ask, current.signal);
  current = undefined;
  if (process.connected) process.send?.(told);
}

/** Nobody asks for anything any more. */
async function end(): Promise<void> {
  current?.abort(new HarnessError({ code: "interrupted", kind: "run", message: "whoever asked for this rehearsal is gone" }));
  await underWay;
  await volumes[Symbol.asyncDispose]();
}

process.on("message", (message) => {
  const request = message as Request;
  if ("abort" in request) current?.abort(new HarnessError(request.abort));
  else underWay = take(request.ask);
});
// A terminal sends Ctrl-C to all of us: who has asked decides what becomes of a rehearsal under way.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => void end());
