// Reads declarations: TypeScript, YAML or JSON, through the one schema, with errors that name file and field.

import { readFile, readdir } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { HarnessError, messageOf } from "../base/errors.ts";
import { ROOT, exists } from "../base/files.ts";
import { applicationSchema, type LoadedApplication } from "./application.ts";
import { drillSchema, type Drill } from "./schema.ts";
import { systemSchema, type System } from "./system.ts";

/** What a drill's file ends with. */
export const DRILL_FILE = /\.drill\.(ts|ya?ml|json)$/;

/** A declaration error: exit code 3. */
export function declarationError(place: string, message: string, remedy?: string, cause?: unknown): HarnessError {
  return new HarnessError({ code: "declaration", kind: "declaration", message, place, remedy, cause });
}

/** Parses plain data with a schema. @throws HarnessError that lists every wrong field with its path. */
export function parseWith<T>(schema: z.ZodType<T>, data: unknown, place: string): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) => describeIssue(issue, data));
  throw declarationError(place, lines.join("\n"), "correct the field; `turnback schema` prints the JSON Schema");
}

function describeIssue(issue: z.core.$ZodIssue, data: unknown): string[] {
  const at = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("").replace(/^\./, "");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${at ? `${at}.` : ""}${key}: no such field`);
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch with the fewest complaints is the one that the author meant.
    const nearest = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? [];
    return nearest.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, data));
  }
  const value = issue.path.reduce<unknown>((v, part) => (v as Record<PropertyKey, unknown> | undefined)?.[part], data);
  const seen = value === undefined ? "it is missing" : `it is ${JSON.stringify(value)}`;
  return [`${at || "the declaration"}: ${issue.message}; ${seen}`];
}

/** A file's plain data: YAML and JSON are parsed with line numbers, TypeScript is imported. */
async function readData(file: string): Promise<unknown> {
  const place = relative(process.cwd(), file) || file;
  if (!(await exists(file))) {
    throw declarationError(place, `${place}: there is no such file`, "`turnback list` shows the drills");
  }
  if (file.endsWith(".ts")) {
    try {
      const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
      if (module.default === undefined) throw new Error("it has no default export");
      return module.default;
    } catch (error) {
      throw declarationError(place, `${place} can't be loaded: ${messageOf(error)}`, "export default defineDrill({ ... })", error);
    }
  }
  const { parseDocument } = await import("yaml"); // most declarations are TypeScript
  const document = parseDocument(await readFile(file, "utf8"), { prettyErrors: true });
  const [problem] = document.errors;
  if (problem) throw declarationError(place, `${place}: ${problem.message}`, "correct the syntax");
  return document.toJS();
}

/** Reads and checks one drill file. */
export async function readDrill(file: string): Promise<Drill> {
  const place = relative(process.cwd(), file) || file;
  const drill = parseWith(drillSchema, await readData(file), place);
  const expected = basename(file).replace(DRILL_FILE, "");
  if (drill.name !== expected) {
    throw declarationError(place, `name: is "${drill.name}", but the file is named for "${expected}"`, "make the two the same");
  }
  return drill;
}

/** Reads system.yaml below a folder that is given relative to the repository. */
export async function readSystem(path: string): Promise<System & { readonly directory: string }> {
  const directory = resolve(ROOT, path);
  const file = join(directory, "system.yaml");
  const system = parseWith(systemSchema, await readData(file), relative(process.cwd(), file));
  for (const sql of [...system.schema, ...system.seed]) {
    if (!(await exists(join(directory, sql)))) {
      throw declarationError(relative(process.cwd(), file), `schema or seed names ${sql}: there is no such file`, "correct the name");
    }
  }
  return { ...system, directory };
}

/** Reads application.yaml below a folder that is given relative to the repository. */
export async function readApplication(path: string): Promise<LoadedApplication> {
  const directory = resolve(ROOT, path);
  const file = join(directory, "application.yaml");
  return { ...parseWith(applicationSchema, await readData(file), relative(process.cwd(), file)), directory };
}

export { readData };

export type DrillFile = { readonly name: string; readonly file: string };

/** Every drill below scenarios/, sorted by name. */
export async function listDrillFiles(directory = join(ROOT, "scenarios")): Promise<DrillFile[]> {
  const entries = await readdir(directory, { recursive: true });
  return entries
    .filter((entry) => DRILL_FILE.test(entry))
    .map((entry) => ({ name: basename(entry).replace(DRILL_FILE, ""), file: join(directory, entry) }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Finds a drill by file or by name. @throws HarnessError that suggests the nearest name. */
export async function findDrill(nameOrFile: string): Promise<string> {
  if (DRILL_FILE.test(nameOrFile)) return resolve(nameOrFile);
  const drills = await listDrillFiles();
  const found = drills.find((drill) => drill.name === nameOrFile);
  if (found) return found.file;
  const nearest = drills.map((drill) => drill.name).sort((a, b) => distance(a, nameOrFile) - distance(b, nameOrFile))[0];
  throw declarationError(nameOrFile, `there is no drill named "${nameOrFile}"`, nearest ? `did you mean "${nearest}"? \`turnback list\` shows them all` : "`turnback list` shows the drills");
}

/** Levenshtein distance, for "did you mean". */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The JSON Schema of a declaration, for editors. */
export function drillJsonSchema(): object {
  return z.toJSONSchema(drillSchema, { io: "input" });
}
