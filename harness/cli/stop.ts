// Ctrl-C, SIGTERM, a lost terminal and SIGQUIT end a run in good order: healed, stopped, judged as unknown.

import { HarnessError } from "../base/errors.ts";
import { warn } from "./print.ts";

const LEAVES_AFTER_MS = 1_000;
const STOPS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

export function stopOnSignals(): { readonly signal: AbortSignal } & AsyncDisposable {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    warn(`\nturnback: ${name}: ending the run in good order`);
    controller.abort(new HarnessError({ code: "interrupted", kind: "run", message: `the run was interrupted by ${name}` }));
  };
  for (const name of STOPS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    [Symbol.asyncDispose]: () => {
      for (const name of STOPS) process.off(name, onSignal);
      // What was left in its midst, as a query of DuckDB's, must not keep the program.
      if (controller.signal.aborted) setTimeout(() => { process.exit(process.exitCode ?? 2); }, LEAVES_AFTER_MS).unref();
      return Promise.resolve();
    },
  };
}
