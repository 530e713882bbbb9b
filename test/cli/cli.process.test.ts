// The command line: exit codes, messages, bad input and bad luck, and nothing left behind.

import { execFile, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:net";
import { readFileSync } from "node:fs";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { describe, expect, test } from "vitest";
import { waitUntil } from "../../harness/base/deadline.ts";
import { exists, ROOT, filesBelow } from "../../harness/base/files.ts";
import { allPids, run as execute } from "../../harness/base/process.ts";
import type { DrillDeclaration } from "../../harness/drill/schema.ts";
import { readPlan } from "../../harness/migration/plan-file.ts";
import type { Scorecard } from "../../harness/judge/scorecard.ts";
import { whyNoFuse } from "../../harness/topology/faulty-disk.ts";
import { smallDrill, temporaryFolder, writeDrill } from "../support/drills.ts";

const CLI = join(ROOT, "harness/cli/turnback.ts");
type Result = { readonly code: number; readonly out: string; readonly err: string };

async function turnback(...args: string[]): Promise<Result> {
  return promisify(execFile)(process.execPath, [CLI, ...args], { cwd: ROOT, maxBuffer: 50e6 }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, out: error.stdout, err: error.stderr }));
}

/** Starts a run and gives it back while it is going on, once `until` was printed. */
async function started(args: string[], until: RegExp) {
  const child = spawn(process.execPath, [CLI, "run", ...args], { cwd: ROOT });
  let out = "";
  child.stdout.on("data", (data: Buffer) => { out += data.toString(); });
  child.stderr.on("data", (data: Buffer) => { out += data.toString(); });
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  await waitUntil({ what: `output ${until}`, withinMs: 60_000, check: () => (until.test(out) ? true : undefined), lastSeen: () => out.slice(-300) });
  return { child, ended, output: () => out };
}

async function onlyRun(runs: string): Promise<string> {
  const [name] = await readdir(runs);
  return join(runs, name ?? "");
}
const cardOf = async (run: string) => JSON.parse(await readFile(join(run, "scorecard.json"), "utf8")) as Scorecard;

async function runSmall(over: Partial<DrillDeclaration>): Promise<Result & { readonly folder: string }> {
  const folder = await temporaryFolder();
  const result = await turnback("run", await writeDrill(folder.path, smallDrill(over)), "--runtime", "process", "--runs", join(folder.path, "runs"));
  await folder[Symbol.asyncDispose]();
  return { ...result, folder: folder.path };
}

