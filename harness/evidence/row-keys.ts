// How the rows that a fact is about are named: by their keys, or, where there are many, by digests of them.

import { createHash } from "node:crypto";

/** Above so many rows a fact has digests of their keys, and says so. */
export const MOST_KEYS = 1_000;
const DIGITS = 12;

/** Of a query: a key's digest. The judge makes the same where it holds keys against digests. */
export const digestSql = (key: string): string => `left(md5(${key}::text), ${DIGITS})`;
const digestOf = (key: string): string => createHash("md5").update(key).digest("hex").slice(0, DIGITS);

export type RowKeys = { readonly keys?: readonly string[]; readonly digested?: boolean };

/** Of the rows of `now`, the keys of those that `was` hasn't; undefined where either doesn't name its rows. */
export function freshKeys(was: RowKeys, now: RowKeys): readonly string[] | undefined {
  if (!was.keys || !now.keys) return undefined;
  const both = was.digested === true || now.digested === true;
  const form = ({ digested }: RowKeys, key: string) => (both && digested !== true ? digestOf(key) : key);
  const known = new Set(was.keys.map((key) => form(was, key)));
  return now.keys.filter((key) => !known.has(form(now, key)));
}
