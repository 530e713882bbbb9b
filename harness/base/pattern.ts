// Regular expressions from outside: by RE2, whose time grows with the text and never with the ways to match it.

import { RE2JS } from "re2js";
import { messageOf } from "./errors.ts";

/** Whoever needs more wants several faults, or a better log. */
export const LONGEST_PATTERN = 1_000;
/** Of a line only so much is looked at. */
const LONGEST_LINE = 65_536;

export type Pattern = { readonly test: (text: string) => boolean };

/** @throws Error in words for a declaration: what is wrong with it, or what this engine can't do and why */
export function patternOf(source: string): Pattern {
  if (source.length > LONGEST_PATTERN) throw new Error(`it has ${source.length} characters; the most are ${LONGEST_PATTERN}`);
  const cannot = beyond(source);
  if (cannot !== undefined) throw new Error(`it has ${cannot}, for which an engine has to go back and try again, without an end; this one (RE2) never does`);
  const compiled = compile(source);
  return { test: (text) => compiled.matcher(text.length > LONGEST_LINE ? text.slice(0, LONGEST_LINE) : text).find() };
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(source));
  } catch (error) {
    throw new Error(messageOf(error).replace(/^error parsing regexp: /, ""), { cause: error });
  }
}

/** What backtracks, in words: outside of a class of characters, where these are characters like others. */
function beyond(source: string): string | undefined {
  for (let at = 0, inClass = false; at < source.length; at += 1) {
    const here = source[at];
    if (here === "\\") {
      if (!inClass && /^(?:[1-9]|k<)/.test(source.slice(at + 1))) return `a backreference (${source.slice(at, at + 2)})`;
      at += 1;
    } else if (inClass) inClass = here !== "]";
    else if (here === "[") inClass = true;
    else if (/^\(\?<?[=!]/.test(source.slice(at, at + 4))) return `a look around (${/^\(\?<?[=!]/.exec(source.slice(at))?.[0] ?? ""}...))`;
  }
  return undefined;
}

/** `*` stands for anything; the rest for itself. */
export function matchesWildcard(wildcard: string, text: string): boolean {
  const [first = "", ...rest] = wildcard.split("*");
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  const end = text.length - last.length;
  let at = first.length;
  // The first place of each part is as good as a later one.
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
