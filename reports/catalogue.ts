// The catalogue of drills as a page of the documentation: `npm run reference` writes it.

import { basename, dirname, join, relative } from "node:path";
import { ROOT } from "../harness/base/files.ts";
import { listDrillFiles, readDrill } from "../harness/drill/parse.ts";
import type { Drill } from "../harness/drill/schema.ts";

export const CATALOGUE = join(ROOT, "scenarios/README.md");

/** What is missed on purpose comes last, in every list. */
export const NEGATIVE = "negative";

export type CatalogueEntry = {
  readonly name: string; readonly folder: string; readonly question: string; readonly expected: NonNullable<Drill["expect"]>["verdict"]; readonly missed: readonly string[];
  readonly learn: string | undefined; readonly sources: readonly string[];
  /** Relative to the repository's root. */
  readonly file: string;
};

/** Every drill below scenarios/, by folder and name, the negative ones last. */
export async function readCatalogue(): Promise<CatalogueEntry[]> {
  const entries = await Promise.all((await listDrillFiles()).map(async ({ file }) => {
    const { name, question, expect, learn, sources } = await readDrill(file);
    return { name, folder: basename(dirname(file)), question, expected: expect?.verdict ?? "met", missed: expect?.missed ?? [], learn, sources, file: relative(ROOT, file) };
  }));
  return entries.sort((a, b) => Number(a.folder === NEGATIVE) - Number(b.folder === NEGATIVE) || a.folder.localeCompare(b.folder) || a.name.localeCompare(b.name));
}

/** The page as Markdown; a test compares it with the file. */
export function renderCatalogue(entries: readonly CatalogueEntry[]): string {
  const told = entries.filter(({ sources }) => sources.length > 0).length;
  const folders = [...Map.groupBy(entries, ({ folder }) => folder)];
  return [
    "# The catalogue of drills", "", "Generated from the drills by `npm run reference`.", "",
    `${entries.length} drills, each with the question that it answers; ${told} of them rebuild bad days that are told in public. Run one with \`npx turnback run NAME\`, all of them with`,
    "`npx turnback suite nightly`. Those in `negative/` are wrong on purpose: each must be missed, for the reason that it declares and for no other.", "",
    ...folders.map(([folder, some]) => `- [${folder}](#${folder}): ${some.map(({ name }) => `[${name}](#${name})`).join(", ")}`), "",
    ...folders.flatMap(([folder, some]) => [`## ${folder}`, "", ...some.flatMap(one)]),
  ].join("\n");
}

function one({ name, question, expected, missed, learn, sources, file }: CatalogueEntry): string[] {
  return [
    `### ${name}`, "", `**${question}** ([declaration](${relative("scenarios", file)}))`, "",
    ...(expected === "met" ? [] : [`Must be ${expected}${missed.length === 0 ? "" : `: ${missed.join(", ")}`}.`, ""]),
    ...(learn === undefined ? [] : [learn, ""]),
    ...(sources.length === 0 ? [] : [`Told in: ${sources.join("; ")}.`, ""]),
  ];
}
