// What clients write and no entity reads: what became of it nobody knows, so that a run is green beside it only where somebody has said why it may be.

import type { System } from "../drill/system.ts";
import { reasonsOf } from "./excuses.ts";
import type { Coverage, ObjectiveResult, Unaccounted } from "./scorecard.ts";

const MOST_NAMED = 8;

/** Splits what is not accounted for by the system's `unread`: what is excused there stands in the coverage with its reason. @param startedAt an excuse that has ended counts for runs of before */
export function excuse(open: readonly Unaccounted[], excuses: System["unread"], startedAt: string): Pick<Coverage, "unaccounted" | "excused"> {
  const reasonOf = reasonsOf(excuses.map(({ table, ...rest }) => ({ pattern: table, ...rest })), startedAt);
  const unaccounted: Unaccounted[] = [];
  const excused: { table: string; reason: string }[] = [];
  const isExcused = (table: string): boolean => {
    const reason = reasonOf(table);
    if (reason !== undefined) excused.push({ table, reason });
    return reason !== undefined;
  };
  for (const { table, columns, why } of open) {
    if (isExcused(table)) continue;
    const rest = columns.filter((column) => !isExcused(`${table}.${column}`));
    if (columns.length === 0 || rest.length > 0) unaccounted.push({ table, columns: rest, why });
  }
  return { ...(unaccounted.length > 0 && { unaccounted }), ...(excused.length > 0 && { excused }) };
}

/** Beside what is met; nothing where all is accounted for. */
export function unaccountedFor({ unaccounted = [] }: Pick<Coverage, "unaccounted">): ObjectiveResult[] {
  if (unaccounted.length === 0) return [];
  const [first] = unaccounted;
  const named = unaccounted.slice(0, MOST_NAMED).map(({ table, columns, why }) => ({ why, what: `${table}${columns.length > 0 ? ` (${columns.join(", ")})` : ""}` }));
  const said = [...Map.groupBy(named, ({ why }) => why)].map(([why, some]) => `${some.map(({ what }) => what).join(", ")}: ${why}`);
  const more = unaccounted.length > MOST_NAMED ? ` and ${unaccounted.length - MOST_NAMED} more` : "";
  return [{
    name: "unaccounted", title: "Written, and nobody reads it", target: { maxFound: 0 }, measured: { value: unaccounted.length, plusMinus: 0, unit: "count" }, verdict: "unknown",
    reason: `what became of what clients write there, nobody knows: ${said.join("; ")}${more}. Let an entity read it, or say in the system's file why it may be: unread: [{ table: "${first?.table}${first && first.columns.length > 0 ? `.${first.columns[0]}` : ""}", reason: ... }]`,
    evidence: [],
  }];
}
