// The drilled system's own application: instances that are deployed beside the old ones, and workers beside them.

import { join, relative } from "node:path";
import { pause } from "../base/deadline.ts";
import { HarnessError } from "../base/errors.ts";
import { COMPILED, ROOT, writeAtomically } from "../base/files.ts";
import { mutex } from "../base/mutex.ts";
import type { LoadedApplication } from "../drill/application.ts";
import type { Launch, Runtime, Service, ServiceState } from "./runtime.ts";

const READY_WITHIN_MS = 15_000;
/** Clients that have read the list of instances have begun their request by then. */
const LIST_IS_READ_MS = 50;

type Instance = { readonly version: string; readonly service: Service };

export type ApplicationOptions = {
  readonly runtime: Runtime;
  readonly declared: LoadedApplication;
  readonly instances: number;
  /** By the variables' names: what the application reaches its databases by. */
  readonly urls: Readonly<Record<string, string>>;
};

/** A running application. What is deployed is what it would be in production: started beside the old one, and then clients are led to it. */
export class Application {
  readonly declared: LoadedApplication;
  /** The addresses of those that serve, as JSON; clients read it for each request. */
  readonly instancesFile: string;
  /** Everything that was ever started. */
  readonly services: Service[] = [];
  readonly #options: ApplicationOptions;
  readonly #instances: Instance[] = [];
  readonly #inTurn = mutex();
  #workers: Service[] = [];
  #started = 0;

  private constructor(options: ApplicationOptions) {
    this.#options = options;
    this.declared = options.declared;
    this.instancesFile = join(options.runtime.workDirectory, "application-instances.json");
  }

  static async start(options: ApplicationOptions): Promise<Application> {
    const application = new Application(options);
    await application.startAgain(Array.from({ length: options.instances }, () => application.declared.versions[0] as string));
    return application;
  }

  /** The versions of the instances, in their order. */
  get versions(): readonly string[] {
    return this.#instances.map(({ version }) => version);
  }

