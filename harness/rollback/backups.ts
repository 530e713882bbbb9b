// Base backups and archived WAL beside the server: taken, verified, refused when damaged, restored.

import { stat } from "node:fs/promises";
import type pg from "pg";
import { pause } from "../base/deadline.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { tailOf } from "../base/files.ts";
import type { RunEvent } from "../evidence/timeline.ts";
import { appendSettings, copyServing, type BaseCopy } from "../topology/base-copy.ts";
import { PGBACKREST, SEGMENT } from "../topology/backup-store.ts";
import { ServiceExited } from "../topology/runtime.ts";
import type { Topology } from "../topology/topology.ts";

/*
 * Below $BACKUPS, beside what topology/backup-store.ts keeps there:
 *
 *   tail/           what the server that is replaced had not archived yet
 *   replaced/       the data that a restore replaced, until the restore is through
 */

type Backup = BaseCopy & { readonly label: string };

/** Up to where a restore goes. `wal` is the last segment that it needs. */
export type Target = { readonly settings: Readonly<Record<string, string>>; readonly wal: string | undefined; readonly says: string };

/** Parts two answers of one script. */
const BETWEEN = "-----";

/** WAL segments have 16 MB: 256 to each of the log's files. */
const SEGMENTS_PER_LOG = 0x100;

/** A server that somebody else has ended while it recovered is started again, as a service manager does: so many times, after so long. */
const STARTS = 5;
const START_AGAIN_MS = 1_000;

/** What a server says whom somebody shuts down; in the midst of a recovery it may then end with an error. */
const SHUT_DOWN = /received (?:smart|fast|immediate) shutdown request/;

/** Nobody may read, or hold up the replay with a query, before the target is reached: then `ready` means recovered. */
const PRIVATE = { hot_standby: "off" };

export class Backups {
  readonly #topology: Topology;
  readonly #record: (event: RunEvent) => void;
  readonly #retried: (why: string) => void;
  readonly #taken: Backup[] = [];

  /** @param retried is told when a server was ended while it recovered, and is started again */
  constructor(topology: Topology, record: (event: RunEvent) => void, retried: (why: string) => void = () => undefined) {
    this.#topology = topology;
    this.#record = record;
    this.#retried = retried;
  }

