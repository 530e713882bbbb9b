// A server of a test file's own, with what its tests look at: started before the first of them, and gone after the last.

import { afterAll, beforeAll } from "vitest";
import type pg from "pg";
import { openTopology, type Held } from "../faults/contract.ts";

/** @param given is handed a superuser's connection, on which `sql` has run */
export function ownServer(name: string, sql: string, given: (client: pg.Client) => void): void {
  let held: Held;
  let client: pg.Client;
  beforeAll(async () => {
    held = await openTopology("process", "own");
    client = await held.topology.observer(name);
    await client.query(sql);
    given(client);
  });
  afterAll(async () => {
    await client.end();
    await held.close();
  });
}
