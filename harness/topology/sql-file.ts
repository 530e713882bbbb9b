// SQL files of a system, as people write them and as pg_dump does: statements, and blocks of COPY ... FROM stdin.

import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import copy from "pg-copy-streams";
import { messageOf } from "../base/errors.ts";
import { declarationError } from "../drill/parse.ts";

/** Statements that are sent at once; or a COPY with what follows it, up to the line `\.`. */
export type Part = { readonly sql: string; readonly line: number; readonly data?: string };

/** What psql does by itself, and a server doesn't know. */
export class PsqlCommand extends Error {
  readonly line: number;
  constructor(command: string, line: number) {
    super(`${command} is a command of psql, and no SQL`);
    this.line = line;
  }
}

/** What is skipped: text in quotes, between dollars, and comments. One that isn't closed reaches to the end: the server says so. */
const OPAQUE = [/--[^\n]*/y, /'(?:[^']|'')*'?/y, /"(?:[^"]|"")*"?/y, /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y] as const;
const ESCAPING = /[eE]'(?:[^'\\]|''|\\[^])*'?/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d[\w.]*/y;
/** Against injection through dumps; a file of one's own needs no such word. */
const HARMLESS = /^\\(?:restrict|unrestrict)(?:[ \t][^\n]*)?$/;

/**
 * Splits a file where COPY blocks are. psql's \restrict and \unrestrict, which pg_dump writes, are left out.
 * @throws PsqlCommand for any other command of psql
 */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let [from, at, statement] = [0, 0, undefined as number | undefined];
  const lineAt = (position: number) => text.slice(0, position).split("\n").length;
  const close = (to: number) => {
    if (text.slice(from, to).trim() !== "") parts.push({ sql: text.slice(from, to), line: lineAt(from) });
  };
  while (at < text.length) {
    const opaque = endOfOpaque(text, at);
    const here = text[at] ?? "";
    if (opaque > at) {
      if (here === "'" || here === "\"" || here === "$" || /[eE]/.test(here)) statement ??= at;
      at = opaque;
    } else if (here === "\\") {
      const end = (text.indexOf("\n", at) + 1 || text.length + 1) - 1;
      const command = text.slice(at, end).trimEnd();
      if (statement !== undefined || !HARMLESS.test(command)) throw new PsqlCommand(command, lineAt(at));
      close(at);
      from = at = end;
    } else if (here === ";") {
      const whole = statement === undefined ? "" : text.slice(statement, at);
      at++;
      if (/^copy\b[^]*\bfrom\s+stdin\b/i.test(whole)) {
        close(statement ?? at);
        const data = copyData(text, at);
        parts.push({ sql: whole, line: lineAt(statement ?? at), data: data.text });
        from = at = data.end;
      }
      statement = undefined;
    } else {
      if (/\S/.test(here)) statement ??= at;
      WORD.lastIndex = at;
      at = WORD.test(text) ? WORD.lastIndex : at + 1; // a dollar inside a name quotes nothing
    }
  }
  close(text.length);
  return parts;
}

/**
 * The statements of a text, each with its words in lower case: one space between them, without comments, quoted text and signs. A
 * semicolon in parentheses (of a rule) or in a body of BEGIN ATOMIC ... END divides nothing.
 */
