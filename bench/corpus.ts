// The corpus of harm as a table: defects found and named, false alarms on benign differences and on clean drills.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../harness/base/files.ts";
import type { DrillDeclaration } from "../harness/drill/schema.ts";
import { type Case, cases, Corpus } from "../test/corpus/corpus.ts";
import { renderCorpus, type Row } from "../test/corpus/document.ts";
import { verdictOn } from "../test/corpus/verdict.ts";
import { rehearse, smallDrill, temporaryFolder, writeDrill } from "../test/support/drills.ts";

/** What goes wrong in a clean drill; the way back is right, so nothing may be reported. */
const COURSES: readonly (readonly [string, NonNullable<DrillDeclaration["faults"]>])[] = [
  ["no fault", []],
  ["the primary killed in mid-backfill", [{ kind: "kill", at: { within: "backfill-names", progress: 0.4 }, healAfterMs: 500 }]],
  ["the clients' network down", [{ kind: "down", at: { after: "sync-trigger" }, healAfterMs: 500 }]],
  ["replies of COMMIT lost", [{ kind: "reply-lost", at: { after: "sync-trigger" }, times: 5, healAfterMs: 500 }]],
];
const DRILLS = Number(process.env["TURNBACK_CLEAN_DRILLS"] ?? 104);

export async function corpus(): Promise<void> {
  const rows = await judgeCases();
  const clean = await cleanDrills();
  const text = renderCorpus(rows, clean);
  writeFileSync(join(ROOT, "test/corpus/README.md"), text);
  console.log(text.slice(0, text.indexOf("## Every case")));
  console.log("  written to test/corpus/README.md");
}

async function judgeCases(): Promise<Row[]> {
  await using held = await Corpus.open();
  const rows: Row[] = [];
  const all: readonly (readonly ["defects" | "benign", Case])[] = [...cases("defects").map((entry) => ["defects", entry] as const), ...cases("benign").map((entry) => ["benign", entry] as const)];
  for (const [of, entry] of all) {
    const { card } = await held.judge(entry);
    rows.push({ of, entry, ...verdictOn(entry, card) });
    if (process.stdout.isTTY) process.stdout.write(`\r  ${rows.length} of ${all.length}`);
  }
  return rows;
}

async function cleanDrills(): Promise<{ readonly drills: number; readonly alarms: readonly string[]; readonly operations: number }> {
  const alarms: string[] = [];
  let operations = 0;
  for (let drill = 0; drill < DRILLS; drill++) {
    const [course, faults] = COURSES[drill % COURSES.length] ?? ["", []];
    await using folder = await temporaryFolder();
    const file = await writeDrill(folder.path, smallDrill({ name: `clean-${drill + 1}`, faults: [...faults] }));
    const { card } = await rehearse(file, { runtime: "process", runs: folder.path, seed: drill + 1 });
    operations += card.measures.operations.committed;
    if (card.findings.length > 0 || card.objectives.some(({ verdict }) => verdict === "missed")) alarms.push(`${course}, seed ${drill + 1}: ${card.findings.map(({ kind, subject }) => `${kind} ${subject}`).join(", ")}`);
  }
  return { drills: DRILLS, alarms, operations };
}
