// A person who is asked whether to go back: by `turnback decide`, or as the drill says that they answer.

import { pause } from "../base/deadline.ts";
import type { Human } from "../drill/schema.ts";
import { PATHS, readJson } from "../evidence/run-directory.ts";
import type { RunEvent } from "../evidence/timeline.ts";

export type Question = { readonly reason: string; readonly doubts: readonly string[]; readonly human: Human; readonly signal: AbortSignal };
export type Reply = { readonly approves: boolean; readonly by: string; readonly detail: string };

/** What `turnback decide` leaves in the run directory. */
export type Answer = { readonly schema: "turnback.answer/1"; readonly verdict: "approve" | "refuse"; readonly by: string; readonly reason?: string };

const LOOK_EVERY_MS = 100;

export class Person {
  readonly #directory: string;
  readonly #record: (event: RunEvent) => void;

  constructor(directory: string, record: (event: RunEvent) => void) {
    this.#directory = directory;
    this.#record = record;
  }

  /** Puts the question and waits for the first answer; without one in time the declared one counts. */
  async ask({ reason, doubts, human, signal }: Question): Promise<Reply> {
    const patience = `${human.withinMs.toLocaleString("en-US")} ms`;
    const doubt = doubts.length === 0 ? "" : `; in doubt: ${doubts.join("; ")}`;
    this.#record({ kind: "decision", state: "asked", by: "automation", detail: `${reason}${doubt}; without an answer within ${patience} it is to ${human.otherwise}` });
    const over = new AbortController();
    const timers = AbortSignal.any([signal, over.signal]);
    const otherwise = pause(human.withinMs, timers).then((): Reply => ({ approves: human.otherwise === "approve", by: "nobody", detail: `no answer came within ${patience}, which is to ${human.otherwise}` }));
    const { answer } = human;
    const rehearsed = answer && pause(answer.afterMs, timers).then((): Reply => reply({ schema: "turnback.answer/1", verdict: answer.verdict, by: "the drill's person" }));
    const given = this.#given(timers);
    const all = [otherwise, given, ...(rehearsed ? [rehearsed] : [])];
    for (const one of all) one.catch(() => undefined); // those that lose are called off
    try {
      return await Promise.race(all);
    } finally {
      over.abort();
    }
  }

  async #given(signal: AbortSignal): Promise<Reply> {
    for (;;) {
      const answer = await readJson<Answer>(this.#directory, PATHS.answer);
      if (answer) return reply(answer);
      await pause(LOOK_EVERY_MS, signal);
    }
  }
}

function reply({ verdict, by, reason }: Answer): Reply {
  return { approves: verdict === "approve", by, detail: `${verdict === "approve" ? "approved" : "refused"}${reason === undefined ? "" : `: ${reason}`}` };
}
