// Another version of the application than the migration expects: an old pipeline, or somebody in a hurry, deploys it.

import type { Fault } from "../drill/fault.ts";
import { applicationOf, type FaultKindOf } from "./fault.ts";

export const wrongVersion: FaultKindOf<Extract<Fault, { kind: "wrong-version" }>> = {
  needs: "restart",
  create: ({ version, instances }, { topology }) => {
    const application = applicationOf(topology);
    let before: readonly string[] = [];
    const wrong = (versions: readonly string[]) => versions.filter((other) => other === version).length;
    return {
      inject: async () => {
        before = application.versions;
        await application.deploy(version, instances);
      },
      prove: async () => {
        const seen = await application.observedVersions();
        return wrong(seen) >= Math.min(instances ?? seen.length, seen.length) && wrong(seen) > wrong(before) ? `the instances say that they are ${seen.join(", ")}` : undefined;
      },
      // A step that has deployed meanwhile what it wanted is not undone.
      heal: () => application.change((versions) => versions.map((now, at) => (now === version ? (before[at] ?? now) : now))),
      proveHealed: async () => {
        const seen = await application.observedVersions();
        return seen.every((other, at) => other !== version || before[at] === version) ? `the instances say that they are ${seen.join(", ")}` : undefined;
      },
    };
  },
};
