// Ctrl-C, SIGTERM, a lost terminal and SIGQUIT end a run in good order: healed, stopped, judged as unknown.

import { HarnessError } from "../base/errors.ts";
import { warn } from "./print.ts";

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
      return Promise.resolve();
    },
  };
}
