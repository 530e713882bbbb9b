// What the file of a declaration holds, as plain data: whatever lies there, the end is data, or an error with its place and remedy.

import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { pathToFileURL } from "node:url";
import { within } from "../base/deadline.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { inShort } from "../base/quoted.ts";
import { whyNot } from "./named-place.ts";
import type { ParsedText } from "./yaml-text.ts";

/** Of a message that somebody else has written, or a path. */
const MOST_OF_A_MESSAGE = 400;

/** A declaration error: exit code 3. */
export function declarationError(place: string, message: string, remedy?: string, cause?: unknown): HarnessError {
  return new HarnessError({ code: "declaration", kind: "declaration", message, place: inShort(place, MOST_OF_A_MESSAGE), remedy, cause });
}

/** How a file is called in messages: as whoever gave the command would. */
export const placeOf = (file: string): string => relative(process.cwd(), file) || file;

/** No declaration is as large; a plan's data belong into SQL files. */
const MOST_BYTES = 1024 ** 2;
const LOADED_WITHIN_MS = 20_000;

export type ReadData = { readonly data: unknown; /** Where the file is a text. */ readonly lineOf?: ParsedText["lineOf"] };

/** A file's plain data: YAML and JSON are parsed with line numbers, TypeScript is imported. @throws HarnessError with exit code 3 */
export async function readData(file: string): Promise<ReadData> {
  const place = placeOf(file);
  const wrong = await whyNot("file", file);
  if (wrong !== undefined) throw declarationError(place, wrong.startsWith("there is no") ? `${inShort(place)}: there is no such file` : wrong, "`turnback list` shows the drills");
  const read = await (file.endsWith(".ts") ? imported(file, place) : parsed(file, place));
  const odd = oddity(read.data);
  if (odd) throw declarationError(place, `${inShort(place)}: ${odd.what}${lineIn(read.lineOf, odd.path)}`, "leave it out");
  return read;
}

/** For a message: where a field stands in its file. */
export function lineIn(lineOf: ReadData["lineOf"], path: readonly PropertyKey[]): string {
  const line = lineOf?.(path);
  return line === undefined ? "" : ` (line ${line})`;
}

async function imported(file: string, place: string): Promise<ReadData> {
  try {
    const module = await within(LOADED_WITHIN_MS, "the module to be loaded", import(pathToFileURL(file).href)) as { default?: unknown };
    if (module.default === undefined) throw new Error("it has no default export");
    return { data: module.default };
  } catch (error) {
    throw declarationError(place, `${inShort(place)} can't be loaded: ${inShort(messageOf(error), MOST_OF_A_MESSAGE)}`, "export default defineDrill({ ... })", error);
  }
}

async function parsed(file: string, place: string): Promise<ReadData> {
  try {
    const { parseText } = await import("./yaml-text.ts");
    return await parseText(textOf(await readFile(file)));
  } catch (error) {
    throw declarationError(place, `${inShort(place)}: ${inShort(messageOf(error).split("\n\n")[0] ?? "", MOST_OF_A_MESSAGE)}`, "correct the syntax", error);
  }
}

/** Beside these, a text has no controls. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** @throws Error where bytes are no UTF-8, or hold what no text does */
function textOf(bytes: Uint8Array): string {
  if (bytes.length > MOST_BYTES) throw new Error(`it has ${bytes.length} bytes, and a declaration at most ${MOST_BYTES}`);
  const [a, b] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) throw new Error("it is written in UTF-16: save it as UTF-8");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`line ${lineOfFirstWrong(bytes)}: this is no UTF-8: save it as UTF-8`);
  }
  const at = text.search(CONTROL);
  if (at >= 0) throw new Error(`line ${text.slice(0, at).split("\n").length}: there is a control character (U+${text.charCodeAt(at).toString(16).padStart(4, "0").toUpperCase()})`);
  return text;
}

function lineOfFirstWrong(bytes: Uint8Array): number {
  const upTo = new TextDecoder().decode(bytes).indexOf("\ufffd");
  return new TextDecoder().decode(bytes).slice(0, Math.max(upTo, 0)).split("\n").length;
}

type Oddity = { readonly path: readonly PropertyKey[]; readonly what: string };
const DEEPEST = 64;

/** What no schema looks at, and nothing after it could bear: circles, depths, NULs and half characters in texts, a prototype as a field. */
function oddity(data: unknown): Oddity | undefined {
  const seen = new Set<object>();
  const at = (path: readonly PropertyKey[]) => path.map((part) => (typeof part === "number" ? `[${part}]` : `.${inShort(String(part))}`)).join("").replace(/^\./, "") || "the declaration";
  const look = (value: unknown, path: readonly PropertyKey[], above: readonly object[]): Oddity | undefined => {
    if (typeof value === "string") {
      if (value.includes("\0")) return { path, what: `${at(path)}: there is a NUL in the text` };
      return value.isWellFormed() ? undefined : { path, what: `${at(path)}: the text holds half a character` };
    }
    if (typeof value !== "object" || value === null) return undefined;
    if (above.includes(value)) return { path, what: `${at(path)}: this leads in a circle` };
    if (above.length > DEEPEST) return { path, what: `${at(path)}: it is nested more than ${DEEPEST} deep` };
    if (seen.has(value)) return undefined;
    seen.add(value);
    for (const [key, item] of Object.entries(value)) {
      const inside = [...path, Array.isArray(value) ? Number(key) : key];
      if (key === "__proto__") return { path: inside, what: `${at(inside)}: no such field` };
      const odd = look(key, inside, []) ?? look(item, inside, [...above, value]);
      if (odd) return odd;
    }
    return undefined;
  };
  try {
    return look(data, [], []);
  } catch (error) { // what somebody's module exports may throw when it is looked at
    return { path: [], what: `what it exports can't be read: ${inShort(messageOf(error), MOST_OF_A_MESSAGE)}` };
  }
}
