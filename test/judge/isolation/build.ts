// Histories for tests, written as who did what in which order.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { checkIsolation, type Isolation } from "../../../harness/judge/isolation/check.ts";
import { History } from "../../../harness/judge/isolation/history.ts";
import type { Model } from "../../../harness/judge/isolation/model.ts";
import { readHistory } from "../../../harness/judge/isolation/read-ndjson.ts";

export type Mop = readonly ["append", string | number, number | string] | readonly ["r", string | number, readonly (number | string)[] | null];
export type Event = { readonly process: number; readonly type: "invoke" | "ok" | "fail" | "info"; readonly value: readonly Mop[] };
export type Txn = { readonly ops: readonly Mop[]; readonly from: number; readonly to: number; readonly type?: "ok" | "fail" | "info"; readonly process?: number };

const folder = mkdtempSync(join(tmpdir(), "turnback-isolation-"));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
let files = 0;

export function writeHistory(text: string): string {
  const file = join(folder, `${files++}.ndjson`);
  writeFileSync(file, text);
  return file;
}

/** Transactions with their times as events in order; at one moment, what ends does so before anything begins. */
export function events(txns: readonly Txn[]): Event[] {
  return txns.flatMap(({ ops, from, to, type = "ok", process }, i) => {
    const asked = ops.map((op): Mop => (op[0] === "r" ? ["r", op[1], null] : op));
    const by = process ?? i;
    return [{ at: from, last: 1, process: by, type: "invoke" as const, value: asked }, { at: to, last: 0, process: by, type, value: type === "ok" ? ops : asked }];
  }).sort((a, b) => a.at - b.at || a.last - b.last).map(({ process, type, value }) => ({ process, type, value }));
}

export function text(list: readonly Event[]): string {
  return list.map((event, index) => `${JSON.stringify({ index, process: event.process, type: event.type, time: index, value: event.value })}\n`).join("");
}

export function load(txns: readonly Txn[]): History {
  return readHistory(writeHistory(text(events(txns))));
}

export function check(txns: readonly Txn[], model: Model): Isolation {
  return checkIsolation(load(txns), model);
}

/** The same history without a file, as a drill's judge makes it. */
export function inMemory(txns: readonly Txn[]): History {
  const history = new History();
  events(txns).forEach(({ process, type, value }, i) => {
    if (type === "invoke") {
      history.invoke(process, i + 1, i);
      for (const [kind, key, element] of value) if (kind === "append") history.append(history.key(key), Number(element)); else history.read(history.key(key));
    } else {
      const txn = history.complete(process, type === "ok" ? 1 : type === "fail" ? 2 : 3, i + 1, i);
      if (type === "ok") value.forEach((op, n) => { if (op[0] === "r") history.returned(txn, history.opStart.get(txn) + n, (op[2] ?? []).map(Number)); });
    }
  });
  return history;
}
