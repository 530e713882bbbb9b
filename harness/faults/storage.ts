// What happens to files: the server's disk, its backups, the archive of its WAL.

import type { Fault } from "../drill/fault.ts";
import type { Service } from "../topology/runtime.ts";
import { serverOf, type FaultKindOf } from "./fault.ts";

type Of<K extends Fault["kind"]> = Extract<Fault, { kind: K }>;

/** Where a fault keeps what it took away. */
const kept = (id: string) => `"$BACKUPS/kept-${id}"`;

const says = async (server: Service, script: string): Promise<string | undefined> => (await server.shell(script)).trim() || undefined;

/** The server dies, and its disk with it. */
export const diskLost: FaultKindOf<Of<"disk-lost">> = {
  needs: "files",
  create: (fault, { topology, id }) => {
    const server = serverOf(topology, fault.on);
    return {
      inject: async () => {
        await server.kill();
        await server.shell(`mkdir -p "$BACKUPS"; mv "$DATA" ${kept(id)}`);
      },
      prove: () => says(server, `[ -e "$DATA/PG_VERSION" ] || echo "there is no PG_VERSION in the data folder"`),
      heal: async () => {
        await server.shell(`if [ -d ${kept(id)} ]; then if [ -e "$DATA/PG_VERSION" ]; then rm -rf ${kept(id)}; else rm -rf "$DATA"; mv ${kept(id)} "$DATA"; fi; fi`);
        if ((await server.observe()).state === "stopped") await server.start();
      },
      proveHealed: async () => {
        const seen = await server.observe();
        return seen.state === "running" ? says(server, `[ ! -e "$DATA/PG_VERSION" ] || echo "there is data again, and the server runs"`) : undefined;
      },
    };
  },
};

/** One byte of the newest base backup is another one. */
export const backupDamaged: FaultKindOf<Of<"backup-damaged">> = {
  needs: "files",
  create: (fault, { topology, id }) => {
    const server = serverOf(topology, fault.on);
    const { backups } = topology;
    // The checksums of the backup's manifest, and not this fault, say whether it is whole.
    const damaged = `${backups.newest}; if [ -n "$newest" ]; then (${backups.damage("$newest")}) | head -n 1; fi`;
    return {
      inject: async () => {
        await server.shell(`${backups.newest}; ${backups.rows}
          echo "$file" > ${kept(id)}; cp -a "$file" ${kept(id)}.file
          at=$(( $(stat -c %s "$file") / 2 )); byte=$(od -An -tu1 -j $at -N 1 "$file")
          printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$file" bs=1 seek=$at conv=notrunc status=none`);
      },
      prove: () => says(server, damaged),
      heal: async () => { await server.shell(`if [ -f ${kept(id)} ]; then mv ${kept(id)}.file "$(cat ${kept(id)})"; rm ${kept(id)}; fi`); },
      proveHealed: async () => ((await says(server, damaged)) === undefined ? "every file of the newest backup has the checksum of its manifest" : undefined),
    };
  },
};

/** Where the archive should be, nothing can be written: the server keeps its WAL, and tries again. */
export const archiveFailing: FaultKindOf<Of<"archive-failing">> = {
  needs: "files",
  create: (fault, { topology, id }) => {
    const server = serverOf(topology, fault.on);
    const archive = `"$BACKUPS/${topology.backups.archive}"`;
    let broken = false;
    let before = 0;
    let archivedBefore = 0;
    const asking = async (sql: string): Promise<number> => {
      const client = await topology.observer(id);
      try {
        return Number((await client.query<{ n: string }>(sql)).rows[0]?.n);
      } finally {
        await client.end();
      }
    };
    const failed = () => asking("select failed_count as n from pg_stat_archiver");
    const archived = () => asking("select archived_count as n from pg_stat_archiver");
    /** Gives the server something to archive now. */
    const nudge = () => asking("select 0 as n from (select pg_logical_emit_message(true, 'turnback', 'something to archive'), pg_switch_wal()) as done");
    return {
      inject: async () => {
        before = await failed();
        broken = true;
        await server.shell(`if [ -d ${archive} ]; then mv ${archive} ${kept(id)}.wal; touch ${archive}; fi`);
        await nudge();
      },
      prove: async () => {
        const now = await failed();
        return broken && now > before ? `the server says that ${now - before} tries to archive have failed` : undefined;
      },
      heal: async () => {
        archivedBefore = await archived();
        broken = false;
        await server.shell(`if [ -d ${kept(id)}.wal ]; then rm -f ${archive}; mv ${kept(id)}.wal ${archive}; fi`);
        await nudge();
      },
      proveHealed: async () => {
        const now = await archived();
        return !broken && now > archivedBefore ? `the server has archived ${now - archivedBefore} segments since` : undefined;
      },
    };
  },
};

/** A hole in the archive, where the newest base backup begins. */
export const walMissing: FaultKindOf<Of<"wal-missing">> = {
  needs: "files",
  create: (fault, { topology, id }) => {
    const server = serverOf(topology, fault.on);
    const { newest, firstWal } = topology.backups;
    /** Where it was stays known while it is gone. */
    const needed = `if [ -f ${kept(id)} ]; then wal=$(cat ${kept(id)}); else ${newest}; wal=; [ -z "$newest" ] || { ${firstWal}; }; fi`;
    return {
      inject: async () => { await server.shell(`${needed}; echo "$wal" > ${kept(id)}; mv "$wal" ${kept(id)}.wal`); },
      prove: () => says(server, `${needed}; [ -z "$wal" ] || [ -f "$wal" ] || echo "the archive has no $(basename "$wal")"`),
      heal: async () => { await server.shell(`if [ -f ${kept(id)}.wal ]; then mv ${kept(id)}.wal "$(cat ${kept(id)})"; fi; rm -f ${kept(id)}`); },
      proveHealed: () => says(server, `${needed}; [ -z "$wal" ] || [ ! -f "$wal" ] || echo "the archive has $(basename "$wal")"`),
    };
  },
};
