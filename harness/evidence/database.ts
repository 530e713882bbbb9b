// The run directory as a database: DuckDB tables over its files, for the judge and for `turnback query`.

import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { HarnessError, messageOf } from "../base/errors.ts";
import { exists } from "../base/files.ts";
import { PATHS } from "./run-directory.ts";

export type Row = Readonly<Record<string, unknown>>;

/** Plain values as DuckDB's JSON form has them: numbers, strings, null, lists. */
export class EvidenceDatabase implements AsyncDisposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #opened: string;
  readonly #scratch: string;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, directory: string, scratch: string) {
    this.#scratch = scratch;
    this.#instance = instance;
    this.#connection = connection;
    this.#opened = directory;
  }

  /** Opens a run read-only. Nothing is written below it, and nothing outside it is needed. */
  static async open(directory: string, entities: readonly string[]): Promise<EvidenceDatabase> {
    // What doesn't fit spills here; never into the run, and not into the folder that we were called from.
    const scratch = await mkdtemp(join(tmpdir(), "tb-duckdb-"));
    const instance = await DuckDBInstance.create(":memory:", {
      threads: "2", memory_limit: "500MB", temp_directory: scratch,
      autoinstall_known_extensions: "false", autoload_known_extensions: "false", // no socket is ever opened
    });
    const database = new EvidenceDatabase(instance, await instance.connect(), directory, scratch);
    try {
      await database.#createTables(entities);
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
    return database;
  }

  async rows(sql: string): Promise<Row[]> {
    try {
      const reader = await this.#connection.runAndReadAll(sql);
      return reader.getRowObjectsJson() as Row[];
    } catch (error) {
      throw new HarnessError({ code: "query-failed", kind: "run", place: this.#opened, message: messageOf(error), remedy: "was the run changed? `turnback verify` says so", cause: error });
    }
  }

  /** A user's query: what is wrong with it is theirs to mend. @throws HarnessError, exit code 3. */
  async query(sql: string): Promise<Row[]> {
    try {
      return await this.rows(sql);
    } catch (error) {
      throw new HarnessError({ code: "query-refused", kind: "declaration", message: messageOf(error), remedy: "`turnback query RUN` without a query lists the tables", cause: error });
    }
  }

  /** A result column by column: for many rows of few numbers. */
  async columns(sql: string): Promise<readonly (readonly unknown[])[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    return reader.getColumnsJS();
  }

  async run(sql: string): Promise<void> {
    await this.rows(sql);
  }

  async #createTables(entities: readonly string[]): Promise<void> {
    const source = await this.#sources();
    // An operation whose outcome was never written is indeterminate: nobody was told anything.
    await this.run(`
      create table operations as
      select i.seq, i.vu, i.op, i.intended, i.start, o.acquired, o."end",
        coalesce(o.outcome, 'indeterminate') as outcome, coalesce(o.phase, '') as phase, coalesce(o.code, 'no-outcome') as code, i.effects, i.mops, o.reads
      from ${source.intents} i left join ${source.outcomes} o using (seq)`);
    await this.run(`
      create view effects as
      select seq, op, outcome, start, "end", e.entity as entity, e.key as key, e.kind as kind, e.value as value
      from (select *, unnest(effects) as e from operations)`);
    await this.run(`create view probes as select * from ${source.probes}`);
    await this.run(`create view timeline as select * from ${source.timeline}`);
    for (const when of ["before", "after"] as const) {
      for (const entity of entities) {
        const file = join(this.#opened, when, `entity-${entity}.csv.gz`);
        if (!(await exists(file))) continue;
        // Everything is text as PostgreSQL prints it; an unquoted nothing is null, a quoted one is ''.
        const columns = (await csvHeader(file)).map((name) => `'${quote(name)}': 'VARCHAR'`).join(", ");
        await this.run(`create view ${when}_${entity} as select * from read_csv('${quote(file)}', columns = {${columns}}, auto_detect = false,
          header = true, nullstr = '', allow_quoted_nulls = false, delim = ',', quote = '"', escape = '"', new_line = '\\n', compression = 'gzip', max_line_size = 20000000)`);
      }
    }
  }

  async #sources(): Promise<Record<"intents" | "outcomes" | "probes" | "timeline", string>> {
    const json = async (path: string, columns: string) => {
      const file = join(this.#opened, path);
      const empty = ((await stat(file).catch(() => undefined))?.size ?? 0) === 0;
      const names = [...columns.matchAll(/"?(\w+)"?: '([^']+)'/g)];
      // A part that was never written is an empty table, so that every query still has an answer.
      return empty ? `(select ${names.map(([, name, type]) => `null::${type} as "${name}"`).join(", ")} limit 0)`
        : `read_json('${quote(file)}', format = 'newline_delimited', columns = {${columns}})`;
    };
    return {
      intents: await json(PATHS.intents, `seq: 'BIGINT', vu: 'BIGINT', op: 'VARCHAR', intended: 'BIGINT', start: 'BIGINT', effects: 'STRUCT(entity VARCHAR, key VARCHAR, kind VARCHAR, value JSON)[]', mops: 'JSON'`),
      outcomes: await json(PATHS.outcomes, `seq: 'BIGINT', acquired: 'BIGINT', "end": 'BIGINT', outcome: 'VARCHAR', phase: 'VARCHAR', code: 'VARCHAR', reads: 'JSON'`),
      probes: await json(PATHS.probes, `due: 'BIGINT', "end": 'BIGINT', ok: 'BOOLEAN', code: 'VARCHAR'`),
      timeline: await json(PATHS.timeline, `t: 'BIGINT', kind: 'VARCHAR', phase: 'VARCHAR', state: 'VARCHAR', step: 'VARCHAR', direction: 'VARCHAR', share: 'DOUBLE', fault: 'VARCHAR', target: 'VARCHAR', detail: 'VARCHAR', "by": 'VARCHAR', strategy: 'VARCHAR'`),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.closeSync();
    this.#instance.closeSync();
    await rm(this.#scratch, { recursive: true, force: true });
  }
}

/** The column names of a compressed CSV file, as PostgreSQL's COPY writes them. */
async function csvHeader(file: string): Promise<string[]> {
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()) });
  for await (const line of lines) {
    lines.close();
    return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
  }
  return [];
}

function quote(text: string): string {
  return text.replaceAll("'", "''");
}

/** A literal of DuckDB's SQL. */
export function literal(text: string): string {
  return `'${quote(text)}'`;
}
