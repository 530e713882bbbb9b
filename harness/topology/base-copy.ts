// A copy of a server's files while it serves: what a backup and a replica both begin with.

import type pg from "pg";
import { waitUntil } from "../base/deadline.ts";
import { HarnessError } from "../base/errors.ts";
import type { Service } from "./runtime.ts";

/** First and last WAL segment that the copy can't do without. */
export type BaseCopy = { readonly firstWal: string; readonly lastWal: string };

const ARCHIVE_WITHIN_MS = 30_000;

/** As pg_backup_stop itself would wait, which looks once a second only: the archiver is through with a segment, or keeps none. */
const ARCHIVED = `select current_setting('archive_mode') = 'off' or exists (select 1 from pg_ls_archive_statusdir() where name = $1 || '.done')
  or not exists (select 1 from pg_ls_waldir() where name = $1) as over`;

/**
 * Copies all files of the server to a folder, as its shell names it, that doesn't exist yet. PostgreSQL's low-level calls (its
 * documentation, "Making a Base Backup Using the Low Level API"): the server is told that a copy begins, the files are
 * copied while it writes, and the WAL that it writes meanwhile makes the copy consistent.
 * @throws HarnessError for a system with tablespaces elsewhere, and what the server says
 */
export async function copyServing(client: pg.Client, server: Service, label: string, folder: string): Promise<BaseCopy> {
  // The label is of the session: start and stop must be in one.
  const { rows: [start] } = await client.query<{ wal: string }>("select pg_walfile_name(pg_backup_start($1, true)) as wal", [label]);
  // Files that change or vanish under the copy are no mistake: the WAL has what happened to them.
  await server.shell(`mkdir -p "${folder}"; chmod 700 "${folder}"; cd "$DATA"
    (tar --warning=no-file-changed --warning=no-file-removed --ignore-failed-read --exclude=./postmaster.pid --exclude=./postmaster.opts --exclude=pg_internal.init --exclude='./pg_wal/*' --exclude='./pg_replslot/*' -cf - . || [ $? -eq 1 ]) | tar -xf - -C "${folder}"`);
  const { rows: [stop] } = await client.query<{ wal: string; labelfile: string; spcmapfile: string }>("select pg_walfile_name(lsn) as wal, labelfile, spcmapfile from pg_backup_stop(false)");
  if (!start || !stop) throw new Error("the server said nothing of the backup");
  await waitUntil({ what: `segment ${stop.wal} to be archived`, withinMs: ARCHIVE_WITHIN_MS, place: label, check: async () => ((await client.query<{ over: boolean }>(ARCHIVED, [stop.wal])).rows[0]?.over ? true : undefined) });
  if (stop.spcmapfile.trim() !== "") {
    throw new HarnessError({ code: "backup-tablespace", kind: "declaration", place: label, message: "copies of a system with tablespaces outside its data folder are not supported", remedy: "use a way back that needs neither a backup nor a replica" });
  }
  await server.shell(`printf %s ${quote(stop.labelfile)} > "${folder}/backup_label"; mkdir -p "${folder}/pg_wal/archive_status" "${folder}/pg_replslot"`);
  return { firstWal: start.wal, lastWal: stop.wal };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A script's part that adds settings to the server's own file below a folder. */
export function appendSettings(folder: string, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  return `cat >> "${folder}/postgresql.auto.conf" <<'END'\n${lines.join("\n")}\nEND\n`;
}
