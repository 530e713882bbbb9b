// Finds short cycles of each kind inside a component, and names what a cycle is.

import { EDGE, type Step } from "./anomalies.ts";
import { bit } from "./components.ts";
import type { Graph } from "./graph.ts";
import { type History, STATUS } from "./history.ts";
import type { CycleType, Order } from "./model.ts";

/*
 * Each kind of cycle is an automaton over the edges that follow the first one. A search goes
 * breadth first over (transaction, state) from the first edge's end back to its start, for each
 * edge that may come first, and keeps the shortest. It gives up after a number of steps, never
 * after a time, so that a repeated judgement is the same. What gives up is the naming of further
 * kinds; that there is a cycle has been decided before, by the components.
 */

type Automaton = {
  readonly first: number;
  /** next[state][edge]: the state after an edge, or -1. */
  readonly next: readonly (readonly number[])[];
  readonly accept: number;
};

const NO = -1;
/** In the order ww, wr, rw; then process and real time, which are like ww and may come anywhere. */
const row = (ww: number, wr: number, rw: number): number[] => [ww, wr, rw, ww, ww];

const AUTOMATA: Readonly<Record<CycleType, Automaton>> = {
  G0: { first: EDGE.ww, next: [row(0, NO, NO)], accept: 0 },
  G1c: { first: EDGE.wr, next: [row(0, 0, NO)], accept: 0 },
  "G-single": { first: EDGE.rw, next: [row(0, 0, NO)], accept: 0 },
  // 0 one rw, just now; 1 one rw; 2 more, just now; 3 more
  "G-nonadjacent": { first: EDGE.rw, next: [row(1, 1, NO), row(1, 1, 2), row(3, 3, NO), row(3, 3, 2)], accept: 3 },
  // The first two edges are the adjacent pair; anything may follow.
  "G2-item": { first: EDGE.rw, next: [row(NO, NO, 1), row(1, 1, 1)], accept: 1 },
};

/** Adya's name for a cycle, and the order beside the data that it needs. */
export function classify(steps: readonly Step[]): { readonly type: CycleType; readonly order: Order } {
  const edges = steps.map(({ edge }) => edge);
  const order: Order = edges.includes(EDGE.realtime) ? "-realtime" : edges.includes(EDGE.process) ? "-process" : "";
  const rw = edges.filter((edge) => edge === EDGE.rw).length;
  if (rw === 0) return { type: edges.includes(EDGE.wr) ? "G1c" : "G0", order };
  if (rw === 1) return { type: "G-single", order };
  const adjacent = edges.some((edge, i) => edge === EDGE.rw && edges[(i + 1) % edges.length] === EDGE.rw);
  return { type: adjacent ? "G2-item" : "G-nonadjacent", order };
}

/** Searches one component. Make one for each component, and ask it for as many kinds as are wanted. */
export class CycleSearch {
  readonly #history: History;
  readonly #graph: Graph;
  readonly #nodes: Int32Array;
  readonly #local: Map<number, number>;
  /** What is left of the steps that searches may take; the first one that it ends is still finished. */
  stepsLeft: number;

  constructor(history: History, graph: Graph, component: Int32Array, steps: number) {
    this.stepsLeft = steps;
    this.#history = history;
    this.#graph = graph;
    this.#nodes = component;
    this.#local = new Map(Array.from(component, (txn, i) => [txn, i]));
  }

