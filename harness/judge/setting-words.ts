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

/** In a sentence. */
export function settingInWords(name: string, was: SchemaObject | undefined, is: SchemaObject | undefined): string {
  const [before, now] = [valuesOf(name, was), valuesOf(name, is)];
  const changed = [...new Set([...before.keys(), ...now.keys()])].filter((setting) => before.get(setting) !== now.get(setting));
  const said = changed.map((setting) => `${setting} was ${before.get(setting) ?? "not set"} and is ${now.get(setting) ?? "not set"}`);
  const noticed = [...new Set(changed.flatMap((setting) => NOTICED[setting.toLowerCase()] ?? []))];
  const [database, role] = name.includes("/") ? name.split(/\/(?=[^/]*$)/) : [];
  const whose = role === undefined ? "on the server" : `in ${database === "*" ? "any database" : `database ${database}`}, for ${role === "*" ? "every role" : `role ${role}`}`;
  return `${said.length === 0 ? "where it is set is another place" : said.join(", ")} (${whose})${noticed.length > 0 ? `: ${noticed.join("; ")}` : ""}`;
}

function valuesOf(name: string, object: SchemaObject | undefined): Map<string, string> {
  const { settings, inForce, value } = object?.detail ?? {};
  if (Array.isArray(settings)) return new Map(settings.map((setting) => String(setting).split(/=(.*)/s)).map(([key = "", said = ""]) => [key, said]));
  const said = inForce ?? value;
  return said === undefined || said === null ? new Map() : new Map([[name, typeof said === "string" ? said : JSON.stringify(said)]]);
}
