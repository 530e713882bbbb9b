// Who a backend is, in words: for whoever has to find it and end it.

/** What the server says of a backend, or of a prepared transaction, which has none. */
export type Backend = {
  readonly pid: number | null;
  readonly type: string | null;
  readonly role: string | null;
  readonly application: string | null;
  readonly database: string | null;
  readonly state: string | null;
  readonly since: string | null;
  readonly query: string | null;
};

/** The columns of `Backend`, from pg_stat_activity as `a`. */
export const BACKEND = `a.pid, a.backend_type as type, a.usename::text as role, a.application_name as application, a.datname::text as database, a.state,
  to_char(a.query_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since, a.query`;

const EXCERPT = 80;

/** `pid 4711 (role dba, "psql", in app): active since 2026-01-01T00:00:00Z: update accounts set balance = ?` */
export function inWords({ pid, type, role, application, database, state, since, query }: Backend): string {
  const kind = type === null || type === "client backend" ? "" : `${type}, `;
  const who = `pid ${pid ?? "?"} (${kind}role ${role || "none"}, ${application ? `"${application}"` : "no application_name"}, in ${database ?? "no database"})`;
  return `${who}: ${state || "at work"}${since === null ? "" : ` since ${since}`}${query ? `: ${withoutLiterals(query)}` : ""}`;
}

/** A query's beginning; values are nobody's business in a report. The server cuts long queries off, also inside a value. */
export function withoutLiterals(query: string): string {
  const bare = query
    .replace(/\/\*[\s\S]*?(\*\/|$)|--[^\n]*/g, " ")
    .replace(/\$([A-Za-z_]\w*)?\$[\s\S]*?(\$\1\$|$)/g, "?")
    .replace(/\b[eE]'(\\[\s\S]|''|[^'\\])*('|\\?$)/g, "?")
    .replace(/'(''|[^'])*('|$)/g, "?")
    .replace(/(?<![\w$"])\d[\d.]*(e[+-]?\d+)?\b/gi, "?")
    .replace(/\s+/g, " ").trim();
  return bare.length > EXCERPT ? `${bare.slice(0, EXCERPT)}...` : bare;
}
