// The run directory: where its parts lie, how it is named, and how it is written.

import { createReadStream, createWriteStream, mkdirSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { z } from "zod";
import { wallClock, type RunClock } from "../base/clock.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { exists, lookBelow, ROOT } from "../base/files.ts";
import { Redactor } from "../base/redact.ts";
import { seededRandom } from "../base/random.ts";
import { evidenceError } from "./evidence-error.ts";
import { inForm, malformed } from "./forms/malformed.ts";
import { TimelineWriter } from "./timeline.ts";

/** Where runs go unless told otherwise. */
export const DEFAULT_RUNS = join(ROOT, "runs");

export const PATHS = {
  drill: "drill.json",
  timeline: "timeline.jsonl",
  ledger: "ledger",
  /** What the load writes while it runs; pack.ts turns them into the two after them. */
  intents: "ledger/intents.ndjson",
  outcomes: "ledger/outcomes.ndjson",
  operations: "ledger/operations.parquet",
  effects: "ledger/effects.parquet",
  /** The structure that must be there in the end, where that is not the one before. */
  reference: "reference/structure.json",
  /** Rows of tables that clients may write, looked at by their keys. */
  sample: { before: "before/sample.json", after: "after/sample.json" },
  /** Digests of the keys that tables had before: what is new is told by them. */
  keys: "before/keys.json",
  /** What clients were seen to write before the migration. */
  activity: "before/activity.json",
  /** What the system held before the migration of what clients had been told. */
  told: "before/told.json",
  /** What a person said who was asked whether to go back. */
  answer: "answer.json",
  /** How people's journeys went. */
  journeys: "checks/journeys.json",
  probes: "probes/health.ndjson",
  logs: "logs",
  scorecard: "scorecard.json",
  page: "scorecard.html",
  seal: "seal.json",
} as const;

export type FactsWhen = "before" | "after";

/** An entity's records at one moment, as they are written, and once the run is packed. */
export const dumpFile = (when: FactsWhen, entity: string) => `${when}/entity-${entity}.csv.zst`;
/** Records of before that are not found again, byte for byte, where the dump of after holds only those that were not there before. */
export const goneFile = (entity: string) => `after/gone-${entity}.csv.zst`;
/** Of such a dump, as `entities.json` has it: how many records there were before, and how many are in either file. */
export type Since = { readonly records: number; readonly gone: number; readonly changed: number };
export const packedDump = (when: FactsWhen, entity: string) => `${when}/entity-${entity}.parquet`;
export const packedGone = (entity: string) => `after/gone-${entity}.parquet`;
/** What is packed comes in parts: operations.0.parquet, operations.1.parquet ... */
export const partFile = (path: string, part: number | "*") => path.replace(/parquet$/, `${part}.parquet`);

/** The run's header, as stored in drill.json. */
export type RunHeader<D = unknown> = {
  readonly schema: "turnback.run/1";
  readonly run: string;
  readonly startedAt: string;
  readonly runtime: { readonly kind: string; readonly why: string };
  readonly seed: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly drill: D;
  readonly system: unknown;
  readonly plan: unknown;
};

/** A name that sorts by time and says which drill it was: 20261121T023145Z-split-customer-name-k3f9. */
export function newRunName(drill: string): string {
  const stamp = wallClock().replace(/[-:]/g, "").replace(/\.\d+Z$/, "Z");
  const random = seededRandom(crypto.getRandomValues(new Uint32Array(1))[0] ?? 0);
  const suffix = Array.from({ length: 4 }, () => "0123456789abcdefghijkmnpqrstvwxyz"[Math.floor(random() * 33)]).join("");
  return `${stamp}-${drill}-${suffix}`;
}

/** A secret may reach over lines, but not over entries of a log: so much is looked at at once, or more. */
const LOG_PIECE = 4 * 1024 ** 2;
/** An entry that is longer is parted nevertheless. */
const LONGEST_ENTRY = 16 * LOG_PIECE;
const ENTRY = /\n(?=\d{4}-\d\d-\d\d|time="|\{)/g;

/** Pieces that end where an entry does. */
async function* entriesWhole(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let held = "";
  for await (const text of texts) {
    held += text;
    let end = [...held.matchAll(ENTRY)].at(-1)?.index ?? -1;
    if (end < 0 && held.length > LONGEST_ENTRY) end = held.lastIndexOf("\n");
    if (end < 0 && held.length > LONGEST_ENTRY) end = held.length - 1;
    yield held.slice(0, end + 1);
    held = held.slice(end + 1);
  }
  yield held;
}

async function* redacted(texts: AsyncIterable<string>, redactor: Redactor): AsyncGenerator<string> {
  for await (const text of texts) yield redactor.redact(text);
}

/** Everything that a run writes passes here, and through its redactor. */
export class EvidenceWriter {
  readonly directory: string;
  readonly redactor = new Redactor();
  readonly timeline: TimelineWriter;

  constructor(directory: string, clock: RunClock) {
    this.directory = directory;
    try {
      for (const part of ["", "probes", "before", "after", PATHS.logs]) {
        mkdirSync(join(directory, part), { recursive: true, mode: 0o700 }); // records in the clear
      }
    } catch (error) {
      throw evidenceError(directory, error);
    }
    this.timeline = new TimelineWriter(join(directory, PATHS.timeline), clock.nowNs, (data) => this.redactor.redactData(data));
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  async writeJson(path: string, data: unknown): Promise<void> {
    try {
      const file = this.path(path);
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(file, `${JSON.stringify(this.redactor.redactData(data), null, 2)}\n`);
    } catch (error) {
      throw evidenceError(path, error);
    }
  }

  /** Copies a service's log into the run, redacted; piece by piece, for a log may be larger than any text can be. */
  async copyLog(service: string, from: string): Promise<void> {
    try {
      await pipeline(createReadStream(from, { encoding: "utf8", highWaterMark: LOG_PIECE }), entriesWhole, (pieces: AsyncIterable<string>) => redacted(pieces, this.redactor), createWriteStream(this.path(PATHS.logs, `${service}.log`)));
    } catch (error) {
      throw evidenceError(`${PATHS.logs}/${service}.log`, error);
    }
  }
}

/**
 * Reads a JSON part; undefined when the run never came to write it.
 * @param form what it must be like, where somebody judges by it
 * @throws HarnessError `evidence-malformed`
 */
export async function readJson<T>(directory: string, path: string, form?: z.ZodType): Promise<T | undefined> {
  const file = join(directory, path);
  if (!(await exists(file))) return undefined;
  let data: unknown;
  try {
    data = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw malformed(path, `is not JSON: ${messageOf(error)}`, file, error);
  }
  return form ? inForm<T>(data, form, path) : data as T;
}

/** @throws HarnessError when the path is no run directory. */
export async function requireRun(directory: string): Promise<void> {
  const info = await stat(directory).catch(() => undefined);
  if (!info?.isDirectory() || !(await exists(join(directory, PATHS.drill)))) {
    throw new HarnessError({
      code: "no-such-run", kind: "declaration", place: directory,
      message: `${directory} is no run directory: it has no ${PATHS.drill}`,
      remedy: "give a folder below runs/",
    });
  }
}

/** Of a run that somebody else may have made, only plain files are read. @throws HarnessError `evidence-not-plain` */
export async function requirePlain(directory: string): Promise<void> {
  const { odd: [first] } = await lookBelow(directory);
  if (!first) return;
  throw new HarnessError({
    code: "evidence-not-plain", kind: "run", place: join(directory, first.path),
    message: `${first.path} is ${first.what}: a run holds plain files alone, and nothing else is read`, remedy: "`turnback verify` names all that was changed; judge a run as it was written",
  });
}
