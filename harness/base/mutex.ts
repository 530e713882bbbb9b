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

/** Many beside each other, or one alone: it waits for those under way, and who comes after it waits for it. */
export function sharedMutex(): { readonly beside: Mutex; readonly alone: Mutex } {
  let exclusive: Promise<unknown> = Promise.resolve();
  const underWay = new Set<Promise<unknown>>();
  return {
    beside: async (work) => {
      for (let waited; waited !== exclusive;) await (waited = exclusive); // another one may have asked meanwhile
      const run = work();
      const over: Promise<unknown> = run.then(() => undefined, () => undefined).finally(() => underWay.delete(over));
      underWay.add(over);
      return run;
    },
    alone: (work) => {
      const run = exclusive.then(() => Promise.all(underWay)).then(work);
      exclusive = run.catch(() => undefined); // its caller hears of it
      return run;
    },
  };
}
