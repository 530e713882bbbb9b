// Strongly connected components of the graph, or of a part of it: where the cycles are.

import { EDGE } from "./anomalies.ts";
import type { Graph } from "./graph.ts";

export type Part = {
  /** Which edges count: bit `1 << EDGE.x`. */
  readonly edges: number;
  /** Forbid two rw edges in a row: the components are then of walks without adjacent anti-dependencies. */
  readonly noAdjacentRw?: boolean;
  /** Transactions to look at (1); all when left out. */
  readonly within?: Uint8Array;
};

export const bit = (...edges: readonly number[]): number => edges.reduce((mask, edge) => mask | (1 << edge), 0);
export const DATA = bit(EDGE.ww, EDGE.wr, EDGE.rw);

/**
 * Components of two transactions or more, each as its transactions in the order of invocation.
 *
 * D. J. Pearce, "A Space-Efficient Algorithm for Finding Strongly Connected Components"
 * (Information Processing Letters 116, 2016), with explicit stacks. Transactions are visited
 * latest first: dependencies point forward in time, so most are finished when they are met.
 *
 * With `noAdjacentRw` each transaction is two nodes, 2t (reached by another edge) and 2t + 1
 * (reached by rw, so it can't be left by rw). A closed walk without adjacent rw can be cut at a
 * transaction that it passes twice so that one of the two parts again has none, so such a component
 * holds a simple cycle of that kind.
 */
export function components(graph: Graph, { edges: mask, noAdjacentRw = false, within }: Part): Int32Array[] {
  const n = graph.transactions;
  const states = noAdjacentRw ? 2 : 1;
  const realtime = (mask & (1 << EDGE.realtime)) !== 0;
  const process = (mask & (1 << EDGE.process)) !== 0;
  const { start, edges, barrier, barrierFrom, nextInProcess } = graph;
  const firstBarrier = n * states;
  const nodes = firstBarrier + (realtime ? barrierFrom.length - 1 : 0);
  const rank = new Int32Array(nodes); // 0 not visited; then as low as can be reached; then the component
  const lowered = new Uint8Array(nodes);
  const cursor = new Int32Array(nodes);
  const path = new Int32Array(nodes + 1); // the nodes being visited
  const stack = new Int32Array(nodes + 1); // finished nodes whose component is open
  const found: Int32Array[] = [];
  let depth = 0;
  let height = 0;
  let index = 1;
  let component = nodes + 1;

  /** The node that the k-th edge of `node` leads to; -1 none that counts, -2 no more. */
  const successor = (node: number, k: number): number => {
    if (node >= firstBarrier) {
      const b = node - firstBarrier;
      if (k === 0) return b + 2 < barrierFrom.length ? node + 1 : -1;
      const to = (barrierFrom[b] as number) + k - 1;
      if (to >= (barrierFrom[b + 1] as number)) return -2;
      return within === undefined || within[to] === 1 ? to * states : -1;
    }
    const txn = noAdjacentRw ? node >> 1 : node;
    const from = start[txn] as number;
    const count = (start[txn + 1] as number) - from;
    if (k < count) {
      const packed = edges[from + k] as number;
      const edge = packed & 7;
      const to = packed >> 3;
      if ((mask & (1 << edge)) === 0 || (within !== undefined && within[to] === 0)) return -1;
      if (!noAdjacentRw) return to;
      if (edge !== EDGE.rw) return to * 2;
      return (node & 1) === 1 ? -1 : to * 2 + 1;
    }
    if (k === count) {
      const to = process ? (nextInProcess[txn] as number) : -1;
      return to >= 0 && (within === undefined || within[to] === 1) ? to * states : -1;
    }
    if (k === count + 1) return realtime && (barrier[txn] as number) >= 0 ? firstBarrier + (barrier[txn] as number) : -1;
    return -2;
  };

  for (let root = firstBarrier - 1; root >= 0; root--) {
    if (rank[root] !== 0 || (within !== undefined && within[noAdjacentRw ? root >> 1 : root] === 0)) continue;
    path[depth++] = root;
    rank[root] = index++;
    while (depth > 0) {
      const node = path[depth - 1] as number;
      const to = successor(node, cursor[node] as number);
      if (to >= 0) {
        if (rank[to] === 0) {
          path[depth++] = to;
          rank[to] = index++;
          continue; // the cursor stays, so that the edge is seen again when `to` is done
        }
        if ((rank[to] as number) < (rank[node] as number)) {
          rank[node] = rank[to] as number;
          lowered[node] = 1;
        }
        (cursor[node] as number)++;
        continue;
      }
      if (to === -1) {
        (cursor[node] as number)++;
        continue;
      }
      depth--;
      if (lowered[node] === 1) stack[height++] = node;
      else close(node);
    }
  }
  return found;

  /** A root takes the finished nodes above it. */
  function close(node: number): void {
    const members: number[] = [];
    index--;
    const own = rank[node] as number;
    while (height > 0 && own <= (rank[stack[height - 1] as number] as number)) {
      const member = stack[--height] as number;
      rank[member] = component;
      index--;
      if (member < firstBarrier) members.push(noAdjacentRw ? member >> 1 : member);
    }
    rank[node] = component--;
    if (members.length === 0) return;
    if (node < firstBarrier) members.push(noAdjacentRw ? node >> 1 : node);
    const unique = [...new Set(members)];
    if (unique.length > 1) found.push(Int32Array.from(unique).sort());
  }
}
