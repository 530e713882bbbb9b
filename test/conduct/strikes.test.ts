// Faults strike and heal beside each other: who heals a server waits until what else struck it was seen, and who heals a path waits for nobody.

import { expect, test } from "vitest";
import { pause } from "../../harness/base/deadline.ts";
import { mutex } from "../../harness/base/mutex.ts";
import { UndoStack } from "../../harness/base/undo.ts";
import { Strikes } from "../../harness/conduct/strikes.ts";
import { faultSchema } from "../../harness/drill/fault.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import type { Topology } from "../../harness/topology/topology.ts";

test("a step whose statements are done waits with its journal for what is to strike inside it", async () => {
  const events: RunEvent[] = [];
  const topology = { inTurn: mutex(), cluster: { primary: { pause: () => Promise.resolve(), resume: () => Promise.resolve(), observe: () => Promise.resolve({ state: "paused", detail: "" }) } } } as unknown as Topology;
  const stop = new AbortController();
  const strikes = new Strikes({
    faults: [faultSchema.parse({ kind: "pause", at: { within: "short", afterMs: 60 }, healAfterMs: 60_000 })],
    topology, seed: 1, undo: new UndoStack(), signal: stop.signal, record: (event) => events.push(event),
  });
  await strikes.reach("forward", { at: "before", step: "short" });
  await strikes.reach("forward", { at: "progress", step: "short", share: 0.5 });
  expect(events).toEqual([]);
  await strikes.reach("forward", { at: "progress", step: "other", share: 1 });
  expect(events).toEqual([]);
  await strikes.reach("forward", { at: "progress", step: "short", share: 1 });
  expect(events).toMatchObject([{ state: "triggered" }, { state: "proven" }]);
  stop.abort();
  await strikes.settle();
});

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

test("a server that was just struck is not healed by another fault's healing before that was seen", async () => {
  const events: RunEvent[] = [];
  let state = "running";
  const seenAs: string[] = [];
  const topology = {
    inTurn: mutex(),
    cluster: { primary: {
      pause: () => { state = "paused"; return Promise.resolve(); },
      resume: () => { state = "running"; return Promise.resolve(); }, // as a healing that starts what is down
      kill: async () => { state = "stopped"; await pause(150); }, // an engine that takes its time to say so
      start: () => { state = "running"; return Promise.resolve(); },
      observe: () => { seenAs.push(state); return Promise.resolve({ state, detail: "" }); },
    } },
  } as unknown as Topology;
  const strikes = new Strikes({
    faults: [faultSchema.parse({ kind: "pause", at: { before: "one" }, healAfterMs: 50 }), faultSchema.parse({ kind: "kill", at: { before: "two" }, healAfterMs: 0 })],
    topology, seed: 1, undo: new UndoStack(), signal: new AbortController().signal, record: (event) => events.push(event),
  });
  await strikes.reach("forward", { at: "before", step: "one" });
  await strikes.reach("forward", { at: "before", step: "two" });
  await strikes.settle();
  const states = (index: number) => events.flatMap((event) => (event.kind === "fault" && event.index === index ? [event.state] : []));
  expect(states(1)).toEqual(["triggered", "proven", "healed"]);
  expect(states(0)).toEqual(["triggered", "proven", "healed"]);
});
