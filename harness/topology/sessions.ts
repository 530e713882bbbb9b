// What is fixed in every session of the harness that looks at a database, whatever a migration or a template has set for it.

import type pg from "pg";

/**
 * How values are printed, what is found, and how long it may take. ALTER DATABASE, ALTER ROLE and the server's own settings decide
 * about the application's sessions and the migration's, which are rehearsed as they are; what is given at the start of a session outranks them.
 */
const FIXED: Readonly<Record<string, string>> = {
  statement_timeout: "300000", lock_timeout: "30000", // bounds on hanging: a lock that nobody gives back, a query without an end
  idle_in_transaction_session_timeout: "0", idle_session_timeout: "0",
  TimeZone: "UTC", DateStyle: "ISO, MDY", IntervalStyle: "postgres", extra_float_digits: "1", bytea_output: "hex", xmloption: "content", lc_monetary: "C", lc_messages: "C",
  default_transaction_isolation: "read committed", default_transaction_read_only: "off", default_transaction_deferrable: "off", session_replication_role: "origin",
  max_parallel_workers_per_gather: "0", jit: "off", // looking must not take the processors of what is being looked at
  client_connection_check_interval: "250ms", // what a session asks ends with it, also while the server is busy with it
  standard_conforming_strings: "on", quote_all_identifiers: "off", array_nulls: "on", backslash_quote: "safe_encoding", transform_null_equals: "off", row_security: "off",
};

/** As a connection gives them when it starts. */
export const FIXED_OPTIONS = Object.entries(FIXED).map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`).join(" ");

/** What a superuser alone may set; no other role could have changed it for our sessions either. */
const SUPERUSERS: ReadonlySet<string> = new Set(["session_replication_role", "lc_messages"]);
/** So long a query of a declaration may take: a bound on hanging, not a measure of speed. */
export const READ_WITHIN_MS = 120_000;
/** Nobody should hold such a lock any more: what still does after this holds the application up, too. */
export const LOCKED_WITHIN_MS = 10_000;

/** Of sessions that ask what a declaration wants to know: they may read, and nothing else, and not for ever. */
export const READER_OPTIONS = Object.entries({ ...FIXED, default_transaction_read_only: "on", statement_timeout: String(READ_WITHIN_MS), lock_timeout: String(LOCKED_WITHIN_MS) })
  .filter(([name]) => !SUPERUSERS.has(name)).map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`).join(" ");

/** For sessions that must be what the database makes of them: they have no time-outs, and nothing else is fixed. */
export const UNHURRIED_OPTIONS = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"].map((name) => `-c ${name}=0`).join(" ");

/** What not every release has, and would refuse at the start of a session. */
export async function fixTheRest(client: pg.Client): Promise<void> {
  await client.query(`select pg_catalog.set_config(name, value, false) from (values ('transaction_timeout', '0'), ('restrict_nonsystem_relation_kind', '')) fixed (name, value)
    where pg_catalog.current_setting(name, true) is not null`);
}
