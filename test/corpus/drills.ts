// The corpus's whole drills: where they are, and what each must come to, as a page.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { ROOT } from "../../harness/base/files.ts";
import { listDrillFiles } from "../../harness/drill/parse.ts";
import type { Drill } from "../../harness/drill/schema.ts";

/** Every drill below drills/, sorted by name: for what a planted defect can't show, as a migration that fails. */
export async function drillFiles(): Promise<string[]> {
  return (await listDrillFiles(join(ROOT, "test/corpus/drills"))).map(({ file }) => file);
}

/** Of each drill, others of its kind: a planted case without its ending, or a test as "file: part of its title". */
export function siblings(): ReadonlyMap<string, readonly string[]> {
  const of = z.record(z.string(), z.array(z.string())).parse(parse(readFileSync(join(ROOT, "test/corpus/drills/siblings.yaml"), "utf8")));
  return new Map(Object.entries(of));
}

/** The page beside them, in Markdown. */
export function renderDrills(drills: readonly Drill[]): string {
  return `# Whole drills of the corpus

What a planted defect can't show, as a migration that fails or a load that a sequence refuses, is here as a whole drill: ${drills.length} of them,
rebuilt from public reports. Each is a folder with its system, its plan and its load, and says in \`expect\` exactly what it must come to.
\`npm test\` runs them all. Run one with \`npx turnback run ./test/corpus/drills/NAME/NAME.drill.yaml\`; most of them must be missed.

\`npx vitest run test/corpus/drills.test.ts -u\` writes this page anew.

Each stands for a kind: of every one there are at least three siblings that are not the case itself (\`siblings.yaml\`).

${drills.map(drillSection).join("\n")}`;
}

function drillSection({ name, question, sources, expect }: Drill): string {
  const { verdict = "met", missed = [], findings = [], says = [] } = expect ?? {};
  const must = [
    verdict + (missed.length === 0 ? "" : `, ${missed.join(" and ")}`),
    findings.map((finding) => finding.replace(/^\S+/, "`$&`")).join(" and ") || "no finding",
    ...(says.length === 0 ? [] : [`its answer says ${says.map((words) => `"${words}"`).join(", ")}`]),
  ];
  return `## ${name}

${question}

- Must be: ${must.join("; ")}.
- Rebuilt from: ${sources.join("; ")}.
- Siblings: ${(siblings().get(name) ?? []).map((sibling) => (sibling.includes(": ") ? sibling.replace(/^(\S+): (.*)$/, "`$1`, \"$2\"") : `\`${sibling}\``)).join("; ")}.
`;
}
