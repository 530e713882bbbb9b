// What a declaration says of faults: what strikes, on whom, when and for how long.

import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { patternOf } from "../base/pattern.ts";
import { ms, name, positiveMs } from "./fields.ts";

/** What RE2 can't do is known before anything starts. */
function asPattern(source: string, context: z.RefinementCtx): void {
  try {
    patternOf(source);
  } catch (error) {
    context.addIssue({ code: "custom", message: `no regular expression that can be asked of every line: ${messageOf(error)}` });
  }
}

/** When a fault strikes, seen from the migration (or, with `during`, from the rollback). */
const during = z.enum(["migration", "rollback"]).default("migration")
  .describe("Which of the two the step belongs to");
export const triggerSchema = z.union([
  z.strictObject({ before: name.describe("Step before which the fault strikes"), during }),
  z.strictObject({ after: name.describe("Step after which the fault strikes"), during }),
  z.strictObject({
    within: name.describe("Step inside which the fault strikes"),
    progress: z.number().gt(0).lte(1).describe("Share of the step's work done, 0.4 for 40 %; 1: all of it, and not yet in the journal"),
    during,
  }),
  z.strictObject({
    within: name.describe("Step inside which the fault strikes"),
    afterMs: ms.describe("Delay from the step's start"),
    during,
  }),
  z.strictObject({ afterMs: ms.describe("Delay from the start of the migration (or rollback)"), during }),
  z.strictObject({
    logLine: z.string().min(1).superRefine(asPattern).describe("Regular expression (RE2's syntax: no backreferences, no looking around; at most 1,000 characters) that a log line must match"),
    service: name.default("postgres"),
  }),
]).describe("When the fault strikes");
export type Trigger = z.infer<typeof triggerSchema>;

const common = {
  at: triggerSchema,
  healAfterMs: ms.default(1_000).describe("How long the fault holds, from its proof"),
  database: name.optional().describe("Which of system.others it hits; without it, the first database"),
};
const onPrimary = { ...common, on: z.literal("postgres").default("postgres").describe("The service that it hits: the primary of the moment") };
const onServer = { ...common, on: z.enum(["postgres", "replica"]).default("postgres").describe("The service that it hits: the primary of the moment, or its replica") };
/** Where on the server's disk: everything, its tables and indexes, its WAL, or the archive of that. */
const onDisk = { ...onServer, files: z.enum(["all", "tables", "wal", "archive"]).default("all").describe("The files that it hits: all of the server's data, its tables and indexes, its WAL, or the WAL archive") };
const onRole = { ...common, on: z.enum(["clients", "migration"]).default("clients").describe("Whose sessions it hits") };
const onApplication = { ...common, on: z.literal("application").default("application").describe("What it hits: the system's application") };
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
  z.strictObject({ kind: z.literal("instance-killed"), ...onApplication,
    instances: z.number().int().min(1).default(1).describe("The first so many") })
    .describe("SIGKILL to instances of the application, with all that they are doing; healing starts them again, as an orchestrator does"),
  z.strictObject({ kind: z.literal("wrong-version"), ...onApplication,
    version: name.describe("The version that is deployed"),
    instances: z.number().int().min(1).optional().describe("To the first so many; without it, to all") })
    .describe("Somebody deploys another version of the application than the migration expects; healing deploys what there was"),
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
