// What may be chance: how likely it is that exceptions came late only because few rows were seen before.

/**
 * None of `seen` was an exception, and `exceptions` of `later` are: the probability that all exceptions fall among the later ones if both are
 * drawn alike (Fisher's exact test, one-sided).
 */
export function byChance(exceptions: number, later: number, seen: number): number {
  let chance = 1;
  for (let i = 0; i < Math.min(exceptions, later); i += 1) chance *= (later - i) / (seen + later - i);
  return chance;
}
