// Valid declarations, and what becomes of them by chance: as text, as bytes, as a tree, and as what lies where a file should.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { ROOT } from "../../harness/base/files.ts";

export type Kind = "drill" | "plan" | "system" | "suite" | "application";
export type Seed = { readonly kind: Kind; readonly name: string; readonly file: string; readonly text: string };
export type Mutant = { readonly kind: Kind; readonly how: string; /** The file, in a folder of its own. */ readonly file: string };

/** Every declaration below scenarios/ and fixtures/. */
export async function seeds(): Promise<Seed[]> {
  const files = ["scenarios", "fixtures"].flatMap((top) => readdirSync(join(ROOT, top), { recursive: true, encoding: "utf8" }).map((file) => join(ROOT, top, file))).toSorted();
  const found: Seed[] = [];
  for (const file of files) {
    const kind = /\.(drill)\.ts$/.exec(file)?.[1] ?? /\.(suite)\.yaml$/.exec(file)?.[1] ?? /\/(plan|system|application)\.yaml$/.exec(file)?.[1];
    if (kind === undefined) continue;
    const data: unknown = kind === "drill" ? ((await import(file)) as { default: unknown }).default : parse(readFileSync(file, "utf8"));
    found.push({ kind: kind as Kind, name: basename(kind === "drill" ? file : dirname(file)).replace(/\.drill\.ts$/, ""), file, text: stringify(data, { lineWidth: 100 }) });
  }
  return found;
}

type Chance = () => number;
const one = <T>(chance: Chance, of: readonly T[]): T => of[Math.floor(chance() * of.length)] as T;

/** What stands in a field's place. */
const ODD: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, 1e308, Infinity, NaN, Number.MAX_SAFE_INTEGER + 1, "", " ", "0", "no", "\0", "\u001b[31m", "\ufeff", "ä", "x".repeat(10_000), "../../..", "/", "/etc", "/dev/null", "/dev/zero", "/proc/self/mem",
  "a/".repeat(3_000), "%20", "$(id)", "'; drop table items; --", [], {}, [[]], [null], { a: 1 }, ["__proto__"], Array.from({ length: 2_000 }, (_, i) => i), "__proto__", "constructor", "(", "(a+)+$", "\u2028", "\r\n", "no-such-step", "2026-02-30",
];
const KEYS = ["__proto__", "constructor", "toString", "<<", "", " ", "1", "name ", "Name", "x".repeat(5_000), "a\nb", "\u0000", "steps", "kind", "null"];

type Holder = Record<string, unknown> | unknown[];
function holders(data: unknown, all: Holder[] = []): Holder[] {
  if (typeof data !== "object" || data === null) return all;
  all.push(data as Holder);
  for (const item of Object.values(data)) holders(item, all);
  return all;
}

const put = (holder: Holder, key: string, value: unknown) => Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });

/** Of the tree: fields with other values, gone, added, twice, moved. */
const TREE: Record<string, (data: Holder, chance: Chance) => void> = {
  "another value": (data, chance) => { const at = one(chance, holders(data)); const keys = Object.keys(at); if (keys.length > 0) put(at, one(chance, keys), one(chance, ODD)); },
  "a field less": (data, chance) => { const at = one(chance, holders(data)); const keys = Object.keys(at); if (Array.isArray(at)) at.splice(Math.floor(chance() * at.length), 1); else if (keys.length > 0) delete at[one(chance, keys)]; },
  "a field more": (data, chance) => { const at = one(chance, holders(data)); if (Array.isArray(at)) at.push(one(chance, ODD)); else put(at, one(chance, KEYS), one(chance, ODD)); },
  "another field's value": (data, chance) => { const at = one(chance, holders(data)); const keys = Object.keys(at); if (keys.length > 0) put(at, one(chance, keys), structuredClone(one(chance, holders(data)))); },
  "a member twice": (data, chance) => { const at = one(chance, holders(data)); if (Array.isArray(at) && at.length > 0) at.push(structuredClone(one(chance, at))); },
  "a text cut short": (data, chance) => { const at = one(chance, holders(data)); const texts = Object.entries(at).filter(([, value]) => typeof value === "string") as [string, string][]; if (texts.length > 0) { const [key, text] = one(chance, texts); put(at, key, text.slice(0, Math.floor(chance() * text.length))); } },
};

const at = (text: string, chance: Chance) => Math.floor(chance() * (text.length + 1));
const insert = (text: string, what: string, chance: Chance) => { const i = at(text, chance); return text.slice(0, i) + what + text.slice(i); };
const atLine = (text: string, what: string, chance: Chance) => { const lines = text.split("\n"); lines.splice(Math.floor(chance() * lines.length), 0, what); return lines.join("\n"); };

