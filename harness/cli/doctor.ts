// The doctor: each way to run drills here, why it works or doesn't, and what mends it.

import { access, constants } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wrap, WIDTH, type coloursFor } from "../../reports/terminal.ts";
import { ROOT } from "../base/files.ts";
import { messageOf, type HarnessError } from "../base/errors.ts";
import { run } from "../base/process.ts";
import { FAULTS } from "../faults/registry.ts";
import { postgresBinaries, hasEmbeddedPostgres } from "../topology/embedded-postgres.ts";
import { dockerCapabilities } from "../topology/docker-runtime.ts";
import { whyNoFuse } from "../topology/faulty-disk.ts";
import { whyNoPacketFilter } from "../topology/packet-filter.ts";
import { whyNoSkew } from "../topology/skewed-clock.ts";
import { processCapabilities } from "../topology/process-runtime.ts";
import type { Capability } from "../topology/runtime.ts";
import { OUR_IMAGES, missingImages, tryEngines } from "../topology/engine.ts";
import { abandonedParts, keptFolder, shelves } from "../topology/cache.ts";
import { expectTemporary } from "./places.ts";

export type Check = { readonly what: string; readonly ok: boolean; readonly detail: string; readonly remedy?: string };
export type Diagnosis = {
  readonly schema: "turnback.diagnosis/1";
  readonly parts: readonly Check[];
  readonly runtimes: readonly { readonly runtime: string; readonly usable: boolean; readonly checks: readonly Check[]; readonly faults: readonly string[]; /** Faults that this machine can't bring about there. */ readonly refused: readonly string[] }[];
};

export async function diagnose(): Promise<Diagnosis> {
  const parts = await Promise.all([
    nodeVersion(),
    program("k6 with the turnback extension", "k6", ["version"]),
    program("Toxiproxy", "toxiproxy-server", ["-version"]),
    program("wire proxy", "wire-proxy", undefined),
    program("prober", "prober", undefined),
    program("faultfs", "faultfs", undefined),
    temporaryFolder(),
    keptData(),
  ]);
  const engines = await tryEngines();
  const engineChecks: Check[] = engines.map(({ place, answers, detail, remedy }) => ({ what: `engine at ${place}`, ok: answers, detail, ...(remedy ? { remedy } : {}) }));
  const engine = engines.find(({ answers }) => answers);
  const missing = engine ? await missingImages(engine.place) : [];
  const images = (engine ? OUR_IMAGES : []).map((name): Check => (missing.includes(name)
    ? { what: `image ${name}`, ok: false, detail: "not built", remedy: "npm run setup" } : { what: `image ${name}`, ok: true, detail: "built" }));
  const embedded: Check = hasEmbeddedPostgres()
    ? { what: "embedded PostgreSQL", ok: true, detail: (await run(join(postgresBinaries(), "bin/postgres"), ["--version"])).stdout.trim() }
    : { what: "embedded PostgreSQL", ok: false, detail: `no binaries for ${process.platform}-${process.arch}`, remedy: "npm run setup" };
  const linux: Check = { what: "Linux", ok: process.platform === "linux", detail: `this is ${process.platform}`, ...(process.platform === "linux" ? {} : { remedy: "the process runtime signals process trees through /proc: use the docker runtime" }) };
  const partsOk = parts.every(({ ok }) => ok);
  const noFuse = whyNoFuse();
  const fuse: Check = noFuse === undefined ? { what: "disks that fail (FUSE)", ok: true, detail: "/dev/fuse can be mounted" }
    : { what: "disks that fail (FUSE)", ok: false, detail: noFuse, remedy: "load the fuse module and run as root, or install fuse3; without it, faults of the disk are refused" };
  const noPackets = whyNoPacketFilter();
  const packets: Check = noPackets === undefined ? { what: "packets that get lost (iptables)", ok: true, detail: "the packet filter can be changed" }
    : { what: "packets that get lost (iptables)", ok: false, detail: noPackets, remedy: "run as root, with iptables; without it, faults of packets are refused" };
  const noSkew = whyNoSkew();
  const clock: Check = noSkew === undefined ? { what: "clocks that jump (libfaketime)", ok: true, detail: "installed" }
    : { what: "clocks that jump (libfaketime)", ok: false, detail: noSkew, remedy: "apt-get install libfaketime; without it, skewed clocks are refused" };
  const inContainers = dockerCapabilities(engine?.place.startsWith("unix:") ?? false);
  const faultsWith = (capabilities: readonly Capability[], can: boolean) =>
    Object.entries(FAULTS).flatMap(([fault, { needs }]) => (capabilities.includes(needs) === can ? [fault] : []));
  const split = (capabilities: readonly Capability[]) => ({ faults: faultsWith(capabilities, true), refused: faultsWith(capabilities, false) });
  return {
    schema: "turnback.diagnosis/1", parts,
    runtimes: [
      { runtime: "docker", usable: partsOk && engine !== undefined && images.every(({ ok }) => ok), checks: [...engineChecks, ...images, fuse], ...split(inContainers) },
      { runtime: "process", usable: partsOk && embedded.ok && linux.ok, checks: [embedded, linux, fuse, packets, clock], ...split(processCapabilities()) },
    ],
  };
}

