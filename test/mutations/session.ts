// A series of changes from a seed: number n of a seed is the same change of the same schema wherever it is made.

import { messageOf } from "../../harness/base/errors.ts";
import type { Change } from "./change.ts";
import { seededRandom, seedOf, shuffled } from "./draw.ts";
import type { Laboratory, Tried } from "./laboratory.ts";
import { outcomeOf, type Outcome } from "./tally.ts";

const SCHEMAS = 4;

export type Drawn = { readonly seed: number; readonly number: number; readonly change: Change; readonly schema: number };
export type Result = Drawn & { readonly outcome: Outcome; readonly tried?: Tried; readonly failure?: string };

/** Every kind once in an order of the seed's, then every kind again with other targets and in other schemas. */
export function drawn(kinds: readonly Change[], seed: number, number: number): Drawn {
  const round = Math.floor(number / kinds.length);
  const change = shuffled(seededRandom(seedOf(seed + round, "order")), kinds)[number % kinds.length];
  if (!change) throw new Error("there are no changes");
  return { seed, number, change, schema: (seed + round) * 100 + (number % SCHEMAS) };
}

type Wanted = { readonly seed: number; readonly wanted: number; readonly first?: number };

/** Makes changes until `wanted` of them could be made; from number `first` on. */
export async function* session(laboratory: Laboratory, kinds: readonly Change[], { seed, wanted, first = 0 }: Wanted): AsyncGenerator<Result> {
  for (let number = first, made = 0; made < wanted; number++) {
    const draw = drawn(kinds, seed, number);
    const result = await tried(laboratory, draw);
    if (!result) continue;
    made++;
    yield result;
  }
}

async function tried(laboratory: Laboratory, draw: Drawn): Promise<Result | undefined> {
  try {
    const done = await laboratory.try(draw.change, draw.schema, seedOf(draw.seed, String(draw.number)));
    return done && { ...draw, tried: done, outcome: outcomeOf(done.differences, done.card) };
  } catch (error) {
    return { ...draw, outcome: "failed", failure: messageOf(error) };
  }
}

/** As a case: what reproduces it, what the witnesses saw and what the judge said. */
export function describeResult({ seed, number, change, schema, outcome, tried: done, failure }: Result): string {
  const head = `${outcome}: ${change.name} (seed ${seed}, number ${number}, schema ${schema})`;
  if (!done) return `${head}: ${failure}`;
  const { findings, warnings, doubts } = done.card;
  const told = [...[...findings, ...warnings].map(({ kind, subject }) => `${kind} ${subject}`), ...doubts];
  const plain = (text: string, most: number) => text.replaceAll(/\s+/g, " ").slice(0, most);
  return [
    head, ...done.statements.map((sql) => `    ${plain(sql, 300)}`), ...done.differences.slice(0, 4).map(({ by, what }) => `  ${by}: ${plain(what, 300)}`),
    `  judge: ${told.slice(0, 5).join("; ") || "nothing"}`,
  ].join("\n");
}