describe("commands", () => {
  test("a run, and everything that can be done with it", async () => {
    await using folder = await temporaryFolder();
    const runs = join(folder.path, "runs");
    const junit = join(folder.path, "junit.xml");
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const [key, ours, theirs] = ["key.pem", "ours.pem", "theirs.pem"].map((name) => join(folder.path, name)) as [string, string, string];
    await writeFile(key, privateKey.export({ type: "pkcs8", format: "pem" }));
    await writeFile(ours, publicKey.export({ type: "spki", format: "pem" }));
    await writeFile(theirs, generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }));
    const ran = await turnback("run", await writeDrill(folder.path, smallDrill()), "--runtime", "process", "--runs", runs, "--json", "--junit", junit, "--sign", key);
    const card = JSON.parse(ran.out) as Scorecard;
    expect([ran.code, card.verdict]).toEqual([0, "met"]);
    const run = await onlyRun(runs);
    expect((await turnback("verify", run)).out).toContain("intact");
    expect(await turnback("verify", run, "--key", ours)).toMatchObject({ code: 0, out: expect.stringContaining("signed with this key") as string });
    expect(await turnback("verify", run, "--key", theirs)).toMatchObject({ code: 1, out: expect.stringContaining("signed by another key") as string });
    expect((await turnback("verify", run, "--key", join(folder.path, "none.pem"))).code).toBe(3);
    const judged = await turnback("judge", run);
    expect(judged.out).toContain("repeats the sealed scorecard byte for byte");
    expect(Math.max(...judged.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect((await turnback("judge", run, "--json")).out).toBe(await readFile(join(run, "scorecard.json"), "utf8"));
    expect(JSON.parse((await turnback("query", run, "select count(*)::int as n from operations where outcome = 'committed'", "--json")).out)).toEqual([{ n: card.measures.operations.committed }]);
    expect((await turnback("query", run, "select nonsense")).code).toBe(3);
    expect((await turnback("report", run, "--format", "markdown")).out).toMatch(/^## ✔ MET/);
    expect(await readFile(junit, "utf8")).toContain('failures="0" errors="0"');
    await writeFile(join(run, "before/structure.json"), "[]");
    expect(await turnback("verify", run)).toMatchObject({ code: 1, out: expect.stringMatching(/^before\/structure.json:1: changed since the seal: first between lines 1 and 1; it is [0-9,]+ bytes shorter\n$/) as string });
  });

  test("compare rehearses a drill once per way back, and refuses what is none", async () => {
    await using folder = await temporaryFolder();
    const file = await writeDrill(folder.path, smallDrill({ rollback: { strategy: "down", decide: { on: "completion" } }, objectives: { loss: { maxLostWrites: 0 }, structure: { maxDifferences: 0 } } }));
    const { code, out } = await turnback("compare", file, "--ways", "down,pitr", "--runtime", "process", "--runs", folder.path, "--json");
    const comparison = JSON.parse(out);
    expect(code).toBe(0); // one of them loses nothing
    expect(comparison.ways.map(({ way, verdict }: { way: string; verdict: string }) => `${way} ${verdict}`)).toEqual(["down met", "pitr missed"]);
    expect(comparison.ways[1].lostWrites).toBeGreaterThan(0);
    expect(comparison.ways[1].storageBytes).toBeGreaterThan(10e6);
    for (const { run } of comparison.ways) expect((await turnback("verify", join(folder.path, run))).code).toBe(0);
    for (const [ways, says] of [["down,sideways", "sideways"], ["down", "two"], ["down,down", "once"], ["down,volume-back", "volume-back needs a volume swap"]] as const) {
      const refused = await turnback("compare", file, "--ways", ways, "--runs", join(folder.path, "none"));
      expect(refused.code).toBe(3);
      expect(refused.err).toContain(says);
    }
    expect(await exists(join(folder.path, "none")), "nothing has run by then").toBe(false);
  });

  test("list, doctor, plan, schema, completion and help say what they should", async () => {
    expect((await turnback("list")).out).toContain("split-customer-name");
    expect(JSON.parse((await turnback("doctor", "--json")).out)).toMatchObject({ schema: "turnback.diagnosis/1" });
    expect((await turnback("plan", "fixtures/systems/shop/migrations/split-customer-name")).out).toContain("backfill-names");
    const several = "fixtures/systems/orders/migrations/number-orders";
    expect((await turnback("plan", several)).out).toMatch(/widen-invoices +expand +reversible, on billing\n/);
    expect(await turnback("plan", several, "--on", "stock")).toMatchObject({ code: 3, err: expect.stringContaining('no step of number-orders is on a database "stock"') as string });
    expect(JSON.parse((await turnback("schema")).out)).toHaveProperty("properties.objectives");
    expect((await turnback("completion", "bash")).out).toContain("split-customer-name");
    expect((await turnback("run", "--help")).out).toContain("Exit codes:");
  });

  test.for([
    [["frobnicate"], /unknown command/], [["run"], /missing required argument/], [["run", "x", "--runtime", "vm"], /Allowed choices are auto, docker, process/],
    [["run", "split-custumer-name"], /did you mean "split-customer-name"/], [["judge", "/nowhere"], /is no run directory/], [["run", "x.drill.yaml"], /there is no such file/],
  ] as const)("wrong usage %j has exit code 3 and a message without a stack", async ([args, message]) => {
    const { code, err } = await turnback(...args);
    expect(code).toBe(3);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/^\s+at /m);
  });
});

