// Whether the docker tests can run here, and if not, why; under CI=true that is a failure, not a skip.

import { run as execute } from "../../harness/base/process.ts";
import { diagnose } from "../../harness/cli/doctor.ts";

const docker = (await diagnose()).runtimes.find(({ runtime }) => runtime === "docker");
const lacking = docker?.usable ? undefined : docker?.checks.filter(({ ok }) => !ok).map(({ what, detail }) => `${what}: ${detail}`).join("; ") ?? "no docker runtime";

if (lacking && process.env["CI"] === "true") throw new Error(`CI must run the docker tests, and can't: ${lacking}`);
if (lacking) console.warn(`docker tests are skipped: ${lacking}`);

/** Undefined when the docker tests can run. */
export const dockerReason: string | undefined = lacking;

/** What of ours the engine still holds. */
export async function ours(): Promise<string> {
  const kinds = [["ps", "-a"], ["network", "ls"], ["volume", "ls"]] as const;
  const lists = await Promise.all(kinds.map(async (args) => (await execute("docker", [...args, "-q", "--filter", "label=turnback.run"])).stdout.trim()));
  return lists.filter(Boolean).join("\n");
}
