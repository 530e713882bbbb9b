// The fingerprint against the release that drills run on: no column of a catalogue is passed over without a reason. Of the other releases: catalogue/

import { describe, expect, test } from "vitest";
import { fingerprint } from "../../harness/observe/fingerprint.ts";
import { ELSEWHERE } from "../../harness/observe/fingerprint/exempt.ts";
import { CATALOGUES, coverage } from "../../harness/observe/fingerprint/query.ts";
import { COLUMNS, type Column } from "../../harness/observe/fingerprint/render.ts";
import { openTopology } from "../faults/contract.ts";

describe("the fingerprint", () => {
  test("compares every column of every catalogue, or says why not; and no two objects share a key", async () => {
    const held = await openTopology("process", "own");
    try {
      const client = await held.topology.observer("test");
      const { rows } = await client.query<Column>(COLUMNS);
      const { uncovered, exempt } = coverage(rows);
      expect(uncovered).toEqual([]);
      expect([...exempt].filter(([, reason]) => reason === "")).toEqual([]);
      const objects = await fingerprint(client);
      expect(objects.filter(({ kind, detail }) => kind === "unreadable" || detail["ambiguous"])).toEqual([]);
      await client.end();
    } finally {
      await held.close();
    }
  });

  test("a column that nobody declared, of a type without a rule, is found; so is a catalogue that is new", () => {
    const column = (table: string, name: string, type: string): Column => ({ table, column: name, type, refersTo: null, relation: null });
    expect(coverage([column("pg_class", "relnew", "oid"), column("pg_new", "newname", "name"), column("pg_class", "relflag", "boolean")])).toMatchObject({ uncovered: ["pg_class.relnew", "pg_new.newname"], compared: ["pg_class.relflag"] });
  });

  test("what is read elsewhere is no kind of its own", () => {
    expect(CATALOGUES.filter(({ of }) => ELSEWHERE[of] !== undefined)).toEqual([]);
  });
});