  /** Where an instance of each version is that serves. */
  get urls(): ReadonlyMap<string, string> {
    return new Map(this.#instances.map(({ version, service }) => [version, urlOf(service)]));
  }

  /** SIGKILL to the first so many instances that serve, with all that they are doing. */
  async killInstances(count: number): Promise<void> {
    await Promise.all(this.#instances.slice(0, count).map(({ service }) => service.kill()));
  }

  /** Starts those that should serve and have died, as an orchestrator does. */
  revive(): Promise<void> {
    return this.#inTurn(async () => {
      await Promise.all(this.#instances.map(async ({ service }) => { if ((await service.observe()).state === "stopped") await service.start(); }));
    });
  }

  /** What the operating system or the engine says of each instance. */
  async states(): Promise<readonly ServiceState[]> {
    return Promise.all(this.#instances.map(({ service }) => service.observe()));
  }

  /** What each instance says that it is. */
  async observedVersions(): Promise<readonly string[]> {
    return Promise.all(this.#instances.map(({ service }) => versionAt(service)));
  }

  /**
   * Makes the first so many instances, or all, be of a version: new ones are started, clients are led to them, and the old ones
   * end when they have served those whom they were serving. @throws HarnessError `service-exited`, `wait-timed-out`
   */
  deploy(version: string, count = this.#options.instances): Promise<void> {
    return this.change((now) => Array.from({ length: this.#options.instances }, (_, at) => (at < count ? version : (now[at] ?? version))));
  }

  /** The same, to what is made of the versions that there are when its turn has come: a fault and a step may deploy at the same time. */
  change(to: (now: readonly string[]) => readonly string[]): Promise<void> {
    return this.#inTurn(() => this.#replace(to(this.versions)));
  }

  async #replace(versions: readonly string[]): Promise<void> {
    const begun = await Promise.allSettled(versions.map(async (version, at) => (this.#instances[at]?.version === version ? undefined : { at, version, service: await this.#startInstance(version) })));
    const failed = begun.find((start) => start.status === "rejected");
    const started = begun.flatMap((start) => (start.status === "fulfilled" && start.value ? [start.value] : []));
    if (failed) {
      await Promise.all(started.map(({ service }) => end(service))); // all of them, or none
      throw failed.reason;
    }
    const old = started.flatMap(({ at }) => this.#instances[at] ?? []);
    for (const { at, ...instance } of started) this.#instances[at] = instance;
    await this.#publish();
    if (old.length > 0) await pause(LIST_IS_READ_MS);
    await Promise.all(old.map(({ service }) => end(service)));
  }

  /** Runs the declared command while no worker does. @returns what it said @throws HarnessError `script-failed` */
  reconcile(): Promise<string> {
    return this.#inTurn(() => this.#reconcile());
  }

  async #reconcile(): Promise<string> {
    const { reconcile } = this.declared;
    const [instance] = this.#instances;
    if (!reconcile || !instance) throw new HarnessError({ code: "no-reconciliation", kind: "declaration", place: this.declared.name, message: `the application ${this.declared.name} declares nothing that reconciles`, remedy: "declare `reconcile` in application.yaml" });
    await this.#stopWorkers();
    try {
      const { runtime, urls } = this.#options;
      const [program = "", ...args] = reconcile;
      const folder = runtime.kind === "process" ? this.declared.directory : this.#inside;
      const words = [runtime.kind === "process" ? programOf(program) : program, ...args].map(quoted).join(" ");
      return (await instance.service.shellInside(`cd ${quoted(folder)} && exec ${words}`, urls)).trim();
    } finally {
      await this.#startWorkers();
    }
  }

  /** Ends everything in good order: nothing of it changes the database afterwards. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      const instances = this.#instances.splice(0);
      await this.#publish();
      await Promise.all([...instances.map(({ service }) => end(service)), this.#stopWorkers()]);
    });
  }

  /** Starts instances of these versions, and the workers. */
  async startAgain(versions: readonly string[]): Promise<void> {
    await this.change(() => versions);
    await this.#startWorkers();
  }

  /** Its folder in a container. */
  get #inside(): string {
    return `/applications/${relative(ROOT, this.declared.directory)}`;
  }

  async #startWorkers(): Promise<void> {
    this.#workers = await Promise.all(this.declared.workers.map(({ name, run }) => this.#start(this.#launch(`${name}-${++this.#started}`, run, {}, () => Promise.resolve(true)))));
  }

  async #stopWorkers(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map(end));
  }

  #startInstance(version: string): Promise<Service> {
    const { serve } = this.declared;
    return this.#start(this.#launch(`${version}-${++this.#started}`, serve, { APP_VERSION: version }, async (service) => (await versionAt(service)) === version));
  }

  async #start(launch: Launch): Promise<Service> {
    const service = await this.#options.runtime.start(launch);
    this.services.push(service);
    return service;
  }

  #launch(name: string, [program = "", ...args]: readonly string[], variables: Readonly<Record<string, string>>, ready: Launch["ready"]): Launch {
    const { declared, urls } = this.#options;
    const env = { ...urls, ...variables, NODE_NO_WARNINGS: "1" };
    return {
      name: `${declared.name}-${name}`,
      ports: { http: { inside: 8080 } },
      process: {
        command: programOf(program), args: () => args, cwd: declared.directory,
        env: (ports) => ({ ...env, ...COMPILED, HOST: "127.0.0.1", PORT: String(ports["http"]) }),
      },
      docker: { image: declared.image, command: [program, ...args], workingDirectory: this.#inside, env: { ...env, HOST: "0.0.0.0", PORT: "8080" } },
      ready, readyWithinMs: READY_WITHIN_MS,
    };
  }

  async #publish(): Promise<void> {
    await writeAtomically(this.instancesFile, JSON.stringify(this.#instances.map(({ service }) => urlOf(service))));
  }
}

const programOf = (program: string) => (program === "node" ? process.execPath : program);

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** One that has crashed has ended already. */
async function end(service: Service): Promise<void> {
  if ((await service.observe()).state !== "stopped") await service.stop();
}

function urlOf(service: Service): string {
  const { host, port } = service.address("http");
  return `http://${host}:${port}`;
}

async function versionAt(service: Service): Promise<string> {
  const response = await fetch(`${urlOf(service)}/healthz`, { signal: AbortSignal.timeout(1_000) });
  if (!response.ok) throw new Error(`it answers ${response.status}`);
  return ((await response.json()) as { version?: string }).version ?? "none";
}
