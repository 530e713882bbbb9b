// Drawing from lists with a seeded source: the same seed draws the same.

import { seededRandom, type Random } from "../../harness/base/random.ts";

export { seededRandom, type Random };

export function pick<T>(random: Random, list: readonly T[]): T {
  const chosen = list[Math.floor(random() * list.length)];
  if (chosen === undefined) throw new Error("nothing to pick from");
  return chosen;
}

export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list.map((item) => ({ item, order: random() })).sort((a, b) => a.order - b.order).map(({ item }) => item);
}

/** Mixes a seed with a name, so that two draws of one seed don't go in step. */
export function seedOf(seed: number, name: string): number {
  return [...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619) >>> 0, (2166136261 ^ seed) >>> 0);
}
