// `turnback isolation` as other programs use it: exit codes, one JSON document, a picture.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../harness/base/files.ts";
import { events, text, writeHistory, type Txn } from "../judge/isolation/build.ts";

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

async function isolation(...args: readonly string[]): Promise<Ended> {
  return promisify(execFile)(process.execPath, [join(ROOT, "harness/cli/turnback.ts"), "isolation", ...args])
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }), (error: Ended) => error);
}

const together = (...ops: Txn["ops"][]): string => writeHistory(text(events(ops.map((list) => ({ ops: list, from: 0, to: 1 })))));
const HOLDS = together([["append", "x", 1]], [["r", "x", [1]]]);
const SKEW = together([["r", "x", []], ["append", "y", 1]], [["r", "y", []], ["append", "x", 2]], [["r", "x", [2]], ["r", "y", [1]]]);

describe("turnback isolation", () => {
  test("exits with 0 where the model holds, 1 where it is violated, 2 where nothing can be told, 3 where it is no history", async () => {
    expect((await isolation(HOLDS, "--model", "strict-serializable")).code).toBe(0);
    expect((await isolation(SKEW, "--model", "serializable")).code).toBe(1);
    expect((await isolation(SKEW, "--model", "snapshot-isolation")).code).toBe(0);
    expect((await isolation(together([["append", "x", 1]]), "--model", "serializable")).code).toBe(2);
    const malformed = await isolation(writeHistory("{}\n"), "--model", "serializable");
    expect(malformed.code).toBe(3);
    expect(malformed.stderr).toMatch(/line 1 is no event/);
    expect((await isolation(HOLDS, "--model", "perfect")).code).toBe(3);
    expect((await isolation("/nowhere", "--model", "serializable")).code).toBe(3);
  });

  test("what it says fits 80 columns, however long the names and lists are", async () => {
    const [a, b] = ["a-register-with-a-rather-long-name", "another-register-with-a-long-name"];
    const long = together([["append", a, 1], ["append", b, 1], ["append", "x", 3]], [["r", a, [1]], ["r", b, []], ["r", "x", [3]]], [["r", b, [1]]]);
    const { stdout } = await isolation(long, "--model", "serializable");
    expect(stdout).toMatch(/^ {2}T1 {2}#/m);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("--json prints one document with validity and anomalies, and nothing else", async () => {
    const violated = JSON.parse((await isolation(SKEW, "--model", "serializable", "--json")).stdout) as { valid: boolean; anomalies: { type: string; transactions: { index: number }[] }[]; weakestViolated: string[] };
    expect(violated).toMatchObject({ valid: false, model: "serializable", weakestViolated: ["repeatable-read"] });
    expect(violated.anomalies.map(({ type }) => type)).toEqual(["G2-item"]);
    expect(violated.anomalies[0]?.transactions.map(({ index }) => index).sort()).toEqual([3, 4]);
    expect(JSON.parse((await isolation(HOLDS, "--json")).stdout)).toMatchObject({ valid: true, anomalies: [] });
    expect(JSON.parse((await isolation(together([["append", "x", 1]]), "--json")).stdout)).toMatchObject({ valid: "unknown", anomalies: [] });
  });

  test("--svg draws the cycle with both of its transactions", async () => {
    const file = writeHistory("");
    await isolation(SKEW, "--model", "serializable", "--svg", file);
    const svg = await readFile(file, "utf8");
    expect(svg).toMatch(/^<svg /);
    expect(svg.match(/<rect x=/g)).toHaveLength(2);
  });
});
