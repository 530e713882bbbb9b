// Tells an anomaly: its transactions quoted from the history, and why each comes before the next.

import { type Anomaly, EDGE, EDGE_NAMES, type Step } from "./anomalies.ts";
import type { Isolation } from "./check.ts";
import { type History, NAMES } from "./history.ts";
import type { AnomalyType } from "./model.ts";

export type Quoted = {
  /** Of the completion, or of the invocation where there is none. */
  readonly index: number;
  readonly invokeIndex: number;
  readonly process: number;
  readonly type: (typeof NAMES)[number];
  readonly value: readonly (readonly ["append" | "r", number | string, unknown])[];
};
export type ToldStep = { readonly from: number; readonly to: number; readonly edge: (typeof EDGE_NAMES)[number]; readonly because: string };
export type ToldAnomaly = {
  readonly type: AnomalyType;
  readonly detail: string;
  readonly transactions: readonly Quoted[];
  /** Of a cycle: `from` and `to` are places in `transactions`. */
  readonly steps?: readonly ToldStep[];
  readonly text: string;
};

const MEANING: Readonly<Record<string, string>> = {
  G0: "writes follow each other in a circle (dirty write)",
  G1a: "a transaction saw what was rolled back (aborted read)",
  G1b: "a transaction saw another's unfinished work (intermediate read)",
  G1c: "transactions saw each other's writes in a circle",
  "G-single": "a transaction saw one part of another's effects and missed the rest (read skew)",
  "G-nonadjacent": "a circle with several anti-dependencies, no two in a row, which snapshots can't make",
  "G2-item": "transactions each missed what the other wrote (write skew)",
  "duplicate-elements": "an append took effect twice",
  "garbage-read": "a read shows what nobody wrote",
  "future-read": "a read shows what its own transaction wrote only later",
  "dirty-update": "a committed write stands on one that was rolled back",
  "incompatible-order": "two reads contradict each other about the order of writes",
  internal: "a transaction contradicts itself",
  "lost-update": "two transactions changed the same version, neither knowing of the other",
};

/** One sentence for people who don't know Adya's names. */
export function meaningOf(type: AnomalyType): string {
  const [, base = type, order] = /^(.*?)(-process|-realtime)?$/.exec(type) ?? [];
  const also = order === "-realtime" ? ", as seen in real time" : order === "-process" ? ", as seen by one process" : "";
  return `${MEANING[base] ?? base}${also}`;
}

export function tell(history: History, anomaly: Anomaly): ToldAnomaly {
  const transactions = anomaly.transactions.map((txn) => quote(history, txn));
  const place = new Map(anomaly.transactions.map((txn, i) => [txn, i]));
  const steps = anomaly.steps?.map((step) => ({
    from: place.get(step.from) as number, to: place.get(step.to) as number, edge: EDGE_NAMES[step.edge] as ToldStep["edge"], because: because(history, step),
  }));
  const detail = anomaly.detail === "" ? meaningOf(anomaly.type) : anomaly.detail;
  const told = { type: anomaly.type, detail, transactions, ...(steps && { steps }) };
  return { ...told, text: textOf(told) };
}

function quote(history: History, txn: number): Quoted {
  const from = history.opStart.get(txn);
  const known = history.status.get(txn) === 1;
  return {
    index: known || history.completeIndex.get(txn) >= 0 ? history.completeIndex.get(txn) : history.invokeIndex.get(txn),
    invokeIndex: history.invokeIndex.get(txn), process: history.processName(history.process.get(txn)), type: NAMES[history.status.get(txn)] as Quoted["type"],
    value: Array.from({ length: history.opStart.get(txn + 1) - from }, (_, i) => {
      const key = history.opKey.get(from + i);
      if (key < 0) return ["append", history.keyNames[~key] as number | string, history.elementName(history.opValue.data[from + i] as number)] as const;
      return ["r", history.keyNames[key] as number | string, known ? history.list(from + i).map((element) => history.elementName(element)) : null] as const;
    }),
  };
}

