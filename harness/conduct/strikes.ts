// Strikes: a drill's faults, each waiting for its trigger, striking, proving itself and healing.

import { openSync, readSync, closeSync, fstatSync } from "node:fs";
import { pause, within } from "../base/deadline.ts";
import { messageOf } from "../base/errors.ts";
import { patternOf } from "../base/pattern.ts";
import type { Mutex } from "../base/mutex.ts";
import type { UndoStack } from "../base/undo.ts";
import { monotonicMs } from "../base/clock.ts";
import type { Fault, Trigger } from "../drill/fault.ts";
import { inDatabase } from "../drill/system.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import type { ActiveFault } from "../faults/fault.ts";
import { createFault } from "../faults/registry.ts";
import type { Direction, Point } from "../migration/runner.ts";
import { viewOf, type Topology } from "../topology/topology.ts";

/** A proof is looked for again until this long after the injection or the healing. */
const PROOF_WITHIN_MS = 5_000;

const LONGEST_REST = 1_048_576;

type Strike = { readonly fault: Fault; readonly index: number; struck: boolean; /** While it waits for its delay inside a step. */ inside?: Promise<void> };

export class Strikes {
  readonly #strikes: readonly Strike[];
  readonly #topology: Topology;
  readonly #seed: number;
  readonly #record: (event: RunEvent) => void;
  readonly #undo: UndoStack;
  readonly #signal: AbortSignal;
  /** Servers that are being struck, and not yet seen to be. */
  readonly #struckNow = new Set<Promise<void>>();
  /** Work that goes on beside the phases: timers and healings. Settled before the run ends. */
  readonly #background: Promise<void>[] = [];

  constructor(options: {
    readonly faults: readonly Fault[];
    readonly topology: Topology;
    readonly seed: number;
    readonly record: (event: RunEvent) => void;
    readonly undo: UndoStack;
    readonly signal: AbortSignal;
  }) {
    this.#strikes = options.faults.map((fault, index) => ({ fault, index, struck: false }));
    this.#topology = options.topology;
    this.#seed = options.seed;
    this.#record = options.record;
    this.#undo = options.undo;
    this.#signal = options.signal;
  }

  /** The migration or the rollback begins: delays from its start begin to run, logs are followed. */
  begin(direction: Direction): void {
    for (const strike of this.#waiting(direction)) {
      const { at } = strike.fault;
      if ("afterMs" in at && !("within" in at)) this.#later(strike, at.afterMs);
      if ("logLine" in at) this.#follow(strike, at);
    }
  }

  /**
   * The runner has come to a point; resolves when what strikes there has been proven. A step whose statements are done waits for
   * what is to strike inside it: it is inside until the journal has it.
   */
  async reach(direction: Direction, point: Point): Promise<void> {
    for (const strike of this.#waiting(direction)) {
      const { at } = strike.fault;
      if ("within" in at && "afterMs" in at && at.within === point.step) {
        if (point.at === "before") strike.inside = this.#later(strike, at.afterMs);
        if (point.at === "progress" && point.share >= 1) await strike.inside;
      } else if (isHere(at, point)) await this.#strike(strike);
    }
  }

