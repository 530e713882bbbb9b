// Ctrl-C and SIGTERM end a run in good order: healed, stopped, judged as unknown.

import { HarnessError } from "../base/errors.ts";

export function stopOnSignals(): { readonly signal: AbortSignal } & AsyncDisposable {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    process.stderr.write(`\nturnback: ${name}: ending the run in good order\n`);
    controller.abort(new HarnessError({ code: "interrupted", kind: "run", message: `the run was interrupted by ${name}` }));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    [Symbol.asyncDispose]: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      return Promise.resolve();
    },
  };
}
