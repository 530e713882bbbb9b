// However the program ends, its exit code is true: 1 says that a drill was missed, and nothing else may.

import { codeOf, messageOf } from "../base/errors.ts";
import { fail } from "./fail.ts";
import { warn } from "./print.ts";

/** The harness's own failure, and its surroundings'. */
const [DEFECT, SURROUNDINGS] = [2, 4];

/** To be called once, before anything else. */
export function endWell(debug: boolean): void {
  // Node would end with 1.
  process.on("uncaughtException", (error) => {
    process.exit(Math.max(fail(error, debug), DEFECT));
  });
  const lost = new Set<string>();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (codeOf(error) !== "EPIPE") lost.add(messageOf(error)); // a reader that has enough, as `head`, is no failure
    });
  }
  process.on("exit", (code) => {
    if (lost.size === 0) return;
    if (code <= DEFECT) process.exitCode = SURROUNDINGS; // met, missed or unknown, nobody has read it
    warn(`turnback: what was to be printed is lost: ${[...lost].join("; ")}\n  do: make room, or send it elsewhere; a run is kept as it is`);
  });
}