describe("a suite", () => {
  const suiteOf = async (folder: string, drills: readonly string[], ...flags: string[]) => {
    const file = join(folder, "own.suite.yaml");
    await writeFile(file, JSON.stringify({ name: "own", description: "A test's.", drills }));
    return turnback("suite", file, "--runtime", "process", "--runs", join(folder, "runs"), ...flags);
  };

  test("goes on after a drill that is other than it must be, and says which in page, JUnit, JSON and exit code", async () => {
    await using folder = await temporaryFolder();
    await writeDrill(folder.path, smallDrill({ name: "not-lost", objectives: { loss: { maxLostWrites: 0 } }, expect: { verdict: "missed", missed: ["loss"] } }));
    await writeDrill(folder.path, smallDrill({ name: "well", objectives: { loss: { maxLostWrites: 0 } } }));
    const junit = join(folder.path, "junit.xml");
    const { code, out, err } = await suiteOf(folder.path, ["./not-lost.drill.json", "./well.drill.json"], "--json", "--junit", junit);
    expect(code, err).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ verdict: "missed", drills: [
      { drill: "not-lost", verdict: "met", surprises: ["it is met, and must be missed", expect.stringContaining("loss is met, and must be missed")] },
      { drill: "well", verdict: "met", surprises: [], lostWrites: 0 },
    ] });
    expect(await readFile(junit, "utf8")).toContain('tests="2" failures="1" errors="0"');
    const page = (await readdir(join(folder.path, "runs"))).find((name) => name.endsWith(".html")) ?? "";
    const html = await readFile(join(folder.path, "runs", page), "utf8");
    const [, link = ""] = /href="([^"]+scorecard.html)"/.exec(html) ?? [];
    expect(await exists(join(folder.path, "runs", link)), link).toBe(true);
  });

  test("with a drill that can't be read begins none", async () => {
    await using folder = await temporaryFolder();
    await writeDrill(folder.path, smallDrill({ name: "well" }));
    const { code, err } = await suiteOf(folder.path, ["./well.drill.json", "./gone.drill.json"]);
    expect([code, err]).toEqual([3, expect.stringContaining("gone.drill.json: there is no such file")]);
    expect(await exists(join(folder.path, "runs"))).toBe(false);
  });
});

