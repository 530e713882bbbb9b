// Ctrl-C in every phase of a run, each held up by something that never ends: heard at once, and nothing is left behind.

import { describe, expect, test } from "vitest";
import { spawn } from "node:child_process";
import { chmod, cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { monotonicMs } from "../../harness/base/clock.ts";
import { waitUntil } from "../../harness/base/deadline.ts";
import { ROOT } from "../../harness/base/files.ts";
import type { DrillDeclaration } from "../../harness/drill/schema.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import { smallDrill, temporaryFolder, writeDrill } from "../support/drills.ts";

const CLI = join(ROOT, "harness/cli/turnback.ts");
/** What is promised, and twice as much again for a machine that others keep busy. */
const WITHIN_MS = 5_000;
const BUSY_MS = 10_000;
const NEVER = "select pg_sleep(100000)";

type Case = {
  /** What the run says when it has come there, and how long after that it is interrupted. */
  readonly until: RegExp; readonly afterMs?: number;
  readonly seed?: string; readonly entity?: string; readonly rule?: string; readonly forward?: string; readonly backward?: string;
  readonly over?: Partial<DrillDeclaration>;
};

const later = { rollback: { decide: { on: "completion" } } } as const;
const CASES: Readonly<Record<string, Case>> = {
  "preparation, in a seed": { until: /preparing the data/, afterMs: 4_000, seed: `${NEVER};` },
  "the baseline, in an entity's query": { until: /baseline/, afterMs: 2_000, entity: "select 'a' as key from pg_sleep(100000)" },
  "the baseline, in a rule without an end": { until: /baseline/, afterMs: 2_000, rule: "select 1 from generate_series(1, 1000000000000) n where n < 0" },
  "the load": { until: /warm-up/, afterMs: 500, over: { load: { ...smallDrill().load, warmUpMs: 60_000 } } },
  "the migration, in a statement": { until: /migration/, afterMs: 1_000, forward: NEVER },
  "a fault that holds": { until: /migration/, afterMs: 2_000, forward: NEVER, over: { faults: [{ kind: "kill", at: { afterMs: 0 }, healAfterMs: 600_000 }] } },
  "a server that is paused": { until: /migration/, afterMs: 2_000, forward: NEVER, over: { faults: [{ kind: "pause", at: { afterMs: 0 }, healAfterMs: 600_000 }] } },
  "the way back, in a statement": { until: /rollback/, afterMs: 1_000, backward: NEVER, over: later },
  "a person's decision": { until: /answer with/, afterMs: 200, over: { rollback: { decide: { on: "completion", human: { withinMs: 600_000 } } } } as Partial<DrillDeclaration> },
  "the facts after, in a rule": { until: /after\s*$/m, afterMs: 1_000, rule: `select pg_sleep(100000) from pg_class where relname = 'gone_back'`, backward: "create table gone_back ()", over: later },
  "packing and judging": { until: /after\s*$/m, afterMs: 0, over: later },
};

async function declare(folder: string, { seed, entity, rule, forward = "create table one ()", backward = "drop table if exists one", over = {} }: Case): Promise<string> {
  const system = join(folder, "system");
  await cp(join(ROOT, "fixtures/systems/shop"), system, { recursive: true });
  const declared = await readFile(join(system, "system.yaml"), "utf8");
  await writeFile(join(system, "system.yaml"), declared
    .replace(/^seed: .*$/m, seed === undefined ? "$&" : "seed: [seed.sql, constraints.sql, more.sql]")
    .replace(/^entities:$/m, entity === undefined ? "$&" : `$&\n  - { name: never, key: key, before: "${entity}", after: "${entity}" }`)
    .replace(/^invariants:$/m, rule === undefined ? "$&" : `$&\n  - { name: never, query: "${rule}" }`));
  if (seed !== undefined) await writeFile(join(system, "more.sql"), seed);
  const plan = join(folder, "plan");
  await mkdir(plan);
  await writeFile(join(plan, "plan.yaml"), JSON.stringify({ name: "held", description: "One step, which may be held up.", steps: [{ id: "one", kind: "expand", forward, backward }] }));
  return writeDrill(folder, smallDrill({ system: { path: system, scale: 0.02 }, migration: { plan, withinMs: 300_000 }, ...over }));
}

describe("Ctrl-C is heard within 5 s in", () => {
  test.for(Object.entries(CASES))("%s", { timeout: 120_000 }, async ([name, held]) => {
    await using folder = await temporaryFolder();
    const runs = join(folder.path, "runs");
    const mine = join(folder.path, "tmp");
    await mkdir(mine);
    for (const above of [folder.path, mine]) await chmod(above, 0o711); // PostgreSQL's user must get through
    const file = await declare(folder.path, held);
    const child = spawn(process.execPath, [CLI, "run", file, "--runtime", "process", "--runs", runs], { cwd: ROOT, env: { ...process.env, TMPDIR: mine } });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => { out += data.toString(); });
    const ended = new Promise<number | null>((resolve) => { child.once("exit", (code) => { resolve(code); }); });
    await waitUntil({ what: `output ${held.until}`, withinMs: 90_000, check: () => (child.exitCode !== null || held.until.test(out) ? true : undefined), lastSeen: () => out.slice(-600) });
    await new Promise((resolve) => setTimeout(resolve, held.afterMs));
    expect(child.exitCode, out).toBeNull(); // or it was held up by nothing
    const from = monotonicMs();
    child.kill("SIGINT");
    const code = await ended;
    const tookMs = Math.round(monotonicMs() - from);
    process.stderr.write(`Ctrl-C in ${name}: ${tookMs} ms\n`);
    expect(tookMs, out).toBeLessThan(process.env["CI"] || process.env["TURNBACK_BUSY"] ? BUSY_MS : WITHIN_MS);
    expect(await readdir(mine), out).toEqual([]);
    if (name === "packing and judging" && code !== 2) return; // it was through
    expect(code, out).toBe(2);
    expect(out).toContain("interrupted by SIGINT");
    const [run = ""] = await readdir(runs);
    const card = JSON.parse(await readFile(join(runs, run, "scorecard.json"), "utf8").catch(() => '{"verdict":"unknown"}')) as Scorecard;
    expect(card.verdict).toBe("unknown");
  });
});
