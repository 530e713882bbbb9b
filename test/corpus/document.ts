// The corpus as a document: what was planted, and what the judge made of it.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../harness/base/files.ts";
import { KNOWN } from "../mutations/known.ts";
import { renderFigures, type Figures } from "../mutations/tally.ts";
import type { Case } from "./corpus.ts";
import type { CaseVerdict } from "./verdict.ts";

export type Row = CaseVerdict & { readonly of: "defects" | "benign"; readonly entry: Case };
export type Clean = { readonly drills: number; readonly alarms: readonly string[]; readonly operations: number };

/** Markdown; the list of cases is the part that a test compares with the files. */
export function renderCorpus(rows: readonly Row[], clean: Clean): string {
  const defects = rows.filter(({ of }) => of === "defects");
  const benign = rows.filter(({ of }) => of === "benign");
  const families = [...new Set(defects.map(({ entry }) => entry.family))];
  const line = (name: string, some: readonly Row[]) => `| ${name} | ${some.length} | ${some.filter(({ found }) => found).length} | ${some.filter(({ named }) => named).length} | ${some.filter(({ surplus }) => surplus.length > 0).length} |`;
  const alarms = [...benign.filter(({ found }) => found).map(({ entry, surplus }) => `${entry.system}/${entry.name}: ${surplus.join(", ")}`), ...clean.alarms];
  return `# The corpus of harm

Ways in which a rollback hurts, planted one at a time in real schemas (\`systems/\`), each in a small file
(\`defects/\`), with the one finding that must name it; and differences that a naive comparison flags and
that hurt nobody (\`benign/\`). \`npm run bench:corpus\` plants them all, judges each, rehearses clean
drills beside them, and writes this page. \`npm test\` plants all of them too.

What needs a migration or a load of its own is there as [whole drills](drills/README.md), rebuilt from public reports.

| defects | planted | found | found with the right name | with a finding that doesn't belong |
|---|---|---|---|---|
${families.map((family) => line(family, defects.filter(({ entry }) => entry.family === family))).join("\n")}
${line("**all**", defects)}

| what must not be reported | tried | false alarms |
|---|---|---|
| benign differences | ${benign.length} | ${benign.filter(({ found }) => found).length} |
| clean drills (${clean.operations.toLocaleString("en-US")} acknowledged operations) | ${clean.drills} | ${clean.alarms.length} |
${alarms.length > 0 ? `\nFalse alarms:\n${alarms.map((alarm) => `- ${alarm}`).join("\n")}\n` : ""}
A replica that is behind, diverged or on another timeline, a hole in the archived WAL and a backup that is damaged need a second
server or a backup: tests and drills of their own plant these (\`test/rollback/\`, \`scenarios/failover/\`, \`scenarios/restore/\`).

${generatedSection()}
## Every case

${rows.map(caseLine).join("\n")}
`;
}

const PAGE = join(ROOT, "test/corpus/README.md");
const FIGURES = join(ROOT, "test/mutations/figures.json");
const HEADING = "## Changes at random";

/** Harm that ends in a met verdict today. Whoever mends one takes it out, and plants it. */
const NOT_SEEN = [
  "what rows that clients add hold in a column that no entity reads, where other such rows don't have anything in common: a birth date is not known to be the right one. What they have in common (a time of now, one value, none at all) is compared, if at least ten of them came before the migration; the coverage names the rest",
  "rows that clients add to a table that no entity reads, and values that clients change there, where the system's file excuses the table",
  "values in a column that clients change, of a table that entities read without it, as long as no more rows changed than clients account for: the coverage names the column",
  "of a table that clients write and that no entity reads: what is wrong in some rows that are not in the sample of 1,000",
  "a materialized view that is stale while clients write its tables, or whose query depends on the time, on the session or on the order of rows; the coverage names it",
] as const;

/** What the last `npm run bench -- mutations` found, and what is known not to be seen. */
export function generatedSection(): string {
  const figures = existsSync(FIGURES) ? renderFigures(JSON.parse(readFileSync(FIGURES, "utf8")) as Figures) : "It has not been run yet.";
  const known = [...KNOWN].map(([name, why]) => `- ${name}: ${why}`);
  return `${HEADING}

\`npm run bench -- mutations\` draws schemas from a seed, makes one drawn change to a copy of one of them (\`test/mutations/\`), and asks others than the
judge's facts what really changed: the rows of the catalogues with names in place of numbers, the content of every table, whether sequences
still give values that are free, and pg_dump and pg_dumpall where there are some (\`TURNBACK_PG_DUMP\`). What they see must be told; where they
see nothing the judge must be silent. \`TURNBACK_SEED\`, \`TURNBACK_MUTATION\` and \`TURNBACK_MUTATIONS=1\` make one change of a series again.

${figures}

### Known not to be seen

Of what the generator makes:

${known.length > 0 ? known.join("\n") : "Nothing."}

Of what somebody made who had not read the judge:

${NOT_SEEN.map((what) => `- ${what}`).join("\n")}
`;
}

/** Puts the section anew into the page, and leaves the rest as it is. */
export function writeGenerated(): void {
  const page = readFileSync(PAGE, "utf8");
  const next = page.indexOf("## Every case");
  const from = page.includes(HEADING) ? page.indexOf(HEADING) : next;
  writeFileSync(PAGE, `${page.slice(0, from)}${generatedSection()}\n${page.slice(next)}`);
}

export function caseLine({ of, entry }: Pick<Row, "of" | "entry">): string {
  const where = `\`${entry.system}/${entry.name}\``;
  if (of === "benign") return `- ${where} ${entry.benign}: ${entry.warning ? `nothing but a warning, \`${entry.warning.kind}\`` : "nothing"}`;
  return `- ${where} ${entry.defect}: \`${entry.finding?.kind}\` ${entry.finding?.subject}${entry.source ? ` (${entry.source})` : ""}`;
}
