// Data as a witness sees it: all rows of every table, every large object, and whether each sequence still gives values that are free.

import type pg from "pg";

const OURS = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";

/** What a materialized view holds that is what its query gives. */
export const FRESH = "what its query gives";

/** Each table by itself, without its children; a row as the server prints it, in any order, but for numbers, of which 1.50 is 1.5. A materialized view is told by whether it holds what its query gives. */
export async function contents(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; columns: string | null; definition: string | null }>(`
    select format('%I.%I', n.nspname, c.relname) as name,
      (select string_agg(format(case when coalesce(nullif(t.typbasetype, 0), t.oid) = 'numeric'::regtype then 'trim_scale(x.%I)' else 'x.%I' end, a.attname), ', ' order by a.attnum)
        from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      case when c.relkind = 'm' then rtrim(pg_get_viewdef(c.oid), '; ') end as definition from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where (c.relkind = 'r' or c.relkind = 'm' and c.relispopulated) and ${OURS} order by 1`);
  const digests = rows.map(({ name, columns, definition }) => {
    const row = `row(${columns ?? ""})::text`;
    const digest = (from: string) => `(select count(*) || ' rows ' || md5(coalesce(string_agg(${row}, e'\\n' order by ${row} collate "C"), '')) from ${from} x)`;
    return `select ${client.escapeLiteral(name)} as name,
    ${definition === null ? digest(`only ${name}`) : `case ${digest(name)} when ${digest(`(${definition})`)} then '${FRESH}' else ${digest(name)} end`} as digest`;
  });
  const large = "select 'large object ' || oid, md5(lo_get(oid)) from pg_largeobject_metadata";
  const asked = async (sql: string) => (await client.query<{ name: string; digest: string }>(sql)).rows;
  const found = await asked([...digests, large].join(" union all ")).catch(async () => {
    const each = await Promise.all(rows.map(async ({ name }, i) => asked(digests[i] ?? "").catch((error: unknown) => [{ name, digest: `it can't be read: ${String(error)}` }])));
    return [...each.flat(), ...(await asked(large))]; // as where a view's query reads what nobody may read, or what is not populated
  });
  return new Map(found.map(({ name, digest }) => [name, digest]));
}

export type Position = { readonly next: bigint; readonly step: bigint };

export async function positions(client: pg.Client): Promise<Map<string, Position>> {
  const { rows } = await client.query<{ name: string; step: string }>(`
    select format('%I.%I', n.nspname, c.relname) as name, s.seqincrement::text as step
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace where ${OURS} order by 1`);
  const found = new Map<string, Position>();
  for (const { name, step } of rows) {
    const { rows: [at] } = await client.query<{ last: string; called: boolean }>(`select last_value::text as last, is_called as called from ${name}`);
    found.set(name, { step: BigInt(step), next: BigInt(at?.last ?? 0) + (at?.called ? BigInt(step) : 0n) });
  }
  return found;
}

/**
 * Of sequences that stand elsewhere than before, in a sentence each: they give no value any more, one that doesn't fit the column, or one
 * that is there already; or, where no column takes their values by itself, they have gone back. To find out, the next value is taken.
 */
export async function movedSequences(client: pg.Client, before: ReadonlyMap<string, Position>, after: ReadonlyMap<string, Position>): Promise<string[]> {
  const harm: string[] = [];
  for (const [name, is] of after) {
    const was = before.get(name);
    if (!was || (was.next === is.next && was.step === is.step)) continue;
    const back = is.step > 0n ? is.next < was.next : is.next > was.next;
    const found = await nextOf(client, name, back ? { step: is.step, how: is.step > 0n ? ">=" : "<=" } : { step: is.step, how: "=" });
    if (found !== undefined) harm.push(`${name}: ${found}`);
    else if (back && (await columnsOf(client, name)).length === 0) harm.push(`${name}: the next value was ${was.next}, and is ${is.next}`);
  }
  return harm;
}

/** Columns that take the sequence's values by their default or as an identity. */
async function columnsOf(client: pg.Client, sequence: string): Promise<readonly { readonly relation: string; readonly column: string; readonly type: string }[]> {
  const { rows } = await client.query<{ relation: string; column: string; type: string }>(`
    select d.refobjid::regclass::text as relation, quote_ident(a.attname) as column, format_type(a.atttypid, a.atttypmod) as type
    from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.objid = $1::regclass and d.deptype = 'i' and d.refclassid = 'pg_class'::regclass
    union select f.adrelid::regclass::text, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)
    from pg_attrdef f join pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
      join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_class'::regclass and d.refobjid = $1::regclass`, [sequence]);
  return rows;
}

/** What is wrong with the next value; undefined where it can be used. @param taken which of a column's values are in its way, and in that of those after it */
async function nextOf(client: pg.Client, sequence: string, { step, how }: { readonly step: bigint; readonly how: "=" | ">=" | "<=" }): Promise<string | undefined> {
  try {
    const { rows: [row] } = await client.query<{ value: string }>("select nextval($1::regclass)::text as value", [sequence]);
    const value = row?.value ?? "";
    for (const { relation, column, type } of await columnsOf(client, sequence)) {
      const { rows: [found] } = await client.query<{ there: boolean }>(`select exists (select from ${relation} where ${column} ${how} ${value}::${type} and (${column} - ${value}) % ${step} = 0) as there`);
      if (found?.there) return `the next value is ${value}, and ${relation}.${column} has it, or one that comes later, already`;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Of how many columns of each table the planner knows what they hold, and whether it knows how many rows there are. */
export async function planned(client: pg.Client): Promise<Map<string, number>> {
  const { rows } = await client.query<{ name: string; known: number }>(`
    select format('%I.%I', n.nspname, c.relname) as name, ((select count(*) from pg_statistic s where s.starelid = c.oid) + (c.reltuples >= 0)::int)::int as known
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'm') and ${OURS}`);
  return new Map(rows.map(({ name, known }) => [name, known]));
}
