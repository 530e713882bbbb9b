// A step that is given up goes on in the server: it is ended there, with its locks, before anything else is believed of the system.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rehearse, smallDrill, temporaryFolder, writeDrill } from "../support/drills.ts";

test("a statement that withinMs gave up is ended in the server, and the facts don't wait for its lock", { timeout: 180_000 }, async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "plan"));
  await writeFile(join(folder.path, "plan/plan.yaml"), JSON.stringify({ name: "held", description: "One step that holds a lock, and never ends.", steps: [
    // Its function catches the cancellation: only the end of its session ends it.
    { id: "one", kind: "expand", forward: "do $$ begin lock table stock_movements in access exclusive mode; loop begin perform pg_sleep(1000); exception when query_canceled then null; end; end loop; end $$", backward: "drop table if exists one" },
  ] }));
  const file = await writeDrill(folder.path, smallDrill({ migration: { plan: join(folder.path, "plan"), withinMs: 4_000 }, recoveryWithinMs: 20_000 }));
  const { events, failure } = await rehearse(file, { runtime: "process", runs: join(folder.path, "runs") });
  const failed = events.find((event) => event.kind === "migration" && event.state === "failed");
  expect(failed).toMatchObject({ cut: "time" });
  expect(JSON.stringify(failed)).toContain("1 of its sessions went on in the server, and was ended there");
  expect(failure).toBeUndefined();
  expect(events.find((event) => event.kind === "quiescence")).toMatchObject({ state: "proven" });
  expect(events.findLast((event) => event.kind === "phase")).toMatchObject({ phase: "after", state: "ended" });
});