/** Of the text. */
const TEXT: Record<string, (text: string, chance: Chance) => string | Uint8Array> = {
  "an unknown alias": (text, chance) => text.replace(/: [^\n]+/, () => `: *${one(chance, ["nope", "a", "_"])}`),
  "a circle": (text) => `circle: &c [*c]\n${text}`,
  "a circle of the whole": (text) => `&all\n${text}again: *all\n`,
  "an alias bomb": (text) => `b0: &b0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `b${i + 1}: &b${i + 1} [${Array(10).fill(`*b${i}`).join(",")}]`).join("\n")}\n${text}`,
  "a NUL": (text, chance) => insert(text, "\0", chance),
  "a control": (text, chance) => insert(text, one(chance, ["\u001b", "\u0007", "\u007f", "\u000b"]), chance),
  "a BOM": (text) => `\ufeff${text}`,
  "a BOM within": (text, chance) => insert(text, "\ufeff", chance),
  "UTF-16": (text) => Buffer.from(`\ufeff${text}`, "utf16le"),
  "UTF-16 without a BOM": (text) => Buffer.from(text, "utf16le"),
  "invalid UTF-8": (text, chance) => { const bytes = Buffer.from(text); bytes[Math.floor(chance() * bytes.length)] = one(chance, [0xff, 0xc0, 0x80, 0xed]); return bytes; },
  "a tab": (text, chance) => atLine(text, "\tx: 1", chance),
  "tabs for blanks": (text) => text.replaceAll("  ", "\t"),
  "a key twice": (text, chance) => atLine(text, one(chance, text.split("\n")), chance),
  "a huge number": (text) => text.replace(/: \d+$/m, `: ${"9".repeat(4_000)}`),
  "deep nesting": (text, chance) => `${text}deep: ${one(chance, ["[", "{a: ", "- ", "? "]).repeat(one(chance, [70, 5_000, 100_000]))}\n`,
  "deep blocks": (text) => `${text}deep:\n${Array.from({ length: 700 }, (_, i) => `${" ".repeat(i + 1)}a:`).join("\n")}\n`,
  "a very long text": (text, chance) => text.replace(/: [^\n]+$/m, `: ${"x".repeat(one(chance, [100_000, 2_000_000]))}`),
  "very many keys": (text) => `${text}${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n")}\n`,
  "a merge key": (text) => `base: &base {name: other}\n<<: *base\n${text}`,
  "two documents": (text) => `${text}---\n${text}`,
  "YAML 1.1": (text, chance) => `%YAML 1.1\n---\n${text}when: ${one(chance, ["2026-01-01", "!!binary aGk=", "!!set {x}", "!!omap [a: 1]"])}\n`,
  "a tag": (text, chance) => text.replace(/: /, () => `: ${one(chance, ["!foo", "!!int", "!!js/function", "!!binary", "!<tag:x>"])} `),
  "nothing": () => "",
  "blanks alone": (_, chance) => one(chance, [" ", "\n\n", "---", "# nothing", "~", "\t"]),
  "no map": (_, chance) => one(chance, ["[]", "5", "hello", "- a\n- b", "\"", "{", "true"]),
  "cut short": (text, chance) => text.slice(0, at(text, chance)),
  "a character else": (text, chance) => { const i = at(text, chance); return text.slice(0, i) + one(chance, [":", "-", "\"", "'", "{", "[", "&", "*", "|", ">", "%", "@", "`", "\n", "#", "?", ","]) + text.slice(i + 1); },
  "half a character": (text) => text.replace(/: [^\n]+/, String.raw`: "\ud800x"`),
  "a NUL by its name": (text, chance) => text.replaceAll(/: ([a-z][^\n:]+)$/gm, (whole) => (chance() < 0.3 ? String.raw`: "a\0b"` : whole)),
  "random bytes": (_, chance) => Uint8Array.from({ length: 500 }, () => Math.floor(chance() * 256)),
};

/** What lies where the file should. */
const PLACES: Record<string, (file: string) => void> = {
  "a folder": (file) => mkdirSync(file),
  "a pipe": (file) => execFileSync("mkfifo", [file]),
  "a device": (file) => symlinkSync("/dev/zero", file),
  "a link in a circle": (file) => symlinkSync(file, file),
  "a link to nowhere": (file) => symlinkSync("/nowhere/at-all.yaml", file),
  "nothing at all": () => undefined,
};

/** Makes one mutant in a folder of its own. */
export function mutant(seed: Seed, folder: string, chance: Chance): Mutant {
  mkdirSync(folder);
  const file = join(folder, seed.kind === "drill" ? `${seed.name}.drill.${one(chance, ["yaml", "yaml", "json"])}` : seed.kind === "suite" ? basename(seed.file) : `${seed.kind}.yaml`);
  if (seed.kind !== "drill" && seed.kind !== "suite") for (const beside of readdirSync(dirname(seed.file))) if (beside !== basename(file)) symlinkSync(join(dirname(seed.file), beside), join(folder, beside));
  const where = chance();
  if (where < 0.03) {
    const how = one(chance, Object.keys(PLACES));
    PLACES[how]?.(file);
    return { kind: seed.kind, how: `${how} in place of the file`, file };
  }
  if (where < 0.5) {
    const how = one(chance, Object.keys(TEXT));
    writeFileSync(file, TEXT[how]?.(seed.text, chance) ?? "");
    return { kind: seed.kind, how, file };
  }
  const data = parse(seed.text) as Holder;
  const hows = Array.from({ length: 1 + Math.floor(chance() * 3) }, () => one(chance, Object.keys(TREE)));
  for (const how of hows) TREE[how]?.(data, chance);
  writeFileSync(file, file.endsWith(".json") ? JSON.stringify(data) : stringify(data));
  return { kind: seed.kind, how: hows.join(", "), file };
}
