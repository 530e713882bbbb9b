// Reads declarations: TypeScript, YAML or JSON, through the one schema, with errors that name file and field.

import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { ROOT } from "../base/files.ts";
import { inShort, quoted } from "../base/quoted.ts";
import { applicationSchema, type LoadedApplication } from "./application.ts";
import { whyNot } from "./named-place.ts";
import { declarationError, lineIn, placeOf, readData, type ReadData } from "./read-data.ts";
import { drillSchema, type Drill } from "./schema.ts";
import { systemSchema, type System } from "./system.ts";

/** What a drill's file ends with. */
export const DRILL_FILE = /\.drill\.(ts|ya?ml|json)$/;

/** So many wrong fields are told of one file. */
const MOST_ISSUES = 20;

/** Parses plain data with a schema. @throws HarnessError that lists the wrong fields with their paths, and their lines where the data come from a text */
export function parseWith<T>(schema: z.ZodType<T>, data: unknown, place: string, lineOf?: ReadData["lineOf"]): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) => describeIssue(issue, data, lineOf));
  const more = lines.length > MOST_ISSUES ? [`and ${lines.length - MOST_ISSUES} more`] : [];
  throw declarationError(place, [...lines.slice(0, MOST_ISSUES), ...more].join("\n"), "correct the field; `turnback schema` prints the JSON Schema");
}

function describeIssue(issue: z.core.$ZodIssue, data: unknown, lineOf: ReadData["lineOf"]): string[] {
  const at = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${inShort(String(part))}`)).join("").replace(/^\./, "");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${at ? `${at}.` : ""}${inShort(key)}: no such field${lineIn(lineOf, [...issue.path, key])}`);
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch with the fewest complaints is the one that the author meant.
    const nearest = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? [];
    return nearest.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, data, lineOf));
  }
  const value = issue.path.reduce<unknown>((v, part) => (typeof v === "object" && v !== null && Object.hasOwn(v, part) ? (v as Record<PropertyKey, unknown>)[part] : undefined), data);
  const seen = value === undefined ? "it is missing" : `it is ${quoted(value)}`;
  return [`${at || "the declaration"}: ${issue.message}; ${seen}${lineIn(lineOf, issue.path)}`];
}

/** Reads a file by a schema. @throws HarnessError, exit code 3, for whatever is no such declaration */
export async function readDeclared<T>(schema: z.ZodType<T>, file: string): Promise<T> {
  const { data, lineOf } = await readData(file);
  return parseWith(schema, data, placeOf(file), lineOf);
}

/** @throws HarnessError where what a field names is no file, or no folder, that can be read */
export async function expectPlace(kind: "file" | "folder", [from, called]: readonly [from: string, called: string], { place, field, remedy }: { readonly place: string; readonly field: string; readonly remedy: string }): Promise<void> {
  const wrong = await whyNot(kind, resolve(from, called), called);
  if (wrong !== undefined) throw declarationError(place, `${field}: ${wrong}`, remedy);
}

/** Reads and checks one drill file. */
export async function readDrill(file: string): Promise<Drill> {
  const drill = await readDeclared(drillSchema, file);
  const expected = basename(file).replace(DRILL_FILE, "");
  if (drill.name !== expected) {
    throw declarationError(placeOf(file), `name: is "${drill.name}", but the file is named for "${inShort(expected)}"`, "make the two the same");
  }
  return drill;
}

/** Reads system.yaml below a folder that is given relative to the repository. */
export async function readSystem(path: string): Promise<System & { readonly directory: string }> {
  const directory = resolve(ROOT, path);
  const file = join(directory, "system.yaml");
  const system = await readDeclared(systemSchema, file);
  for (const field of ["schema", "seed"] as const) {
    for (const [i, sql] of system[field].entries()) await expectPlace("file", [directory, sql], { place: placeOf(file), field: `${field}[${i}]`, remedy: "name an SQL file, relative to system.yaml" });
  }
  return { ...system, directory };
}

/** Reads application.yaml below a folder that is given relative to the repository. */
export async function readApplication(path: string): Promise<LoadedApplication> {
  const directory = resolve(ROOT, path);
  const file = join(directory, "application.yaml");
  return { ...(await readDeclared(applicationSchema, file)), directory };
}

export { declarationError };

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
  const asked = nameOrFile.slice(0, 100); // a path to nowhere is as long as it likes
  const nearest = drills.map((drill) => drill.name).sort((a, b) => distance(a, asked) - distance(b, asked))[0];
  throw declarationError(inShort(nameOrFile), `there is no drill named "${inShort(nameOrFile)}"`, nearest ? `did you mean "${nearest}"? \`turnback list\` shows them all` : "`turnback list` shows the drills");
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
