// A process of its own for rehearsals, or for judging them, one after the other: what hangs or breaks in one costs nothing else.

import { HarnessError, messageOf, type HarnessErrorFields } from "../base/errors.ts";
import { SILENT } from "../conduct/run-drill.ts";
import type { Drill } from "../drill/schema.ts";
import type { Scorecard } from "../judge/scorecard.ts";
import { keepVolumes } from "../topology/docker-volumes.ts";
import type { RuntimeKind } from "../topology/runtime.ts";
import { concluded, conducted, type Run } from "./rehearse.ts";

/** `drill` is a variant of what `file` declares. */
export type Ask = { readonly file: string; readonly drill: Drill; readonly runtime: RuntimeKind; readonly seed: number; readonly runsDirectory: string };
export type Told = { readonly card: Scorecard; readonly directory: string; /** The harness's own failure. */ readonly failure: HarnessErrorFields | undefined };
/** A run that is over, and not yet judged. */
export type Conducted = Run & Pick<Told, "failure">;

/** `metUnkept`: what is met will not be kept. */
export type Request = { readonly conduct: Ask } | { readonly conclude: Run; readonly metUnkept: boolean } | { readonly abort: HarnessErrorFields };
export type Answer = { readonly conducted: Conducted } | { readonly concluded: Scorecard } | { readonly refused: HarnessErrorFields } | { readonly broken: string };
type Work = Exclude<Request, { readonly abort: HarnessErrorFields }>;

const volumes = keepVolumes();
let current: AbortController | undefined;
let underWay: Promise<void> = Promise.resolve();

async function answer(work: Work, signal: AbortSignal): Promise<Answer> {
  try {
    if ("conclude" in work) return { concluded: await concluded(work.conclude, work.metUnkept ? { keep: ({ verdict }) => verdict !== "met" } : {}) };
    const { file, drill, runtime, seed, runsDirectory } = work.conduct;
    const { directory, chainHead, system, failure } = await conducted({ file, variant: () => drill, runtime, seed, runsDirectory, signal, watcher: SILENT });
    return { conducted: { directory, chainHead, entities: system.entities, failure: failure && fieldsOf(failure) } };
  } catch (error) {
    if (!(error instanceof HarnessError)) return { broken: error instanceof Error ? error.stack ?? messageOf(error) : messageOf(error) };
    return { refused: fieldsOf(error) };
  }
}

/** What another process can be told of an error. */
const fieldsOf = ({ code, kind, message, place, remedy }: HarnessError): HarnessErrorFields => ({ code, kind, message, place, remedy });

async function take(work: Work): Promise<void> {
  current = new AbortController();
  const told = await answer(work, current.signal);
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
  else underWay = take(request);
});
// A terminal sends Ctrl-C, and that it is gone, to all of us: who has asked decides what becomes of a rehearsal under way.
for (const name of ["SIGINT", "SIGHUP", "SIGQUIT"] as const) process.on(name, () => undefined);
process.on("SIGTERM", () => void end().then(() => { process.exit(143); }));
process.on("disconnect", () => void end());
