// A suite: drills that are rehearsed together, night after night.

import { basename, dirname, join, relative, resolve } from "node:path";
import { z } from "zod";
import { ROOT, exists } from "../base/files.ts";
import { DRILL_FILE, declarationError, listDrillFiles, parseWith, readData, type DrillFile } from "./parse.ts";

export const suiteSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "use lower-case letters, digits and hyphens"),
  description: z.string(),
  drills: z.array(z.string().min(1)).min(1).describe("Names of drills, folders of scenarios/ with a slash at their end, \"*\" for all of them, or files beside the suite's own; in the order in which they are rehearsed"),
});
export type Suite = z.infer<typeof suiteSchema> & { readonly files: readonly DrillFile[] };

/** Finds a suite by its name, in scenarios/, or by its file. @throws HarnessError for what names no drill */
export async function readSuite(nameOrFile: string, scenarios = join(ROOT, "scenarios")): Promise<Suite> {
  const file = /\.suite\.ya?ml$/.test(nameOrFile) ? resolve(nameOrFile) : join(scenarios, `${nameOrFile}.suite.yaml`);
  const place = relative(process.cwd(), file);
  if (!(await exists(file))) throw declarationError(nameOrFile, `there is no suite "${nameOrFile}": ${place} is not there`, "give a suite's name, or its file *.suite.yaml");
  const suite = parseWith(suiteSchema, await readData(file), place);
  const all = await listDrillFiles(scenarios);
  const chosen = suite.drills.map((wanted) => {
    if (DRILL_FILE.test(wanted)) return [{ name: basename(wanted).replace(DRILL_FILE, ""), file: resolve(dirname(file), wanted) }];
    const some = wanted === "*" ? all : all.filter((drill) => drill.name === wanted || (wanted.endsWith("/") && basename(dirname(drill.file)) === wanted.slice(0, -1)));
    if (some.length === 0) throw declarationError(place, `${place}: drills: "${wanted}" names no drill`, "`turnback list` shows them all");
    return some;
  });
  return { ...suite, files: [...new Set(chosen.flat())] };
}
