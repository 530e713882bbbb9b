// A run from a stranger: its queries read its own files and do nothing else, and what is no plain file is never opened.

import { execFile } from "node:child_process";
import { mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exists, sha256 } from "../../harness/base/files.ts";
import { openDuckDB } from "../../harness/evidence/duckdb.ts";
import { askLocked, lock } from "../../harness/evidence/locked.ts";
import { packRun } from "../../harness/evidence/pack.ts";
import { sealRun, verifySeal } from "../../harness/evidence/seal.ts";
import { ask } from "../../harness/judge/ask.ts";
import { judge } from "../../harness/judge/judge.ts";
import { temporaryFolder } from "../support/drills.ts";
import { record, type History } from "../judge/history.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let outside: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  outside = join(folder.path, "outside");
  await mkdir(outside);
  await writeFile(join(outside, "secret.txt"), "canary");
});
afterAll(async () => { await folder[Symbol.asyncDispose](); });

let serial = 0;
const recorded = (history: Partial<History> = {}) => record(join(folder.path, `run-${(serial += 1)}`), { before: [["a", "1"]], after: [["a", "1"]], ops: [], drill: { objectives: { invariants: { maxViolated: 0 } } }, ...history });

/** By what they would do; OUT is a folder outside of the run. */
const HOSTILE: readonly string[] = [
  "copy (select 1) to 'OUT/made.csv'", "copy before_item to 'ledger/made.parquet'", "export database 'OUT/made'", "attach 'OUT/made.db' as made", "create table made as select 1", "create or replace view operations as select 1",
  "select * from read_text('OUT/secret.txt')", "select * from read_blob('OUT/secret.txt')", "select * from 'OUT/secret.txt'", "select * from read_csv('OUT/secret.txt')", "select * from glob('OUT/*')", "select * from glob('/etc/*')", "select * from read_text('../outside/secret.txt')",
  "select * from read_text('/proc/self/environ')", "select * from sniff_csv('OUT/secret.txt')", "select * from parquet_metadata('OUT/secret.txt')", "select * from duckdb_secrets()", "create secret (type s3)", "create persistent secret (type s3)",
  "install httpfs", "load httpfs", "select * from read_csv('http://127.0.0.1:9/')", "set enable_external_access = true", "reset enable_external_access", "set lock_configuration = false", "set allowed_paths = ['/']", "set memory_limit = '9GB'", "set temp_directory = 'OUT'", "pragma temp_directory='OUT'",
  "set file_search_path = '/'", "select 1; select 2", "call pragma_version()", "checkpoint", "prepare x as select 1", "begin", "use memory", "", "drop view operations", "select getenv('HOME')", "import database 'OUT'", "select * from query('attach ''OUT/made.db''')", "pragma enable_profiling='json'", "explain analyze copy (select 1) to 'OUT/made.csv'",
];

