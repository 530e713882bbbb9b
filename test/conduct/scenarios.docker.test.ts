// Scenarios in containers: the flagship, unchanged, each kind of a way back, and one that must be missed.

import { describe, expect } from "vitest";
import { run } from "../../harness/base/process.ts";
import { findDrill } from "../../harness/drill/parse.ts";
import { dockerReason, ours } from "../support/docker.ts";
import { scenariosAsDeclared } from "../support/scenarios.ts";

const NAMES = ["split-customer-name", "forgets-trigger", "lost-disk", "damaged-backup", "synchronous", "delayed-replica", "major-upgrade", "orders-and-billing"];
const drills = await Promise.all(NAMES.map(async (name) => [name, await findDrill(name)] as const));

const keptVolumes = async () => (await run("docker", ["volume", "ls", "-q", "--filter", "label=turnback.harness"])).stdout;
const before = dockerReason === undefined ? await keptVolumes() : "";

describe.skipIf(dockerReason)("scenarios in the docker runtime", { concurrent: true }, () => scenariosAsDeclared("docker", drills, async () => {
  expect(await ours(), "containers, networks and volumes left over").toBe("");
  expect(await keptVolumes(), "kept volumes left over").toBe(before);
}));
