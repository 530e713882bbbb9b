// Notices when this very process was not run: on a frozen machine, paused, without a core to spare, or busy in one piece.

/** From when the process was last seen running to when it was so again, in nanoseconds since the run's start. */
export type Standstill = { readonly from: number; readonly to: number };

const EVERY_MS = 10;
/** A late wake-up of some 10 ms is everyday life on a busy machine. */
const SHORTEST_MS = 100;

/** Tells of each standstill of 100 ms or more, once it is over, until the returned function is called. */
export function watchStandstills(nowNs: () => number, tell: (standstill: Standstill) => void): () => void {
  let from = nowNs();
  const timer = setInterval(() => {
    const to = nowNs();
    if (to - from >= SHORTEST_MS * 1e6) tell({ from, to });
    from = to;
  }, EVERY_MS);
  return () => clearInterval(timer);
}
