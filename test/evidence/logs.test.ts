// Logs of any size reach a run piece by piece, and no secret of them does.

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startClock } from "../../harness/base/clock.ts";
import { messageOf } from "../../harness/base/errors.ts";
import { tailOf } from "../../harness/base/files.ts";
import { EvidenceWriter } from "../../harness/evidence/run-directory.ts";
import { temporaryFolder } from "../support/drills.ts";

test("a log is copied whole and redacted, also where a secret lies across the pieces it is read in", async () => {
  await using folder = await temporaryFolder();
  const log = join(folder.path, "service.log");
  const entry = (i: number) => `2026-11-27 11:00:00.000 UTC [${i}] LOG:  begins ${"x".repeat(60)}\n\tpassword = 'canary-${i % 7}-ab12'\n`;
  writeFileSync(log, "");
  for (let i = 0; i < 90; i++) appendFileSync(log, Array.from({ length: 1_000 }, (_, n) => entry(n)).join(""));
  const evidence = new EvidenceWriter(join(folder.path, "run"), startClock());
  await evidence.copyLog("service", log);
  const copied = readFileSync(join(folder.path, "run/logs/service.log"), "utf8");
  expect(copied).not.toContain("canary-");
  expect(copied.match(/LOG: {2}begins/g)).toHaveLength(90_000);
  expect(copied.match(/\[redacted:/g)).toHaveLength(90_000);
});

test("a log that is one line, and one that is empty", async () => {
  await using folder = await temporaryFolder();
  const evidence = new EvidenceWriter(join(folder.path, "run"), startClock());
  for (const text of ["", "x", "y".repeat(70 * 1024 ** 2)]) {
    writeFileSync(join(folder.path, "odd.log"), text);
    await evidence.copyLog("odd", join(folder.path, "odd.log"));
    expect(readFileSync(join(folder.path, "run/logs/odd.log"), "utf8") === text).toBe(true);
  }
});

test("of a log's end no more is read than is asked for", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "log");
  writeFileSync(file, "first\nsecond\n");
  expect([tailOf(file), tailOf(file, { since: 6 }), tailOf(file, { bytes: 3 }), tailOf(file, { since: 99 }), tailOf(join(folder.path, "none"))]).toEqual(["first\nsecond\n", "second\n", "nd\n", "", ""]);
});

test("an error's message holds no value that a database quotes", () => {
  const said = (code: string, message: string) => messageOf(Object.assign(new Error(message), { code }));
  expect(said("22P02", 'invalid input syntax for type integer: "jane@example.org"')).toBe("invalid input syntax for type integer");
  expect(said("22003", 'value "4111111111111111" is out of range for type integer')).toBe("value is out of range for type integer");
  expect(said("42703", 'column "nmae" does not exist')).toBe('column "nmae" does not exist'); // names are what one looks for
  expect(messageOf(new Error('Invalid Input Error: CSV Error on Line: 3\nOriginal Line: jane,4111\nExpected Number of Columns: 3'))).not.toContain("jane");
  expect(messageOf(new Error("Conversion Error: Could not convert string 'jane' to INT32"))).toBe("Conversion Error: Could not convert string to INT32");
});
