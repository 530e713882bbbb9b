// Files of declarations as strangers leave them: each is refused with the line, the field and what is wrong with it.

import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { HarnessError } from "../../harness/base/errors.ts";
import { inShort, quoted } from "../../harness/base/quoted.ts";
import { readDrill } from "../../harness/drill/parse.ts";
import { smallDrill, temporaryFolder } from "../support/drills.ts";

const SMALL = stringify(smallDrill());

async function refusalOf(make: (file: string) => void, type = "yaml"): Promise<string> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, `small.drill.${type}`);
  make(file);
  const error = await readDrill(file).then(() => new Error("it was read"), (caught: unknown) => caught);
  expect(error, String(error)).toBeInstanceOf(HarnessError);
  const { exitCode, message, place, remedy } = error as HarnessError;
  expect([exitCode, place?.includes(`small.drill.${type}`), remedy === undefined]).toEqual([3, true, false]);
  return message;
}

describe("texts", () => {
  test.for<[string, string | Uint8Array, string]>([
    ["an unknown alias", `${SMALL}more: *nope\n`, "Unresolved alias"],
    ["a circle", `${SMALL}more: &c [*c]\n`, "more[0]: this leads in a circle (line "],
    ["a NUL", "name: small\nquestion: a\0b\n", "line 2: there is a control character (U+0000)"],
    ["a NUL by its name", SMALL.replace("question: ", 'question: "\\0" # '), "question: there is a NUL in the text (line 2)"],
    ["UTF-16", Buffer.from(`\ufeff${SMALL}`, "utf16le"), "it is written in UTF-16: save it as UTF-8"],
    ["invalid UTF-8", Buffer.concat([Buffer.from("name: small\nquestion: "), Buffer.from([0xc0, 0x80])]), "line 2: this is no UTF-8"],
    ["deep nesting", `${SMALL}more: ${"[".repeat(500_000)}`, "line 26: it is nested more than 64 deep here"],
    ["very many keys", Array.from({ length: 6_000 }, (_, i) => `k${i}: 1`).join("\n"), "more than 5000 members"],
    ["a prototype", `${SMALL}__proto__: {name: other}\n`, "__proto__: no such field (line "],
    ["two documents", `${SMALL}---\n${SMALL}`, "a second document begins here"],
    ["a tag that nobody knows", SMALL.replace("name: small", "name: !foo small"), "line 1: Unresolved tag: !foo"],
    ["nothing", "", "the declaration: Invalid input: expected object, received null; it is null"],
    ["a field that isn't there, with its line", `${SMALL}colour: red\n`, "colour: no such field (line "],
    ["a wrong value, with its line", SMALL.replace("scale: 0.05", "scale: much"), 'system.scale: Invalid input: expected number, received string; it is "much" (line 5)'],
    ["a very long value", SMALL.replace("name: small", `name: ${"x".repeat(100_000)}`), `it is "${"x".repeat(79)}…`],
  ])("%s", async ([, text, message]) => {
    expect(await refusalOf((file) => writeFileSync(file, text))).toContain(message);
  });

  test("a BOM, tabs in JSON and an alias that is used are no mistakes", async () => {
    await using folder = await temporaryFolder();
    for (const [type, text] of [["yaml", `\ufeff${SMALL}`], ["json", JSON.stringify(smallDrill(), null, "\t")], ["yaml", SMALL.replace("windowMs: 500", "windowMs: &ms 500\n  maxLatencyMs: *ms")]]) {
      writeFileSync(join(folder.path, `small.drill.${type}`), text ?? "");
      expect((await readDrill(join(folder.path, `small.drill.${type}`))).name).toBe("small");
    }
  });

  test("of very many mistakes the first are told", async () => {
    const message = await refusalOf((file) => writeFileSync(file, SMALL + Array.from({ length: 90 }, (_, i) => `k${i}: 1\n`).join("")));
    expect(message.split("\n")).toHaveLength(21);
    expect(message).toMatch(/and 70 more$/);
  });
});

describe("what lies where a file should", () => {
  test.for<[string, (file: string) => void, string]>([
    ["a folder", (file) => mkdirSync(file), "is a folder, and not a file"],
    ["a pipe", (file) => execFileSync("mkfifo", [file]), "is a pipe, and not a file"],
    ["a device that never ends", (file) => symlinkSync("/dev/zero", file), "is a device, and not a file"],
    ["a link in a circle", (file) => symlinkSync(file, file), "leads in a circle"],
    ["a link to nowhere", (file) => symlinkSync("/nowhere/x", file), "there is no such file"],
    ["too large a file", (file) => writeFileSync(file, Buffer.alloc(2_000_000, "#")), "it has 2000000 bytes, and a declaration at most 1048576"],
  ])("%s", async ([, make, message]) => {
    expect(await refusalOf(make)).toContain(message);
  });

  test("a module that throws, exports a circle, or what can't be looked at", async () => {
    expect(await refusalOf((file) => writeFileSync(file, "throw 'a text';"), "ts")).toContain("can't be loaded: a text");
    expect(await refusalOf((file) => writeFileSync(file, "const a = { name: 'small' }; a.system = a; export default a;"), "ts")).toContain("system: this leads in a circle");
    expect(await refusalOf((file) => writeFileSync(file, "export default { get name() { throw new Error('never'); } };"), "ts")).toContain("what it exports can't be read: never");
    expect(await refusalOf((file) => writeFileSync(file, "export default { name: 5n, question: () => 1 };"), "ts")).toMatch(/it is 5n[^]*it is a function/);
  });
});

test("a quotation is one line of at most so many characters, of whatever", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  expect([quoted(circle), quoted({ a: [1, "b", null, undefined] }), quoted(new Proxy({}, { ownKeys: () => { throw new Error(); } }))])
    .toEqual(["[[in a circle]]", '{"a":[1,"b",null,undefined]}', "[what can't be read]"]);
  expect(quoted("x".repeat(1e7))).toHaveLength(81);
  expect(quoted(Array.from({ length: 1e6 }, () => ({ a: 1 })))).toHaveLength(81);
  expect(inShort('a "b"\nc')).toBe('a "b"\\nc');
  expect(inShort("😀".repeat(100)).isWellFormed()).toBe(true);
});
