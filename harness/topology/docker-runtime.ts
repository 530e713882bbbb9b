// The docker runtime: services as containers on a network of the run's own, through testcontainers.

import { createWriteStream } from "node:fs";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerRuntimeClient } from "testcontainers";
import { wallClock } from "../base/clock.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { waitUntil, within } from "../base/deadline.ts";
import { UndoStack } from "../base/undo.ts";
import { FaultyDisk, whyNoFuse } from "./faulty-disk.ts";
import { takeVolume } from "./docker-volumes.ts";
import { LiveRun, RUN_LABEL } from "./leftovers.ts";
import { LOOPBACK, loopbackContainer } from "./loopback-container.ts";
import { claimPort } from "./ports.ts";
import { PROXIES_IMAGE } from "./toxiproxy.ts";
import { lastLine, lastWords, lengthOf } from "./process-runtime.ts";
import { BASH, SCRIPT, scriptFailed, ServiceExited, type Address, type Capability, type Launch, type Runtime, type Service, type ServiceState } from "./runtime.ts";

/** What containers can do; a disk that fails is mounted on this machine, and an engine elsewhere doesn't see it. */
export const dockerCapabilities = (local: boolean): readonly Capability[] => ["kill", "pause", "restart", "network-faults", "reply-lost", "files", "database", "cpu", "packets", "names", "clock", ...(local && whyNoFuse() === undefined ? ["faulty-disk" as const] : [])];

const EXEC_WITHIN_MS = 120_000;

// Its reaper is one more image to pull, and only reaps while its own container lives; what a
// killed harness leaves is found by our label instead (`turnback clean`).
process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";

type Dockerode = ContainerRuntimeClient["container"]["dockerode"];
type Container = ReturnType<Dockerode["getContainer"]>;

export class DockerRuntime implements Runtime {
  readonly kind = "docker";
  readonly capabilities: ReadonlySet<Capability>;
  readonly why: string;
  readonly workDirectory: string;
  readonly engine: Dockerode;
  readonly runName: string;
  readonly #live: LiveRun;
  readonly #undo = new UndoStack(30_000);
  readonly #network: string;
  /** The engine's names of this run's volumes. */
  readonly #volumes = new Map<string, string>();

  private constructor(runName: string, why: string, workDirectory: string, live: LiveRun, engine: Dockerode) {
    this.runName = runName;
    this.why = why;
    this.workDirectory = workDirectory;
    this.#live = live;
    this.engine = engine;
    this.capabilities = new Set(dockerCapabilities((engine.modem as { readonly socketPath?: string }).socketPath !== undefined));
    this.#network = `turnback-${runName.toLowerCase()}`;
  }

