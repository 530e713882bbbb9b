// The one schema of a declaration: everything that a drill can say, and nothing it can't.

import { z } from "zod";
import { CONSISTENCY_MODELS } from "./consistency-models.ts";
import { faultSchema } from "./fault.ts";
import { ms, name, positiveMs } from "./fields.ts";

const objectivesSchema = z.strictObject({
  recovery: z.strictObject({ maxMs: positiveMs }).optional()
    .describe("Recovery time objective (RTO): from the clients' first impact to steady state regained"),
  detection: z.strictObject({ maxMs: positiveMs }).optional()
    .describe("From the clients' first impact to the detector firing"),
  rollback: z.strictObject({ maxMs: positiveMs }).optional()
    .describe("The way back itself, from its start to its end"),
  availability: z.strictObject({ min: z.number().min(0).max(1),
    steadyMs: ms.optional().describe("So much steady service counts beside what was observed, once the service is steady again: a sweep's point holds the load more briefly than its drill does, and is asked over the drill's time") }).optional()
    .describe("Share of due operations that were served, dropped ones counted as not served"),
  loss: z.strictObject({ maxLostWrites: z.number().int().min(0), maxLossWindowMs: ms.optional() }).optional()
    .describe("Recovery point objective (RPO): acknowledged writes that are gone"),
  consistency: z.strictObject({
    maxPhantomWrites: z.number().int().min(0).default(0),
    maxDuplicateWrites: z.number().int().min(0).default(0),
    maxAlteredWrites: z.number().int().min(0).default(0),
    maxShedValues: z.number().int().min(0).default(0),
  }).optional().describe("The data holds what clients were told, and nothing else"),
  structure: z.strictObject({
    maxDifferences: z.number().int().min(0),
    columnOrder: z.boolean().optional().describe("Whether a column that stands in another place counts; without it, it is worth knowing"),
    ignore: z.array(z.strictObject({
      pattern: z.string().min(3).describe("Kind and subject of a difference, `*` for anything: `index-left-over archive.*`"),
      reason: z.string().min(5).describe("Why it may be different; shown beside it"),
      until: z.iso.date().optional().describe("The last day on which it is ignored; runs after it count it"),
    })).optional().describe("Differences that are shown and not counted"),
  }).optional()
    .describe("The schema is what it was before"),
  integrity: z.strictObject({ maxProblems: z.number().int().min(0) }).optional()
    .describe("No orphan, stale sequence, invalid or corrupt index, left-over lock, slot or transaction"),
  invariants: z.strictObject({ maxViolated: z.number().int().min(0) }).optional()
    .describe("The system's own rules hold"),
  isolation: z.strictObject({ model: z.enum(CONSISTENCY_MODELS) }).optional()
    .describe("The clients' list transactions keep a consistency model, across the migration and the way back"),
  journeys: z.strictObject({ maxFailed: z.number().int().min(0) }).optional()
    .describe("People's journeys through the application work"),
}).refine((o) => Object.values(o).some((v) => v !== undefined), "declare at least one objective");
export type Objectives = z.infer<typeof objectivesSchema>;
export type ObjectiveName = keyof Objectives;

/** Thresholds between normal service and impact; both from the declaration, never guessed. */
export const steadyStateSchema = z.strictObject({
  windowMs: positiveMs.default(1_000).describe("Length of a window that must hold as a whole"),
  maxErrorRatio: z.number().min(0).max(1).default(0.01).describe("Share of operations that may fail in a window"),
  maxLatencyMs: positiveMs.default(500).describe("An operation slower than this, from its intended start, counts as impact"),
});

const decider = z.enum(["alert", "completion", "deadline"]);

/** A person who must agree before the way back is taken. Until then the migration goes on. */
export const humanSchema = z.strictObject({
  when: z.enum(["always", "in-doubt"]).default("always").describe("in-doubt: automation decides alone, unless what it must know can't be known, or contradicts itself"),
  withinMs: positiveMs.default(300_000).describe("How long an answer is waited for (`turnback decide`)"),
  otherwise: z.enum(["approve", "refuse"]).default("refuse").describe("What counts without an answer"),
  answer: z.strictObject({ verdict: z.enum(["approve", "refuse"]), afterMs: ms }).optional().describe("For rehearsals without anybody: what the person says, and how long they take"),
}).describe("A person who must agree; until then the migration goes on");
export type Human = z.infer<typeof humanSchema>;

