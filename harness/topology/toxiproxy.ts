// Toxiproxy as a service: the clients' and the migration's paths to the database, and their toxics.

import { Toxiproxy } from "toxiproxy-node-client";
import { ROOT } from "../base/files.ts";
import { within } from "../base/deadline.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import type { Address, Launch, Service } from "./runtime.ts";

/** The proxied paths: who comes through which. */
export type Path = "clients" | "migration" | "replication";

export const PROXIES_IMAGE = "turnback/proxies:latest";
const INSIDE = { api: 8474, clients: 15432, migration: 15433, replication: 15434 } as const;

/** A path to the first database, or to another one. */
const nameOf = (path: Path, database: string | undefined) => (database === undefined ? path : `${path}-${database}`);

/** Up to so many arrivals a second one processor is enough for it, and it needs a third less of that than of several. */
const ONE_PROCESSOR_PER_SECOND = 500;

/** For the first database, and the others of these names. */
export function toxiproxyLaunch(others: readonly string[], arrivalsPerSecond: number): Launch {
  const toOthers = others.flatMap((name, i) => (["clients", "migration"] as const).map((path, j) => [nameOf(path, name), { inside: 15_440 + 2 * i + j }] as const));
  return {
    name: "toxiproxy",
    ports: { api: { inside: INSIDE.api }, clients: { inside: INSIDE.clients }, migration: { inside: INSIDE.migration }, replication: { inside: INSIDE.replication }, ...Object.fromEntries(toOthers) },
    process: {
      command: `${ROOT}/.cache/bin/toxiproxy-server`,
      args: (ports) => ["-host", "127.0.0.1", "-port", String(ports["api"])],
      env: () => (arrivalsPerSecond > ONE_PROCESSOR_PER_SECOND ? {} : { GOMAXPROCS: "1" }),
    },
    docker: { image: PROXIES_IMAGE, command: ["toxiproxy-server", "-host", "0.0.0.0", "-port", String(INSIDE.api)] },
    ready: async (service) => (await fetch(`${api(service)}/version`, { signal: AbortSignal.timeout(1_000) })).ok,
    readyWithinMs: 15_000,
  };
}

function api(service: Service): string {
  const { host, port } = service.address("api");
  return `http://${host}:${port}`;
}

const REQUEST_MS = 5_000;

export type ToxicSpec = {
  readonly type: string;
  readonly stream: "upstream" | "downstream";
  readonly attributes: Readonly<Record<string, number>>;
};

/** Bounded requests with the server's own words in errors: the client library has neither. */
export class Proxies {
  readonly service: Service;
  readonly #client: Toxiproxy;
  readonly #database: string | undefined;

  /** The paths to the first database, or to the named one. */
  constructor(service: Service, database?: string) {
    this.service = service;
    this.#database = database;
    this.#client = new Toxiproxy(api(service));
  }

  async create(path: Path, upstream: Address): Promise<void> {
    const name = nameOf(path, this.#database);
    const bind = this.bindAddress(path);
    await this.#request(`creating the proxy ${name}`, this.#client.createProxy({
      name, listen: `${bind.host}:${bind.port}`, upstream: `${upstream.host}:${upstream.port}`,
    }));
  }

  address(path: Path): Address {
    return this.service.address(nameOf(path, this.#database));
  }

  /** As a service beside the proxy reaches it. */
  innerAddress(path: Path): Address {
    return this.service.innerAddress(nameOf(path, this.#database));
  }

  /** Where it listens. */
  bindAddress(path: Path): Address {
    return this.service.bindAddress(nameOf(path, this.#database));
  }

  async addToxic(path: Path, name: string, toxic: ToxicSpec): Promise<void> {
    // Toxicity 1 and no jitter: Toxiproxy's own randomness can't be seeded.
    const body = { name, type: toxic.type, stream: toxic.stream, toxicity: 1, attributes: toxic.attributes };
    await this.#fetch("POST", `/proxies/${nameOf(path, this.#database)}/toxics`, body);
  }

  async removeToxic(path: Path, name: string): Promise<void> {
    await this.#fetch("DELETE", `/proxies/${nameOf(path, this.#database)}/toxics/${name}`);
  }

  async setEnabled(path: Path, enabled: boolean): Promise<void> {
    await this.#fetch("POST", `/proxies/${nameOf(path, this.#database)}`, { enabled });
  }

  /** What Toxiproxy itself says of a path: the proof of a fault. */
  async state(path: Path): Promise<{ readonly enabled: boolean; readonly toxics: readonly string[] }> {
    const state = (await this.#fetch("GET", `/proxies/${nameOf(path, this.#database)}`)) as { enabled: boolean; toxics: { name: string }[] };
    return { enabled: state.enabled, toxics: state.toxics.map((toxic) => toxic.name) };
  }

  async #fetch(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.#request(`${method} ${path}`, fetch(`${api(this.service)}${path}`, {
      method,
      signal: AbortSignal.timeout(REQUEST_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    }));
    const text = await response.text();
    if (!response.ok) throw this.#error(`${method} ${path}`, `${response.status} ${text.trim()}`);
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  }

  async #request<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await within(REQUEST_MS, what, work);
    } catch (error) {
      throw this.#error(what, messageOf(error), error);
    }
  }

  #error(what: string, message: string, cause?: unknown): HarnessError {
    return new HarnessError({
      code: "toxiproxy-refused", kind: "run", place: "toxiproxy",
      message: `Toxiproxy, ${what}: ${message}`, remedy: "read logs/toxiproxy.log in the run directory", cause,
    });
  }
}
