// One real drill in a clone, a project, folders of its own and a home that are named as nobody would: blanks, quotes, umlauts, %20, # and what shells know.

import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../../harness/base/files.ts";
import { temporaryFolder } from "../support/drills.ts";

/** Node itself loads no package from below a folder with a * in its name: of the clone it is left out. */
const ODD = `q"'ü%20#é[x]*?;&$(id)\``;
const LONG = "long-".repeat(45);

async function clone(to: string): Promise<void> {
  mkdirSync(join(to, ".cache"), { recursive: true });
  for (const part of ["harness", "reports", "scenarios", "fixtures", "package.json"]) cpSync(join(ROOT, part), join(to, part), { recursive: true });
  for (const part of ["node_modules", ".cache/bin"]) { // links where that is possible: it is large
    await promisify(execFile)("cp", ["-al", join(ROOT, part), join(to, part)]).catch(() => promisify(execFile)("cp", ["-a", join(ROOT, part), join(to, part)]));
  }
}

test("a drill runs, is judged and asked, whatever its folders are called", { timeout: 400_000 }, async () => {
  await using folder = await temporaryFolder();
  chmodSync(folder.path, 0o755); // PostgreSQL's user must get through
  const named = (what: string) => join(folder.path, `${what} ${ODD}`);
  const made = (...path: string[]) => { mkdirSync(join(...path), { recursive: true, mode: 0o755 }); return join(...path); };
  const [home, temporary, project] = [made(named("home")), made(named("tmp"), LONG), made(named("project"), "two\nlines")];
  const copy = join(folder.path, `clone ${ODD.replaceAll("*", "")}`);
  await clone(copy);
  const registers = join(ROOT, "fixtures/systems/registers");
  const [system, plan, workload] = [join(project, `system ${ODD}`), join(project, `plan ${ODD}`), join(project, `workload ${ODD}.ts`)];
  cpSync(registers, system, { recursive: true });
  cpSync(join(registers, "migrations/widen-items"), plan, { recursive: true });
  cpSync(join(registers, "workload/lists.ts"), workload);
  writeFileSync(join(project, "odd.drill.json"), JSON.stringify({
    name: "odd", question: "Does a drill run in folders with odd names?", system: { path: system }, migration: { plan },
    load: { workload, arrivalsPerSecond: 60, warmUpMs: 1_000, holdMs: 800 }, steadyState: { windowMs: 500, maxErrorRatio: 0.2, maxLatencyMs: 2_000 },
    faults: [{ kind: "kill", at: { after: "count-changes" }, healAfterMs: 300 }], rollback: { decide: { on: "completion" } }, objectives: { structure: { maxDifferences: 0 }, integrity: { maxProblems: 0 } },
  }));
  const turnback = (...args: string[]) => promisify(execFile)(process.execPath, [join(copy, "harness/cli/turnback.ts"), ...args], { cwd: project, env: { ...process.env, HOME: home, TMPDIR: temporary }, maxBuffer: 50e6 })
    .then(({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }), ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, out: stdout, err: stderr }));
  const [runs, junit, markdown] = [named("runs"), `${named("junit")}.xml`, `${named("summary")}.md`];

  const ran = await turnback("run", join(project, "odd.drill.json"), "--runtime", "process", "--runs", runs, "--junit", junit, "--markdown", markdown);
  expect(ran.code, `${ran.out}\n${ran.err}`).toBe(0);
  const run = join(runs, readdirSync(runs)[0] ?? "");
  expect([statSync(junit).size > 100, statSync(markdown).size > 100]).toEqual([true, true]);
  expect((await turnback("verify", run)).out).toContain("intact");
  expect((await turnback("judge", run)).out).toContain("repeats the sealed scorecard byte for byte");
  expect((await turnback("query", run, "select count(*) > 0 as some from operations", "--json")).out).toContain('"some": true');
  expect((await turnback("report", run, "--format", "html", "-o", `${named("page")}.html`)).code).toBe(0);
  expect((await turnback("clean")).out).toBe("nothing was left behind\n");
  expect(readdirSync(temporary).filter((name) => !name.startsWith("turnback-postgres-")), "nothing is left in the temporary folder").toEqual([]);
});
