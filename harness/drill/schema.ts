// The one schema of a declaration: everything that a drill can say, and nothing it can't.

import { z } from "zod";
import { CONSISTENCY_MODELS } from "./consistency-models.ts";

const ms = z.number().int().min(0).max(86_400_000);
const positiveMs = ms.min(1);
const name = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "use lower-case letters, digits and hyphens");

/** When a fault strikes, seen from the migration (or, with `during`, from the rollback). */
const during = z.enum(["migration", "rollback"]).default("migration")
  .describe("Which of the two the step belongs to");
export const triggerSchema = z.union([
  z.strictObject({ before: name.describe("Step before which the fault strikes"), during }),
  z.strictObject({ after: name.describe("Step after which the fault strikes"), during }),
  z.strictObject({
    within: name.describe("Step inside which the fault strikes"),
    progress: z.number().gt(0).lt(1).describe("Share of the step's work done, 0.4 for 40 %"),
    during,
  }),
  z.strictObject({
    within: name.describe("Step inside which the fault strikes"),
    afterMs: ms.describe("Delay from the step's start"),
    during,
  }),
  z.strictObject({ afterMs: ms.describe("Delay from the start of the migration (or rollback)"), during }),
  z.strictObject({
    logLine: z.string().min(1).describe("Regular expression that a log line must match"),
    service: name.default("postgres"),
  }),
]).describe("When the fault strikes");
export type Trigger = z.infer<typeof triggerSchema>;

const common = {
  at: triggerSchema,
  healAfterMs: ms.default(1_000).describe("How long the fault holds, from its proof"),
};
const onPrimary = { ...common, on: z.literal("postgres").default("postgres").describe("The service that it hits: the primary of the moment") };
const onServer = { ...common, on: z.enum(["postgres", "replica"]).default("postgres").describe("The service that it hits: the primary of the moment, or its replica") };
/** Where on the server's disk: everything, its tables and indexes, its WAL, or the archive of that. */
const onDisk = { ...onServer, files: z.enum(["all", "tables", "wal", "archive"]).default("all").describe("The files that it hits: all of the server's data, its tables and indexes, its WAL, or the WAL archive") };
const onRole = { ...common, on: z.enum(["clients", "migration"]).default("clients").describe("Whose sessions it hits") };
const onProxy = {
  ...common,
  on: z.enum(["clients", "migration", "replication"]).default("clients").describe("The proxied path that it hits"),
};

