// Verdicts and score: unknown never looks green, and lost data outranks speed.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { judge } from "../../harness/judge/judge.ts";
import { judgeTime, worst } from "../../harness/judge/verdicts.ts";
import { score } from "../../harness/judge/score.ts";
import type { ObjectiveResult, Verdict } from "../../harness/judge/scorecard.ts";
import type { RunEvent } from "../../harness/evidence/timeline.ts";
import { temporaryFolder } from "../support/drills.ts";
import { insert, record, update, type History } from "./history.ts";

const verdict = fc.constantFrom<Verdict>("met", "missed", "unknown");
const objective = (name: string, outcome: Verdict, value = 1, maxMs = 10): ObjectiveResult =>
  ({ name, title: name, target: name === "recovery" ? { maxMs } : { max: 0 }, measured: { value, plusMinus: 0, unit: "ms" }, verdict: outcome, reason: "", evidence: [] });

describe("people's journeys", () => {
  const journey = (state: string, name = "a customer orders", version = "v1") => ({ name, version, state, tookMs: 400, ...(state === "failed" ? { error: "Expected: 200 · Received: 503" } : {}) });
  const judged = async (journeys: readonly object[] | undefined, events: readonly (readonly [number, RunEvent])[] = []) => {
    await using folder = await temporaryFolder();
    const usual: [number, RunEvent][] = [[0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], [5_000, { kind: "rollback", state: "started", strategy: "down" }], [6_000, { kind: "rollback", state: "completed", strategy: "down" }], [9_000, { kind: "quiescence", state: "proven", detail: "0 backends" }]];
    record(folder.path, { before: [], after: [["k", "1"]], ops: [{ at: 100, effects: [insert("k", "1")] }], drill: { objectives: { journeys: { maxFailed: 0 } } }, events: [...usual, ...events, [9_900, { kind: "run", state: "completed" }]] });
    if (journeys) {
      mkdirSync(join(folder.path, "checks"));
      writeFileSync(join(folder.path, "checks/journeys.json"), JSON.stringify(journeys));
    }
    const card = await judge(folder.path);
    return { ...card.objectives.find(({ name }) => name === "journeys"), findings: card.findings };
  };

  test("are met when each was made, at every version", async () => {
    expect(await judged([journey("passed"), journey("passed", "a customer orders", "v2")])).toMatchObject({ verdict: "met", reason: "all 2 work, at v1, v2", findings: [] });
  });

  test("are missed when one failed, which is a finding that says where", async () => {
    const { findings, ...objective } = await judged([journey("passed"), journey("failed"), journey("failed", "a customer orders", "v2")]);
    expect(objective).toMatchObject({ verdict: "missed", reason: "2 of 3 failed: a customer orders" });
    expect(findings).toEqual([expect.objectContaining({ kind: "journey-failed", subject: "a customer orders", count: 2, detail: expect.stringContaining("at v2: Expected: 200") as string })]);
  });

  test("are unknown when none was made, or one could not be", async () => {
    expect(await judged(undefined, [[9_500, { kind: "journey", journey: "all", version: "v1", state: "unknown", detail: "the application never got ready" }]])).toMatchObject({ verdict: "unknown", reason: "the application never got ready" });
    expect(await judged([])).toMatchObject({ verdict: "unknown", reason: "no journey was made" });
    expect(await judged([journey("passed"), journey("unknown")])).toMatchObject({ verdict: "unknown" });
    expect(await judged([journey("failed"), journey("unknown")]), "what failed has failed").toMatchObject({ verdict: "missed" });
  });

  test("what the system's own programs write is no phantom", async () => {
    await using folder = await temporaryFolder();
    const history = { before: [], after: [["k", "1"]], ops: [], drill: { objectives: { consistency: {} } } } as const;
    expect((await judge(record(folder.path, history))).measures.phantomWrites).toBe(1);
    const header = JSON.parse(readFileSync(join(folder.path, "drill.json"), "utf8")) as { system: { entities: { derived: boolean }[] } };
    header.system.entities[0]!.derived = true;
    writeFileSync(join(folder.path, "drill.json"), JSON.stringify(header));
    expect((await judge(folder.path)).measures.phantomWrites).toBe(0);
  });
});

