// The isolation checker from file to verdict, in a process of its own: speed, memory, and whether it stays linear.

import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { spread } from "./figures.ts";

const ROUNDS = 3;
const SIZES = process.env["TURNBACK_BENCH_LARGE"] ? [100_000, 1_000_000, 10_000_000] : [100_000, 1_000_000];

export async function isolation(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "tb-bench-"));
  try {
    for (const transactions of SIZES) {
      const file = join(folder, "history.ndjson");
      generate(file, transactions, false);
      const rounds: { seconds: number; rssMb: number; code: number | null }[] = [];
      for (let round = 0; round < ROUNDS; round++) rounds.push(await check(file));
      const rates = rounds.map(({ seconds }) => transactions / seconds);
      console.log(`  ${transactions.toLocaleString("en-US")} transactions (${((await stat(file)).size / 1e6).toFixed(0)} MB), strict-serializable: ${spread(rates)} a second from file to verdict, `
        + `${(Math.max(...rates) / 500_000).toFixed(2)} of the goal of 500,000; ${Math.max(...rounds.map(({ rssMb }) => rssMb)).toFixed(0)} MB; ${rounds.every(({ code }) => code === 0) ? "holds, as it should" : "WRONG: it should hold"}`);
      generate(file, transactions, true);
      const broken = await check(file);
      console.log(`  the same with one read that misses an append: ${broken.code === 1 ? "violated, as it should be" : "WRONG: not found"}, in ${broken.seconds.toFixed(1)} s`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The whole process, Node's own start included. */
async function check(file: string): Promise<{ readonly seconds: number; readonly rssMb: number; readonly code: number | null }> {
  const began = performance.now();
  const script = `process.argv.splice(1, 0, "isolation", ${JSON.stringify(file)}, "--model", "strict-serializable"); process.on("exit", () => console.error(process.resourceUsage().maxRSS)); await import(${JSON.stringify(join(import.meta.dirname, "../harness/cli/turnback.ts"))});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  child.stderr.on("data", (data: Buffer) => { told += data.toString(); });
  const [code] = (await once(child, "close")) as [number | null];
  return { seconds: (performance.now() - began) / 1000, rssMb: Number(told.trim().split("\n").at(-1)) / 1024, code };
}

/** Elle's usual shape: 20 processes, 1 to 4 operations, ten keys at a time with up to 32 appends each. */
function generate(file: string, transactions: number, broken: boolean): void {
  const descriptor = openSync(file, "w");
  let seed = 42;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const keys = Array.from({ length: 10 }, (_, i) => i);
  let nextKey = keys.length;
  const lists = new Map<number, number[]>();
  const appended = new Map<number, number>();
  const open = new Array<(readonly [append: boolean, key: number, element: number])[] | undefined>(20);
  let [started, ended, index, bent] = [0, 0, 0, !broken];
  let lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
    if (lines.length === 20_000) { writeSync(descriptor, lines.join("")); lines = []; }
  };
  while (ended < transactions) {
    const process = random(open.length);
    const operations = open[process];
    if (!operations) {
      if (started++ >= transactions) continue;
      const fresh = Array.from({ length: 1 + random(4) }, () => {
        const slot = random(keys.length);
        const key = keys[slot] as number;
        if (random(2) === 0) return [false, key, 0] as const;
        const element = (appended.get(key) ?? 0) + 1;
        appended.set(key, element);
        if (element === 32) keys[slot] = nextKey++;
        return [true, key, element] as const;
      });
      open[process] = fresh;
      write(`{"index":${index},"process":${process},"type":"invoke","time":${index++ * 1000},"value":[${fresh.map(([append, key, element]) => (append ? `["append",${key},${element}]` : `["r",${key},null]`)).join(",")}]}\n`);
    } else {
      const value = operations.map(([append, key, element]) => {
        let list = lists.get(key);
        if (!list) lists.set(key, list = []);
        if (append) { list.push(element); return `["append",${key},${element}]`; }
        const stale = !bent && ended > transactions / 2 && list.length > 20;
        if (stale) bent = true;
        return `["r",${key},[${(stale ? list.slice(0, 1) : list).join(",")}]]`;
      });
      open[process] = undefined;
      ended++;
      write(`{"index":${index},"process":${process},"type":"ok","time":${index++ * 1000},"value":[${value.join(",")}]}\n`);
    }
  }
  writeSync(descriptor, lines.join(""));
  closeSync(descriptor);
}