  static async open(runName: string, why: string): Promise<DockerRuntime> {
    const { getContainerRuntimeClient } = await import("testcontainers");
    let client: ContainerRuntimeClient;
    try {
      client = await getContainerRuntimeClient();
    } catch (error) {
      throw new HarnessError({
        code: "no-engine", kind: "environment", message: `no Docker engine answers: ${messageOf(error)}`,
        remedy: "`turnback doctor` says what was tried; or use --runtime process", cause: error,
      });
    }
    const workDirectory = await mkdtemp(join(tmpdir(), "turnback-"));
    const runtime = new DockerRuntime(runName, why, workDirectory, await LiveRun.open(runName, workDirectory, "docker"), client.container.dockerode);
    runtime.#undo.push(`network ${runtime.#network}`, () => runtime.#removeNetwork());
    await runtime.engine.createNetwork({ Name: runtime.#network, CheckDuplicate: true, Driver: "bridge", Labels: { [RUN_LABEL]: runName } });
    return runtime;
  }

  async #removeNetwork(): Promise<void> {
    for (const { Id } of await this.engine.listNetworks({ filters: { label: [`${RUN_LABEL}=${this.runName}`] } })) {
      await this.engine.getNetwork(Id).remove();
    }
  }

  async versions(): Promise<Record<string, string>> {
    const { Version } = await this.engine.version();
    return { docker: Version };
  }

  async start(launch: Launch): Promise<Service> {
    const ports: Record<string, number> = {};
    for (const [name, port] of Object.entries(launch.ports)) ports[name] = await claimPort(launch.name, port.fixed);
    const service = new DockerService(launch, ports, this.workDirectory);
    this.#undo.push(`container ${launch.name}`, () => this.#removeContainers(launch.name));
    await service.create(this);
    return service;
  }

  /** Creates the container through testcontainers, which waits until the engine has started it. */
  async startContainer(launch: Launch, ports: Readonly<Record<string, number>>): Promise<Container> {
    const { PullPolicy, StartupCheckStrategy } = await import("testcontainers");
    // Readiness is ours to tell, alike in both runtimes: testcontainers only starts the container.
    const atOnce = new (class extends StartupCheckStrategy {
      override checkStartupState(): Promise<"SUCCESS"> { return Promise.resolve("SUCCESS"); }
    })();
    const labels = { [RUN_LABEL]: this.runName, "turnback.service": launch.name };
    let container = (await loopbackContainer(launch.docker.image)).withName(`${this.#network}-${launch.name}`).withLabels(labels)
      .withPullPolicy(PullPolicy.defaultPolicy())
      .withNetworkMode(this.#network)
      .withNetworkAliases(launch.name)
      .withCommand([...launch.docker.command])
      .withExposedPorts(...Object.entries(launch.ports).map(([name, { inside }]) => ({ container: inside, host: ports[name] ?? 0 })))
      .withWaitStrategy(atOnce)
      .withStartupTimeout(launch.readyWithinMs);
    container = container.withCopyContentToContainer(Object.entries(launch.docker.files ?? {}).map(([target, content]) => ({ target, content, mode: 0o444 })));
    if (launch.docker.memoryBytes !== undefined) container = container.withResourcesQuota({ memory: launch.docker.memoryBytes / 1024 ** 3 });
    if (launch.docker.workingDirectory !== undefined) container = container.withWorkingDir(launch.docker.workingDirectory);
    const first = launch.docker.volume !== undefined && "name" in launch.docker.volume && !this.#volumes.has(launch.docker.volume.name);
    container = container.withEnvironment({ ...launch.docker.env, ...launch.docker.folders, ...(first ? { PREPARE: "yes" } : {}) });
    const source = await this.#source(launch);
    if (launch.docker.volume && source !== undefined) container = container.withBindMounts([{ source, target: launch.docker.volume.at, mode: "rw" }]);
    const started = await container.start();
    return this.engine.getContainer(started.getId());
  }

  /**
   * What a service's volume is to the engine: a folder, or the name of one of its own, which is taken for the first service
   * that mounts it, who makes it be as the image's data, and goes after the last.
   */
  async #source(launch: Launch): Promise<string | undefined> {
    const { volume, image } = launch.docker;
    if (!volume) return undefined;
    if ("folder" in volume) return volume.folder;
    const known = this.#volumes.get(volume.name);
    if (known !== undefined) return known;
    const { name, giveBack } = await takeVolume(this.engine, image, { name: `${this.#network}-${volume.name}`, run: this.runName });
    this.#volumes.set(volume.name, name);
    this.#undo.push(`volume ${name}`, async () => { await this.#removeContainers(launch.name); await giveBack(); });
    return name;
  }

  /** Fills the folder that is a service's volume with the image's data. */
  async copyFromImage(launch: Launch): Promise<void> {
    const { code, errors } = await this.runBeside(launch, "cp -a /prepared/. ~postgres/", "root");
    if (code !== 0) throw scriptFailed(launch.name, errors);
  }

  /** Runs a script in a container of its own that has a service's image and volume; or its network, and the right to change that. */
  async runBeside(launch: Launch, script: string, user?: string, network?: { readonly of: Container; readonly variables: Readonly<Record<string, string>> }): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
    const { image, folders = {}, volume } = launch.docker;
    const source = await this.#source(launch);
    const container = await this.engine.createContainer({
      Image: image, Entrypoint: [...BASH], Cmd: [], WorkingDir: "/", ...(user === undefined ? {} : { User: user }),
      Env: Object.entries({ LC_ALL: "C", ...folders, ...network?.variables, [SCRIPT]: script }).map(([key, value]) => `${key}=${value}`),
      Labels: { [RUN_LABEL]: this.runName, "turnback.service": launch.name },
      HostConfig: { ...(network ? { NetworkMode: `container:${network.of.id}`, CapAdd: ["NET_ADMIN"] } : { NetworkMode: "none" }), ...(volume && source !== undefined ? { Binds: [`${source}:${volume.at}`] } : {}) },
    });
    try {
      await container.start();
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      const text = async (stream: "stdout" | "stderr") => untangle((await container.logs({ stdout: stream === "stdout", stderr: stream === "stderr", follow: false })) as unknown as Buffer);
      return { code: StatusCode, output: await text("stdout"), errors: await text("stderr") };
    } finally {
      await container.remove({ force: true });
    }
  }

