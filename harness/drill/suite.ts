// A suite: drills that are rehearsed together, night after night.

import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { ROOT } from "../base/files.ts";
import { inShort } from "../base/quoted.ts";
import { name } from "./fields.ts";
import { whyNot } from "./named-place.ts";
import { DRILL_FILE, declarationError, listDrillFiles, readDeclared, type DrillFile } from "./parse.ts";
import { placeOf } from "./read-data.ts";

export const suiteSchema = z.strictObject({
  name,
  description: z.string(),
  drills: z.array(z.string().min(1)).min(1).describe("Names of drills, folders of scenarios/ with a slash at their end, \"*\" for all of them, or files beside the suite's own; in the order in which they are rehearsed"),
});
export type Suite = z.infer<typeof suiteSchema> & { readonly files: readonly DrillFile[] };

/** Finds a suite by its name, in scenarios/, or by its file. @throws HarnessError for what names no drill */
export async function readSuite(nameOrFile: string, scenarios = join(ROOT, "scenarios")): Promise<Suite> {
  const file = /\.suite\.ya?ml$/.test(nameOrFile) ? resolve(nameOrFile) : join(scenarios, `${nameOrFile}.suite.yaml`);
  const place = placeOf(file);
  const wrong = await whyNot("file", file);
  if (wrong !== undefined) throw declarationError(inShort(nameOrFile), `there is no suite "${inShort(nameOrFile)}": ${wrong}`, "give a suite's name, or its file *.suite.yaml");
  const suite = await readDeclared(suiteSchema, file);
  const all = await listDrillFiles(scenarios);
  const chosen = suite.drills.map((wanted) => {
    if (DRILL_FILE.test(wanted)) return [{ name: basename(wanted).replace(DRILL_FILE, ""), file: resolve(dirname(file), wanted) }];
    const some = wanted === "*" ? all : all.filter((drill) => drill.name === wanted || (wanted.endsWith("/") && basename(dirname(drill.file)) === wanted.slice(0, -1)));
    if (some.length === 0) throw declarationError(place, `${inShort(place)}: drills: "${inShort(wanted)}" names no drill`, "`turnback list` shows them all");
    return some;
  });
  return { ...suite, files: [...new Set(chosen.flat())] };
}
