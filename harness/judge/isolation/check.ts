// Decides whether a history keeps a consistency model, and names what breaks it.

import { Anomalies, type Anomaly, EDGE, type Step } from "./anomalies.ts";
import { bit, components, DATA } from "./components.ts";
import { classify, CycleSearch } from "./cycles.ts";
import { buildGraph, type Graph } from "./graph.ts";
import type { History } from "./history.ts";
import { type AnomalyType, type CycleType, CYCLES, forbids, type Model, type Order, ORDERS, weakestViolated } from "./model.ts";
import { examineReads } from "./reads.ts";
import { resolveVersions } from "./versions.ts";

export type Isolation = {
  readonly model: Model;
  /** True: it holds. False: the anomalies break it. Unknown: nothing could be checked, and `reason` says why. */
  readonly valid: boolean | "unknown";
  readonly reason?: string;
  /** How often each forbidden anomaly was seen, at least; of cycles, the components in which one was found. */
  readonly counts: ReadonlyMap<AnomalyType, number>;
  readonly anomalies: readonly Anomaly[];
  readonly weakestViolated: readonly Model[];
  readonly transactions: { readonly ok: number; readonly fail: number; readonly info: number };
  readonly edges: number;
};

/** For each kind of cycle, over all components: a broken history of any size is told within seconds. */
const SEARCH_STEPS = 20_000_000;
const ORDER_EDGES: Readonly<Record<Order, number>> = { "": 0, "-process": bit(EDGE.process), "-realtime": bit(EDGE.process, EDGE.realtime) };

/**
 * Checks a history of list-append transactions against a model.
 * Whether it holds is decided exactly as far as the history tells: by contradictions in what was
 * read, and by the components of the dependency graph that the model forbids. Linear in the
 * history's size; only the search for examples in a broken one is bounded.
 */
export function checkIsolation(history: History, model: Model): Isolation {
  const anomalies = new Anomalies();
  const versions = resolveVersions(history, anomalies);
  examineReads(history, versions, anomalies);
  const graph = buildGraph(history, versions);
  const forbidden = forbids(model);
  findCycles(history, graph, forbidden, anomalies);

  const counts = new Map([...anomalies.counts].filter(([type]) => forbidden.has(type)).sort(([a], [b]) => (a < b ? -1 : 1)));
  const statuses = [0, 0, 0, 0];
  for (let txn = 0; txn < history.transactions; txn++) (statuses[history.status.get(txn)] as number)++;
  const [open = 0, ok = 0, fail = 0, info = 0] = statuses;
  const reason = ok === 0 ? "no transaction has committed" : graph.edges.length === 0 ? "no transaction depends on another one, so there was nothing to check" : undefined;
  return {
    model, valid: counts.size > 0 ? false : reason === undefined ? true : "unknown", ...(counts.size === 0 && reason !== undefined && { reason }),
    counts, anomalies: anomalies.found.filter(({ type }) => forbidden.has(type)), weakestViolated: weakestViolated(counts.keys()),
    transactions: { ok, fail, info: info + open }, edges: graph.edges.length,
  };
}

/** Which edges a kind of cycle is made of, and how its components are found. */
const SHAPES: Readonly<Record<CycleType, { readonly edges: number; readonly noAdjacentRw: boolean }>> = {
  G0: { edges: bit(EDGE.ww), noAdjacentRw: false },
  G1c: { edges: bit(EDGE.ww, EDGE.wr), noAdjacentRw: false },
  "G-single": { edges: DATA, noAdjacentRw: true },
  "G-nonadjacent": { edges: DATA, noAdjacentRw: true },
  "G2-item": { edges: DATA, noAdjacentRw: false },
};

function findCycles(history: History, graph: Graph, forbidden: ReadonlySet<AnomalyType>, anomalies: Anomalies): void {
  const wanted = CYCLES.filter((type) => forbidden.has(type));
  const orders = ORDERS.filter((order) => forbidden.has(`${wanted[0] as CycleType}${order}`));
  // One pass over everything, with all edges that the model knows; a history that keeps it ends here.
  const widest = SHAPES[wanted.at(-1) as CycleType];
  const all = components(graph, { edges: widest.edges | ORDER_EDGES[orders.at(-1) as Order], noAdjacentRw: widest.noAdjacentRw });
  if (all.length === 0) return;
  let within: Uint8Array = mark(graph, all);
  for (const order of orders) {
    const seen = new Uint8Array(graph.transactions);
    for (const type of wanted) {
      const { edges, noAdjacentRw } = SHAPES[type];
      const mask = edges | ORDER_EDGES[order];
      const groups = components(graph, { edges: mask, noAdjacentRw, within });
      // With an order beside the data, the first kind that breaks a component says it all.
      const fresh = order === "" ? groups : groups.filter((group) => !group.some((txn) => seen[txn] === 1));
      const broken = name(history, graph, fresh, type, mask, anomalies);
      for (const group of order === "" ? (type === wanted.at(-1) ? groups : []) : broken) for (const txn of group) seen[txn] = 1;
    }
    // Where the data alone form a cycle, weaker models are broken already: real time adds nothing.
    within = within.map((mine, txn) => mine & ~(seen[txn] as number));
  }
  // A component is a cycle even where every search has given up.
  if (CYCLES.some((type) => ORDERS.some((order) => anomalies.counts.has(`${type}${order}`)))) return;
  const smallest = all.reduce((a, b) => (b.length < a.length ? b : a));
  add(anomalies, new CycleSearch(history, graph, smallest, SEARCH_STEPS).any(widest.edges | ORDER_EDGES[orders.at(-1) as Order], widest.noAdjacentRw));
}

function add(anomalies: Anomalies, steps: readonly Step[]): void {
  const { type, order } = classify(steps);
  anomalies.add(`${type}${order}`, steps.map((step) => step.from), () => "", steps);
}

function mark(graph: Graph, groups: readonly Int32Array[]): Uint8Array {
  const marks = new Uint8Array(graph.transactions);
  for (const group of groups) for (const txn of group) marks[txn] = 1;
  return marks;
}

/** Finds a cycle of the kind in each component, smallest first, and returns the components that hold one. */
function name(history: History, graph: Graph, groups: readonly Int32Array[], type: CycleType, mask: number, anomalies: Anomalies): Int32Array[] {
  const broken: Int32Array[] = [];
  let left = SEARCH_STEPS;
  const smallestFirst = groups.map((group, i) => ({ group, i })).sort((a, b) => a.group.length - b.group.length || a.i - b.i);
  for (const { group } of smallestFirst) {
    const search = new CycleSearch(history, graph, group, left);
    const steps = search.find(type, mask);
    left = search.stepsLeft;
    if (steps) {
      broken.push(group);
      add(anomalies, steps);
    }
    if (left <= 0) break;
  }
  return broken;
}
