// The run directory as a database: DuckDB tables over its files, for the judge and for `turnback query`.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError, messageOf } from "../base/errors.ts";
import { exists, lookBelow } from "../base/files.ts";
import { type DuckDB, identifier, literal, openDuckDB, parquet, plainPath } from "./duckdb.ts";
import { EntityColumns } from "./entity-columns.ts";
import { askLocked, lock, type Row } from "./locked.ts";
import { isPacked, pack, type PackedEntity, readNdjson } from "./pack.ts";
import { packedDump, packedGone, partFile, PATHS } from "./run-directory.ts";

export type { Row };

/** Packed, some hundred thousand operations. */
const MUCH_BYTES = 8 * 1024 ** 2;

/**
 * The tables `operations`, `effects`, `probes`, `timeline`, and `before_x` and `after_x` for each entity that was
 * dumped; in the schema `buckets` also `effects`, `before_x` and `after_x` with the packer's columns (pack.ts).
 * Values come as DuckDB's JSON form has them: numbers, strings, null, lists.
 */
export class EvidenceDatabase implements AsyncDisposable {
  readonly #duckdb: DuckDB;
  readonly #opened: string;
  /** What DuckDB reads from, by the paths that it knows: the run, and where that was packed if it was not. */
  readonly #folders: string[] = [];
  readonly #differing = new Map<string, string>();
  /** The types of what was dumped. */
  readonly columns: EntityColumns;

  private constructor(duckdb: DuckDB, directory: string, columns: EntityColumns) {
    this.#duckdb = duckdb;
    this.#opened = directory;
    this.columns = columns;
  }

  /** Opens a run read-only. Nothing is written below it, and nothing outside it is needed. A run that wasn't packed is packed elsewhere first. */
  static async open(directory: string, entities: readonly PackedEntity[], options: { readonly apart?: boolean } = {}): Promise<EvidenceDatabase> {
    const database = new EvidenceDatabase(await openDuckDB(options), directory, await EntityColumns.of(directory));
    try {
      await database.#createTables(entities);
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
    return database;
  }

  async rows(sql: string): Promise<Row[]> {
    return this.#reading(async () => (await this.#duckdb.connection.runAndReadAll(sql)).getRowObjectsJson() as Row[]);
  }

  /**
   * From now on nothing but the run's own files can be read, by whatever query; needs to be opened apart. What isn't a plain file is left out.
   * @throws HarnessError, exit code 3, by the function that it gives: what is wrong with a query is for its author to mend
   */
  async lock(): Promise<(sql: string) => Promise<Row[]>> {
    const [run = ""] = this.#folders;
    const files = await Promise.all(this.#folders.map(async (folder) => (await lookBelow(folder)).files.map((file) => join(folder, file))));
    await lock(this.#duckdb.connection, [...(await lookBelow(run)).files, ...files.flat()]);
    return (sql) => askLocked(this.#duckdb.connection, sql);
  }

  /** A result column by column, in portions: for many rows of few numbers. */
  async *portions(sql: string): AsyncGenerator<readonly (readonly unknown[])[]> {
    const result = await this.#reading(() => this.#duckdb.connection.stream(sql));
    for await (const chunk of result) yield chunk.getColumns();
  }

  async run(sql: string): Promise<void> {
    await this.#reading(() => this.#duckdb.connection.run(sql));
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new HarnessError({ code: "query-failed", kind: "run", place: this.#opened, message: messageOf(error), remedy: "was the run changed? `turnback verify` says so", cause: error });
    }
  }

  async #createTables(entities: readonly PackedEntity[]): Promise<void> {
    const run = await plainPath(this.#duckdb, this.#opened);
    await this.run(`set file_search_path = ${literal(run)}`); // findings' queries name files relative to the run
    this.#folders.push(run);
    let packed = run;
    if (!(await isPacked(packed))) {
      packed = join(this.#duckdb.scratch, "packed");
      this.#folders.push(packed);
      await this.#reading(() => pack(this.#opened, packed, entities, { fleeting: true }));
    }
    if (((await stat(join(packed, partFile(PATHS.operations, 0)))).size) > MUCH_BYTES) await this.#duckdb.forMuch();
    const tables = [
      "create schema buckets", `create view operations as select * from ${parquet(...(await parts(join(packed, PATHS.operations))))}`,
      ...bucketed("effects", await parts(join(packed, PATHS.effects)), `"#bucket", "#set", "#closer"`),
    ];
    for (const when of ["before", "after"] as const) {
      for (const { name, key } of entities) {
        const files = await parts(join(packed, packedDump(when, name)));
        const gone = when === "after" ? await parts(join(packed, packedGone(name))) : [];
        if (gone.length > 0) tables.push(...this.#completed(name, key, { files, gone }));
        else if (files.length > 0) tables.push(...bucketed(`${when}_${name}`, files, `"#bucket"`));
      }
    }
    const lines = async (name: "probes" | "timeline", columns: string) => `create view ${name} as select * from ${await readNdjson(join(run, PATHS[name]), columns)}`;
    tables.push(await lines("probes", `due: 'BIGINT', "end": 'BIGINT', ok: 'BOOLEAN', code: 'VARCHAR'`), await lines("timeline", `t: 'BIGINT', kind: 'VARCHAR', phase: 'VARCHAR', state: 'VARCHAR', step: 'VARCHAR', direction: 'VARCHAR', share: 'DOUBLE', "index": 'INTEGER', fault: 'VARCHAR', target: 'VARCHAR', detail: 'VARCHAR', "by": 'VARCHAR', strategy: 'VARCHAR'`));
    await this.run(tables.join("; ")); // at once: each by itself takes a turn of another thread
  }

  /** The views of an entity of which only what differs from before was written. */
  #completed(name: string, key: string, { files, gone }: { readonly files: readonly string[]; readonly gone: readonly string[] }): readonly string[] {
    const [view, by] = [identifier(`after_${name}`), identifier(key)];
    this.#differing.set(name, `select ${by} as key from ${parquet(...files)} union select ${by} from ${parquet(...gone)}`);
    return [
      `create view buckets.${view} as select b.* from buckets.${identifier(`before_${name}`)} b anti join ${parquet(...gone)} g on b.${by} = g.${by} union all by name select * from ${parquet(...files)}`,
      `create view ${view} as select * exclude ("#bucket") from buckets.${view}`,
    ];
  }

  /** A query for the `key` of every record of an entity that is not byte for byte as it was before, if that is known. */
  differing(entity: string): string | undefined {
    return this.#differing.get(entity);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#duckdb[Symbol.asyncDispose]();
  }
}

/** The views of what the packer has ordered by bucket: with the columns of its own, and without. */
const bucketed = (name: string, files: readonly string[], own: string): readonly string[] => [
  `create view buckets.${identifier(name)} as select * from ${parquet(...files)}`,
  `create view ${identifier(name)} as select * exclude (${own}) from ${parquet(...files)}`,
];

/** The parts of something packed, in their order. */
async function parts(file: string): Promise<string[]> {
  const files: string[] = [];
  for (let part = 0; await exists(partFile(file, part)); part++) files.push(partFile(file, part));
  return files;
}