  /** Waits for healings under way, and records the faults that never had their moment. */
  async settle(): Promise<void> {
    for (const strike of this.#strikes) {
      if (strike.struck) continue;
      strike.struck = true;
      this.#record({ ...this.#event(strike), state: "not-triggered", detail: `its trigger never came: ${JSON.stringify(strike.fault.at)}` });
    }
    await Promise.all(this.#background);
  }

  #waiting(direction: Direction): Strike[] {
    return this.#strikes.filter(({ struck, fault: { at } }) =>
      !struck && (!("during" in at) || (at.during === "migration") === (direction === "forward")));
  }

  #later(strike: Strike, afterMs: number): Promise<void> {
    const struck = (async () => {
      await pause(afterMs, this.#signal);
      if (!strike.struck) await this.#strike(strike);
    })().catch((error: unknown) => this.#unlessAborted(error));
    this.#background.push(struck);
    return struck;
  }

  #follow(strike: Strike, at: Extract<Trigger, { logLine: string }>): void {
    const pattern = patternOf(at.logLine);
    const service = this.#topology.services.find(({ name }) => name === at.service);
    if (!service) return;
    this.#background.push((async () => {
      for await (const line of newLines(service.logFile, this.#signal, () => strike.struck)) {
        if (!pattern.test(line) || strike.struck) continue;
        await this.#strike(strike);
      }
    })().catch((error: unknown) => this.#unlessAborted(error)));
  }

  #unlessAborted(error: unknown): void {
    if (!this.#signal.aborted) throw error;
  }

  #event({ fault, index }: Strike) {
    return { kind: "fault", index, fault: fault.kind, target: inDatabase(fault.database, fault.on) } as const;
  }

  /** Injects and proves; healing follows by itself when its time has come. */
  async #strike(strike: Strike): Promise<void> {
    strike.struck = true;
    const event = this.#event(strike);
    this.#record({ ...event, state: "triggered" });
    const active = createFault(strike.fault, { topology: viewOf(this.#topology, strike.fault.database), id: `fault-${strike.index}`, seed: this.#seed + strike.index });
    const heal = this.#undo.push(`fault ${strike.fault.kind}`, async () => {
      await active.lift?.();
      await this.#turnOf(active)(() => active.heal());
    });
    const striking = (async () => {
      try {
        await active.inject();
        const proof = await prove(() => active.prove());
        this.#record(proof.seen === undefined ? { ...event, state: "unproven", detail: proof.why } : { ...event, state: "proven", detail: proof.seen });
      } catch (error) {
        this.#record({ ...event, state: "unproven", detail: messageOf(error) });
      }
    })();
    if (!active.onPath) this.#struckNow.add(striking);
    await striking.finally(() => this.#struckNow.delete(striking));
    this.#background.push(this.#healLater(strike, active, heal).catch((error: unknown) => this.#unlessAborted(error)));
  }

  /** What is done to a server is done by one at a time. */
  #turnOf(active: ActiveFault): Mutex {
    return active.onPath ? (work) => work() : this.#topology.inTurn;
  }

  /** Who heals may start a server that another fault has just stopped, and nobody would have seen that it was. */
  async #othersAreSeen(): Promise<void> {
    await within(PROOF_WITHIN_MS, "what strikes beside", Promise.all(this.#struckNow)).catch(() => undefined); // that one waits for this healing
  }

  async #healLater(strike: Strike, active: ActiveFault, heal: () => Promise<void>): Promise<void> {
    const event = this.#event(strike);
    // An abort cuts the fault short; the undo stack then heals it with a budget of its own.
    await pause(strike.fault.healAfterMs, this.#signal).catch(() => undefined);
    if (!active.onPath) await this.#othersAreSeen();
    if (this.#signal.aborted) return;
    try {
      await heal();
      const proof = await prove(() => this.#turnOf(active)(() => active.proveHealed()));
      this.#record(proof.seen === undefined ? { ...event, state: "unhealed", detail: proof.why } : { ...event, state: "healed", detail: proof.seen });
    } catch (error) {
      this.#record({ ...event, state: "unhealed", detail: messageOf(error) });
    }
  }
}

function isHere(at: Trigger, point: Point): boolean {
  if ("before" in at) return point.at === "before" && point.step === at.before;
  if ("after" in at) return point.at === "after" && point.step === at.after;
  return "within" in at && "progress" in at && point.at === "progress" && point.step === at.within && point.share >= at.progress;
}

async function prove(look: () => Promise<string | undefined>): Promise<{ readonly seen?: string; readonly why: string }> {
  const end = monotonicMs() + PROOF_WITHIN_MS;
  let why = `not observed within ${PROOF_WITHIN_MS} ms`;
  do {
    try {
      const seen = await look();
      if (seen !== undefined) return { seen, why: "" };
    } catch (error) {
      why = messageOf(error);
    }
    await pause(10);
  } while (monotonicMs() < end);
  return { why };
}

/** Lines that are appended to a log from now on. */
async function* newLines(file: string, signal: AbortSignal, done: () => boolean): AsyncGenerator<string> {
  const handle = openSync(file, "r");
  try {
    let position = fstatSync(handle).size;
    let rest = "";
    const buffer = Buffer.alloc(65_536);
    while (!done()) {
      const length = readSync(handle, buffer, 0, buffer.length, position);
      position += length;
      const lines = (rest + buffer.toString("utf8", 0, length)).split("\n");
      rest = (lines.pop() ?? "").slice(0, LONGEST_REST); // a line without an end must not fill the memory
      yield* lines;
      if (length === 0) await pause(20, signal);
    }
  } finally {
    closeSync(handle);
  }
}
