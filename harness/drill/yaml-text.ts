// A declaration's text as plain data: what would make the parser fall, or take for ever, is refused before it is parsed.

import type { CST, Document, Node, Pair } from "yaml";

export type ParsedText = {
  readonly data: unknown;
  /** The line of the deepest field of a path that there is. */
  readonly lineOf: (path: readonly PropertyKey[]) => number | undefined;
};

/** Deeper than any schema of ours goes; the parser calls itself for each level. */
const DEEPEST = 64;
/** Of one list or map: the parser compares each key with each other. */
const MOST_MEMBERS = 5_000;

/** @throws Error that says what is wrong, with its line where that is known */
export async function parseText(text: string): Promise<ParsedText> {
  const { Composer, Lexer, LineCounter, Parser } = await import("yaml"); // most declarations are TypeScript
  const lines = new LineCounter();
  lines.addNewLine(0);
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > DEEPEST) throw new Error(`line ${lineAt(parser.offset)}: it is nested more than ${DEEPEST} deep here`);
  }
  tokens.push(...parser.end());
  expectBounded(tokens, lineAt);
  const documents = [...new Composer({ lineCounter: lines, logLevel: "silent" }).compose(tokens, true, text.length)];
  const [document, second] = documents as Document.Parsed[];
  if (document === undefined) return { data: null, lineOf: () => undefined };
  const [problem] = [...document.errors, ...document.warnings]; // a tag that nobody knows is a mistake here
  if (problem) throw new Error(`line ${lineAt(problem.pos[0])}: ${problem.message}`);
  if (second) throw new Error(`line ${lineAt(second.range[0])}: a second document begins here, and a declaration is one`);
  return { data: document.toJS(), lineOf: (path) => lineOf(document, path, lineAt) };
}

function expectBounded(tokens: readonly CST.Token[], lineAt: (offset: number) => number): void {
  const open = [...tokens];
  for (let token = open.pop(); token; token = open.pop()) {
    if ("value" in token && token.value) open.push(token.value);
    if (!("items" in token)) continue;
    if (token.items.length > MOST_MEMBERS) throw new Error(`line ${lineAt(token.offset)}: what begins here has more than ${MOST_MEMBERS} members`);
    for (const { key, value } of token.items as { key?: CST.Token | null; value?: CST.Token }[]) for (const part of [key, value]) if (part) open.push(part);
  }
}

function lineOf(document: Document.Parsed, path: readonly PropertyKey[], lineAt: (offset: number) => number): number | undefined {
  let [node, offset]: [unknown, number | undefined] = [document.contents, document.contents?.range[0]];
  for (const part of path) {
    const resolved = isAlias(node) ? node.resolve(document) : node as { items?: unknown } | null | undefined;
    const items = (resolved as { items?: readonly (Node | Pair)[] } | null | undefined)?.items;
    const item = typeof part === "number" ? items?.[part] : items?.find((pair) => "key" in pair && String(pair.key) === String(part));
    if (item === undefined) break;
    const named = ("key" in item ? item.key : item) as Node | null;
    offset = named?.range?.[0] ?? offset;
    node = "key" in item ? item.value : item;
  }
  return offset === undefined ? undefined : lineAt(offset);
}

const isAlias = (node: unknown): node is { resolve: (document: Document) => unknown } => typeof node === "object" && node !== null && "source" in node && "resolve" in node && typeof node.resolve === "function";