describe("verdicts", () => {
  test("missed outranks unknown, unknown outranks met, and nothing is unknown", () => {
    expect(worst([])).toBe("unknown");
    fc.assert(fc.property(fc.array(verdict, { minLength: 1 }), (all) => {
      expect(worst(all)).toBe(all.includes("missed") ? "missed" : all.includes("unknown") ? "unknown" : "met");
    }));
  });

  test("a bound within the uncertainty is unknown", () => {
    const at = (value: number) => judgeTime({ value, plusMinus: 10, unit: "ms" }, 100, "").verdict;
    expect([at(89), at(95), at(105), at(111)]).toEqual(["met", "unknown", "unknown", "missed"]);
  });

  test("what is still going on is missed past the bound, and unknown before", () => {
    const at = (value: number) => judgeTime({ value, plusMinus: 0, unit: "ms", atLeast: true }, 100, "").verdict;
    expect([at(50), at(150)]).toEqual(["unknown", "missed"]);
  });

  test("a run that missed its data is below every run that didn't", () => {
    fc.assert(fc.property(fc.array(verdict, { maxLength: 6 }), fc.array(verdict, { maxLength: 6 }), (others, more) => {
      const lost = score([objective("loss", "missed"), ...others.map((v) => objective("recovery", v))]);
      const kept = score([objective("loss", "met"), ...more.map((v) => objective("recovery", v))]);
      expect(lost).toBeLessThan(kept);
      expect(kept).toBeLessThanOrEqual(100);
      expect(lost).toBeGreaterThanOrEqual(0);
    }));
  });

  test("a run that knows nothing has the score 0", () => {
    expect(score([objective("recovery", "unknown"), objective("loss", "unknown")])).toBe(0);
  });
});

const fine: History = { before: [], after: [["a", "1"]], ops: [{ at: 0, effects: [insert("a", "1")] }] };
const course = (...more: (readonly [number, RunEvent])[]): NonNullable<History["events"]> => [
  [0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], [1, { kind: "rollback", state: "completed", strategy: "down" }], ...more,
];
const quiet = [2, { kind: "quiescence", state: "proven", detail: "" }] as const;
const done = [3, { kind: "run", state: "completed" }] as const;
const kill = { drill: { faults: [{ kind: "kill" as const, at: { afterMs: 0 } }] } };
const fault = (state: "proven" | "healed" | "unproven" | "not-triggered") => [1, { kind: "fault", index: 0, fault: "kill", target: "postgres", state, detail: "seen" }] as const;

test("who was asked, and what clients met at the gate, are drawn beside the phases", async () => {
  await using folder = await temporaryFolder();
  const events: NonNullable<History["events"]> = [
    [0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }],
    [100, { kind: "decision", state: "asked", by: "automation", detail: "" }], [300, { kind: "decision", state: "go", by: "ada", detail: "" }],
    [400, { kind: "traffic", state: "closing", detail: "clients are held, for the way-back" }], [450, { kind: "traffic", state: "closed", detail: "" }],
    [500, { kind: "rollback", state: "completed", strategy: "down" }], [600, { kind: "traffic", state: "returning", detail: "" }], [700, { kind: "traffic", state: "returning", detail: "" }], [800, { kind: "traffic", state: "open", detail: "" }],
    [900, { kind: "quiescence", state: "proven", detail: "" }], [950, { kind: "run", state: "completed" }],
  ];
  const card = await judge(record(folder.path, { ...fine, events }));
  expect(card.spans.filter(({ lane }) => lane === "decision" || lane === "gate")).toEqual([
    { lane: "decision", label: "a person is asked", fromMs: 100, toMs: 300 },
    { lane: "gate", label: "clients are held", fromMs: 400, toMs: 600 }, { lane: "gate", label: "staged return", fromMs: 600, toMs: 800 },
  ]);
});

