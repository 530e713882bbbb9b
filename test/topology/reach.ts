// Who else gets at what a run starts: tried from the first moment that something listens.

import { readFile } from "node:fs/promises";
import pg from "pg";
import { expect } from "vitest";
import { readSystem } from "../../harness/drill/parse.ts";
import { drillSchema } from "../../harness/drill/schema.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import { claimPort } from "../../harness/topology/ports.ts";
import type { Role } from "../../harness/topology/postgres.ts";
import { startTopology, type Topology } from "../../harness/topology/topology.ts";
import type { RuntimeKind } from "../../harness/topology/runtime.ts";
import { smallDrill } from "../support/drills.ts";

const ROLES: readonly Role[] = ["turnback", "migrator", "app"];
/** What somebody would try who has read the sources, and nothing at all. */
const GUESSES = ["template", "", "postgres", "turnback", "app", "migrator"];
/** PostgreSQL says so to whoever has no right password. */
const REFUSED = "28P01";

export type Address = { readonly host: string; readonly port: number };

/** Sockets of this machine that listen on another address than the loopback, by their ports. */
export async function listensBeyond(): Promise<ReadonlySet<number>> {
  const LISTEN = "0A";
  const ports = new Set<number>();
  for (const [file, loopback] of [["/proc/net/tcp", /^0100007F$/], ["/proc/net/tcp6", /^0{24}01000000$|^0{16}FFFF00000100007F$/]] as const) {
    for (const line of (await readFile(file, "utf8")).split("\n").slice(1)) {
      const [, local = "", , state] = line.trim().split(/\s+/);
      const [address = "", port = "0"] = local.split(":");
      if (state === LISTEN && !loopback.test(address)) ports.add(Number.parseInt(port, 16));
    }
  }
  return ports;
}

async function code(address: Address, user: string, password: string): Promise<string> {
  const client = new pg.Client({ host: address.host, port: address.port, database: "postgres", user, password, connectionTimeoutMillis: 2_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.end();
    return "let in";
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
}

/**
 * Starts a system, and tries to get in, again and again, while it starts.
 * @returns what came of it, each once; and what `look` saw once all is up
 */
export async function intrude<T>(kind: RuntimeKind, name: string, look: (topology: Topology) => Promise<T>): Promise<{ readonly tried: number; readonly answers: ReadonlySet<string>; readonly seen: T }> {
  const answers = new Set<string>();
  let [tried, over] = [0, false];
  const port = await claimPort("test");
  const drill = drillSchema.parse({ ...smallDrill(), system: { ...smallDrill().system, postgres: { port } } });
  const trying = (async () => {
    while (!over) {
      for (const role of ROLES) for (const guess of GUESSES) { answers.add(await code({ host: "127.0.0.1", port }, role, guess)); tried++; }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  try {
    await using runtime = await openRuntime({ kind, why: "test" }, name);
    const topology = await startTopology({ runtime, drill, system: await readSystem(drill.system.path), others: {}, application: undefined, say: () => undefined, onSecret: () => undefined });
    const seen = await look(topology);
    over = true;
    await trying;
    expect(answers, "the server was asked, and said no").toContain(REFUSED);
    return { tried, answers, seen };
  } finally {
    over = true;
    await trying;
  }
}

/** Of all that listens for a run. */
export const portsOf = (topology: Topology): number[] => topology.services.flatMap((service) => ["sql", "plain", "control", "api", "clients", "migration", "replication"].flatMap((name) => {
  try {
    return [service.address(name).port];
  } catch {
    return []; // it has none of that name
  }
}));