describe("queries of a stranger", () => {
  test("that would write, look elsewhere or change a setting are refused, and leave nothing", async () => {
    const run = recorded();
    const before = await readdir(run, { recursive: true });
    for (const hostile of HOSTILE) await expect(ask(run, [hostile.replaceAll("OUT", outside)]), hostile).rejects.toMatchObject({ code: "query-refused", exitCode: 3 });
    expect(await readdir(outside)).toEqual(["secret.txt"]);
    expect(await readdir(run, { recursive: true })).toEqual(before);
  });

  test("that only read the run are answered, whatever of it they read, packed or not", async () => {
    for (const packed of [false, true]) {
      const run = recorded();
      if (packed) await packRun(run, [{ name: "item", key: "key" }]);
      const queries = ["select key from before_item", "from operations", "select count(*)::int as n from read_json('drill.json')", "describe before_item", "explain select 1", "summarize before_item", "with recursive r as (select 1 as n union all select n + 1 from r where n < 3) select max(n) as n from r", "show tables", "select * from timeline limit 1"];
      for (const query of queries) await expect(ask(run, [query]), query).resolves.toHaveLength(1);
      await expect(ask(run, [undefined])).resolves.toMatchObject([[{ table: "after_item" }, ...Array.from({ length: 5 }, () => expect.anything() as object)]]);
    }
  });

  test("end after their time, and with too many rows", async () => {
    await using duckdb = await openDuckDB({ apart: true });
    await lock(duckdb.connection, []);
    const endless = "select count(*) from (with recursive r as (select 1 as n union all select n from r) from r)";
    await expect(askLocked(duckdb.connection, endless, { withinMs: 300, rows: 10 })).rejects.toMatchObject({ code: "query-refused", message: "no answer within 0.3 s" });
    await expect(askLocked(duckdb.connection, "from range(1000000000000)", { withinMs: 30_000, rows: 10 })).rejects.toMatchObject({ message: expect.stringContaining("more than 10 rows") as string });
    await expect(askLocked(duckdb.connection, "from range(10)", { withinMs: 30_000, rows: 10 })).resolves.toHaveLength(10);
  });

  test("as rules between databases read nothing of the machine into a scorecard, and long values are cut", async () => {
    const across = [
      { name: "reads", query: `select content from read_text('${outside}/secret.txt')` }, { name: "writes", query: `select * from (copy (select 1) to '${outside}/made.csv')` },
      { name: "long", query: "select key, repeat('x', 3000000) as much from item where value = '2'" },
    ];
    const card = await judge(recorded({ across, after: [["a", "2"]] }));
    expect(JSON.stringify(card)).not.toContain("canary");
    expect(card.verdict).not.toBe("met");
    expect(JSON.stringify(card.findings.find(({ subject }) => subject === "long")).length).toBeLessThan(60_000);
    expect(JSON.stringify(card)).toContain("disabled by configuration");
    expect(await readdir(outside)).toEqual(["secret.txt"]);
  });
});

describe("what is no plain file", () => {
  const sealed = async (): Promise<string> => {
    const run = recorded({ ops: [{ at: 0, effects: [] }] });
    await sealRun(run, sha256((await readFile(join(run, "timeline.jsonl"), "utf8")).trimEnd().split("\n").at(-1) ?? ""));
    expect((await verifySeal(run)).breaches).toEqual([]);
    return run;
  };
  const pipe = async (path: string) => { await promisify(execFile)("mkfifo", [path]); };
  const FILES = ["timeline.jsonl", "seal.json", "drill.json", "ledger/intents.ndjson", "before/structure.json", "after/entity-item.csv.zst", "probes/health.ndjson", "scorecard.json"];

  test.for(FILES.flatMap((file) => (["a pipe", "a link to the same bytes", "a link to what never ends"] as const).map((what) => [file, what] as const)))("in the place of %s, %s, is a breach and is never read", { timeout: 10_000 }, async ([file, what]) => {
    const run = await sealed();
    const path = join(run, file);
    if (await exists(path)) await rename(path, `${path}.moved-${serial}`);
    if (what === "a pipe") await pipe(path);
    else await symlink(what === "a link to what never ends" ? "/dev/zero" : `${path}.moved-${serial}`, path);
    const { breaches } = await verifySeal(run);
    expect(breaches.map((breach) => breach.file)).toContain(file);
    expect(breaches.find((breach) => breach.file === file)?.what).toContain(what === "a pipe" ? "is a pipe" : "is a link");
    await expect(judge(run)).rejects.toMatchObject({ code: "evidence-not-plain", exitCode: 2, place: path });
    await expect(ask(run, ["from operations"])).rejects.toMatchObject({ code: "evidence-not-plain" });
  });

  test("an added folder, a name with a backslash, and a linked folder are breaches", async () => {
    const run = await sealed();
    await mkdir(join(run, "ledger", "more"), { recursive: true });
    expect((await verifySeal(run)).breaches).toEqual([{ file: "ledger/more/", what: "a folder that was added since the seal" }]);
    await rm(join(run, "ledger", "more"), { recursive: true });
    await writeFile(join(run, "before\\structure.json"), "[]");
    expect((await verifySeal(run)).breaches).toEqual([{ file: "before\\structure.json", what: "added since the seal" }]);
    await rm(join(run, "before\\structure.json"));
    await rename(join(run, "before"), join(folder.path, `elsewhere-${serial}`));
    await symlink(join(folder.path, `elsewhere-${serial}`), join(run, "before"));
    expect((await verifySeal(run)).breaches).toContainEqual({ file: "before", what: "is a link: a run holds plain files alone, and what is behind it was not read" });
  });
});
