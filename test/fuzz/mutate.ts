// Changes of valid evidence as accidents and strangers make them: bytes, lines, words, numbers, depth.

import fc from "fast-check";

/** How many in a usual test run; an attack asks for more by TURNBACK_FUZZ. */
export const RUNS = Number(process.env["TURNBACK_FUZZ"] ?? 0);
export const SEED = Number(process.env["TURNBACK_FUZZ_SEED"] ?? 22);

/** What stands in the place of something, or beside it. */
const ODD = [
  "\0", "\ufeff", "\u2028", "\\", "\"", "{", "[", "}", "]", ",", ":", "null", "true", "NaN", "-0", "-1", "1e999", "0x10", "01", "9".repeat(15), "9".repeat(16), "9".repeat(400), "1.5", "\\u0000", "\\ud800", "__proto__", "constructor", "toString",
  "\"__proto__\":{\"polluted\":1},", "\"constructor\":{\"prototype\":{\"polluted\":1}},", "[".repeat(50_000), "{\"a\":".repeat(20_000), "[".repeat(2_000) + "]".repeat(2_000), "'; drop table operations; --", "x".repeat(100_000), "", "\r", "\t", "\n\n", "//", "/*", "../../etc/passwd", "\u001b[2J",
];

export const mutation = fc.record({
  how: fc.constantFrom("flip", "cut", "double", "swap", "drop-line", "double-line", "insert", "replace-word", "replace-number", "replace-value", "double-key", "truncate", "invalid-utf8", "empty", "word"),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), with: fc.nat({ max: 255 }), odd: fc.constantFrom(...ODD),
});
export type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

const pick = (text: string, pattern: RegExp, at: number) => {
  const all = [...text.matchAll(pattern)];
  return all[Math.floor(at * all.length)];
};

export function mutate(bytes: Buffer, changes: readonly Mutation[]): Buffer {
  return changes.reduce((now, change) => one(now, change), bytes);
}

function one(bytes: Buffer, { how, at, with: byte, odd }: Mutation): Buffer {
  const place = Math.floor(at * bytes.length);
  const between = (from: number, to: number, what: string | Buffer) => Buffer.concat([bytes.subarray(0, from), Buffer.from(what as string), bytes.subarray(to)]);
  const text = bytes.toString("latin1");
  const lines = text.split("\n");
  const line = Math.floor(at * lines.length);
  const joined = (changed: readonly string[]) => Buffer.from(changed.join("\n"), "latin1");
  const replaced = (pattern: RegExp, by: (found: string) => string): Buffer => {
    const found = pick(text, pattern, at);
    return found ? Buffer.from(text.slice(0, found.index) + Buffer.from(by(found[0])).toString("latin1") + text.slice(found.index + found[0].length), "latin1") : bytes;
  };
  switch (how) {
    case "flip": return between(place, place + 1, Buffer.from([byte]));
    case "cut": return between(place, Math.min(bytes.length, place + byte), "");
    case "double": return between(place, place, bytes.subarray(place, place + byte));
    case "insert": return between(place, place, odd);
    case "invalid-utf8": return between(place, place, Buffer.from([0xc3, 0x28, 0xff, 0xfe]));
    case "truncate": return bytes.subarray(0, place);
    case "empty": return Buffer.alloc(0);
    case "swap": return lines.length < 2 ? bytes : joined(lines.with(line, lines[(line + 1) % lines.length] ?? "").with((line + 1) % lines.length, lines[line] ?? ""));
    case "drop-line": return joined(lines.toSpliced(line, 1));
    case "double-line": return joined(lines.toSpliced(line, 0, lines[line] ?? ""));
    case "replace-word": return replaced(/"(?:[^"\\]|\\.)*"/g, () => JSON.stringify(odd));
    case "word": return replaced(/[a-z]{3,}/gi, () => odd);
    case "replace-number": return replaced(/-?\d+(?:\.\d+)?/g, () => odd || "0");
    case "replace-value": return replaced(/(?<=:)(?:"[^"]*"|\d+|\[[^[\]]*\]|\{[^{}]*\}|null|true|false)/g, () => ["null", "[]", "{}", "\"\"", "0", "-1", "true", "1e308", "[[]]", "{\"a\":{}}"][byte % 10] ?? "");
    case "double-key": return replaced(/"[a-zA-Z]+":(?:"[^"]*"|\d+|null|true|false)/g, (found) => `${found},${found.replace(/:.*/, `:${["null", "[]", "\"x\"", "-1", "1e400"][byte % 5]}`)}`);
  }
}
