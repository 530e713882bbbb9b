// What a client of a proxied path meets just now: the observation behind the proofs of network faults.

import net from "node:net";
import pg from "pg";
import { monotonicMs } from "../base/clock.ts";
import { codeOf, messageOf } from "../base/errors.ts";
import { DATABASE, type Access } from "../topology/postgres.ts";

export type Seen = {
  /** Until the server's first byte; undefined when none came. */
  readonly firstAnswerMs: number | undefined;
  readonly connectMs: number;
  readonly payloadBytes: number;
  readonly payloadMs: number;
  /** In how many pieces the payload arrived. */
  readonly chunks: number;
  readonly closeMs: number;
  /** Why it could not be served, if it wasn't. */
  readonly error: string | undefined;
};

const PAYLOAD_BYTES = 8_000;
export const PATIENCE_MS = 1_500;

/** Connects, asks for 8 kB, and closes; bounded, and never throws for what the path does to it. */
export async function tryPath(access: Access, patienceMs = PATIENCE_MS): Promise<Seen> {
  const socket = new net.Socket();
  let chunks = 0;
  let firstAnswerMs: number | undefined;
  socket.on("data", () => {
    firstAnswerMs ??= monotonicMs() - started;
    chunks += 1;
  });
  const client = new pg.Client({
    host: access.address.host, port: access.address.port, database: DATABASE, user: access.role, password: access.password,
    connectionTimeoutMillis: patienceMs, query_timeout: patienceMs, stream: () => socket, application_name: "turnback-proof",
  });
  client.on("error", () => undefined);
  const started = monotonicMs();
  let connectMs = 0;
  let payloadMs = 0;
  let error: string | undefined;
  try {
    await client.connect();
    connectMs = monotonicMs() - started;
    chunks = 0;
    const asked = monotonicMs();
    await client.query("select repeat('x', $1)", [PAYLOAD_BYTES]);
    payloadMs = monotonicMs() - asked;
  } catch (caught) {
    error = codeOf(caught) ?? messageOf(caught);
  }
  const payloadChunks = chunks;
  const closing = monotonicMs();
  const closed = new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    socket.once("close", () => resolve());
    socket.setTimeout(PATIENCE_MS, () => { socket.destroy(); });
  });
  client.end().catch(() => undefined); // the path may not let us say goodbye
  const hardStop = setTimeout(() => socket.destroy(), PATIENCE_MS * 2);
  await closed;
  clearTimeout(hardStop);
  return { firstAnswerMs, connectMs, payloadBytes: PAYLOAD_BYTES, payloadMs, chunks: payloadChunks, closeMs: monotonicMs() - closing, error };
}
