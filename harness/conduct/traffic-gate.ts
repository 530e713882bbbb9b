// The gate at the proxy: whether clients are let through, how many, and since when.

import { pause, within } from "../base/deadline.ts";
import { HarnessError } from "../base/errors.ts";
import type { Gate } from "../drill/schema.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import { emptied, gone, hold } from "../topology/clients.ts";
import { connect, cut } from "../topology/postgres.ts";
import type { Topology } from "../topology/topology.ts";
import type { WireProxy } from "../topology/wire-proxy.ts";

/** Clients at once in the last stage of a return before everybody. */
const LAST_STAGE = 64;
/** A stage waits for the server to answer in time, and not for ever. */
const LONGEST_STAGE_MS = 10_000;

/**
 * Does with clients what the drill declares, for as long as it declares. Once nobody is to be inside any more, the server
 * itself says that no transaction of theirs is left: what they were told is what the restore point holds. What it
 * costs clients is measured like any other time in which they are not served.
 */
export class TrafficGate {
  readonly #gate: Gate | undefined;
  readonly #topology: Topology;
  readonly #record: (event: RunEvent) => void;
  readonly #answers: () => Promise<boolean>;
  #closed = false;

  /** `answers` asks the server itself, around the gate: behind it every client waits, and that is no sign of illness. */
  constructor(gate: Gate | undefined, topology: Topology, record: (event: RunEvent) => void, answers: () => Promise<boolean>) {
    this.#gate = gate;
    this.#topology = topology;
    this.#record = record;
    this.#answers = answers;
  }

  get #wire(): WireProxy {
    const { wireProxy } = this.#topology;
    if (!wireProxy) throw new HarnessError({ code: "no-wire-proxy", kind: "run", place: "rollback.gate", message: "nothing in this topology knows where a transaction begins" });
    return wireProxy;
  }

  /** Closes, if this is the moment that the drill declares. */
  async closeFor(moment: Gate["closes"], signal: AbortSignal): Promise<void> {
    const gate = this.#gate;
    if (gate?.closes !== moment || this.#closed) return;
    this.#closed = true;
    this.#record({ kind: "traffic", state: "closing", detail: `clients are ${gate.clients === "limited" ? `limited to ${gate.transactions} transactions at once` : gate.clients}, for the ${moment}` });
    const closed = await {
      refused: () => this.#refuse(signal),
      drained: async () => {
        await this.#wire.admit(0, true);
        const late = await emptied(this.#wire, gate.drainMs, signal);
        return `${late}; ${await this.#refuse(signal)}`;
      },
      held: () => hold(this.#wire, gate.drainMs, () => this.#topology.observer("gate"), signal),
      limited: async () => {
        await this.#wire.admit(gate.transactions);
        return `${gate.transactions} transactions of clients at once`;
      },
    }[gate.clients]();
    this.#record({ kind: "traffic", state: "closed", detail: closed });
  }

  async #refuse(signal: AbortSignal): Promise<string> {
    await this.#topology.proxies.setEnabled("clients", false);
    return gone("", "no backend of a client is left", () => this.#topology.observer("gate"), signal);
  }

  /** Lets clients in again: all at once, or stage by stage, each of which waits for the server to answer in time. */
  async open(signal: AbortSignal): Promise<void> {
    const gate = this.#gate;
    if (!gate || !this.#closed) return;
    this.#closed = false;
    const staged = gate.returnMs > 0;
    if (staged) await this.#wire.admit(1);
    else if (gate.clients !== "refused") await this.#wire.admit("any");
    await this.#topology.proxies.setEnabled("clients", true);
    if (staged) await this.#return(gate.returnMs, signal);
    this.#record({ kind: "traffic", state: "open", detail: "all clients are let through again" });
  }

  async #return(returnMs: number, signal: AbortSignal): Promise<void> {
    const stages = Math.log2(LAST_STAGE) + 1;
    for (let transactions = 1; transactions <= LAST_STAGE; transactions *= 2) {
      await this.#wire.admit(transactions);
      this.#record({ kind: "traffic", state: "returning", detail: `${transactions} ${transactions === 1 ? "transaction" : "transactions"} at once` });
      let waited = 0;
      for (let longer = returnMs / stages; waited === 0 || (waited < LONGEST_STAGE_MS && !(await this.#answers())); longer *= 2) {
        await pause(longer, signal); // with backoff: a system that is not well again is not asked for more
        waited += longer;
      }
    }
    await this.#wire.admit("any");
  }
}

/** Whether the server answers a query in time, asked around all proxies. */
export async function answersInTime({ access }: Topology, query: string, withinMs: number): Promise<boolean> {
  try {
    return await within(withinMs, "the answer", (async () => {
      const client = await connect(access("app", "direct"), { name: "turnback-gate", timeoutMs: withinMs });
      const late = setTimeout(() => { cut(client); }, withinMs); // nobody waits for it any more
      try {
        await client.query(query);
        return true;
      } finally {
        clearTimeout(late);
        await client.end();
      }
    })());
  } catch {
    return false; // whatever kept it from answering
  }
}
