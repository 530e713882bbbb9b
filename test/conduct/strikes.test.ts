// Who heals a path waits for nobody: whoever stops and starts servers may be waiting for that path.

import { expect, test } from "vitest";
import { pause } from "../../harness/base/deadline.ts";
import { mutex } from "../../harness/base/mutex.ts";
import { UndoStack } from "../../harness/base/undo.ts";
import { Strikes } from "../../harness/conduct/strikes.ts";
import { faultSchema } from "../../harness/drill/fault.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import type { Topology } from "../../harness/topology/topology.ts";

test.for([
  ["down", true],
  ["pause", false],
] as const)("while somebody has the turn, a fault of kind %s heals: %s", async ([kind, heals]) => {
  const events: RunEvent[] = [];
  let enabled = true;
  let state = "running";
  const inTurn = mutex();
  const topology = {
    inTurn,
    proxies: {
      setEnabled: (_path: string, to: boolean) => { enabled = to; return Promise.resolve(); },
      address: () => ({ host: "127.0.0.1", port: 1 }), // where nobody listens
      state: () => Promise.resolve({ enabled, toxics: [] }),
    },
    cluster: { primary: {
      pause: () => { state = "paused"; return Promise.resolve(); },
      resume: () => { state = "running"; return Promise.resolve(); },
      observe: () => Promise.resolve({ state, detail: "" }),
    } },
  } as unknown as Topology;
  const strikes = new Strikes({
    faults: [faultSchema.parse({ kind, at: { before: "some-step" }, healAfterMs: 0 })],
    topology, seed: 1, undo: new UndoStack(), signal: new AbortController().signal, record: (event) => events.push(event),
  });
  const states = () => events.flatMap((event) => (event.kind === "fault" ? [event.state] : []));
  let release = () => undefined as void;
  const turn = inTurn(() => new Promise<void>((resolve) => { release = resolve; }));
  await strikes.reach("forward", { at: "before", step: "some-step" });
  await pause(100);
  expect(states()).toEqual(["triggered", "proven", ...(heals ? ["healed"] : [])]);
  release();
  await turn;
  await strikes.settle();
  expect(states()).toEqual(["triggered", "proven", "healed"]);
});
