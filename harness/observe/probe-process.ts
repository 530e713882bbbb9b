// The prober's own process: an open loop, whatever the database does.

import { openSync, writeSync } from "node:fs";
import pg from "pg";
import { continueClock } from "../base/clock.ts";
import { codeOf } from "../base/errors.ts";
import type { Probe, ProbeSettings } from "./probe.ts";

/** As many probes may be unanswered at once; those beyond wait, and their wait is measured. */
const CONNECTIONS = 8;

function start(settings: ProbeSettings): void {
  const { nowNs } = continueClock(BigInt(settings.startMonotonicNs));
  const file = openSync(settings.file, "a");
  const idle: (readonly pg.Client[])[] = [];
  const waiting: number[] = [];
  let open = 0;
  let stopped = false;

  const finish = (due: number, error?: unknown) => {
    const probe: Probe = { due: Math.round(due), end: nowNs(), ok: error === undefined, ...(error === undefined ? {} : { code: codeOf(error) ?? "timeout" }) };
    writeSync(file, `${JSON.stringify(probe)}\n`);
    process.send?.(probe);
  };

  /** A connection to each target. */
  const connect = () => settings.targets.map(({ url }) => {
    const client = new pg.Client({ connectionString: url, application_name: "turnback-probe", connectionTimeoutMillis: settings.timeoutMs, query_timeout: settings.timeoutMs });
    client.on("error", () => undefined); // a cut idle connection shows at its next probe
    return client;
  });

  const serve = async (due: number, connected: readonly pg.Client[] | undefined) => {
    const clients = connected ?? connect();
    try {
      if (!connected) await Promise.all(clients.map((client) => client.connect()));
      await Promise.all(clients.map((client, i) => client.query(settings.targets[i]?.query ?? "")));
      finish(due);
      idle.push(clients);
    } catch (error) {
      finish(due, error);
      for (const client of clients) client.end().catch(() => undefined);
      open -= 1;
    }
    next();
  };

  const next = () => {
    // A probe that waited past its time-out got its answer: none.
    while (waiting[0] !== undefined && nowNs() - waiting[0] > settings.timeoutMs * 1e6) finish(waiting.shift()!, new Error("timeout"));
    while (waiting.length > 0) {
      const clients = idle.pop();
      if (!clients && open >= CONNECTIONS) return;
      if (!clients) open += 1;
      void serve(waiting.shift()!, clients);
    }
  };

  const first = nowNs();
  let count = 0;
  const tick = () => {
    if (stopped) return;
    // Every due time is served, also those that a late timer passed over.
    for (; first + count * settings.everyMs * 1e6 <= nowNs(); count++) waiting.push(first + count * settings.everyMs * 1e6);
    next();
    setTimeout(tick, Math.max(0, (first + count * settings.everyMs * 1e6 - nowNs()) / 1e6));
  };
  tick();
  const stop = () => {
    stopped = true;
    void Promise.all(idle.flat().map((client) => client.end().catch(() => undefined))).then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("disconnect", stop); // the harness died: don't outlive it
}

process.once("message", (settings) => start(settings as ProbeSettings));
