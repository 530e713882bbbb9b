// The facts on a server of every supported major version that this machine has: all kinds of objects, none unreadable, and the listings as that server tells them.

import { expect, test } from "vitest";
import { startClock } from "../../../harness/base/clock.ts";
import { EvidenceWriter, readJson } from "../../../harness/evidence/run-directory.ts";
import { captureFacts } from "../../../harness/observe/facts.ts";
import type { SchemaObject } from "../../../harness/observe/fingerprint.ts";
import { CATALOGUES } from "../../../harness/observe/fingerprint/query.ts";
import { COLUMNS, type Column } from "../../../harness/observe/fingerprint/render.ts";
import type { IntegrityFact } from "../../../harness/observe/integrity/integrity.ts";
import { generateSchema } from "../../mutations/schema.ts";
import { temporaryFolder } from "../../support/drills.ts";
import { listing, MAJORS } from "./listing.ts";
import { localServers, withPlainServer } from "./plain-server.ts";

const SERVERS = localServers();
const ROLES = "create role gen_owner; create role gen_reader; create role gen_writer; create role gen_spare; create role gen_login login; create extension amcheck; create extension btree_gist";

for (const major of MAJORS) {
  const programs = SERVERS.get(major);
  const name = `PostgreSQL ${major}: facts are taken, and its catalogues are those that are listed`;
  if (programs === undefined) test.skip(`${name} (skipped: this machine has no server of it; TURNBACK_POSTGRES may name the folder of one)`);
  else test(name, async () => {
    await using folder = await temporaryFolder();
    await withPlainServer(programs, async (client) => {
      expect((await client.query<Column>(COLUMNS)).rows, "node test/observe/catalogue/write.ts writes it anew").toEqual(listing(major));
      await client.query(ROLES);
      const kinds = new Set<string>();
      for (const seed of [1, 2, 3]) {
        const { sql, system } = generateSchema(seed, major);
        await client.query("drop schema if exists gen cascade; set client_min_messages = error");
        for (const statement of sql) await client.query(statement).catch(() => undefined); // of a tablespace or of an extension that is not here
        const evidence = new EvidenceWriter(`${folder.path}/${seed}`, startClock());
        for (const when of ["before", "after"] as const) {
          await captureFacts([{ client, reader: client, system: { ...system, entities: [], invariants: [] } }], evidence, when);
          const objects = (await readJson<SchemaObject[]>(evidence.directory, `${when}/structure.json`)) ?? [];
          expect(objects.filter(({ kind, detail }) => kind === "unreadable" || detail["ambiguous"])).toEqual([]);
          for (const { kind } of objects) kinds.add(kind);
          const facts = (await readJson<IntegrityFact[]>(evidence.directory, `${when}/integrity.json`)) ?? [];
          expect(facts.filter(({ kind, count }) => kind === "unchecked" && count > 0).map(({ subject, detail }) => `${subject}: ${detail}`)).toEqual([]);
        }
        expect(await readJson(evidence.directory, "after/structure.json")).toEqual(await readJson(evidence.directory, "before/structure.json"));
        expect(await readJson(evidence.directory, "after/sample.json")).toEqual(await readJson(evidence.directory, "before/sample.json"));
      }
      expect(kinds.size).toBeGreaterThan(CATALOGUES.length / 2);
    });
  });
}