describe("bad luck", () => {
  test("a fixed port that is in use is named, with exit code 4", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const { code, err } = await runSmall({ system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { port } } });
    server.close();
    expect(err).toContain(`port ${port}, which postgres is to listen on, is already in use`);
    expect(code).toBe(4);
  });

  test("a setting with which a server doesn't start is named, with exit code 3", async () => {
    const { code, err } = await runSmall({ system: { path: "fixtures/systems/shop", scale: 0.05, postgres: { settings: { shared_buffers: "nonsense" } } } });
    expect(err).toContain("system.postgres.settings.shared_buffers: the server doesn't start with \"nonsense\"");
    expect(code).toBe(3);
  });

  test("a syntax error in a plan is named with its step, and exit code 3", async () => {
    await using folder = await temporaryFolder();
    const plan = await readPlan("fixtures/systems/shop/migrations/split-customer-name");
    await writeFile(join(folder.path, "plan.yaml"), stringify({ ...plan, steps: [{ ...plan.steps[0], forward: "alter tabel customers add x int" }] }));
    const { code, err, out } = await runSmall({ migration: { plan: folder.path } });
    expect(err).toMatch(/step add-columns, forward: syntax error at or near "tabel", at character 7/);
    expect(out).toContain("? UNKNOWN");
    expect(code).toBe(3);
  });

  test("k6 dying makes the run unknown and says so", async () => {
    await using folder = await temporaryFolder();
    const runs = join(folder.path, "runs");
    const file = await writeDrill(folder.path, smallDrill({ load: { ...smallDrill().load, warmUpMs: 20_000 } }));
    const { child, ended, output } = await started([file, "--runtime", "process", "--runs", runs], /warm-up/);
    // This run's own: others may be on the machine.
    const k6 = await waitUntil({ what: "k6", withinMs: 20_000, check: () => allPids().find((pid) => parentOf(pid) === child.pid && commandOf(pid).includes("/k6 run")) });
    process.kill(k6, "SIGKILL");
    expect(await ended).toBe(2);
    expect(output()).toContain("the load generator ended by itself (SIGKILL)");
    const card = await cardOf(await onlyRun(runs));
    expect(card.verdict).toBe("unknown");
    expect(card.doubts[0]).toContain("the load generator ended by itself");
  });

  test.skipIf(whyNoFuse() !== undefined)("a file system that dies makes the run unknown, and is not held against the server", async () => {
    await using folder = await temporaryFolder();
    const runs = join(folder.path, "runs");
    const file = await writeDrill(folder.path, smallDrill({ load: { ...smallDrill().load, warmUpMs: 20_000 }, faults: [{ kind: "power-cut", at: { afterMs: 0 } }] }));
    const { child, ended, output } = await started([file, "--runtime", "process", "--runs", runs], /warm-up/);
    const faultfs = await waitUntil({ what: "faultfs", withinMs: 20_000, check: () => allPids().find((pid) => parentOf(pid) === child.pid && commandOf(pid).includes("/faultfs -disk")) });
    process.kill(faultfs, "SIGKILL");
    expect(await ended).toBe(2);
    expect(output()).toContain("faultfs ended by itself (SIGKILL)");
    const card = await cardOf(await onlyRun(runs));
    expect(card.verdict).toBe("unknown");
    expect(card.doubts[0]).toContain("faultfs ended by itself");
  });

  test.for(["toxiproxy", "wire-proxy"] as const)("%s dying in the midst of a run makes it unknown, for that reason", async (proxy) => {
    await using folder = await temporaryFolder();
    const runs = join(folder.path, "runs");
    const file = await writeDrill(folder.path, smallDrill({ load: { ...smallDrill().load, warmUpMs: 20_000 }, faults: [{ kind: "reply-lost", at: { afterMs: 0 } }] }));
    const { child, ended, output } = await started([file, "--runtime", "process", "--runs", runs], /warm-up/);
    const pid = await waitUntil({ what: proxy, withinMs: 20_000, check: () => allPids().find((id) => parentOf(id) === child.pid && commandOf(id).includes(`/${proxy}`)) });
    process.kill(pid, "SIGKILL");
    expect(await ended).toBe(2);
    expect(output()).toContain(`${proxy} ended by itself (SIGKILL)`);
    const card = await cardOf(await onlyRun(runs));
    expect(card.verdict).toBe("unknown");
    expect(card.doubts[0]).toContain(`${proxy} ended by itself (SIGKILL)`);
  });

  test.for(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)("%s ends a run in good order, and it is judged unknown", async (signal) => {
    await using folder = await temporaryFolder();
    const runs = join(folder.path, "runs");
    const file = await writeDrill(folder.path, smallDrill({ load: { ...smallDrill().load, warmUpMs: 20_000 } }));
    const { child, ended } = await started([file, "--runtime", "process", "--runs", runs], /warm-up/);
    child.kill(signal);
    expect(await ended).toBe(2);
    expect((await cardOf(await onlyRun(runs))).doubts[0]).toContain(`interrupted by ${signal}`);
  });

  test("output that can't be written is said, and is neither met nor missed", async () => {
    for (const command of ["list", "doctor --json"]) {
      const failed = await promisify(execFile)("bash", ["-c", `"$0" "$1" ${command} >/dev/full`, process.execPath, CLI], { cwd: ROOT }).catch((error: unknown) => error as { readonly code: number; readonly stderr: string });
      expect(failed, command).toMatchObject({ code: 4, stderr: expect.stringContaining("what was to be printed is lost") as string });
    }
    await promisify(execFile)("bash", ["-c", `set -o pipefail; "$0" "$1" list | head -1`, process.execPath, CLI], { cwd: ROOT }); // who has enough may go
  });

  test("what a killed harness leaves is announced, found and removed, and nothing else", async () => {
    await using folder = await temporaryFolder();
    const runs = join(folder.path, "runs");
    const fuse = whyNoFuse() === undefined;
    const file = await writeDrill(folder.path, smallDrill({ load: { ...smallDrill().load, warmUpMs: 20_000 }, ...(fuse && { faults: [{ kind: "power-cut", at: { afterMs: 0 } }] }) }));
    const bystander = spawn("sleep", ["60"]);
    const { child, ended } = await started([file, "--runtime", "process", "--runs", runs], /warm-up/);
    child.kill("SIGKILL");
    await ended;
    const announced = await turnback("clean", "--dry-run");
    expect(announced.out).toMatch(fuse ? /would remove of \S+small\S+: process \d+.*mount \S+\/postgres, folder/ : /would remove of \S+small\S+: process \d+.*folder/);
    expect((await turnback("clean")).out).toMatch(/removed of/);
    expect((await turnback("clean")).out).toBe("nothing was left behind\n");
    expect(bystander.exitCode).toBeNull();
    bystander.kill();
    expect((await turnback("judge", await onlyRun(runs), "--json")).code).toBe(2);
  });

  test.skipIf(userInfo().uid !== 0)("a full disk under the run directory ends the run with one clear message", async () => {
    await using folder = await temporaryFolder();
    const file = await writeDrill(folder.path, smallDrill());
    const small = join(folder.path, "small");
    await execute("mkdir", [small]);
    await execute("mount", ["-t", "tmpfs", "-o", "size=700k", "tmpfs", small]);
    try {
      const { code, err } = await turnback("run", file, "--runtime", "process", "--runs", small);
      expect(err).toMatch(/no space left/);
      expect(err).not.toMatch(/^\s+at \S+ \(/m);
      expect(code).toBe(4);
    } finally {
      await execute("umount", [small]);
    }
  });
});

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
  } catch {
    return 0; // it ended while we looked
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return ""; // it ended while we looked
  }
}

