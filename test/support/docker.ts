// Whether the docker tests can run here, and if not, why; under CI=true that is a failure, not a skip.

import { diagnose } from "../../harness/cli/doctor.ts";

const docker = (await diagnose()).runtimes.find(({ runtime }) => runtime === "docker");
const lacking = docker?.usable ? undefined : docker?.checks.filter(({ ok }) => !ok).map(({ what, detail }) => `${what}: ${detail}`).join("; ") ?? "no docker runtime";

if (lacking && process.env["CI"] === "true") throw new Error(`CI must run the docker tests, and can't: ${lacking}`);
if (lacking) console.warn(`docker tests are skipped: ${lacking}`);

/** Undefined when the docker tests can run. */
export const dockerReason: string | undefined = lacking;