/** What clients meet at the proxy while the system goes back. Without it they are let through all the time. */
export const gateSchema = z.strictObject({
  closes: z.enum(["way-back", "migration"]).default("way-back").describe("way-back: while going back. migration: from just before the migration until the way back is done, as in a maintenance window"),
  clients: z.enum(["refused", "drained", "held", "limited"]).default("refused")
    .describe("refused: every connection is cut off. drained: transactions under way may end, nobody else gets in. held: the same, but connections stay open, and who begins a transaction waits. limited: some transactions at a time are let in"),
  drainMs: positiveMs.default(2_000).describe("How long transactions under way may take; then they are cut off"),
  transactions: z.number().int().min(1).default(4).describe("limited: how many may be under way at once"),
  returnMs: ms.default(0).describe("Staged return: over this time 1, 2, 4, ... transactions at once are let in, and then everybody; while the server doesn't answer the probe's query in time, the next stage waits"),
}).describe("What clients meet at the proxy while the system goes back. Without it they are let through");
export type Gate = z.infer<typeof gateSchema>;

const wayBack = {
  decide: z.strictObject({
    on: z.union([decider, z.array(decider).min(1)]).describe("What raises the question, or several of which the first does. alert: the detector fires. completion: the migration has ended, in whatever way. deadline: the migration is not through by then"),
    deadlineMs: positiveMs.optional().describe("The deadline, from the migration's start"),
    delayMs: ms.default(0).describe("Time that people or automation take to carry the decision out"),
    human: humanSchema.optional(),
  }).refine(({ on, deadlineMs }) => on.includes("deadline") === (deadlineMs !== undefined), { error: "a decision on a deadline needs deadlineMs, and no other does", path: ["deadlineMs"] }).prefault({ on: "alert" }),
  alertWithinMs: positiveMs.default(20_000).describe("How long to wait for the alert after the migration has ended"),
  withinMs: positiveMs.default(120_000).describe("The way back is given up after this"),
  gate: gateSchema.optional(),
};

const attempts = z.number().int().min(1).max(100).default(10).describe("How often the backward statements are tried, with backoff");

const drainMs = positiveMs.default(2_000).describe("How long transactions under way may take when clients are held; then they are cut off");

const recordsAt = (usually: "before" | "after") => z.enum(["before", "after"]).default(usually).describe("Which of the system's queries reads the records when the way back is through");
const records = recordsAt("before");

/** The way back, by its strategy. */
export const rollbackSchema = z.discriminatedUnion("strategy", [
  z.strictObject({ strategy: z.literal("down").default("down"), ...wayBack, attempts,
    to: name.optional().describe("Partial: go back to this step, which stays, with all before it"),
    only: name.optional().describe("Partial: undo this step and those that need it, and nothing else"),
    staged: z.strictObject({ pauseMs: ms.default(500).describe("Between two chunks") }).optional()
      .describe("Chunk by chunk, a step or a backfill's batch: after each the system's rules are asked, and the way back stops where one doesn't hold"),
    records })
    .describe("The plan's backward statements, in reverse order"),
  z.strictObject({ strategy: z.literal("resume"), ...wayBack, attempts: z.number().int().min(1).max(100).default(10).describe("How often it is tried, with backoff"), records: recordsAt("after") })
    .describe("No way back but forward: the migration is taken up where it stopped, and completed"),
  z.strictObject({ strategy: z.literal("flag"), ...wayBack, attempts,
    step: name.optional().describe("The step that turned the flag on; without it, the plan's only one of kind flag"),
    healthyWithinMs: positiveMs.default(5_000).describe("How long the service may take to be healthy once the flag is off"),
    records })
    .describe("The feature flag is turned off, with a look at the service's health before and after; the schema stays as it is"),
  z.strictObject({ strategy: z.literal("snapshot"), ...wayBack })
    .describe("The newest intact base backup replaces the data, as of its end (step `restore`)"),
  z.strictObject({ strategy: z.literal("pitr"), ...wayBack,
    to: z.enum(["restore-point", "lsn", "time"]).default("restore-point").describe("What names the moment before the migration: a restore point, its position in the WAL, or its time") })
    .describe("Point-in-time recovery: the newest intact base backup, and the WAL up to the migration's start (step `restore`)"),
  z.strictObject({ strategy: z.literal("failover"), ...wayBack, attempts,
    to: z.enum(["latest", "migration-start"]).default("latest").describe("latest: the replica takes over with all that it has received, and the plan's backward statements run there. migration-start: a replica that keeps behind takes over as of the moment before the migration") })
    .describe("The primary is fenced, its replica promoted and clients led there (step `take-over`), and the old primary rebuilt as the new one's replica"),
  z.strictObject({ strategy: z.literal("switch-back"), ...wayBack, attempts: z.number().int().min(1).max(100).default(10).describe("How often it is tried, with backoff"),
    drainMs })
    .describe("After a blue-green migration: clients are held, what they wrote on green reaches blue, and they are led back to it"),
  z.strictObject({ strategy: z.literal("volume-back"), ...wayBack, drainMs,
    bring: z.boolean().default(true).describe("What was written since the swap is brought along; without it, the old volume is as it was then") })
    .describe("After a volume swap: clients are held, and the server goes on from its old volume"),
  z.strictObject({ strategy: z.literal("coordinated"), ...wayBack, attempts, drainMs,
    heldMs: positiveMs.default(10_000).describe("How long clients are held at most; then what was undone is done again") })
    .describe("Several databases go back as one: clients are held at all of them while the plan's backward statements run in reverse order, and where one of them can't, those that were undone are taken forward again"),
]);
export type Rollback = z.infer<typeof rollbackSchema>;

