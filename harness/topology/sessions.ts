// What is fixed in every session of the harness that looks at a database, whatever a migration or a template has set for it.

import type pg from "pg";

/**
 * How values are printed, what is found, and how long it may take. ALTER DATABASE, ALTER ROLE and the server's own settings decide
 * about the application's sessions and the migration's, which are rehearsed as they are; what is given at the start of a session outranks them.
 */
const FIXED: Readonly<Record<string, string>> = {
  statement_timeout: "0", lock_timeout: "0", idle_in_transaction_session_timeout: "0", idle_session_timeout: "0",
  TimeZone: "UTC", DateStyle: "ISO, MDY", IntervalStyle: "postgres", extra_float_digits: "1", bytea_output: "hex", xmloption: "content", lc_monetary: "C", lc_messages: "C",
  default_transaction_isolation: "read committed", default_transaction_read_only: "off", default_transaction_deferrable: "off", session_replication_role: "origin",
  max_parallel_workers_per_gather: "0", jit: "off", // looking must not take the processors of what is being looked at
  standard_conforming_strings: "on", quote_all_identifiers: "off", array_nulls: "on", backslash_quote: "safe_encoding", transform_null_equals: "off", row_security: "off",
};

/** As a connection gives them when it starts. */
export const FIXED_OPTIONS = Object.entries(FIXED).map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`).join(" ");

/** For sessions that must be what the database makes of them: they have no time-outs, and nothing else is fixed. */
export const UNHURRIED_OPTIONS = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"].map((name) => `-c ${name}=0`).join(" ");

/** What not every release has, and would refuse at the start of a session. */
export async function fixTheRest(client: pg.Client): Promise<void> {
  await client.query(`select pg_catalog.set_config(name, value, false) from (values ('transaction_timeout', '0'), ('restrict_nonsystem_relation_kind', '')) fixed (name, value)
    where pg_catalog.current_setting(name, true) is not null`);
}