  #shell(script: string): Promise<string> {
    return this.#topology.postgres.shell(script);
  }

  async #connected<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.#topology.observer("backup");
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** Takes a base backup while the server serves, and verifies it. @throws HarnessError when that can't be done */
  async take(): Promise<void> {
    const backup = await (this.#topology.backups.name === "pgBackRest" ? this.#takeByPgBackRest() : this.#takeByCopying());
    const { label } = backup;
    await this.#topology.disk?.sync("backups");
    const damage = await this.#damageOf(backup, undefined);
    if (damage !== undefined) throw new HarnessError({ code: "backup-damaged", kind: "run", place: label, message: `the backup that was just taken is not intact: ${damage}` });
    this.#taken.push(backup);
    const bytes = await this.#sizeOf(this.#topology.backups.folder(label));
    this.#record({ kind: "backup", state: "taken", label, bytes, detail: `${(bytes / 1e6).toFixed(0)} MB, needs WAL from ${backup.firstWal} to ${backup.lastWal}, verified` });
  }

  async #takeByCopying(): Promise<Backup> {
    const label = `base-${this.#taken.length + 1}`;
    const copy = await this.#connected((client) => copyServing(client, this.#topology.postgres, label, `$BACKUPS/${label}`));
    await this.#shell(`cd "$BACKUPS/${label}"; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > ../${label}.sha256`);
    return { label, ...copy };
  }

  async #takeByPgBackRest(): Promise<Backup> {
    const { postgres, access, backups } = this.#topology;
    const said = await postgres.shellInside(`${PGBACKREST} backup --type=full >&2
      ${backups.newest}; echo "$newest"; sed -nE 's/^backup-archive-(start|stop)="([0-9A-F]*)"/\\2/p' "$BACKUPS/${backups.folder("$newest")}/backup.manifest"`, { PGPASSWORD: access("turnback", "direct").password });
    const [label, firstWal, lastWal] = said.trim().split("\n");
    if (!label || !firstWal || !lastWal) throw new Error(`pgBackRest took a backup and says nothing of it: ${said}`);
    return { label, firstWal, lastWal };
  }

  async #sizeOf(folders: string): Promise<number> {
    return Number(await this.#shell(`cd "$BACKUPS"; du -sbc ${folders} | tail -n 1 | cut -f1`));
  }

  /** Why a backup can't be restored up to a segment; undefined when it can. */
  async #damageOf({ label, firstWal, lastWal }: Backup, upToWal: string | undefined): Promise<string | undefined> {
    const { damage, segments: archived } = this.#topology.backups;
    const [bad = "", wal = ""] = (await this.#shell(`(${damage(label)}); echo ${BETWEEN}; ${archived}; mkdir -p "$BACKUPS/tail"; ls "$BACKUPS/tail" | grep -E '^${SEGMENT}$' || true`)).split(BETWEEN);
    if (bad.trim() !== "") return bad.trim().split("\n").map((line) => line.trim()).join("; ");
    const kept = new Set(wal.split("\n"));
    const last = upToWal !== undefined && upToWal > lastWal ? upToWal : lastWal;
    const missing = segments(firstWal, last).filter((wal) => !kept.has(wal));
    return missing.length === 0 ? undefined : `the archive lacks ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ` and ${missing.length - 3} more` : ""}`;
  }

  /** The newest backup that is intact and has its WAL; what is refused is recorded. @throws HarnessError when there is none */
  async #choose(target: Target): Promise<Backup> {
    const reasons: string[] = [];
    for (const backup of this.#taken.toReversed()) {
      const damage = await this.#damageOf(backup, target.wal);
      if (damage === undefined) {
        this.#record({ kind: "backup", state: "chosen", label: backup.label, detail: reasons.length === 0 ? "the newest, verified" : "the newest that is intact, verified" });
        return backup;
      }
      this.#record({ kind: "backup", state: "refused", label: backup.label, detail: damage });
      reasons.push(`${backup.label}: ${damage}`);
    }
    throw new HarnessError({ code: "no-backup", kind: "run", place: "backups", message: `no backup can be restored: ${reasons.join("; ") || "none was taken"}` });
  }

  /**
   * Stops the server, replaces its data by a backup, and has it recover to the target and serve again. When the
   * recovery fails, the data that was replaced comes back, and the server runs on that.
   */
  restore(target: Target, signal: AbortSignal): Promise<void> {
    return this.#topology.inTurn(() => this.#restore(target, signal));
  }

  async #restore(target: Target, signal: AbortSignal): Promise<void> {
    const { postgres } = this.#topology;
    signal.throwIfAborted();
    const { state } = await postgres.observe();
    if (state === "paused") await postgres.resume();
    if (state !== "stopped") await postgres.stop();
    try {
      // What the server hadn't archived yet lies in its own folder, if that is still there.
      await this.#shell(`mkdir -p "$BACKUPS/tail" "$DATA/pg_wal"; archived=$(${this.#topology.backups.segments}); cd "$DATA/pg_wal"; for wal in $(ls | grep -E '^${SEGMENT}$' || true); do grep -qx "$wal" <<<"$archived" || cp "$wal" "$BACKUPS/tail/$wal"; done`);
      const backup = await this.#choose(target);
      signal.throwIfAborted();
      await this.#swap(backup, target, signal);
    } catch (error) {
      // On what is left; if nothing is, that start fails, too, and the first reason counts.
      if ((await postgres.observe()).state === "stopped") await postgres.start().catch(() => undefined);
      throw error;
    }
  }

  async #swap({ label }: Backup, target: Target, signal: AbortSignal): Promise<void> {
    const { postgres } = this.#topology;
    const { restoreCommand, put, archive } = this.#topology.backups;
    const settings = { restore_command: `${restoreCommand} || cp "$BACKUPS/tail/%f" %p`, recovery_target_action: "promote", ...PRIVATE, ...target.settings };
    let detail: string;
    try {
      await this.#shell(`mv "$DATA" "$BACKUPS/replaced"; ${put(label)}
        ${appendSettings("$DATA", settings)}`);
      await this.#topology.disk?.sync("data");
      detail = await this.#recover(target, Object.keys(settings), signal);
    } catch (error) {
      if ((await postgres.observe()).state !== "stopped") await postgres.stop();
      await this.#shell(`if [ -d "$BACKUPS/replaced" ]; then rm -rf "$DATA"; mv "$BACKUPS/replaced" "$DATA"; fi`);
      throw new HarnessError({ code: "restore-failed", kind: "run", place: label, message: `${label} was restored, and did not recover to ${target.says}: ${messageOf(error)}`, cause: error });
    }
    // From here on clients write to what was restored: whatever fails now, the old data must not come back.
    this.#record({ kind: "backup", state: "restored", label, detail, bytes: await this.#sizeOf(`${archive} tail`) });
    await this.#shell(`rm -rf "$BACKUPS/replaced" "$BACKUPS/tail"`);
  }

  /** Starts the server on what was put there, and once more where somebody ends it: a recovery goes on from what is there. */
  async #recover(target: Target, settings: readonly string[], signal: AbortSignal): Promise<string> {
    const { postgres } = this.#topology;
    for (let starts = 1; ; starts++) {
      const logged = (await stat(postgres.logFile)).size;
      try {
        if ((await postgres.observe()).state === "stopped") await postgres.start();
        return await this.#recovered(target, settings);
      } catch (error) {
        const said = tailOf(postgres.logFile, { since: logged });
        const ended = error instanceof ServiceExited ? error.signalled || SHUT_DOWN.test(said) : (await postgres.observe()).state === "stopped";
        if (!ended || starts === STARTS) throw error;
        this.#retried(messageOf(error));
        await pause(START_AGAIN_MS, signal);
      }
    }
  }

  /** Where the server is after its recovery; takes the settings for it away again. */
  async #recovered(target: Target, settings: readonly string[]): Promise<string> {
    return this.#connected(async (client) => {
      const { rows: [now] } = await client.query<{ wal: string; lsn: string | null }>("select pg_walfile_name(pg_current_wal_lsn()) as wal, pg_last_wal_replay_lsn()::text as lsn");
      for (const setting of settings) await client.query(`alter system reset ${setting}`);
      return `to ${target.says}, replayed up to ${now?.lsn ?? "the backup's end"}, on timeline ${parseInt(now?.wal.slice(0, 8) ?? "", 16)}`;
    });
  }
}

/** All segments from one to another, both included, of the first one's timeline. */
export function segments(first: string, last: string): string[] {
  const numberOf = (wal: string) => parseInt(wal.slice(8, 16), 16) * SEGMENTS_PER_LOG + parseInt(wal.slice(16), 16);
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, "0");
  const all: string[] = [];
  for (let n = numberOf(first); n <= numberOf(last); n++) all.push(`${first.slice(0, 8)}${hex(Math.floor(n / SEGMENTS_PER_LOG))}${hex(n % SEGMENTS_PER_LOG)}`);
  return all;
}