describe("secrets", () => {
  test("neither passwords of the run nor canaries in logs reach any output", async () => {
    await using folder = await temporaryFolder();
    const runs = join(folder.path, "runs");
    const canaries = ["hunter2-canary-dsn", "tok-canary-4711"];
    const plan = await readPlan("fixtures/systems/shop/migrations/split-customer-name");
    const leak = `do $$ begin raise log 'connecting to postgres://u:${canaries[0]}@h/db with token=${canaries[1]}'; raise exception 'password=${canaries[0]} was wrong'; end $$`;
    await writeFile(join(folder.path, "plan.yaml"), stringify({ ...plan, steps: [{ ...plan.steps[0], forward: leak }] }));
    const file = await writeDrill(folder.path, smallDrill({ migration: { plan: folder.path }, load: { ...smallDrill().load, warmUpMs: 3_000 } }));
    const { child, ended, output } = await started([file, "--runtime", "process", "--runs", runs], /load in steady state/);
    const k6 = allPids().find((pid) => parentOf(pid) === child.pid && commandOf(pid).includes("/k6 run")) ?? 0;
    const password = /app:([^@"]+)@/.exec(readFileSync(`/proc/${k6}/environ`, "latin1"))?.[1] ?? "";
    expect(password.length).toBeGreaterThan(10);
    await ended;
    const run = await onlyRun(runs);
    // The plan as run quotes the leaking statement itself: it is redacted there, too.
    for (const name of await filesBelow(run)) {
      const text = await readFile(join(run, name), "latin1");
      for (const secret of [password, ...canaries]) expect(text.includes(secret), `${secret} in ${name}`).toBe(false);
    }
    for (const secret of [password, ...canaries]) expect(output()).not.toContain(secret);
    expect(await readFile(join(run, "logs/postgres.log"), "utf8")).toMatch(/\[redacted[:\]]/);
  });
});