test("a fault that was not proven says why, and not how it was healed", async () => {
  await using folder = await temporaryFolder();
  const event = (state: "unproven" | "healed", detail: string) => [1, { kind: "fault", index: 0, fault: "kill", target: "postgres", state, detail }] as const;
  const card = await judge(record(folder.path, { ...fine, ...kill, events: course(event("unproven", "nothing seen"), event("healed", "it runs"), quiet, done) }));
  expect(card.doubts).toEqual(["fault 1 (kill) was not proven: nothing seen"]);
});

test("a way back that was decided against is missed, and not unknown", async () => {
  await using folder = await temporaryFolder();
  const refused = [1, { kind: "decision", state: "stay", by: "ada", detail: "refused: it works" }] as const;
  const card = await judge(record(folder.path, { ...fine, events: [[0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], refused, quiet, done] }));
  expect(card.verdict).toBe("missed");
  expect(card.objectives[0]).toMatchObject({ name: "completion", verdict: "missed", reason: "the way back was never taken: ada refused: it works" });
});

describe("what makes a clean run unknown", () => {
  const cases: Record<string, History> = {
    "a fault that was not proven": { ...fine, ...kill, events: course(fault("unproven"), quiet, done) },
    "a fault that never struck": { ...fine, ...kill, events: course(fault("not-triggered"), quiet, done) },
    "a fault that was not proven to be gone": { ...fine, ...kill, events: course(fault("proven"), quiet, done) },
    "no proof of quiescence": { ...fine, events: course(done) },
    "a run that was aborted": { ...fine, events: course(quiet, [3, { kind: "harness-error", code: "x", message: "boo" }], [4, { kind: "run", state: "aborted" }]) },
    "a harness that was killed": { ...fine, events: [[0, { kind: "run", state: "started" }]] },
    "a way back for which there was no reason": { ...fine, events: [[0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], [1, { kind: "decision", state: "none", by: "nobody", detail: "no alert" }], quiet, done] },
    "a way back that was never taken": { ...fine, events: [[0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], quiet, done] },
  };
  test.for(Object.entries(cases))("%s", async ([, history]) => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, history));
    expect(card.verdict).toBe("unknown");
    expect(card.objectives.filter((o) => o.verdict === "met" && card.doubts.length > 0)).toEqual([]);
  });

  test("with its fault proven and healed the same run is met", async () => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, { ...fine, ...kill, events: course(fault("proven"), fault("healed"), quiet, done) }));
    expect(card.verdict).toBe("met");
  });

  test("a way back that failed is missed", async () => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, { ...fine, events: [[0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], [1, { kind: "rollback", state: "failed", strategy: "down", detail: "no" }], quiet, done] }));
    expect(card.objectives.find(({ name }) => name === "completion")?.verdict).toBe("missed");
  });

  test("doubts don't excuse lost data", async () => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, { ...fine, after: [], ...kill, events: course(fault("unproven"), quiet, done) }));
    expect(card.verdict).toBe("missed");
  });
});

