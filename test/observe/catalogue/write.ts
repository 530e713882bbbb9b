// Writes the listings anew, of each major version that this machine has: `TURNBACK_POSTGRES=/folder/with/bin:... node test/observe/catalogue/write.ts`.

import { writeFileSync } from "node:fs";
import { COLUMNS, type Column } from "../../../harness/observe/fingerprint/render.ts";
import { listingFile, MAJORS, rendered } from "./listing.ts";
import { localServers, withPlainServer } from "./plain-server.ts";

const servers = localServers();
for (const major of MAJORS) {
  const programs = servers.get(major);
  if (programs === undefined) {
    console.log(`${major}: no server here; its listing stays as it is`);
    continue;
  }
  const columns = await withPlainServer(programs, async (client) => (await client.query<Column>(COLUMNS)).rows);
  writeFileSync(listingFile(major), rendered(columns));
  console.log(`${major}: ${columns.length} columns of ${new Set(columns.map(({ table }) => table)).size} tables, from ${programs}`);
}
