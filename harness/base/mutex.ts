// One at a time: work that must not overlap waits for its turn.

/** Runs what it is given in the order in which it was given; a failure is its caller's alone. */
export type Mutex = <T>(work: () => Promise<T>) => Promise<T>;

export function mutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined); // its caller hears of it
    return turn;
  };
}
