// Runs every test that this machine can: types, Go, then vitest; ends with the runners' own figures.

import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../harness/base/files.ts";

type Tally = { passed: number; failed: number; skipped: number };

/** Runs a program; its output goes on, or line by line to `onLine`. Resolves with the exit code. */
function execute(command: string, args: readonly string[], cwd: string, onLine?: (line: string) => void, environment: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...environment }, stdio: ["ignore", onLine ? "pipe" : "inherit", "inherit"] });
    if (child.stdout && onLine) createInterface({ input: child.stdout }).on("line", onLine);
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

async function types(tally: Tally): Promise<void> {
  console.log("types: tsc");
  const code = await execute(join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.json"], ROOT);
  tally[code === 0 ? "passed" : "failed"] += 1;
}

/** Each module's tests, counted from `go test -json`; a module that doesn't build counts as one failure. */
async function go(module: string, tally: Tally): Promise<void> {
  console.log(`go test: ${module}`);
  const before = tally.failed;
  const code = await execute("go", ["test", "-json", "./..."], join(ROOT, module), (line) => {
    let event: { Action?: string; Test?: string; Output?: string };
    try {
      event = JSON.parse(line) as typeof event;
    } catch {
      console.log(line);
      return;
    }
    if (event.Action === "output" && /^\s*(---|#|.*\.go:\d+:)/.test(event.Output ?? "")) process.stdout.write(event.Output ?? "");
    if (!event.Test) return;
    if (event.Action === "pass") tally.passed += 1;
    if (event.Action === "fail") tally.failed += 1;
    if (event.Action === "skip") tally.skipped += 1;
  });
  if (code !== 0 && tally.failed === before) tally.failed += 1;
}

/** In a temporary folder of its own: what other checkouts run at the same time is not taken for left over. */
async function vitest(tally: Tally): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "tb-"));
  await chmod(folder, 0o755); // PostgreSQL's user must get through
  const report = join(folder, "report.json");
  try {
    const code = await execute(join(ROOT, "node_modules/.bin/vitest"), ["run", "--reporter=verbose", "--reporter=json", `--outputFile.json=${report}`, ...process.argv.slice(2)], ROOT, undefined, { TMPDIR: folder });
    const result = JSON.parse(await readFile(report, "utf8")) as { numPassedTests: number; numFailedTests: number; numPendingTests: number; numTodoTests: number };
    tally.passed += result.numPassedTests;
    tally.failed += result.numFailedTests;
    tally.skipped += result.numPendingTests + result.numTodoTests;
    // A file that can't be loaded, or an error outside any test, is in the exit code alone.
    if (code !== 0 && result.numFailedTests === 0) tally.failed += 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
await types(tally);
for (const module of ["harness/load/xk6-turnback", "harness/topology/wire-proxy", "harness/topology/faultfs", "harness/observe/standstill", "harness/observe/prober"]) await go(module, tally);
await vitest(tally);
console.log(`\ntests: ${tally.passed} passed, ${tally.failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ""}`);
process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;
