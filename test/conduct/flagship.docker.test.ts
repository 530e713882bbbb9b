// The flagship, unchanged, in the docker runtime.

import { describe, expect, test } from "vitest";
import { findDrill } from "../../harness/drill/parse.ts";
import { dockerReason, ours } from "../support/docker.ts";
import { rehearse, temporaryFolder } from "../support/drills.ts";

describe.skipIf(dockerReason)("the docker runtime", () => {
  test("the flagship drill is met, and no container, network or volume is left", async () => {
    await using folder = await temporaryFolder();
    const { card, failure } = await rehearse(await findDrill("split-customer-name"), { runtime: "docker", runs: folder.path });
    expect(failure).toBeUndefined();
    expect(card.verdict, card.objectives.map(({ name, verdict, reason }) => `${name} ${verdict}: ${reason}`).join("\n")).toBe("met");
    expect(card.runtime).toBe("docker");
    expect(await ours()).toBe("");
  });

  test("a drill that must be missed is missed here, too", async () => {
    await using folder = await temporaryFolder();
    const { card } = await rehearse(await findDrill("forgets-trigger"), { runtime: "docker", runs: folder.path });
    expect(card.objectives.filter(({ verdict }) => verdict === "missed").map(({ name }) => name)).toEqual(["structure"]);
  });
});