export function statementsOf(text: string): { readonly sql: string; readonly words: string; /** Where its first word is. */ readonly at: number }[] {
  const found: { sql: string; words: string; at: number }[] = [];
  let [from, at, parentheses, blocks, words, first] = [0, 0, 0, 0, [] as string[], 0];
  const close = (to: number) => {
    if (words.length > 0) found.push({ sql: text.slice(from, to).trim(), words: words.join(" "), at: first });
    [from, parentheses, blocks, words] = [to + 1, 0, 0, []];
  };
  while (at < text.length) {
    const opaque = endOfOpaque(text, at);
    WORD.lastIndex = at;
    const word = opaque > at ? undefined : WORD.exec(text)?.[0].toLowerCase();
    if (words.length === 0) first = at;
    if (word !== undefined) {
      if (word === "atomic" && words.at(-1) === "begin") blocks = 1;
      else if (blocks > 0) blocks += word === "case" ? 1 : word === "end" ? -1 : 0;
      words.push(word);
    } else if (opaque === at) {
      const here = text[at];
      if (here === "(") parentheses += 1;
      else if (here === ")") parentheses -= 1;
      else if (here === ";" && parentheses <= 0 && blocks === 0) close(at);
    } else if (/["'$]/.test(text[at] ?? "")) words.push("?"); // quoted: no word of the language
    at = word === undefined ? Math.max(opaque, at + 1) : at + word.length;
  }
  close(text.length);
  return found;
}

function endOfOpaque(text: string, at: number): number {
  if (text.startsWith("/*", at)) return endOfComment(text, at);
  for (const pattern of [ESCAPING, ...OPAQUE]) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) continue;
    if (!found[0].startsWith("$")) return pattern.lastIndex;
    const closing = text.indexOf(found[0], pattern.lastIndex);
    return closing < 0 ? text.length : closing + found[0].length;
  }
  return at;
}

/** Comments of this kind have others in them. */
function endOfComment(text: string, from: number): number {
  let depth = 0;
  for (const mark of text.slice(from).matchAll(/\/\*|\*\//g)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return from + mark.index + 2;
  }
  return text.length;
}

/** From the next line up to the line `\.`, or to the end. */
function copyData(text: string, after: number): { readonly text: string; readonly end: number } {
  const begin = text.indexOf("\n", after) + 1 || text.length;
  const stop = /^\\\.\r?(?:\n|$)/m;
  const found = stop.exec(text.slice(begin));
  return found ? { text: text.slice(begin, begin + found.index), end: begin + found.index + found[0].length } : { text: text.slice(begin), end: text.length };
}

/**
 * Runs a file as the role that the session has taken. What the file sets for its session, ends with it.
 * @throws HarnessError, exit code 3, that names file and line
 */
export async function runSqlFile(client: pg.Client, file: string, scale: number): Promise<void> {
  const text = await readFile(file, "utf8");
  const failed = (line: number, what: string, remedy: string, cause?: unknown) => declarationError(`${file}:${line}`, `${file}:${line}: ${what}`, remedy, cause);
  let parts: Part[];
  try {
    parts = partsOf(text);
  } catch (error) {
    if (!(error instanceof PsqlCommand)) throw error;
    throw failed(error.line, error.message, "write it in SQL, or leave it out; of pg_dump, \\restrict, \\unrestrict and COPY ... FROM stdin are understood");
  }
  for (const { sql, line, data } of parts) {
    const statements = sql.replaceAll(":scale", String(scale));
    let done = 0;
    const count = () => { done += 1; };
    connectionOf(client).on("commandComplete", count);
    try {
      if (data === undefined) await client.query(statements);
      else await pipeline(Readable.from([data]), client.query(copy.from(statements)));
    } catch (error) {
      throw failed(line + linesBefore(statements, error, done), messageOf(error), "correct the SQL", error);
    } finally {
      connectionOf(client).off("commandComplete", count);
    }
  }
  if (client.getTransactionStatus() !== "I") throw failed(text.trimEnd().split("\n").length, "the file begins a transaction and doesn't end it: nothing of it would be kept", "write COMMIT at its end, or leave BEGIN out");
  await client.query("reset session authorization; set role migrator; reset all");
}

/** What the driver hears of the server. */
const connectionOf = (client: pg.Client) => (client as unknown as { readonly connection: NodeJS.EventEmitter }).connection;

/** How many lines further down an error is: where the server says so, within a COPY's data, or at the start of the first statement that isn't done. */
function linesBefore(statements: string, error: unknown, done: number): number {
  if (!(error instanceof pg.DatabaseError)) return 0;
  const before = (to: number) => statements.slice(0, to).split("\n").length - 1;
  if (error.position) return before([...statements].slice(0, Number(error.position) - 1).join("").length); // the server counts characters
  const row = /^COPY .*, line (\d+)/m.exec(error.where ?? "")?.[1];
  if (row !== undefined) return before(statements.length) + Number(row);
  return before(statementsOf(statements)[done]?.at ?? 0);
}
