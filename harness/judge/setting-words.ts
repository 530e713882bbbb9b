// What another setting means for who connects: its name, what it was and is, and what follows where that is known.

import type { SchemaObject } from "./run-record.ts";

/** By a setting's name in lower case: what a session notices of it. */
const NOTICED: Readonly<Record<string, string>> = {
  search_path: "new sessions look for tables elsewhere; none has gone",
  timezone: "clients read and write local times that are shifted",
  datestyle: "dates are read and written in another order, 02-03 as another day",
  intervalstyle: "intervals are written in another way",
  default_transaction_read_only: "clients may be refused all writes",
  default_transaction_isolation: "transactions see each other in other ways",
  session_replication_role: "triggers and foreign keys may do nothing",
  row_security: "queries may be refused where rows are filtered",
  synchronous_commit: "a crash may lose what clients were told is saved",
  statement_timeout: "what takes longer or shorter is cut off",
  lock_timeout: "what waits longer or shorter for locks is cut off",
  idle_in_transaction_session_timeout: "transactions that wait are cut off after another time",
};

/** In a sentence. @param name the setting's, and whose it is where it isn't the server's: `TimeZone (role app in database shop)` */
export function settingInWords(name: string, was: SchemaObject | undefined, is: SchemaObject | undefined): string {
  const [, setting = name, whose = "the server's"] = /^(.*?) \((.*)\)$/s.exec(name) ?? [];
  const [before, now] = [valueOf(was), valueOf(is)];
  const said = before === now ? "where it is set is another place" : `${setting} was ${before ?? "not set"} and is ${now ?? "not set"}`;
  const noticed = before === now ? undefined : NOTICED[setting.toLowerCase()];
  return `${said} (${whose})${noticed === undefined ? "" : `: ${noticed}`}`;
}

function valueOf(object: SchemaObject | undefined): string | undefined {
  const { inForce, value } = object?.detail ?? {};
  const said = inForce ?? value;
  return said === undefined || said === null ? undefined : typeof said === "string" ? said : JSON.stringify(said);
}
