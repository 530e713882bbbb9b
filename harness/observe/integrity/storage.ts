// What is on disk: pages and tuples that can't be read, and files that belong to nothing.

import { USER, attempt, type Check, type IntegrityFact } from "./fact.ts";

/** amcheck over the tables themselves: pages that can't be read, tuples that can't be. */
export const corruptTables: Check = async (client) => {
  const { rows } = await client.query<{ subject: string }>(`
    select c.oid::regclass::text as subject from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and c.relpersistence <> 't' and ${USER} order by 1`);
  const facts: IntegrityFact[] = [];
  for (const { subject } of rows) {
    const query = `select count(*)::int as count, min(msg) as first from verify_heapam('${subject.replaceAll("'", "''")}'::regclass)`;
    const answer = await attempt<{ count: number; first: string | null }>(client, query);
    if (!("rows" in answer)) facts.push({ kind: answer.code === "XX001" ? "corrupt-table" : "unchecked", subject, count: 1, detail: answer.message, query });
    else if ((answer.rows[0]?.count ?? 0) > 0) facts.push({ kind: "corrupt-table", subject, count: answer.rows[0]?.count ?? 0, detail: answer.rows[0]?.first ?? "", query });
  }
  return facts;
};

/**
 * Files with content that belong to no table or index: what a crash leaves of a table that was being rewritten or an index that
 * was being built. Nothing ever removes them. What was dropped just now is an empty file until the next checkpoint.
 */
export const orphanedFiles: Check = async (client) => {
  const query = `with spaces as (
      select 0::oid as space, 'pg_default' as name, 'base/' || oid as folder from pg_database where datname = current_database()
      union all
      select t.oid, t.spcname, f.folder from pg_tablespace t, lateral (select 'pg_tblspc/' || t.oid || '/' || v || '/' || d.oid as folder
        from pg_ls_dir('pg_tblspc/' || t.oid, true, false) v, pg_database d where d.datname = current_database()) f where t.spcname not in ('pg_default', 'pg_global')
    ), files as (
      select space, name, folder || '/' || file as file, split_part(file, '.', 1)::oid as filenode, (pg_stat_file(folder || '/' || file, true)).size as size
      from spaces, pg_ls_dir(folder, true, false) file where file ~ '^[0-9]+([.][0-9]+)?$'
    )
    select 'tablespace ' || name as subject, count(*)::int as count, count(*) || case count(*) when 1 then ' file' else ' files' end || ' with ' || sum(size) || ' bytes that belong to no table: ' || string_agg(file, ', ' order by file) as detail
    from files where size > 0 and pg_filenode_relation(space, filenode) is null group by name order by name`.replace(/\s+/g, " ");
  const { rows } = await client.query<{ subject: string; count: number; detail: string }>(query);
  return rows.map((row) => ({ kind: "orphaned-files" as const, ...row, query }));
};
