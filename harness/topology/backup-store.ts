// Where backups and archived WAL are kept, and by what: pgBackRest in containers, PostgreSQL's own low-level calls for processes.

import type { Settings } from "./postgres.ts";
import type { RuntimeKind } from "./runtime.ts";

/** Folders as a server's shell names them, and scripts for it; below $BACKUPS. */
export type BackupStore = {
  readonly name: "pgBackRest" | "low-level";
  /** A script for inside the server, before anything is archived. */
  readonly begin: string;
  /** What makes the server keep every finished WAL segment. */
  readonly settings: Settings;
  /** The folder with the archived WAL, below $BACKUPS. */
  readonly archive: string;
  /** The folder of one backup, below $BACKUPS. */
  readonly folder: (label: string) => string;
  /** Fetches a segment; the server replaces %f and %p. */
  readonly restoreCommand: string;
  /** Names of archived segments, one a line. */
  readonly segments: string;
  /** Says what is wrong with the files of a backup, by its own checksums, in a line or more; nothing when they are whole. */
  readonly damage: (label: string) => string;
  /** Puts a backup in the place of $DATA, which is not there; recovery is still to be told where to. */
  readonly put: (label: string) => string;
  /** Sets $newest to the newest backup's label; empty without one. */
  readonly newest: string;
  /** Sets $file to a file of the backup $newest that holds rows. */
  readonly rows: string;
  /** Sets $wal to the archived file in which the backup $newest begins, whether it is there or not. */
  readonly firstWal: string;
};

/** A segment's name. */
export const SEGMENT = "[0-9A-F]".repeat(24);

/*
 *   base-N/         the files, with backup_label
 *   base-N.sha256   the manifest: a checksum for each of them
 *   wal/            the archive; a segment appears there whole or not at all
 */
const lowLevel: BackupStore = {
  name: "low-level",
  begin: "",
  settings: {
    archive_mode: "on",
    archive_command: 'mkdir -p "$BACKUPS/wal" && test ! -f "$BACKUPS/wal/%f" && cp %p "$BACKUPS/wal/%f.part" && mv "$BACKUPS/wal/%f.part" "$BACKUPS/wal/%f"',
  },
  archive: "wal",
  folder: (label) => label,
  restoreCommand: 'cp "$BACKUPS/wal/%f" %p 2>/dev/null',
  segments: `mkdir -p "$BACKUPS/wal"; ls "$BACKUPS/wal" | grep -E '^${SEGMENT}$' || true`,
  damage: (label) => `cd "$BACKUPS/${label}" && (sha256sum --check --quiet "../${label}.sha256" 2>/dev/null || true) | head -n 3
    comm -3 <(find . -type f | LC_ALL=C sort) <(cut -c67- "../${label}.sha256" | LC_ALL=C sort) | sed 's/$/: not in both the manifest and the backup/' | head -n 3 || true`,
  put: (label) => `cp -a --reflink=auto "$BACKUPS/${label}" "$DATA"; touch "$DATA/recovery.signal"`,
  newest: 'newest=$(cd "$BACKUPS" 2>/dev/null && ls -d base-*/ 2>/dev/null | sort -V | tail -n 1 || true); newest=${newest%/}',
  rows: 'file=$(find "$BACKUPS/$newest" -type f -size +8k -regex ".*/base/[0-9]*/[0-9]*" | sort | tail -n 1)',
  firstWal: `wal=$BACKUPS/wal/$(sed -n 's/^START WAL LOCATION.*file \\([0-9A-F]*\\).*/\\1/p' "$BACKUPS/$newest/backup_label")`,
};

/** Variables rather than options: what a command doesn't know of them it leaves alone. */
export const PGBACKREST = 'env PGBACKREST_STANZA=app PGBACKREST_REPO1_PATH="$BACKUPS/repo" PGBACKREST_REPO1_RETENTION_FULL=100 PGBACKREST_PG1_PATH="$DATA" PGBACKREST_PG1_USER=turnback PGBACKREST_PG1_SOCKET_PATH=/tmp PGBACKREST_START_FAST=y PGBACKREST_COMPRESS_TYPE=lz4 PGBACKREST_PROCESS_MAX=2 PGBACKREST_LOG_LEVEL_FILE=off PGBACKREST_LOCK_PATH=/tmp/pgbackrest pgbackrest';

/** What `verify` says of a backup in one line, and in the next. */
const VERDICT = (label: string) => `${PGBACKREST} verify --output=text --verbose 2>&1 | grep -A 1 "backup: ${label}, " || echo "backup: ${label} is not in the repository"`;

const pgBackRest: BackupStore = {
  name: "pgBackRest",
  begin: `mkdir -p "$BACKUPS/repo"; ${PGBACKREST} stanza-create`,
  // It asks the server through a socket.
  settings: { archive_mode: "on", archive_command: `${PGBACKREST} archive-push "%p"`, unix_socket_directories: "/tmp" },
  archive: "repo/archive",
  folder: (label) => `repo/backup/app/${label}`,
  restoreCommand: `${PGBACKREST} archive-get %f "%p"`,
  segments: `mkdir -p "$BACKUPS/repo"; find "$BACKUPS/repo/archive" -type f 2>/dev/null | sed -nE 's|.*/(${SEGMENT})-.*|\\1|p' | sort || true`,
  damage: (label) => `(${VERDICT(label)}) | grep -v "status: valid" | tr -s ' \\n' ' ' | grep -v 'missing: 0, checksum invalid: 0, size invalid: 0, other: 0' || true`,
  put: (label) => `mkdir -m 700 "$DATA"; ${PGBACKREST} restore --set=${label} --type=default --log-level-console=error`,
  newest: 'newest=$(cd "$BACKUPS/repo/backup/app" 2>/dev/null && ls -d [0-9]*F/ 2>/dev/null | sort | tail -n 1 || true); newest=${newest%/}',
  rows: 'file=$(find "$BACKUPS/repo/backup/app/$newest" -type f -size +8k -regex ".*/pg_data/base/[0-9]*/[0-9]*[.].*" | sort | tail -n 1)',
  firstWal: `wal=$(sed -n 's/^backup-archive-start="\\([0-9A-F]*\\)"/\\1/p' "$BACKUPS/repo/backup/app/$newest/backup.manifest"); wal=$(ls "$BACKUPS"/repo/archive/app/*/*/$wal-* 2>/dev/null || echo "$BACKUPS/$wal")`,
};

/** pgBackRest refuses tablespaces inside the data folder. */
export const backupStoreOf = (kind: RuntimeKind, tablespaces: readonly string[] = []): BackupStore => (kind === "docker" && tablespaces.length === 0 ? pgBackRest : lowLevel);
