// The house rules that a machine can hold: which rooms may know which, and how large things get.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../harness/base/files.ts";

/** What each room may import; the table of harness/README.md. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  drill: ["base"],
  evidence: ["drill", "base"],
  topology: ["drill", "base"],
  load: ["topology", "evidence", "drill", "base"],
  migration: ["topology", "evidence", "drill", "base"],
  faults: ["topology", "evidence", "drill", "base"],
  observe: ["topology", "evidence", "drill", "base"],
  rollback: ["migration", "topology", "evidence", "drill", "base"],
  judge: ["evidence", "drill", "base"],
  conduct: ["observe", "faults", "rollback", "migration", "load", "topology", "evidence", "drill", "base"],
  sweep: ["judge", "drill", "base"],
  reports: ["sweep", "judge", "evidence", "drill", "base"],
  cli: ["sweep", "conduct", "reports", "judge", "evidence", "drill", "base", "migration", "rollback", "topology", "faults"],
  scenarios: ["drill"],
};
/** Types alone may cross here: the live view watches what the conductor tells. */
const TYPES_ONLY: Record<string, readonly string[]> = { reports: ["conduct", "load"] };
const PURE = ["judge", "drill", "evidence"];
const FORBIDDEN_IN_PURE = /from "(pg|testcontainers|toxiproxy-node-client|node:net|node:http|node:dgram|node:child_process)"/;

type Source = { readonly file: string; readonly room: string; readonly text: string };

function sources(): Source[] {
  return ["harness", "reports", "scenarios"].flatMap((top) =>
    readdirSync(join(ROOT, top), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => ({ file: join(top, name), room: top === "harness" ? (name.split("/")[0] ?? "") : top, text: readFileSync(join(ROOT, top, name), "utf8") })));
}

function imports({ file, text }: Source): { readonly room: string; readonly target: string; readonly typeOnly: boolean }[] {
  return [...text.matchAll(/^import (type )?[\s\S]*?from "(\.[^"]+)";$/gm)].map(([, type, path = ""]) => {
    const target = relative(ROOT, resolve(ROOT, dirname(file), path));
    return { room: target.startsWith("harness/") ? (target.split("/")[1] ?? "") : (target.split("/")[0] ?? ""), target, typeOnly: type !== undefined };
  });
}

describe("architecture", () => {
  test("rooms import only the rooms that they may know", () => {
    const wrong = sources().flatMap((source) => imports(source)
      .filter(({ room, typeOnly }) => room !== source.room && !(MAY_IMPORT[source.room] ?? []).includes(room) && !(typeOnly && TYPES_ONLY[source.room]?.includes(room)))
      .map(({ target }) => `${source.file} imports ${target}`));
    expect(wrong).toEqual([]);
  });

  test("no file imports itself in a circle", () => {
    const graph = new Map(sources().map((source) => [source.file, imports(source).filter(({ typeOnly }) => !typeOnly).map(({ target }) => target)]));
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]) => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      if (done.has(file) || path.includes(file)) return;
      for (const target of graph.get(file) ?? []) walk(target, [...path, file]);
      done.add(file);
    };
    for (const file of graph.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });

  test("the judging half knows no database, no engine and no socket", () => {
    expect(sources().filter(({ room, text }) => PURE.includes(room) && FORBIDDEN_IN_PURE.test(text)).map(({ file }) => file)).toEqual([]);
  });

  test("only base/ reads the clock", () => {
    const clock = /\bDate\.now\(|new Date\(\)|performance\.now\(|process\.hrtime/;
    expect(sources().filter(({ room, text }) => room !== "base" && clock.test(text)).map(({ file }) => file)).toEqual([]);
  });

  test("files stay below 350 lines, and begin with a sentence", () => {
    const wrong = sources().filter(({ text }) => text.split("\n").length > 350 || !/^(#!.*\n)?\/\/ \S.*[.:;,]?/.test(text));
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });

  test("there is no any, no suppressed error and no empty catch", () => {
    const wrong = sources().filter(({ text }) => /:\s*any\b|\bas any\b|@ts-(ignore|expect-error|nocheck)|catch\s*(\(\w*\))?\s*\{\s*\}/.test(text));
    expect(wrong.map(({ file }) => file)).toEqual([]);
  });
});