export const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("kill"), ...onServer })
    .describe("SIGKILL to the server and all of its backends; healing starts it again"),
  z.strictObject({ kind: z.literal("cpu-throttled"), ...onServer,
    share: z.number().gt(0).lte(0.4).default(0.1).describe("Of one processor") })
    .describe("The server gets a share of one processor: by quota in a container, by being stopped for a part of each 200 ms as a process"),
  z.strictObject({ kind: z.literal("clock-skewed"), ...onServer,
    offsetMs: z.number().int().min(-86_400_000).max(86_400_000).refine((ms) => Math.abs(ms) >= 1_000, "a second at least, either way").default(-60_000).describe("Negative for a clock that is set back") })
    .describe("The server's clock jumps, and jumps back when it heals; what measures durations goes on"),
  z.strictObject({ kind: z.literal("pause"), ...onServer })
    .describe("SIGSTOP: the server holds its connections and answers nothing; healing continues it"),
  z.strictObject({ kind: z.literal("restart"), ...onServer })
    .describe("An orderly fast shutdown, and a start after the delay"),
  z.strictObject({ kind: z.literal("disk-lost"), ...onPrimary })
    .describe("SIGKILL, and the data folder is gone, with the WAL that was not archived; healing brings it back unless a restore has"),
  z.strictObject({ kind: z.literal("backup-damaged"), ...onPrimary })
    .describe("One byte in the middle of the newest base backup is flipped"),
  z.strictObject({ kind: z.literal("wal-missing"), ...onPrimary })
    .describe("The segment of the WAL archive that the newest base backup begins in is gone"),
  z.strictObject({ kind: z.literal("power-cut"), ...onServer,
    torn: z.boolean().default(true).describe("A chance part of what was not synced is on the disk, in sectors of 512 bytes; without it, nothing is") })
    .describe("The server's machine loses its power: what was not synced to the disk is gone; healing starts it again"),
  z.strictObject({ kind: z.literal("fsync-fails"), ...onDisk,
    times: z.number().int().min(1).max(1_000).default(1).describe("How many calls fail; the next one claims success") })
    .describe("fsync fails, and what it should have written is never written"),
  z.strictObject({ kind: z.literal("read-error"), ...onDisk })
    .describe("Reading fails with EIO"),
  z.strictObject({ kind: z.literal("write-error"), ...onDisk })
    .describe("Writing fails with EIO"),
  z.strictObject({ kind: z.literal("disk-full"), ...onDisk,
    bytes: z.number().int().min(0).default(0).describe("What there is still room for") })
    .describe("No file can grow or be made (ENOSPC)"),
  z.strictObject({ kind: z.literal("disk-slow"), ...onDisk, delayMs: positiveMs.default(20) })
    .describe("Every read, write and fsync takes that much longer"),
  z.strictObject({ kind: z.literal("disk-stalled"), ...onDisk })
    .describe("Reads, writes and fsyncs hang until it heals"),
  z.strictObject({ kind: z.literal("disk-read-only"), ...onDisk })
    .describe("Nothing can be changed (EROFS), as after an error of the file system"),
  z.strictObject({ kind: z.literal("bits-flipped"), ...onDisk })
    .describe("Reads give one wrong bit, the same each time; the disk itself is not changed"),
  z.strictObject({ kind: z.literal("reads-short"), ...onDisk })
    .describe("Reads give at most half of what is asked for"),
  z.strictObject({ kind: z.literal("archive-failing"), ...onPrimary })
    .describe("Archiving the WAL fails, and the server keeps it; healing lets it through again"),
  z.strictObject({ kind: z.literal("oom-kill"), ...onRole })
    .describe("The kernel kills one backend for want of memory (SIGKILL); the server ends all others and recovers"),
  z.strictObject({ kind: z.literal("password-rotated"), ...onRole })
    .describe("A role's password is changed before those who use it know: new connections are refused"),
  z.strictObject({ kind: z.literal("statement-timeout"), ...onPrimary, timeoutMs: positiveMs.default(50) })
    .describe("Statements that take longer are cancelled, the migration's too (statement_timeout)"),
  z.strictObject({ kind: z.literal("idle-timeout"), ...onPrimary, timeoutMs: positiveMs.default(50) })
    .describe("Transactions that are idle for longer lose their connection (idle_in_transaction_session_timeout)"),
  z.strictObject({ kind: z.literal("replay-paused"), ...common, on: z.literal("replica").default("replica").describe("The service that it hits") })
    .describe("The replica receives what the primary writes, and applies none of it"),
  z.strictObject({ kind: z.literal("connection-storm"), ...onPrimary,
    connections: z.number().int().min(1).max(1_000).default(200) })
    .describe("Opens connections until the server refuses more, and holds them"),
  z.strictObject({ kind: z.literal("held-lock"), ...onPrimary,
    table: z.string().min(1), mode: z.string().regex(/^[A-Z ]+$/).default("ACCESS SHARE") })
    .describe("A forgotten transaction holds a table lock in the way of the migration"),
  z.strictObject({ kind: z.literal("latency"), ...onProxy,
    latencyMs: positiveMs.default(200) })
    .describe("Delays every answer"),
  z.strictObject({ kind: z.literal("bandwidth"), ...onProxy,
    kilobytesPerSecond: z.number().int().min(1).default(16) })
    .describe("Limits the rate of answers"),
  z.strictObject({ kind: z.literal("down"), ...onProxy })
    .describe("Closes every connection and refuses new ones"),
  z.strictObject({ kind: z.literal("timeout"), ...onProxy })
    .describe("Swallows everything: connections stay open, no answer ever comes"),
  z.strictObject({ kind: z.literal("reset"), ...onProxy, afterMs: ms.default(0) })
    .describe("Resets connections (TCP RST) as soon as data arrives"),
  z.strictObject({ kind: z.literal("slow-close"), ...onProxy,
    delayMs: positiveMs.default(500) })
    .describe("Keeps closed connections half-open for a while"),
  z.strictObject({ kind: z.literal("slicer"), ...onProxy,
    averageBytes: z.number().int().min(1).default(32), delayMicroseconds: z.number().int().min(0).default(500) })
    .describe("Cuts answers into small pieces with pauses between them"),
  z.strictObject({ kind: z.literal("limit-data"), ...onProxy,
    bytes: z.number().int().min(1).default(2_000) })
    .describe("Closes each connection after it has carried that many bytes of answers"),
  z.strictObject({ kind: z.literal("packets-lost"), ...onProxy,
    share: z.number().gt(0).lt(1).default(0.2).describe("Chance of each packet, in either direction") })
    .describe("Packets are dropped at random, and sent again by who misses them"),
  z.strictObject({ kind: z.literal("partition"), ...onProxy })
    .describe("No packet gets through in either direction, and nobody is told: connections hang until somebody gives up"),
  z.strictObject({ kind: z.literal("names-gone"), ...common, on: z.literal("toxiproxy").default("toxiproxy").describe("Who can't find the server any more") })
    .describe("The name server doesn't answer: who is connected stays so, new connections through the proxies fail"),
  z.strictObject({ kind: z.literal("reply-lost"), ...common,
    on: z.literal("clients").default("clients"),
    statement: z.string().min(1).default("^commit").describe("Regular expression of the statements whose answer is lost, case-insensitive"),
    times: z.number().int().min(1).max(10_000).default(1) })
    .describe("Delivers a statement, swallows its answer and closes the connection: did it commit?"),
]);
export type Fault = z.infer<typeof faultSchema>;
export type FaultKind = Fault["kind"];

