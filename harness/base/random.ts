// Seeded randomness: the same seed gives the same names, keys and arrivals.

/** A generator of uniform doubles in [0, 1): mulberry32, 32 bits of state. */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A password that no seed repeats: secrets are the one thing that must not be reproducible. */
export function newSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64url");
}
