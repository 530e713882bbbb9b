// Ways back in the docker runtime: from a backup, and from a second server.

import { describe, expect, test } from "vitest";
import { findDrill } from "../../harness/drill/parse.ts";
import { dockerReason, ours } from "../support/docker.ts";
import { rehearse, temporaryFolder } from "../support/drills.ts";

describe.skipIf(dockerReason)("ways back in the docker runtime", () => {
  test.for(["lost-disk", "damaged-backup", "major-upgrade", "orders-and-billing"])("%s is met, and no container, network or volume is left", async (name) => {
    await using folder = await temporaryFolder();
    const { card, failure } = await rehearse(await findDrill(name), { runtime: "docker", runs: folder.path });
    expect(failure).toBeUndefined();
    expect(card.verdict, card.objectives.map(({ name: objective, verdict, reason }) => `${objective} ${verdict}: ${reason}`).join("\n")).toBe("met");
    expect(await ours()).toBe("");
  });
});