describe("a part of the harness that died", () => {
  const broken = (code: string, more: Partial<History> = {}): History => ({ ...fine, ...more, drill: { objectives: { loss: { maxLostWrites: 0 }, availability: { min: 0.99 } } },
    ops: [...fine.ops, ...Array.from({ length: 20 }, (_, i) => ({ at: 10 + i, outcome: "rejected" as const }))],
    events: [[0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], [1, { kind: "rollback", state: "failed", strategy: "down", detail: "ECONNREFUSED" }],
      [50, { kind: "harness-error", code, message: "toxiproxy ended by itself (SIGKILL)" }], [51, { kind: "run", state: "aborted" }]] });
  const verdictsOf = async (history: History) => {
    await using folder = await temporaryFolder();
    const { verdict: whole, objectives, doubts } = await judge(record(folder.path, history));
    return { whole, doubt: doubts[0], ...Object.fromEntries(objectives.map(({ name, verdict: one }) => [name, one])) };
  };

  test("makes unknown what clients and the way back missed by it", async () => {
    expect(await verdictsOf(broken("proxy-died"))).toMatchObject({ whole: "unknown", completion: "unknown", availability: "unknown", doubt: "the harness failed: toxiproxy ended by itself (SIGKILL)" });
  });

  test("excuses nothing that is lost", async () => {
    expect(await verdictsOf(broken("proxy-died", { after: [] }))).toMatchObject({ whole: "missed", loss: "missed", availability: "unknown" });
  });

  test("is not what ends a run otherwise: what was missed until then stays", async () => {
    expect(await verdictsOf(broken("interrupted"))).toMatchObject({ whole: "missed", completion: "missed", availability: "missed" });
  });
});

describe("what is lost", () => {
  const ended = [9_000, { kind: "run", state: "completed" }] as const;
  const back = [[5_000, { kind: "rollback", state: "started", strategy: "down" }], [6_000, { kind: "rollback", state: "completed", strategy: "down" }]] as const;
  test.for([
    ["before the way back", [2_000], back, "1 acknowledged write is gone, the oldest acknowledged 3.00 s before the way back"],
    ["while it went back", [5_500], back, "1 acknowledged write is gone, acknowledged since the way back began"],
    ["while it went back, and later", [5_500, 5_700], back, "2 acknowledged writes are gone, all acknowledged since the way back began"],
    ["by a migration that nobody undid", [2_000], [], "1 acknowledged write is gone"],
  ] as const)("is told with when it was acknowledged: %s", async ([, at, events, reason]) => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, { before: [], after: [], ops: at.map((ms, i) => ({ at: ms, took: 0, effects: [insert(`k${i}`, "1")] })), events: [[0, { kind: "run", state: "started" }], [0, { kind: "migration", state: "started" }], ...events, ended] }));
    expect(card.objectives.find(({ name }) => name === "loss")?.reason).toBe(reason);
  });
});

describe("a restore", () => {
  const backup = (state: "taken" | "refused" | "chosen" | "restored", label: string, bytes?: number): RunEvent => ({ kind: "backup", state, label, detail: `${label} ${state}`, ...(bytes === undefined ? {} : { bytes }) });
  const history = (restored: boolean): History => ({
    before: [["a", "1", 10]], after: [["a", "1", 10]], ...kill, ops: [{ at: 100, took: 0, effects: [update("a", "2")] }],
    events: [
      [0, { kind: "run", state: "started" }], [0, backup("taken", "base-1", 40e6)], [0, backup("taken", "base-2", 41e6)], [50, { kind: "migration", state: "started" }], [60, { ...fault("proven")[1], index: 0 }],
      [5_100, { kind: "rollback", state: "started", strategy: "pitr" }],
      ...(restored ? [[5_200, backup("refused", "base-2")], [5_300, backup("chosen", "base-1")], [6_000, backup("restored", "base-1", 16e6)]] as const : []),
      [6_000, { kind: "rollback", state: "completed", strategy: "pitr" }], [7_000, { ...fault("healed")[1], index: 0 }], [8_000, { kind: "quiescence", state: "proven", detail: "" }], [9_000, { kind: "run", state: "completed" }],
    ],
  });

  test("loses what was written up to its own start, whatever struck before", async () => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, history(true)));
    expect(card.measures.lossWindowMs.value).toBe(5_000);
    expect(card.objectives.find(({ name }) => name === "loss")?.reason).toContain("before the way back");
    await using other = await temporaryFolder();
    expect((await judge(record(other.path, history(false)))).measures.lossWindowMs.value).toBe(5_000); // written after the fault: the way back took it
  });

  test("says which backup it came from, which was refused and why, and what all of them need", async () => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, history(true)));
    expect(card.objectives.find(({ name }) => name === "completion")?.reason).toBe("base-2 was refused (base-2 refused); base-1 was restored base-1 restored");
    expect(card.measures.storageBytes).toBe(97e6);
    expect(card.spans.filter(({ lane }) => lane === "rollback")).toEqual([{ lane: "rollback", label: "restore base-1", fromMs: 5_300, toMs: 6_000 }]);
  });
});

