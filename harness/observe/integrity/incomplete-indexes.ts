// Indexes that amcheck doesn't know, asked: whether they give the rows that their table holds.

import type pg from "pg";
import { USER, attempt, withoutIndexes, type Check, type IntegrityFact } from "./fact.ts";

type Column = {
  readonly subject: string; readonly name: string; readonly access: string; readonly relation: string; readonly filter: string; readonly rows: number;
  /** What the index holds, its type's name, the operator that is asked of it, and whether that is equality. */
  readonly value: string; readonly type: string; readonly operator: string | null; readonly equality: boolean; readonly pagesPerRange: number;
};

/** So many values are asked for by equality, which a hash join answers for the whole table at once; by other operators far fewer. */
const MOST_EQUAL = 20_000;
const MOST_COMPARED = 2_000_000;

/** Every key column of every index that is not a btree is asked for what it holds, by the index and by a scan: both must give as many rows. */
export const incompleteIndexes: Check = async (client) => {
  const { rows } = await client.query<Column>(`
    select i.indexrelid::regclass::text as subject, c.relname as name, m.amname as access, i.indrelid::regclass::text as relation, coalesce(pg_get_expr(i.indpred, i.indrelid), 'true') as filter,
      greatest(t.reltuples, pg_relation_size(t.oid) / 100)::float8 as rows, '(' || pg_get_indexdef(i.indexrelid, k, true) || ')' as value, o.opcintype::regtype::text as type,
      case when q.oid is not null then format('operator(%I.%s)', s.nspname, q.oprname) end as operator, coalesce(q.oprname = '=', false) as equality,
      coalesce((select option_value::int from pg_options_to_table(c.reloptions) where option_name = 'pages_per_range'), 128) as "pagesPerRange"
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid join pg_am m on m.oid = c.relam join pg_namespace n on n.oid = c.relnamespace
      cross join generate_series(1, i.indnkeyatts) k join pg_opclass o on o.oid = i.indclass[k - 1]
      left join lateral (select w.amopopr from pg_amop w join pg_operator r on r.oid = w.amopopr
        where w.amopfamily = o.opcfamily and w.amoppurpose = 's' and w.amoplefttype = o.opcintype and w.amoprighttype = o.opcintype and r.oprname in ('=', '@>', '~=', '&&', '<@', '~~')
        order by array_position(array['=', '~=', '@>', '&&', '<@', '~~'], r.oprname::text) limit 1) w on true
      left join pg_operator q on q.oid = w.amopopr left join pg_namespace s on s.oid = q.oprnamespace
    where m.amname <> 'btree' and c.relkind = 'i' and c.relpersistence <> 't' and t.relkind in ('r', 'm') and i.indisvalid and i.indisready and ${USER} order by 1, k`);
  const facts: IntegrityFact[] = [];
  for (const index of Map.groupBy(rows, ({ subject }) => subject).values()) facts.push(...(await askIndex(client, index)));
  return facts;
};

async function askIndex(client: pg.Client, columns: readonly Column[]): Promise<IntegrityFact[]> {
  const [first] = columns;
  if (!first) return [];
  const about = (kind: IntegrityFact["kind"], count: number, detail: string, query = ""): IntegrityFact[] => [{ kind, subject: first.subject, count, detail, query }];
  let used = 0;
  for (const query of columns.flatMap(questions)) {
    const byScan = await withoutIndexes(client, () => attempt<{ found: number }>(client, query));
    if (!("rows" in byScan)) continue;
    const byIndex = await onlyBy(client, first.name, query);
    if (byIndex === "by other means") continue;
    if (!("rows" in byIndex)) return about(byIndex.code === "XX002" || byIndex.code === "XX001" ? "corrupt-index" : "unchecked", 1, byIndex.message, query);
    used++;
    const [there, given] = [byScan.rows[0]?.found ?? 0, byIndex.rows[0]?.found ?? 0];
    if (there !== given) return about("corrupt-index", Math.max(1, Math.abs(there - given)), `the index gives ${given} rows where its table has ${there}`, query);
  }
  return used > 0 ? [] : about("not-asked", 0, "nothing was found that this index answers, and that a scan can be held against");
}

/** Ways to keep the planner from a scan, and from another index that would answer as well; dear tuples of indexes keep it from a btree where BRIN will do. */
const WAYS = ["enable_indexscan = off; set local enable_indexonlyscan = off", "enable_bitmapscan = off", "enable_seqscan = off"] as const;

/** The answer, if the index of this name is what gives it. */
async function onlyBy(client: pg.Client, name: string, query: string): Promise<Awaited<ReturnType<typeof attempt<{ found: number }>>> | "by other means"> {
  try {
    for (const way of WAYS) {
      await client.query(`${SETTINGS.map((setting) => `set local ${setting} to default`).join("; ")}; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; set local cpu_index_tuple_cost = 1000; set local ${way}`);
      const plan = await attempt<{ "QUERY PLAN": unknown }>(client, `explain (format json, costs off) ${query}`);
      if ("rows" in plan && JSON.stringify(plan.rows).includes(`"Index Name":${JSON.stringify(name)}`)) return await attempt<{ found: number }>(client, query);
    }
    return "by other means";
  } finally {
    await client.query(SETTINGS.map((setting) => `set local ${setting} to default`).join("; "));
  }
}

const SETTINGS = ["enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan", "cpu_index_tuple_cost"] as const;

/** What every index of its kind answers with all of its rows; and what it must give for values that the table holds. */
function questions(column: Column): string[] {
  const { access, relation, filter, value, type, operator, equality, rows } = column;
  const all = access === "gin" ? everythingOfGin(type) : access === "hash" ? [] : ["is not null"];
  const held = operator === null ? [] : [...(access === "brin" && equality ? [extremes(column)] : []), sampled(column, equality && access !== "brin" ? MOST_EQUAL : Math.max(2, Math.min(50, Math.floor(MOST_COMPARED / Math.max(1, rows)))))];
  return [
    ...all.map((condition) => `select count(*)::float8 as found from only ${relation} where ${filter} and ${value} ${condition}`),
    ...held.map((values) => `with v as materialized (${values}) select coalesce(sum(n), 0)::float8 as found from v cross join lateral (select count(*) as n from only ${relation} where ${filter} and ${value} ${operator} v.x) c`),
  ];
}

/** GIN reads all of its rows where nothing in particular is asked for. */
function everythingOfGin(type: string): string[] {
  if (type === "tsvector") return ["@@ '!turnback'::tsquery"];
  if (type === "text") return ["~~ '%'"];
  return type === "jsonb" ? ["@> '{}'", "@> '[]'"] : ["@> '{}'"];
}

/** Always the same values of the same table, whatever the plan. */
const sampled = ({ relation, filter, value }: Column, most: number): string =>
  `select x from (select distinct ${value} as x from only ${relation} where ${filter} and ${value} is not null) d order by hashtext(x::text), x::text limit ${most}`;

/** The least and the most of each range of pages: a summary that covers them covers all that lies between. */
const extremes = ({ relation, filter, value, pagesPerRange }: Column): string =>
  `select distinct x from (select min(${value}) as least, max(${value}) as most from only ${relation} where ${filter} group by ((ctid::text::point)[0])::bigint / ${pagesPerRange} order by 1 limit 200) r, lateral (values (least), (most)) e (x) where x is not null`;
