// What a declaration excuses with a reason; until a day, where it names one: runs that started after it count it.

import { matchesWildcard } from "../base/pattern.ts";

export type Excuse = { readonly pattern: string; readonly reason: string; readonly until?: string | undefined };

/** Gives the reason for which a text is excused, or undefined. @param startedAt of the run, ISO 8601 */
export function reasonsOf(excuses: readonly Excuse[], startedAt: string): (text: string) => string | undefined {
  const inForce = excuses.filter(({ until }) => until === undefined || startedAt.slice(0, 10) <= until);
  return (text) => inForce.find(({ pattern }) => matchesWildcard(pattern, text))?.reason;
}
