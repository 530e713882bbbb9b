// What is spelled otherwise than before, and certainly means the same to the server: worth knowing, and no difference that counts.

import type { Change } from "./structure.ts";

/*
 * Only what is the same for certain: other names of one function, an option that says what is so without it, and a function's body that differs
 * in nothing but comments and in how wide its blanks are, outside of quotes. `a+b` and `a + b` stay two.
 */
export function meansTheSame(kind: string, { field, was, is }: Change): boolean {
  if (field === "options" && OPTIONS[kind]) return sameOptions(OPTIONS[kind], was, is);
  if (typeof was !== "string" || typeof is !== "string") return false;
  if (kind === "function" && field === "definition") return sameFunction(was, is);
  return EXPRESSIONS.has(field) && kind !== "function" && respelled(was) === respelled(is);
}

/** Options at their defaults, where no setting of the server decides about what is left out. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  relation: { autovacuum_enabled: "true", fillfactor: "100", security_barrier: "false", security_invoker: "false", user_catalog_table: "false" },
  index: { deduplicate_items: "true", fastupdate: "true", autosummarize: "false", buffering: "auto" },
};
const BOOLEANS: Readonly<Record<string, string>> = { on: "true", yes: "true", 1: "true", t: "true", off: "false", no: "false", 0: "false", f: "false" };

function sameOptions(defaults: Readonly<Record<string, string>>, was: unknown, is: unknown): boolean {
  const effective = (options: unknown) => (Array.isArray(options) ? options.map(String) : []).map((option) => {
    const [name = "", value = ""] = option.split(/=(.*)/s);
    const known = defaults[name];
    const said = known === "true" || known === "false" ? BOOLEANS[value.toLowerCase()] ?? value : value;
    return known === said ? [] : [option];
  }).flat().toSorted().join("\n");
  return effective(was) === effective(is);
}

/** Fields that hold an expression as the server prints it. */
const EXPRESSIONS = new Set(["default", "definition", "using", "check", "qual"]);
/** Several names of one moment, of one user, of one database (https://www.postgresql.org/docs/current/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT). */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w."])(?:now|transaction_timestamp)\(\)/g, "CURRENT_TIMESTAMP"], [/(?<![\w."])CURRENT_ROLE\b/g, "CURRENT_USER"], [/(?<![\w."])current_database\(\)/g, "CURRENT_CATALOG"],
];
const respelled = (expression: string) => partsOf(expression).map(({ text, quoted }) => (quoted ? text : NAMES.reduce((said, [name, instead]) => said.replaceAll(name, instead), text))).join("");

/** As pg_get_functiondef prints it: what stands before the body must be the same. */
function sameFunction(was: string, is: string): boolean {
  const [a, b] = [bodyOf(was), bodyOf(is)];
  return a !== undefined && b !== undefined && a.head === b.head && /\n LANGUAGE (?:sql|plpgsql)\b/.test(a.head) && bare(a.body) === bare(b.body);
}

function bodyOf(definition: string): { readonly head: string; readonly body: string } | undefined {
  const { head, body } = /^(?<head>.*?\nAS )(?<tag>\$\w*\$)(?<body>.*)\k<tag>\s*$/s.exec(definition)?.groups ?? {};
  return head === undefined || body === undefined ? undefined : { head, body };
}

/** Without comments, and with single blanks, outside of quotes. */
function bare(body: string): string {
  const joined: Part[] = [];
  for (const { text, quoted } of partsOf(body)) {
    const last = joined.at(-1);
    if (last && !quoted && !last.quoted) joined[joined.length - 1] = { text: `${last.text}${text}`, quoted };
    else joined.push({ text, quoted });
  }
  return joined.map(({ text, quoted }) => (quoted ? text : text.replaceAll(/\s+/g, " "))).join("").trim();
}

type Part = { readonly text: string; readonly quoted: boolean };

/** Quoted: 'text', E'te\'xt', "name", $tag$text$tag$. A comment, also one within another, is a blank. */
function partsOf(sql: string): Part[] {
  const parts: Part[] = [];
  let plain = "";
  for (let at = 0; at < sql.length;) {
    const comment = commentAt(sql, at);
    const quoted = comment > 0 ? undefined : quotedAt(sql, at);
    if (quoted !== undefined) {
      parts.push({ text: plain, quoted: false }, { text: quoted, quoted: true });
      plain = "";
    } else plain += comment > 0 ? " " : sql[at];
    at += comment > 0 ? comment : quoted?.length ?? 1;
  }
  return [...parts, { text: plain, quoted: false }].filter(({ text }) => text !== "");
}

const AFTER_WORD = /[\w$\u0080-\uffff]$/;

function quotedAt(sql: string, at: number): string | undefined {
  if (!/['"$eE]/.test(sql[at] ?? "")) return undefined;
  if (AFTER_WORD.test(sql.slice(Math.max(0, at - 1), at)) && /[$eE]/.test(sql[at] ?? "")) return undefined;
  const rest = sql.slice(at);
  const tag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(rest)?.[0];
  if (tag !== undefined) {
    const end = rest.indexOf(tag, tag.length);
    return end < 0 ? rest : rest.slice(0, end + tag.length);
  }
  return /^(?:[eE]'(?:[^'\\]|\\.|'')*'?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?)/s.exec(rest)?.[0];
}

/** How long the comment is that begins here; 0 where none does. */
function commentAt(sql: string, at: number): number {
  if (sql.startsWith("--", at)) return /^[^\n\r]*/.exec(sql.slice(at))?.[0].length ?? 0;
  if (!sql.startsWith("/*", at)) return 0;
  let depth = 0;
  for (const { 0: sign, index } of sql.slice(at).matchAll(/\/\*|\*\//g)) {
    depth += sign === "/*" ? 1 : -1;
    if (depth === 0) return index + 2;
  }
  return sql.length - at;
}
