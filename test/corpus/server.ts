// A server for tests that judge databases by the hundred: no drill runs on it; each database is made from a template and dropped.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startClock } from "../../harness/base/clock.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import { drillSchema } from "../../harness/drill/schema.ts";
import type { System } from "../../harness/drill/system.ts";
import { dumpFile, EvidenceWriter } from "../../harness/evidence/run-directory.ts";
import { captureFacts } from "../../harness/observe/facts.ts";
import type { SchemaObject } from "../../harness/observe/fingerprint.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import { connect, DATABASE } from "../../harness/topology/postgres.ts";
import { startTopology, type Topology } from "../../harness/topology/topology.ts";
import { record } from "../judge/history.ts";
import { smallDrill } from "../support/drills.ts";

const ALL = { loss: { maxLostWrites: 0 }, consistency: {}, structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 }, invariants: { maxViolated: 0 } };

export class Server implements AsyncDisposable {
  readonly #topology: Topology;
  readonly #close: () => Promise<void>;
  /** For run directories and facts; gone with the server. */
  readonly folder: string;

  private constructor(topology: Topology, folder: string, close: () => Promise<void>) {
    [this.#topology, this.folder, this.#close] = [topology, folder, close];
  }

  /** @param name in the names of its folders */
  static async open(name: string, settings: Readonly<Record<string, string | number>>): Promise<Server> {
    const drill = drillSchema.parse(smallDrill({ system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { settings } } }));
    const runtime = await openRuntime({ kind: "process", why: name }, `${name}-${startClock().startMonotonicNs}`);
    const folder = await mkdtemp(join(tmpdir(), `tb-${name}-`));
    const close = async () => {
      await runtime[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    };
    try {
      const topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), say: () => undefined, onSecret: () => undefined });
      const server = new Server(topology, folder, close);
      await server.outside((client) => client.query(`drop database ${DATABASE} with (force)`));
      return server;
    } catch (error) {
      await close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  /** What a client program needs to connect. */
  get address(): { readonly host: string; readonly port: number; readonly user: string; readonly password: string } {
    const { address, password } = this.#topology.access("turnback", "direct");
    return { host: address.host, port: address.port, user: "turnback", password };
  }

  /** In no database that a test makes. */
  async outside<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ ...this.address, database: "postgres" });
    await client.connect();
    return ending(client, work);
  }

  /** In the database that is looked at. */
  async inside<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    return ending(await this.session("turnback-test"), work);
  }

  /** The same, with a session of the role that declarations' queries are asked by. */
  async asHarness<T>(work: (client: pg.Client, reader: pg.Client) => Promise<T>): Promise<T> {
    return ending(await this.#topology.reader("test"), (reader) => this.inside((client) => work(client, reader)));
  }

  /** A session that stays open until the caller ends it. */
  async session(name: string): Promise<pg.Client> {
    return connect(this.#topology.access("turnback", "direct"), { name });
  }
}

async function ending<T>(client: pg.Client, work: (client: pg.Client) => Promise<T>): Promise<T> {
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Takes the facts that all judgements of copies of this database begin with. @param facts a folder for them */
export async function takeFacts(client: pg.Client, reader: pg.Client, system: System, facts: string): Promise<void> {
  await captureFacts([{ client, reader, system }], new EvidenceWriter(facts, startClock()), "before");
  const objects = JSON.parse(readFileSync(join(facts, "before/structure.json"), "utf8")) as readonly SchemaObject[];
  const twice = objects.filter(({ kind, detail }) => detail["ambiguous"] || kind === "unreadable").map(({ kind, name }) => `${kind} ${name}`);
  if (twice.length > 0) throw new Error(`two objects have one name, or some can't be read: ${twice.join(", ")}`);
}

export type Lived = {
  readonly system: System;
  /** A folder with the facts of before. */
  readonly facts: string;
  /** What the server's counters saw clients do before the migration. */
  readonly activity?: readonly object[];
};

/** Writes the directory of a run that began with these facts and ended with what is there now; the recorded course is the usual one. */
export async function recordRun(client: pg.Client, reader: pg.Client, directory: string, { system, facts, activity = [] }: Lived): Promise<void> {
  mkdirSync(directory, { recursive: true });
  record(directory, { before: [], after: [], ops: [], drill: { objectives: ALL } });
  cpSync(join(facts, "before"), join(directory, "before"), { recursive: true });
  writeFileSync(join(directory, "before/activity.json"), JSON.stringify(activity));
  for (const when of ["before", "after"] as const) rmSync(join(directory, dumpFile(when, "item")), { force: true });
  await captureFacts([{ client, reader, system }], factsOnly(directory), "after");
  const header = JSON.parse(readFileSync(join(directory, "drill.json"), "utf8")) as object;
  writeFileSync(join(directory, "drill.json"), JSON.stringify({ ...header, system }));
}

/** The evidence writer makes a timeline of its own; the recorded one stays. */
function factsOnly(directory: string): EvidenceWriter {
  const timeline = readFileSync(join(directory, "timeline.jsonl"));
  const writer = new EvidenceWriter(directory, startClock());
  writeFileSync(join(directory, "timeline.jsonl"), timeline);
  return writer;
}