export const replicaSchema = z.strictObject({
  mode: z.enum(["asynchronous", "synchronous"]).default("asynchronous").describe("synchronous: a commit is acknowledged when the replica has it on disk, too"),
  applyDelayMs: ms.default(0).describe("How far the replica keeps behind on purpose: what it has received it applies that much later"),
});
export type Replica = z.infer<typeof replicaSchema>;

/** The migration takes place on a second server, to which clients are switched. */
export const blueGreenSchema = z.strictObject({
  upgrade: z.boolean().default(false).describe("Blue runs the older of two major versions of PostgreSQL, and green the newer: 17 and 18 as processes, 15 and 18 in containers"),
  backward: z.boolean().default(true).describe("From the switch on, what clients write on green is passed on to blue, so that going back loses nothing"),
  drainMs,
}).describe("The plan runs on a second server, green, that follows the first one, blue, by logical replication, and then clients are switched to it (steps `follow` and `switch` around the plan's own)");
export type BlueGreenMigration = z.infer<typeof blueGreenSchema>;

export const drillSchema = z.strictObject({
  name: name.describe("Name of the drill; the file's name without `.drill.*`"),
  question: z.string().min(10).describe("The question that the drill answers, in one sentence"),
  learn: z.string().min(200).transform((text) => text.replaceAll(/\s+/g, " ").trim()).optional().describe("What teams learn from it, for the catalogue"),
  sources: z.array(z.string().min(5)).default([]).describe("The real bad days that it rebuilds, and where they are told"),
  system: z.strictObject({
    path: z.string().describe("Folder with system.yaml, relative to the repository's root"),
    scale: z.number().gt(0).max(100).default(1).describe("Size of the generated data; 1 is the system's default"),
    postgres: z.strictObject({
      settings: z.record(z.string().regex(/^[a-z_.]+$/), z.union([z.string(), z.number(), z.boolean()])).default({}),
      port: z.number().int().min(0).max(65_535).default(0).describe("Fixed port, or 0 for a free one"),
      readyWithinMs: positiveMs.default(30_000),
      replica: replicaSchema.optional().describe("A second server that follows the first by streaming replication"),
    }).prefault({}),
    others: z.record(name, z.strictObject({
      path: z.string().describe("Folder with system.yaml, relative to the repository's root"),
      scale: z.number().gt(0).max(100).default(1).describe("Size of the generated data"),
    })).default({}).describe("Other databases of the same clients by name, each on a server of its own: a plan's steps say on which they are, and the workload says whom it asks"),
  }),
  migration: z.strictObject({
    plan: z.string().describe("Folder with plan.yaml, relative to the repository's root"),
    steps: z.array(name).min(1).optional().describe("Only these of the plan's steps, and with each what it needs; without it, all"),
    withinMs: positiveMs.default(120_000).describe("The migration is given up after this"),
    mayFail: z.array(name).optional().describe("Steps whose failure the drill is about: then going back from there is what it rehearses. Without it, a migration that fails with no fault, alert or deadline to explain it makes the run unknown"),
    blueGreen: blueGreenSchema.optional(),
    volumeSwap: z.strictObject({ drainMs }).optional().describe("Before the plan, the server's files are copied to another volume and compared while clients are held, and it goes on from there (step `swap`)"),
  }),
  application: z.strictObject({
    path: z.string().describe("Folder with application.yaml, relative to the repository's root"),
    instances: z.number().int().min(1).max(16).default(2),
    reconcile: z.boolean().default(false).describe("Once the way back is through, what other systems hold is reconciled with the first database, as the application declares"),
  }).optional().describe("The system's own application, which the load and people's journeys go through"),
  checks: z.strictObject({
    journeys: z.string().describe("Folder with Playwright tests, relative to the repository's root: what must work for the business, at each version that serves in the end"),
    withinMs: positiveMs.default(60_000),
  }).optional().describe("What is looked at when the way back is through and the data has been read"),
  load: z.strictObject({
    workload: z.string().describe("k6 script, relative to the repository's root"),
    arrivalsPerSecond: z.number().gt(0).max(50_000).default(150),
    arrivals: z.enum(["even", "poisson"]).default("even"),
    clients: z.number().int().min(1).max(5_000).default(60).describe("Operations that can be in flight"),
    connections: z.number().int().min(1).max(1_000).default(30).describe("Size of the clients' pool"),
    isolation: z.enum(["read committed", "repeatable read", "serializable"]).default("read committed").describe("Isolation level of the clients' transactions"),
    timeoutMs: positiveMs.default(2_000).describe("A client gives up on an operation after this"),
    patienceMs: positiveMs.default(2_000).describe("An arrival not started within this is dropped"),
    warmUpMs: positiveMs.default(3_000).describe("Load before the migration; its end must be in steady state"),
    holdMs: positiveMs.default(3_000).describe("Load after the rollback"),
  }),
  steadyState: steadyStateSchema.prefault({}),
  detector: z.strictObject({
    windowMs: positiveMs.default(500),
    maxErrorRatio: z.number().min(0).max(1).default(0.5).describe("Share of failing probes in the window above which it fires"),
    maxLatencyMs: positiveMs.default(1_000).describe("A probe slower than this counts as failing"),
  }).prefault({}),
  faults: z.array(faultSchema).default([]),
  rollback: rollbackSchema.prefault({}),
  recoveryWithinMs: positiveMs.default(30_000).describe("Load goes on at most this long in wait for steady state"),
  objectives: objectivesSchema,
  expect: z.strictObject({
    verdict: z.enum(["met", "missed", "unknown"]),
    missed: z.array(z.string()).default([]).describe("The objectives that must be missed, and no others"),
    findings: z.array(z.string()).default([]).describe("Findings that must be named: a kind, or a kind and its subject"),
    onlyThese: z.boolean().default(false).describe("Whether any other finding is one too many"),
    says: z.array(z.string()).default([]).describe("Words that the answer must hold, such as the step and the SQLSTATE of a failure"),
  }).refine(({ verdict, says }) => verdict !== "unknown" || says.length > 0, { error: "of what must be unknown, name words of the reason", path: ["says"] })
    .optional().describe("For drills that test the harness itself; never changes the verdict"),
});
export type Drill = z.infer<typeof drillSchema>;
/** What an author writes: defaults may be left out. */
export type DrillDeclaration = z.input<typeof drillSchema>;

/** The same drill with another way back: the decision stays, the rest is that way's own. */
export function goingBackBy(drill: Drill, strategy: Rollback["strategy"]): Drill {
  if (drill.rollback.strategy === strategy) return drill;
  const { decide, alertWithinMs, withinMs, gate } = drill.rollback;
  return { ...drill, rollback: rollbackSchema.parse({ strategy, decide, alertWithinMs, withinMs, ...(gate && { gate }) }) };
}

/** Types and completion for a declaration in TypeScript; returns it unchanged. */
export function defineDrill(declaration: DrillDeclaration): DrillDeclaration {
  return declaration;
}