function nodeVersion(): Promise<Check> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > 22 || (major === 22 && minor >= 18);
  return Promise.resolve({ what: "Node", ok, detail: process.version, ...(ok ? {} : { remedy: "npm run setup, then npx turnback" }) });
}

/** Looks at prepared data and facts, puts right what can be, and takes away what can't: the next run makes it anew. */
async function keptData(): Promise<Check> {
  const what = "prepared data and facts";
  try {
    const kept = await shelves();
    const said: string[] = [];
    for (const shelf of kept) await keptFolder(shelf, { say: (text) => said.push(text) });
    const parts = await abandonedParts();
    if (parts.length > 0) said.push(`${parts.length} half-made by killed processes (\`turnback clean\`, and the next run, remove them)`);
    return { what, ok: true, detail: [`${kept.length} kept`, ...said.slice(0, 3), ...(said.length > 3 ? [`and ${said.length - 3} more that were put right or are made anew`] : [])].join("; ") };
  } catch (error) {
    return { what, ok: false, detail: messageOf(error), remedy: (error as HarnessError).remedy ?? "remove .cache in turnback's folder" };
  }
}

async function temporaryFolder(): Promise<Check> {
  const what = "temporary folder";
  return expectTemporary().then(() => ({ what, ok: true, detail: tmpdir() }), (error: unknown) => ({ what, ok: false, detail: messageOf(error), remedy: (error as HarnessError).remedy ?? "set TMPDIR" }));
}

async function program(what: string, name: string, args: readonly string[] | undefined): Promise<Check> {
  const file = join(ROOT, ".cache", "bin", name);
  try {
    await access(file, constants.X_OK);
    const detail = args ? ((await run(file, args)).stdout.trim().split("\n")[0] ?? "") : "built";
    return { what, ok: true, detail };
  } catch (error) {
    return { what, ok: false, detail: messageOf(error), remedy: "npm run setup" };
  }
}

export function renderDiagnosis({ parts, runtimes }: Diagnosis, c: ReturnType<typeof coloursFor>): string {
  const line = ({ what, ok, detail, remedy }: Check) =>
    `  ${ok ? c.green("✔") : c.red("✘")} ${what}: ${detail}${!ok && remedy ? `\n      do: ${remedy}` : ""}`;
  const list = (title: string, names: readonly string[]) => wrap(names.join(", "), WIDTH - 11).map((names, i) => `  ${(i === 0 ? `${title}:` : "").padEnd(8)} ${names}`);
  return [
    c.bold("parts"), ...parts.map(line),
    ...runtimes.flatMap(({ runtime, usable, checks, faults, refused }) => [
      "", c.bold(`${runtime} runtime: ${usable ? "usable" : "not usable here"}`), ...checks.map(line),
      ...(usable ? list("faults", faults) : []),
      ...(usable && refused.length > 0 ? list("refused", refused).map((refusal) => c.yellow(refusal)) : []),
    ]),
  ].join("\n");
}
