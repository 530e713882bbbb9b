// Where anomalies are gathered: all are counted, and the first few of a kind are kept.

import type { AnomalyType } from "./model.ts";

/** One dependency: `to` comes after `from`, and why. */
export const EDGE = { ww: 0, wr: 1, rw: 2, process: 3, realtime: 4 } as const;
export const EDGE_NAMES = ["ww", "wr", "rw", "process", "realtime"] as const;
export type Step = { readonly from: number; readonly to: number; readonly edge: number };

export type Anomaly = {
  readonly type: AnomalyType;
  /** Numbers of the transactions concerned, in the order of the story. */
  readonly transactions: readonly number[];
  readonly detail: string;
  /** Of a cycle: its dependencies, the last of which leads back to the first transaction. */
  readonly steps?: readonly Step[];
};

export const EXAMPLES = 10;

export class Anomalies {
  readonly counts = new Map<AnomalyType, number>();
  readonly found: Anomaly[] = [];

  /** The detail is only made when the anomaly is kept. */
  add(type: AnomalyType, transactions: readonly number[], detail: () => string, steps?: readonly Step[]): void {
    const count = (this.counts.get(type) ?? 0) + 1;
    this.counts.set(type, count);
    if (count <= EXAMPLES) this.found.push({ type, transactions, detail: detail(), ...(steps && { steps }) });
  }
}