describe("a failover", () => {
  const history = (to: "latest" | "migration-start"): History => ({
    before: [["a", "1", 10]], after: [["a", "1", 10]], ops: [{ at: 100, took: 0, effects: [update("a", "2")] }],
    drill: { ...kill.drill, rollback: { strategy: "failover", to } },
    events: [
      [0, { kind: "run", state: "started" }], [0, { kind: "replication", state: "attached", server: "replica", bytes: 40e6, detail: "" }], [50, { kind: "migration", state: "started" }], [1_100, { ...fault("proven")[1], index: 0 }],
      [5_100, { kind: "rollback", state: "started", strategy: "failover" }], [5_200, { kind: "replication", state: "fenced", server: "postgres", detail: "" }],
      [5_700, { kind: "replication", state: "promoted", server: "replica", detail: "from 0/1 on" }], [6_000, { kind: "rollback", state: "completed", strategy: "failover" }],
      [6_500, { kind: "replication", state: "left-behind", server: "postgres", transactions: 1, detail: "1 transaction" }], [6_900, { kind: "replication", state: "attached", server: "postgres", bytes: 41e6, detail: "" }],
      [7_000, { ...fault("healed")[1], index: 0 }], [8_000, { kind: "quiescence", state: "proven", detail: "" }], [9_000, { kind: "run", state: "completed" }],
    ],
  });

  test("loses up to the fault, or, to a replica that kept behind, up to the way back", async () => {
    await using folder = await temporaryFolder();
    expect((await judge(record(join(folder.path, "latest"), history("latest")))).measures.lossWindowMs.value).toBe(1_000);
    expect((await judge(record(join(folder.path, "behind"), history("migration-start")))).measures.lossWindowMs.value).toBe(5_000);
  });

  test("says who was promoted, what the old primary kept, and what a replica needs", async () => {
    await using folder = await temporaryFolder();
    const card = await judge(record(folder.path, history("latest")));
    expect(card.objectives.find(({ name }) => name === "completion")?.reason).toBe("replica was promoted from 0/1 on; postgres kept 1 transaction");
    expect(card.measures.storageBytes).toBe(40e6);
    expect(card.spans.filter(({ lane }) => lane === "rollback")).toEqual([{ lane: "rollback", label: "promote the replica", fromMs: 5_200, toMs: 5_700 }]);
  });
});

describe("a traffic gate", () => {
  test("that closed before the migration costs from then on", async () => {
    await using folder = await temporaryFolder();
    const ops: History["ops"] = Array.from({ length: 900 }, (_, i) => ({ at: i * 10, ...(i >= 200 && i < 500 ? { outcome: "rejected" as const } : {}) }));
    const events = (gate: boolean): NonNullable<History["events"]> => [
      [0, { kind: "run", state: "started" }], ...(gate ? [[1_999, { kind: "traffic", state: "closing", detail: "" }]] as const : []), [3_000, { kind: "migration", state: "started" }],
      [4_000, { kind: "rollback", state: "started", strategy: "pitr" }], [5_000, { kind: "rollback", state: "completed", strategy: "pitr" }], [9_000, { kind: "quiescence", state: "proven", detail: "" }], [9_100, { kind: "run", state: "completed" }],
    ];
    const recovery = async (gate: boolean) => (await judge(record(join(folder.path, String(gate)), { before: [], after: [], ops, events: events(gate) }))).measures.recoveryMs.value;
    expect(await recovery(true)).toBe(3_000);
    expect(await recovery(false)).toBe(2_000);
  });
});