  /** A shortest simple cycle of the kind over the edges in the mask, or undefined if none was found. */
  find(type: CycleType, mask: number): Step[] | undefined {
    const automaton = AUTOMATA[type];
    const search = new Search(this.#history, this.#graph, this.#nodes, this.#local, automaton, mask);
    let best: Step[] | undefined;
    let taken = 0;
    for (const from of this.#nodes) {
      for (let at = this.#graph.start[from] as number; at < (this.#graph.start[from + 1] as number); at++) {
        const packed = this.#graph.edges[at] as number;
        if ((packed & 7) !== automaton.first || !this.#local.has(packed >> 3)) continue;
        const steps = search.back(from, packed >> 3, best ? best.length - 1 : Infinity);
        if (steps && new Set(steps.map((step) => step.from)).size === steps.length) best = steps;
        this.stepsLeft -= search.taken - taken;
        taken = search.taken;
        if (best?.length === 2 || this.stepsLeft <= 0) return best;
      }
    }
    return best;
  }

  /**
   * Any cycle of the component: a closed walk (without adjacent rw, if so asked) through one of its
   * edges, cut at what it passes twice until it is simple. The component promises that there is one.
   */
  any(mask: number, noAdjacentRw: boolean): Step[] {
    for (const first of [EDGE.ww, EDGE.wr, EDGE.rw]) {
      const apart = first === EDGE.rw ? [row(1, 1, NO), row(1, 1, 0)] : [row(0, 0, 1), row(0, 0, NO)];
      const automaton = { first, next: noAdjacentRw ? apart : [row(0, 0, 0)], accept: noAdjacentRw && first === EDGE.rw ? 1 : 0 };
      const search = new Search(this.#history, this.#graph, this.#nodes, this.#local, automaton, mask);
      for (const from of this.#nodes) {
        for (let at = this.#graph.start[from] as number; at < (this.#graph.start[from + 1] as number); at++) {
          const packed = this.#graph.edges[at] as number;
          if ((packed & 7) !== first || (mask & bit(first)) === 0 || !this.#local.has(packed >> 3)) continue;
          const steps = search.back(from, packed >> 3, Infinity);
          if (steps) return simplify(steps, noAdjacentRw);
        }
      }
    }
    throw new Error("a strongly connected component without a cycle: this is a defect of the checker");
  }
}

/** Cuts a closed walk where it passes a transaction twice; of the two parts at least one keeps rw edges apart. */
export function simplify(walk: readonly Step[], noAdjacentRw: boolean): Step[] {
  for (let i = 0; i < walk.length; i++) {
    for (let j = i + 1; j < walk.length; j++) {
      if (walk[i]?.from !== walk[j]?.from) continue;
      const inner = walk.slice(i, j);
      const fine = !noAdjacentRw || inner.length < 2 || !(inner.at(-1)?.edge === EDGE.rw && inner[0]?.edge === EDGE.rw);
      return simplify(fine ? inner : [...walk.slice(0, i), ...walk.slice(j)], noAdjacentRw);
    }
  }
  return [...walk];
}

class Search {
  taken = 0;
  readonly #queue: Int32Array;
  readonly #parent: Int32Array;
  readonly #via: Uint8Array;
  readonly #stamp: Int32Array;
  #round = 0;
  readonly #history: History;
  readonly #graph: Graph;
  readonly #nodes: Int32Array;
  readonly #local: ReadonlyMap<number, number>;
  readonly #automaton: Automaton;
  readonly #mask: number;

  constructor(history: History, graph: Graph, nodes: Int32Array, local: ReadonlyMap<number, number>, automaton: Automaton, mask: number) {
    const size = nodes.length * automaton.next.length;
    [this.#history, this.#graph, this.#nodes, this.#local, this.#automaton, this.#mask] = [history, graph, nodes, local, automaton, mask];
    this.#queue = new Int32Array(size);
    this.#parent = new Int32Array(size);
    this.#via = new Uint8Array(size);
    this.#stamp = new Int32Array(size);
  }

  /** The cycle of the first edge and the shortest way back, if it has at most `limit` edges beside that one less one. */
  back(from: number, to: number, limit: number): Step[] | undefined {
    const m = this.#nodes.length;
    const target = this.#local.get(from) as number;
    const source = this.#local.get(to) as number;
    const suffix = new Int32Array(this.#automaton.next.length).fill(m); // real time has reached [suffix, m)
    this.#round++;
    let head = 0;
    let tail = 0;
    let levelEnd = 1;
    let depth = 0;
    const goal = this.#automaton.accept * m + target;
    const reach = (local: number, state: number, parent: number, edge: number): void => {
      const node = state * m + local;
      this.taken++;
      if (this.#stamp[node] === this.#round) return;
      this.#stamp[node] = this.#round;
      this.#parent[node] = parent;
      this.#via[node] = edge;
      this.#queue[tail++] = node;
    };
    reach(source, 0, -1, this.#automaton.first);
    while (head < tail) {
      if (head === levelEnd) {
        levelEnd = tail;
        if (++depth + 1 >= limit) return undefined;
      }
      const node = this.#queue[head++] as number;
      if (node === goal) return this.#trace(from, to, node);
      const state = Math.floor(node / m);
      const local = node % m;
      const next = this.#automaton.next[state] as readonly number[];
      const txn = this.#nodes[local] as number;
      for (let at = this.#graph.start[txn] as number; at < (this.#graph.start[txn + 1] as number); at++) {
        const packed = this.#graph.edges[at] as number;
        const edge = packed & 7;
        const then = next[edge] as number;
        if (then < 0 || (this.#mask & (1 << edge)) === 0) continue;
        const other = this.#local.get(packed >> 3);
        if (other !== undefined) reach(other, then, node, edge);
      }
      this.#alongProcess(txn, next[EDGE.process] as number, node, reach);
      this.#alongTime(txn, next[EDGE.realtime] as number, node, suffix, reach);
    }
    return undefined;
  }

  #alongProcess(txn: number, then: number, node: number, reach: (local: number, state: number, parent: number, edge: number) => void): void {
    if (then < 0 || (this.#mask & bit(EDGE.process)) === 0) return;
    for (let next = this.#graph.nextInProcess[txn] as number; next >= 0; next = this.#graph.nextInProcess[next] as number) {
      const other = this.#local.get(next);
      if (other === undefined) continue; // its order reaches further along the process
      reach(other, then, node, EDGE.process);
      return;
    }
  }

  #alongTime(txn: number, then: number, node: number, suffix: Int32Array, reach: (local: number, state: number, parent: number, edge: number) => void): void {
    if (then < 0 || (this.#mask & bit(EDGE.realtime)) === 0 || this.#history.status.get(txn) !== STATUS.ok) return;
    const end = this.#history.completedAt.get(txn);
    let [low, high] = [0, suffix[then] as number];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#history.invokedAt.get(this.#nodes[middle] as number) > end) high = middle;
      else low = middle + 1;
    }
    for (let other = low; other < (suffix[then] as number); other++) reach(other, then, node, EDGE.realtime);
    suffix[then] = Math.min(low, suffix[then] as number);
  }

  #trace(from: number, to: number, goal: number): Step[] {
    const m = this.#nodes.length;
    const steps: Step[] = [];
    for (let node = goal; this.#parent[node] !== -1; node = this.#parent[node] as number) {
      steps.unshift({ from: this.#nodes[(this.#parent[node] as number) % m] as number, to: this.#nodes[node % m] as number, edge: this.#via[node] as number });
    }
    return [{ from, to, edge: this.#automaton.first }, ...steps];
  }
}
