// The proxy before the database as a service: it leads to the primary of the moment, and swallows the answers of chosen statements.

import { ROOT } from "../base/files.ts";
import { HarnessError } from "../base/errors.ts";
import { PROXIES_IMAGE } from "./toxiproxy.ts";
import type { Address, Launch, Service } from "./runtime.ts";

const INSIDE = { sql: 6432, control: 6433, plain: 6434 } as const;

/** For the database of that name, or for the first one. */
export function wireProxyLaunch(upstream: Address, database?: string): Launch {
  const to = `${upstream.host}:${upstream.port}`;
  return {
    name: database === undefined ? "wire-proxy" : `wire-proxy-${database}`,
    ports: { sql: { inside: INSIDE.sql }, control: { inside: INSIDE.control }, plain: { inside: INSIDE.plain } },
    process: {
      command: `${ROOT}/.cache/bin/wire-proxy`,
      args: (ports) => ["-listen", `127.0.0.1:${ports["sql"]}`, "-plain", `127.0.0.1:${ports["plain"]}`, "-control", `127.0.0.1:${ports["control"]}`, "-upstream", to],
    },
    docker: {
      image: PROXIES_IMAGE,
      command: ["wire-proxy", "-listen", `0.0.0.0:${INSIDE.sql}`, "-plain", `0.0.0.0:${INSIDE.plain}`, "-control", `0.0.0.0:${INSIDE.control}`, "-upstream", to],
    },
    ready: async (service) => (await control(service, "GET", "trap")).ok,
    readyWithinMs: 15_000,
  };
}

async function control(service: Service, method: string, what: string): Promise<Response> {
  const { host, port } = service.address("control");
  return fetch(`http://${host}:${port}/${what}`, { method, signal: AbortSignal.timeout(5_000) });
}

export class WireProxy {
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
  }

  /** Swallows the answers of the next `times` statements that match. */
  async setTrap(pattern: string, times: number): Promise<void> {
    await this.#request("PUT", `trap?${new URLSearchParams({ pattern, times: String(times) })}`);
  }

  async clearTrap(): Promise<void> {
    await this.#request("DELETE", "trap");
  }

  /** How many answers were swallowed: statements that the server has executed. */
  async counts(): Promise<{ readonly armed: number; readonly swallows: number }> {
    return (await (await this.#request("GET", "trap")).json()) as { armed: number; swallows: number };
  }

  /** Lets that many of the clients' transactions be under way at once, others wait; to drain ends connections instead. */
  async admit(transactions: number | "any", drain = false): Promise<void> {
    await this.#request("PUT", `gate?${new URLSearchParams({ transactions: String(transactions), drain: String(drain) })}`);
  }

  /** How many of the clients' transactions are under way, and how many wait to begin. */
  async admitted(): Promise<{ readonly inside: number; readonly waiting: number }> {
    return (await (await this.#request("GET", "gate")).json()) as { inside: number; waiting: number };
  }

  /** Ends the connections of those that are under way. */
  async cutAdmitted(): Promise<void> {
    await this.#request("POST", "gate/cut");
  }

  /** Leads everybody to another server, or to none; who is on the way to the old one is cut off. */
  async lead(to: Address | undefined): Promise<void> {
    await this.#request("PUT", `upstream?${new URLSearchParams({ to: to ? `${to.host}:${to.port}` : "" })}`);
  }

  async #request(method: string, what: string): Promise<Response> {
    const response = await control(this.#service, method, what);
    if (!response.ok) {
      throw new HarnessError({
        code: "wire-proxy-refused", kind: "run", place: "wire-proxy",
        message: `the wire proxy refused ${method} /${what}: ${(await response.text()).trim()}`,
        remedy: "check the fault's statement: it is a regular expression in Go's syntax",
      });
    }
    return response;
  }
}