  openDisk(): Promise<FaultyDisk> {
    return FaultyDisk.open({ workDirectory: this.workDirectory, owner: undefined, live: this.#live, undo: this.#undo });
  }

  async #removeContainers(service: string): Promise<void> {
    const found = await this.engine.listContainers({ all: true, filters: { label: [`${RUN_LABEL}=${this.runName}`, `turnback.service=${service}`] } });
    await Promise.all(found.map(({ Id }) => this.engine.getContainer(Id).remove({ force: true, v: true })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.runAll();
    await rm(this.workDirectory, { recursive: true, force: true });
    const [failure] = this.#undo.failures;
    if (failure) {
      throw new HarnessError({
        code: "teardown-failed", kind: "run", place: failure.what,
        message: `${failure.what} could not be undone: ${failure.message}`, remedy: "run `turnback clean` once the engine answers",
      });
    }
    await this.#live.close();
  }
}

class DockerService implements Service {
  readonly name: string;
  readonly logFile: string;
  readonly #launch: Launch;
  readonly #ports: Readonly<Record<string, number>>;
  #container: Container | undefined;
  #runtime: DockerRuntime | undefined;
  #ending = false;
  #loggedBefore = 0;

  constructor(launch: Launch, ports: Readonly<Record<string, number>>, workDirectory: string) {
    this.name = launch.name;
    this.logFile = join(workDirectory, `${launch.name}.log`);
    this.#launch = launch;
    this.#ports = ports;
  }

  async create(runtime: DockerRuntime): Promise<void> {
    await appendFile(this.logFile, "", { mode: 0o600 });
    this.#runtime = runtime;
    this.#container = await runtime.startContainer(this.#launch, this.#ports);
    await this.#followLog(0);
    await this.#awaitReady();
  }

  address(port: string): Address {
    const number = this.#ports[port];
    if (number === undefined) throw new Error(`${this.name} has no port named ${port}`);
    return { host: LOOPBACK, port: number };
  }

  innerAddress(port: string): Address {
    return { host: this.name, port: this.#inside(port) };
  }

  bindAddress(port: string): Address {
    return { host: "0.0.0.0", port: this.#inside(port) };
  }

  #inside(port: string): number {
    const declared = this.#launch.ports[port];
    if (!declared) throw new Error(`${this.name} has no port named ${port}`);
    return declared.inside;
  }

  async #followLog(sinceSeconds: number): Promise<void> {
    const container = this.#require();
    const stream = await container.logs({ follow: true, stdout: true, stderr: true, since: sinceSeconds });
    const file = createWriteStream(this.logFile, { flags: "a" });
    container.modem.demuxStream(stream, file, file);
    stream.once("end", () => file.end());
    stream.once("error", () => file.end()); // the engine or the container is gone; what came is kept
  }

  async #awaitReady(): Promise<void> {
    await waitUntil({
      what: `${this.name} to be ready`, withinMs: this.#launch.readyWithinMs, everyMs: 25, place: this.name, lastSeen: () => lastLine(this.logFile),
      check: async () => {
        const { State } = await this.#require().inspect();
        if (!State.Running) throw new ServiceExited(this.name, State.ExitCode, lastWords(this.logFile, this.#loggedBefore));
        return (await this.#launch.ready(this)) ? true : undefined;
      },
    });
  }

  async kill(): Promise<void> {
    this.#ending = true;
    await this.#require().kill({ signal: "SIGKILL" });
    await within(5_000, `end of container ${this.name}`, this.#require().wait());
  }

  async killOne(pid: number): Promise<void> {
    const { code } = await this.#exec(`kill -KILL ${pid}`, {});
    if (code !== 0) throw new HarnessError({ code: "no-such-process", kind: "run", place: this.name, message: `${this.name} has no process ${pid}` });
  }

  async shellInside(script: string, variables: Readonly<Record<string, string>>): Promise<string> {
    const { code, output, errors } = await this.#exec(script, variables);
    if (code !== 0) throw scriptFailed(this.name, errors || output);
    return output;
  }

  async #exec(script: string, variables: Readonly<Record<string, string>>): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
    const exec = await this.#require().exec({ Cmd: [...BASH], WorkingDir: "/", Env: Object.entries({ LC_ALL: "C", ...variables, [SCRIPT]: script }).map(([key, value]) => `${key}=${value}`), AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    const frames: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => frames.push(chunk));
    await within(EXEC_WITHIN_MS, `the end of a script in ${this.name}`, new Promise((resolve) => { stream.once("end", resolve); }));
    const { ExitCode } = await exec.inspect();
    const said = Buffer.concat(frames);
    return { code: ExitCode ?? 1, output: untangle(said, 1), errors: untangle(said, 2) };
  }

  async pause(): Promise<void> {
    await this.#require().pause();
  }

  async resume(): Promise<void> {
    if ((await this.observe()).state === "paused") await this.#require().unpause();
  }

  async limitCpu(share: number | undefined): Promise<void> {
    await this.#require().update(share === undefined ? { CpuQuota: -1 } : { CpuPeriod: 100_000, CpuQuota: Math.round(share * 100_000) });
  }

  async filterPackets(script: string, variables: Readonly<Record<string, string>>): Promise<string> {
    const { volume: _none, ...docker } = this.#launch.docker;
    const { code, output, errors } = await (this.#runtime as DockerRuntime).runBeside({ ...this.#launch, docker: { ...docker, image: PROXIES_IMAGE } }, script, "root", { of: this.#require(), variables: { ...variables, MARK: "turnback" } });
    if (code !== 0) throw scriptFailed(this.name, errors);
    return output;
  }

  async died(): Promise<string> {
    const { StatusCode } = (await this.#require().wait()) as { readonly StatusCode: number };
    return this.#ending ? new Promise<never>(() => undefined) : `${this.name} ended by itself (exit code ${StatusCode})`;
  }

  async stop(): Promise<void> {
    this.#ending = true;
    await this.#require().kill({ signal: this.#launch.docker.stopSignal ?? "SIGTERM" });
    await within(10_000, `end of container ${this.name}`, this.#require().wait());
  }

  async start(): Promise<void> {
    const since = Math.floor(Date.parse(wallClock()) / 1_000);
    await this.#launch.beforeStart?.(this);
    this.#loggedBefore = lengthOf(this.logFile);
    await this.#require().start();
    this.#ending = false;
    await this.#followLog(since);
    await this.#awaitReady();
  }

  async shell(script: string): Promise<string> {
    // A container of its own takes most of a second, and is only needed where the service's doesn't run.
    const { State } = await this.#require().inspect();
    if (State.Running && !State.Paused) return this.shellInside(script, {});
    const { code, output, errors } = await (this.#runtime as DockerRuntime).runBeside(this.#launch, script);
    if (code !== 0) throw scriptFailed(this.name, errors);
    return output;
  }

  async observe(): Promise<ServiceState> {
    const { State } = await this.#require().inspect();
    const state = State.Paused ? "paused" : State.Running ? "running" : "stopped";
    return { state, detail: `the engine says ${State.Status}${state === "stopped" ? `, exit code ${State.ExitCode}` : `, process ${State.Pid}`}` };
  }

  #require(): Container {
    if (!this.#container) throw new HarnessError({ code: "service-not-started", kind: "run", message: `${this.name} was not started`, place: this.name });
    return this.#container;
  }
}

/** The text of an engine's log, or of one of its streams: frames of a stream's number, a length and bytes. */
function untangle(frames: Buffer, stream?: 1 | 2): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= frames.length;) {
    const end = at + 8 + frames.readUInt32BE(at + 4);
    if (stream === undefined || frames[at] === stream) parts.push(frames.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(parts).toString("utf8");
}
