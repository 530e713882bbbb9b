// The corpus as a document: what was planted, and what the judge made of it.

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

## Every case

${rows.map(caseLine).join("\n")}
`;
}

export function caseLine({ of, entry }: Pick<Row, "of" | "entry">): string {
  const where = `\`${entry.system}/${entry.name}\``;
  if (of === "benign") return `- ${where} ${entry.benign}: ${entry.warning ? `nothing but a warning, \`${entry.warning.kind}\`` : "nothing"}`;
  return `- ${where} ${entry.defect}: \`${entry.finding?.kind}\` ${entry.finding?.subject}${entry.source ? ` (${entry.source})` : ""}`;
}