/** Why `to` comes after `from`, with the key and the elements that show it. */
function because(history: History, { from, to, edge }: Step): string {
  if (edge === EDGE.process) return "it came later in the same process";
  if (edge === EDGE.realtime) return "it began after the other had ended";
  const reads = (txn: number) => operations(history, txn).filter((op) => history.opKey.get(op) >= 0 && history.status.get(txn) === 1);
  const appends = (txn: number) => operations(history, txn).filter((op) => history.opKey.get(op) < 0);
  const name = (op: number) => history.elementName(history.opValue.data[op] as number);
  const keyOf = (key: number) => history.keyNames[key];
  if (edge === EDGE.wr) {
    for (const read of reads(to)) for (const append of appends(from)) {
      if (history.opKey.get(append) !== ~history.opKey.get(read)) continue;
      if (history.list(read).includes(history.opValue.data[append] as number)) return `it saw the other's append of ${name(append)} to ${keyOf(history.opKey.get(read))}`;
    }
  }
  if (edge === EDGE.rw) {
    for (const read of reads(from)) for (const append of appends(to)) {
      if (history.opKey.get(append) !== ~history.opKey.get(read)) continue;
      if (!history.list(read).includes(history.opValue.data[append] as number)) return `it appended ${name(append)} to ${keyOf(history.opKey.get(read))}, which the other had read without it`;
    }
  }
  for (const first of appends(from)) for (const second of appends(to)) {
    const key = ~history.opKey.get(first);
    if (history.opKey.get(second) !== ~key) continue;
    const spine = history.spines[key] as number[];
    const [before, after] = [spine.indexOf(history.opValue.data[first] as number), spine.indexOf(history.opValue.data[second] as number)];
    if (before >= 0 && (after === -1 || before < after)) return `it appended ${name(second)} to ${keyOf(key)}, after the other's ${name(first)}`;
  }
  return "of the order of a key's elements";
}

function operations(history: History, txn: number): number[] {
  const from = history.opStart.get(txn);
  return Array.from({ length: history.opStart.get(txn + 1) - from }, (_, i) => from + i);
}

const LONGEST = 12;

/** `append x 3, r y [1 2]`; long lists keep their end, which is where they differ. */
export function quoteText({ value }: Quoted): string {
  return value.map(([kind, key, list]) => {
    if (kind === "append") return `append ${key} ${String(list)}`;
    if (!Array.isArray(list)) return `r ${key} ?`;
    return `r ${key} [${list.length > LONGEST ? "… " : ""}${list.slice(-LONGEST).join(" ")}]`;
  }).join(", ");
}

/*
 *   T1  #3 process 0 ok: append x 1, r y []
 *    |  rw: it appended 2 to y, which the other had read without it
 *   T2  …
 *    |  ww: …
 *   T1  again
 */
function textOf({ type, detail, transactions, steps }: Omit<ToldAnomaly, "text">): string {
  const line = (quoted: Quoted, i: number) => `  T${i + 1}  #${quoted.index} process ${quoted.process} ${quoted.type}: ${quoteText(quoted)}`;
  if (!steps) return [`${type}: ${detail}`, ...transactions.map(line)].join("\n");
  const told = steps.flatMap(({ from, edge, because: why }) => [line(transactions[from] as Quoted, from), `   |  ${edge}: ${why}`]);
  return [`${type}: ${detail}`, ...told, `  T${(steps[0]?.from ?? 0) + 1}  again`].join("\n");
}

/** The whole verdict as other programs read it. */
export function isolationJson(history: History, result: Isolation): object {
  return {
    valid: result.valid, model: result.model, ...(result.reason && { reason: result.reason }),
    weakestViolated: result.weakestViolated, counts: Object.fromEntries(result.counts),
    transactions: result.transactions, anomalies: result.anomalies.map((anomaly) => tell(history, anomaly)),
  };
}
