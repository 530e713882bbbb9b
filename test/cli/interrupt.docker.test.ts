// Ctrl-C in the docker runtime leaves no container, network or volume.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { waitUntil } from "../../harness/base/deadline.ts";
import { ROOT } from "../../harness/base/files.ts";
import { dockerReason, ours } from "../support/docker.ts";
import { smallDrill, temporaryFolder, writeDrill } from "../support/drills.ts";

describe.skipIf(dockerReason)("the docker runtime", () => {
  test.for(["SIGINT", "SIGTERM"] as const)("%s in the middle of a run takes everything down", async (signal) => {
    await using folder = await temporaryFolder();
    const file = await writeDrill(folder.path, smallDrill({ load: { ...smallDrill().load, warmUpMs: 20_000 } }));
    const child = spawn(process.execPath, [join(ROOT, "harness/cli/turnback.ts"), "run", file, "--runtime", "docker", "--runs", join(folder.path, "runs")]);
    let out = "";
    child.stdout.on("data", (data: Buffer) => { out += data.toString(); });
    child.stderr.on("data", (data: Buffer) => { out += data.toString(); });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await waitUntil({ what: "warm-up", withinMs: 90_000, check: () => (/warm-up/.test(out) ? true : undefined), lastSeen: () => out.slice(-300) });
    expect(await ours()).not.toBe("");
    child.kill(signal);
    expect(await ended).toBe(2);
    expect(out).toContain("? UNKNOWN");
    expect(await ours()).toBe("");
  });
});
