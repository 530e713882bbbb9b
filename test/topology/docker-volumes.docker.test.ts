// Volumes that outlive their run in a process that rehearses drill after drill: the next one finds the data as prepared, whatever was done to them.

import { afterAll, describe, expect, test } from "vitest";
import { ownIdentity, run } from "../../harness/base/process.ts";
import { readSystem } from "../../harness/drill/parse.ts";
import { drillSchema } from "../../harness/drill/schema.ts";
import { abandonedVolumes, keepVolumes } from "../../harness/topology/docker-volumes.ts";
import { openRuntime } from "../../harness/topology/open-runtime.ts";
import { startTopology, type Topology } from "../../harness/topology/topology.ts";
import { dockerReason } from "../support/docker.ts";
import { smallDrill } from "../support/drills.ts";

const drill = drillSchema.parse(smallDrill());

/** Others may be running beside these tests, on the same engine. */
const { pid, startTicks } = ownIdentity();
const named = (name: string) => `${name}-${pid}`;
const labelled = async (label: string) => (await run("docker", ["volume", "ls", "-q", "--filter", `label=${label}`])).stdout.split("\n").filter((name) => name !== "");
const volumes = () => labelled(`turnback.harness=${pid}-${startTicks}`);

/** A run with the shop's data, as far as its server is up. */
async function withShop<T>(name: string, work: (topology: Topology) => Promise<T>): Promise<T> {
  await using runtime = await openRuntime({ kind: "docker", why: "test" }, named(name));
  return await work(await startTopology({ runtime, drill, system: await readSystem(drill.system.path), others: {}, application: undefined, say: () => undefined, onSecret: () => undefined }));
}

async function asked(topology: Topology, sql: string): Promise<string> {
  const client = await topology.observer("test");
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows.map((row) => Object.values(row).join(" ")).join("\n");
  } finally {
    await client.end();
  }
}

const TABLES = "select string_agg(relname || ' ' || pg_relation_filepath(oid), ', ' order by relname) from pg_class where relkind in ('r', 'i') and relnamespace = 'public'::regnamespace";
const rowsOf = (table: string) => `select md5(string_agg(t::text, ',' order by id)) from ${table} t`;
const FILES = 'cd ~postgres; find . -mindepth 1 -maxdepth 2 | grep -vE "postmaster|pg_wal" | sort';
const seen = async (topology: Topology) => ({ tables: await asked(topology, TABLES), customers: await asked(topology, rowsOf("customers")), orders: await asked(topology, rowsOf("orders")), files: await topology.postgres.shell(FILES) });

describe.skipIf(dockerReason)("kept volumes", () => {
  afterAll(async () => { expect(await volumes(), "volumes left over").toEqual([]); });

  test("are set back to the prepared data, also where a file was changed and its times were put back", async () => {
    await using _kept = keepVolumes();
    const [first, volume] = await withShop("kept-first", async (topology) => [await seen(topology), await volumes()] as const);
    expect(await volumes()).toEqual(volume);
    await withShop("kept-changed", async (topology) => {
      expect(await volumes()).toEqual(volume);
      const file = await asked(topology, "select pg_relation_filepath('orders')");
      await asked(topology, "update customers set name = 'changed' where id % 2 = 0");
      await asked(topology, "create table left_over as select generate_series(1, 1000)");
      await asked(topology, "drop table payments cascade");
      await asked(topology, "checkpoint");
      // With the server down, one byte of a file that nothing else has changed, and its times as they were.
      await topology.postgres.stop();
      await topology.postgres.shell(`cd "$DATA"; mkdir -p ../backups/one ../else; echo x >../else/file; ln -s ../else link; rm -f PG_VERSION; cp -p ${file} /tmp/as-it-was; printf X | dd of=${file} bs=1 seek=5000 conv=notrunc status=none; touch -r /tmp/as-it-was ${file}`);
    });
    expect(await volumes()).toEqual(volume);
    expect(await withShop("kept-again", seen)).toEqual(first);
  });

  test("a server that is started again in its run keeps what was written", async () => {
    await using _kept = keepVolumes();
    for (const name of ["kept-restarted", "kept-restarted-again"]) {
      await withShop(name, async (topology) => {
        await asked(topology, "create table mine as select 1 as one");
        await topology.postgres.kill();
        await topology.postgres.start();
        expect(await asked(topology, "select one from mine")).toBe("1");
      });
    }
  });

  test("without a process that keeps them they go with their run", async () => {
    const ofRun = () => labelled(`turnback.run=${named("not-kept")}`);
    expect(await withShop("not-kept", ofRun)).not.toEqual([]);
    expect([...await ofRun(), ...await volumes()]).toEqual([]);
  });

  test("of a killed process are found, and those of one that lives are not", async () => {
    const [dead, name] = [4_194_304 + pid, named("turnback-kept-test-dead")]; // no process has such an id
    await run("docker", ["volume", "create", "--label", `turnback.harness=${dead}-1`, name]);
    await using _kept = keepVolumes();
    await withShop("kept-alive", () => Promise.resolve());
    const abandoned = async () => (await abandonedVolumes()).filter(({ harness }) => harness === dead || harness === pid);
    const found = await abandoned();
    expect(found.map(({ harness, what }) => [harness, what])).toEqual([[dead, [`volume ${name}`]]]);
    for (const time of ["once", "by somebody else, too"]) await expect(found[0]?.remove(), time).resolves.toBeUndefined();
    expect(await abandoned()).toEqual([]);
  });
});
