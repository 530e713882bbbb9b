// The columns of pg_catalog's tables in each supported major version, as a server of it told them: files beside this one, so that no test needs a server to walk them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Column } from "../../../harness/observe/fingerprint/render.ts";

export const MAJORS = [15, 16, 17, 18] as const;

export const listingFile = (major: number): string => join(import.meta.dirname, `${major}.txt`);

/** A line a column: of which table, its name and type, the catalogue that it refers to, and the column that says of which relation. */
export const rendered = (columns: readonly Column[]): string =>
  columns.map(({ table, column, type, refersTo, relation }) => `${[table, column, type, refersTo ?? "-", relation ?? "-"].join("\t")}\n`).join("");

export function listing(major: number): Column[] {
  const known = (field: string | undefined) => (field === "-" ? null : field ?? null);
  return readFileSync(listingFile(major), "utf8").trimEnd().split("\n").map((line) => {
    const [table = "", column = "", type = "", refersTo, relation] = line.split("\t");
    return { table, column, type, refersTo: known(refersTo), relation: known(relation) };
  });
}
