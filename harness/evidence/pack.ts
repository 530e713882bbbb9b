// Packs what a run wrote line by line into columns (Parquet): a tenth of the size, and a judge reads it at once.

import { constants, createReadStream } from "node:fs";
import { copyFile, link, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { createZstdDecompress } from "node:zlib";
import { exists } from "../base/files.ts";
import { type DuckDB, identifier, literal, member, openDuckDB, parquet, plainPath } from "./duckdb.ts";
import { EntityColumns } from "./entity-columns.ts";
import { entitiesForm } from "./forms/facts.ts";
import { malformed } from "./forms/malformed.ts";
import { dumpFile, type FactsWhen, goneFile, packedDump, packedGone, partFile, PATHS, readJson, type Since } from "./run-directory.ts";
import { plainly } from "./values.ts";

/*
 * A record's effects and its row in the dumps share a bucket, by the hash of the record's key, and
 * the files are ordered by bucket. So a judge can take one bucket after the other, and needs the memory
 * of one, however large the run is. Columns of the packer's own begin with '#':
 *
 *   #bucket   of the record's key
 *   #set      the fields that the effect sets, as text; null where it doesn't
 *   #closer   `#set` doesn't say it all: a field may be set to null, or has no column there
 *
 * Keys whose type prints, or is told, in several ways (1.50, an uuid in capitals) are packed in the one that values.ts calls canonical.
 *
 * The packer takes one part after the other, each a file: operations by their number, the rest by bucket.
 */

/**
 * bucket: effects, or rows of a dump, to a bucket; with half a million a judge is quickest, and needs some 300 MB.
 * part: rows to a part; sorts and joins of as many fit into memory.
 * smallBytes: a file that is not larger is read at once; dumps are compressed, to about a tenth.
 */
const SIZES = { bucket: 500_000, part: 5_000_000, smallBytes: 8 * 1024 ** 2 };
export type Sizes = typeof SIZES;
/** Names of fields that get a column; workloads have a handful. */
const MOST_FIELDS = 100;

const INTENTS = `seq: 'BIGINT', vu: 'BIGINT', op: 'VARCHAR', intended: 'BIGINT', start: 'BIGINT', effects: 'STRUCT(entity VARCHAR, key VARCHAR, kind VARCHAR, value JSON)[]', mops: 'JSON'`;
const PARQUET = "format parquet, compression zstd, compression_level 1";
/** For what is read once and gone. */
const FLEETING = "format parquet, compression uncompressed";
const OUTCOMES = `seq: 'BIGINT', acquired: 'BIGINT', "end": 'BIGINT', outcome: 'VARCHAR', phase: 'VARCHAR', code: 'VARCHAR', error: 'VARCHAR', reads: 'JSON'`;

/** What is known of an entity here: its name, and the column that names a record. */
export type PackedEntity = { readonly name: string; readonly key: string };

/** Has the run been packed? One that was killed has not. */
export function isPacked(directory: string): Promise<boolean> {
  return exists(join(directory, partFile(PATHS.operations, 0)));
}

/** Packs a run in place, and removes the lines. Interrupted at any moment, the run has all of the one or all of the other. */
export async function packRun(directory: string, entities: readonly PackedEntity[], sizes: Sizes = SIZES): Promise<void> {
  const beside = join(directory, ".packing");
  await rm(beside, { recursive: true, force: true });
  try {
    const packed = await pack(directory, beside, entities, { sizes });
    // With the first of the operations a run counts as packed: it comes last.
    await mkdir(join(directory, PATHS.ledger), { recursive: true }); // a run that ended before its load has none
    for (const path of packed.reverse()) await rename(join(beside, path), join(directory, path));
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  const dumps = entities.flatMap(({ name }) => (["before", "after"] as const).map((when) => dumpFile(when, name)));
  for (const path of [PATHS.intents, PATHS.outcomes, ...dumps, ...entities.map(({ name }) => goneFile(name))]) await rm(join(directory, path), { force: true });
}

/** Packs the run `from` into the folder `to`, small unless it is fleeting: then also what differs from before alone, where the run says no more. Gives the paths of what it wrote there, the operations first. */
export async function pack(from: string, to: string, entities: readonly PackedEntity[], { sizes = SIZES, fleeting = false }: { readonly sizes?: Sizes; readonly fleeting?: boolean } = {}): Promise<string[]> {
  await using duckdb = await openDuckDB();
  for (const folder of ["before", "after", PATHS.ledger]) await mkdir(join(to, folder), { recursive: true });
  const packer = new Packer(duckdb, await plainPath(duckdb, to), sizes, await keysOf(from, entities), fleeting ? FLEETING : PARQUET);
  from = await plainPath(duckdb, from);
  const [intents, outcomes] = [join(from, PATHS.intents), join(from, PATHS.outcomes)];
  await packer.operations(await packer.source(intents, await readNdjson(intents, INTENTS)), await packer.source(outcomes, await readNdjson(outcomes, OUTCOMES)));
  const before = await packer.dumps(from, "before", entities);
  const dumps = [...before, ...(await packer.dumps(from, "after", entities, { before, since: await sinceOf(from) }))];
  await packer.effects();
  const buckets = Math.ceil(Math.max(await packer.most(["fields", ...dumps.flatMap(({ rows, count }) => (count === undefined ? [rows] : []))]), ...dumps.map(({ count = 0 }) => count), 1) / sizes.bucket);
  await packer.byBucket("fields", "key", buckets, PATHS.effects);
  for (const { path, key, rows, packed, differs } of dumps) {
    if (differs && fleeting && buckets === 1) {
      await packer.byBucket(differs.changed, key, 1, path);
      await packer.byBucket(differs.gone, key, 1, differs.path);
    } else if (packed === undefined || buckets > 1) await packer.byBucket(rows, key, buckets, path);
    else await packer.asItIs(packed, path);
  }
  return packer.written;
}

/**
 * Packs the dumps of one moment in place, before there is a run of which they are a part: for whoever keeps them for many runs.
 * Those that a run may have to cut into several buckets stay as they are.
 */
export async function packDumps(directory: string, when: FactsWhen, entities: readonly PackedEntity[], sizes: Sizes = SIZES): Promise<void> {
  await using duckdb = await openDuckDB();
  const packer = new Packer(duckdb, await plainPath(duckdb, directory), sizes, await keysOf(directory, entities));
  const dumps = await packer.dumps(await plainPath(duckdb, directory), when, entities);
  if (dumps.length === 0 || (await packer.most(dumps.map(({ rows }) => rows))) > sizes.bucket) return;
  for (const { path, key, rows } of dumps) await packer.byBucket(rows, key, 1, path);
  for (const { name } of entities) await rm(join(directory, dumpFile(when, name)), { force: true });
}

/** By entity, what makes its keys canonical, if anything has to. */
type Keys = ReadonlyMap<string, (key: string) => string>;

async function keysOf(run: string, entities: readonly PackedEntity[]): Promise<Keys> {
  const columns = await EntityColumns.of(run);
  return new Map(entities.flatMap(({ name, key }) => {
    const kind = columns.kind(name, key);
    const asIs = kind.of === "text" || kind.of === "other" || (kind.of === "number" && kind.keeps === 0); // which are told as they are printed
    return asIs ? [] : [[name, (value: string) => `coalesce(${plainly(kind, value)}, ${value})`] as const];
  }));
}

/** An entity's rows at one moment; `packed` is where they are packed already, in one bucket. */
type Dump = { readonly path: string; readonly key: string; readonly rows: string; /** How many, where that is known. */ readonly count?: number; readonly packed?: string; /** In what alone they differ from those of before, and where what is gone goes. */ readonly differs?: { readonly changed: string; readonly gone: string; readonly path: string } };

type Earlier = { readonly before: readonly Dump[]; readonly since: Readonly<Record<string, Since>> };

/** Of which entities a run's dumps say only what differs from before. */
async function sinceOf(run: string): Promise<Earlier["since"]> {
  return (await readJson<{ readonly since?: Earlier["since"] }>(run, "after/entities.json", entitiesForm))?.since ?? {};
}

/** What can be selected from; small is what fits into memory as it is. */
type Source = { readonly rows: string; readonly small: boolean };

class Packer {
  readonly written: string[] = [];
  readonly #duckdb: DuckDB;
  readonly #to: string;
  readonly #sizes: Sizes;
  readonly #keys: Keys;
  readonly #form: string;
  #sources = 0;

  constructor(duckdb: DuckDB, to: string, sizes: Sizes, keys: Keys, form = PARQUET) {
    this.#form = form;
    this.#keys = keys;
    this.#sizes = sizes;
    this.#duckdb = duckdb;
    this.#to = to;
  }

  /** What is to be selected from: a small file is read only once. */
  async source(file: string, rows: string): Promise<Source> {
    if (((await stat(file).catch(() => undefined))?.size ?? 0) > this.#sizes.smallBytes) {
      await this.#duckdb.forMuch();
      return { rows, small: false };
    }
    const name = `source${this.#sources++}`;
    await this.#duckdb.connection.run(`create temp table ${name} as select * from ${rows}`);
    return { rows: name, small: true };
  }

  /** What was dumped at one moment; of one that says only what differs, together with what doesn't. */
  async dumps(from: string, when: FactsWhen, entities: readonly PackedEntity[], { before, since }: Earlier = { before: [], since: {} }): Promise<Dump[]> {
    const dumps: Dump[] = [];
    // What a run that was killed in the midst of them has left is none of its facts.
    if (!(await exists(join(from, when, "entities.json")))) return dumps;
    for (const { name, key } of entities) {
      const path = packedDump(when, name);
      const [file, packed] = [join(from, dumpFile(when, name)), join(from, partFile(path, 0))];
      const read = async (csv: string) => (await this.source(csv, this.#keyed(name, key, await readCsv(csv)))).rows;
      if (await exists(file)) {
        const [rows, of] = [await read(file), since[name]];
        const differs = of && { changed: rows, gone: await read(join(from, goneFile(name))), path: packedGone(name) };
        dumps.push({ path, key, ...(differs ? { rows: await this.#completed(name, key, { ...differs, of, before }), count: of.records - of.gone + of.changed, differs } : { rows }) });
      }
      else if (await exists(packed)) dumps.push({ path, key, rows: `(select * exclude ("#bucket") from ${parquet(packed)})`, packed });
    }
    return dumps;
  }

  /** An entity's records: those of before without those that are gone, and those that are new. @throws HarnessError when they are not as many as were counted */
  async #completed(name: string, key: string, { changed, gone, of, before }: { readonly changed: string; readonly gone: string; readonly of: Since; readonly before: readonly Dump[] }): Promise<string> {
    const earlier = before.find(({ path }) => path === packedDump("before", name))?.rows;
    if (earlier === undefined) throw malformed(dumpFile("after", name), "says only what differs from before, and before is not there");
    const by = identifier(key);
    const table = `completed${this.#sources++}`;
    await this.#duckdb.connection.run(`create temp view ${table} as select b.* from ${earlier} b anti join ${gone} g on b.${by} = g.${by} union all by name select * from ${changed}`);
    const counts = ([[earlier, of.records], [gone, of.gone], [changed, of.changed], [table, of.records - of.gone + of.changed]] as const).map(([what, n]) => `(select count(*) from ${what}) = ${n}`);
    const [row] = (await this.#duckdb.connection.runAndReadAll(`select ${counts.join(" and ")}`)).getRowsJS();
    if (row?.[0] !== true) throw malformed(dumpFile("after", name), "has not as many records as were counted when they were read");
    return table;
  }

  /** Takes over what is packed already. */
  async asItIs(packed: string, path: string): Promise<void> {
    const part = partFile(path, 0);
    // What is gone soon need be no copy.
    const linked = this.#form === FLEETING && await link(await realpath(packed), join(this.#to, part)).then(() => true, () => false);
    if (!linked) await copyFile(packed, join(this.#to, part), constants.COPYFILE_FICLONE);
    this.written.push(part);
  }

  /** An entity's rows, with canonical keys. */
  #keyed(entity: string, key: string, rows: string): string {
    const canonical = this.#keys.get(entity);
    return canonical ? `(select * replace (${canonical(identifier(key))} as ${identifier(key)}) from ${rows})` : rows;
  }

  /** An operation whose outcome was never written is indeterminate: nobody was told anything. */
  async operations(intents: Source, outcomes: Source): Promise<void> {
    const whole = intents.small && outcomes.small && (await this.most([intents.rows])) <= this.#sizes.part;
    const by = whole ? undefined : `(seq - 1) // ${this.#sizes.part}`;
    await using asked = await this.#split(intents.rows, by);
    await using told = await this.#split(outcomes.rows, by);
    for (const [i, part] of asked.parts.entries()) {
      await this.#copy(`
        select i.seq, i.vu, i.op, i.intended, i.start, o.acquired, o."end",
          coalesce(o.outcome, 'indeterminate') as outcome, coalesce(o.phase, '') as phase, coalesce(o.code, 'no-outcome') as code, o.error, i.effects, i.mops, o.reads
        from ${asked.read(part)} i left join ${told.read(part)} o using (seq) order by seq`, partFile(PATHS.operations, i));
    }
  }

  /** Makes the view `fields`: every effect with what it sets. */
  async effects(): Promise<void> {
    const run = (sql: string) => this.#duckdb.connection.run(sql);
    const keys = [...this.#keys].map(([entity, canonical]) => `when ${literal(entity)} then ${canonical("e.key")}`);
    const canonicalKey = keys.length === 0 ? "e.key" : `case e.entity ${keys.join(" ")} else e.key end`;
    await run(`create view effects as
      select seq, op, outcome, start, "end", e.entity as entity, ${canonicalKey} as key, e.kind as kind, e.value as value
      from (select *, unnest(effects) as e from ${parquet(join(this.#to, partFile(PATHS.operations, "*")))})`);
    const found = await this.#duckdb.connection.runAndReadAll("select name, count(*) as n from (select unnest(json_keys(value)) as name from effects) group by name order by n desc, name");
    const names = (found.getColumnsJS()[0] ?? []) as string[];
    // DuckDB doesn't tell Name from name.
    const columns = [...new Map(names.slice(0, MOST_FIELDS).reverse().map((name) => [name.toLowerCase(), name])).values()];
    const set = columns.map((name) => `${identifier(name)} := ${member("value", name)}`);
    const closer = ["contains(value::varchar, 'null')", ...(columns.length < names.length ? [`not list_has_all([${columns.map(literal).join(", ")}], json_keys(value))`] : [])];
    await run(`create view fields as
      select *, struct_pack(${set.length > 0 ? set.join(", ") : '"#none" := null::varchar'}) as "#set", coalesce(${closer.join(" or ")}, false) as "#closer" from effects`);
  }

  /** Writes rows, ordered by their entity if they have one, and by the bucket of their key. */
  async byBucket(rows: string, key: string, buckets: number, path: string): Promise<void> {
    const order = [...(rows === "fields" ? ["entity"] : []), ...(buckets > 1 ? [`"#bucket"`] : [])];
    const { bucket, part } = this.#sizes;
    await using split = await this.#split(`(select *, (hash(${identifier(key)}) % ${buckets})::usmallint as "#bucket" from ${rows})`, buckets * bucket <= part ? undefined : `"#bucket" * ${bucket} // ${part}`);
    for (const [i, part] of split.parts.entries()) await this.#copy(`select * from ${split.read(part)}${order.length > 0 ? ` order by ${order.join(", ")}` : ""}`, partFile(path, i));
  }

  /** How many rows there are in whatever has the most. */
  async most(sources: readonly string[]): Promise<number> {
    const counts = sources.map((rows) => `select count(*) as n from ${rows}`).join(" union all ");
    return Number((await this.#duckdb.connection.runAndReadAll(`select max(n)::double from (${counts})`)).getRowsJS()[0]?.[0]);
  }

  /** Splits rows into parts by a number, if there is one to split them by. Rows that are none are one part. */
  async #split(rows: string, by: string | undefined): Promise<{ readonly parts: readonly string[]; readonly read: (part: string) => string } & AsyncDisposable> {
    if (by === undefined) return { parts: ["whole"], read: () => rows, [Symbol.asyncDispose]: () => Promise.resolve() };
    const folder = await mkdtemp(join(this.#duckdb.scratch, "part-"));
    await this.#duckdb.connection.run(`copy (select *, ${by} as "#part" from ${rows}) to ${literal(folder)} (${PARQUET}, partition_by ("#part"), overwrite_or_ignore)`);
    const parts = (await readdir(folder)).sort((a, b) => numberOf(a) - numberOf(b));
    return {
      parts: parts.length > 0 ? parts : ["none"],
      read: (part) => (parts.includes(part) ? parquet(join(folder, part, "*.parquet")) : `(select * from ${rows} limit 0)`),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  }

  async #copy(query: string, path: string): Promise<void> {
    await this.#duckdb.connection.run(`copy (${query}) to ${literal(join(this.#to, path))} (${this.#form})`);
    this.written.push(path);
  }
}

const numberOf = (part: string) => Number(part.slice(part.lastIndexOf("=") + 1));

/** A part that was never written is an empty table, so that every query still has an answer. */
export async function readNdjson(file: string, columns: string): Promise<string> {
  const empty = ((await stat(file).catch(() => undefined))?.size ?? 0) === 0;
  const names = [...columns.matchAll(/"?(\w+)"?: '([^']+)'/g)];
  return empty ? `(select ${names.map(([, name, type]) => `null::${type} as "${name}"`).join(", ")} limit 0)`
    : `read_json(${literal(file)}, format = 'newline_delimited', hive_partitioning = false, columns = {${columns}})`;
}

/** Everything is text as PostgreSQL prints it; an unquoted nothing is null, a quoted one is ''. */
export async function readCsv(file: string): Promise<string> {
  const columns = (await csvHeader(file)).map((name) => `${literal(name)}: 'VARCHAR'`).join(", ");
  return `read_csv(${literal(file)}, columns = {${columns}}, auto_detect = false,
    header = true, nullstr = '', allow_quoted_nulls = false, delim = ',', quote = '"', escape = '"', new_line = '\\n', compression = 'zstd', hive_partitioning = false, max_line_size = 20000000)`;
}

/** The column names of a compressed CSV file, as PostgreSQL's COPY writes them. */
async function csvHeader(file: string): Promise<string[]> {
  // A dump that is cut short is an error to who reads it, and to nobody afterwards.
  const plain = pipeline(createReadStream(file), createZstdDecompress(), () => undefined).setEncoding("utf8");
  let line = "";
  for await (const text of plain as AsyncIterable<string>) {
    line += text;
    if (line.includes("\n")) break;
  }
  const [header = ""] = line.split("\n", 1);
  return header === "" ? [] : [...header.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? "");
}