/** Does a fault need a disk that can fail? */
export function strikesDisk(fault: Fault): boolean {
  return fault.kind === "power-cut" || "files" in fault;
}

const objectivesSchema = z.strictObject({
  recovery: z.strictObject({ maxMs: positiveMs }).optional()
    .describe("Recovery time objective (RTO): from the clients' first impact to steady state regained"),
  detection: z.strictObject({ maxMs: positiveMs }).optional()
    .describe("From the clients' first impact to the detector firing"),
  rollback: z.strictObject({ maxMs: positiveMs }).optional()
    .describe("The way back itself, from its start to its end"),
  availability: z.strictObject({ min: z.number().min(0).max(1) }).optional()
    .describe("Share of due operations that were served, dropped ones counted as not served"),
  loss: z.strictObject({ maxLostWrites: z.number().int().min(0), maxLossWindowMs: ms.optional() }).optional()
    .describe("Recovery point objective (RPO): acknowledged writes that are gone"),
  consistency: z.strictObject({
    maxPhantomWrites: z.number().int().min(0).default(0),
    maxDuplicateWrites: z.number().int().min(0).default(0),
    maxAlteredWrites: z.number().int().min(0).default(0),
    maxShedValues: z.number().int().min(0).default(0),
  }).optional().describe("The data holds what clients were told, and nothing else"),
  structure: z.strictObject({ maxDifferences: z.number().int().min(0) }).optional()
    .describe("The schema is what it was before"),
  integrity: z.strictObject({ maxProblems: z.number().int().min(0) }).optional()
    .describe("No orphan, stale sequence, invalid or corrupt index, left-over lock, slot or transaction"),
  invariants: z.strictObject({ maxViolated: z.number().int().min(0) }).optional()
    .describe("The system's own rules hold"),
  isolation: z.strictObject({ model: z.enum(CONSISTENCY_MODELS) }).optional()
    .describe("The clients' list transactions keep a consistency model, across the migration and the way back"),
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
    .describe("The newest intact base backup replaces the data, as of its end"),
  z.strictObject({ strategy: z.literal("pitr"), ...wayBack,
    to: z.enum(["restore-point", "lsn", "time"]).default("restore-point").describe("What names the moment before the migration: a restore point, its position in the WAL, or its time") })
    .describe("Point-in-time recovery: the newest intact base backup, and the WAL up to the migration's start"),
  z.strictObject({ strategy: z.literal("failover"), ...wayBack, attempts,
    to: z.enum(["latest", "migration-start"]).default("latest").describe("latest: the replica takes over with all that it has received, and the plan's backward statements run there. migration-start: a replica that keeps behind takes over as of the moment before the migration") })
    .describe("The primary is fenced, its replica promoted, clients led there, and the old primary rebuilt as the new one's replica"),
  z.strictObject({ strategy: z.literal("switch-back"), ...wayBack, attempts: z.number().int().min(1).max(100).default(10).describe("How often it is tried, with backoff"),
    drainMs })
    .describe("After a blue-green migration: clients are held, what they wrote on green reaches blue, and they are led back to it"),
  z.strictObject({ strategy: z.literal("volume-back"), ...wayBack, drainMs,
    bring: z.boolean().default(true).describe("What was written since the swap is brought along; without it, the old volume is as it was then") })
    .describe("After a volume swap: clients are held, and the server goes on from its old volume"),
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
  system: z.strictObject({
    path: z.string().describe("Folder with system.yaml, relative to the repository's root"),
    scale: z.number().gt(0).max(100).default(1).describe("Size of the generated data; 1 is the system's default"),
    postgres: z.strictObject({
      settings: z.record(z.string().regex(/^[a-z_.]+$/), z.union([z.string(), z.number(), z.boolean()])).default({}),
      port: z.number().int().min(0).max(65_535).default(0).describe("Fixed port, or 0 for a free one"),
      readyWithinMs: positiveMs.default(30_000),
      replica: replicaSchema.optional().describe("A second server that follows the first by streaming replication"),
    }).prefault({}),
  }),
  migration: z.strictObject({
    plan: z.string().describe("Folder with plan.yaml, relative to the repository's root"),
    withinMs: positiveMs.default(120_000).describe("The migration is given up after this"),
    blueGreen: blueGreenSchema.optional(),
    volumeSwap: z.strictObject({ drainMs }).optional().describe("Before the plan, the server's files are copied to another volume and compared while clients are held, and it goes on from there (step `swap`)"),
  }),
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
    verdict: z.enum(["met", "missed"]),
    missed: z.array(z.string()).default([]).describe("The objectives that must be missed, and no others"),
    findings: z.array(z.string()).default([]).describe("Kinds of findings that must be named"),
  }).optional().describe("For drills that test the harness itself; never changes the verdict"),
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
