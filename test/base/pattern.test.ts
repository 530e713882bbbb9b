// Regular expressions from outside: none takes long, whatever it says and is asked of; what a linear engine can't do is refused in words.

import { expect, test } from "vitest";
import { Worker } from "node:worker_threads";
import { patternOf, matchesWildcard } from "../../harness/base/pattern.ts";
import { triggerSchema } from "../../harness/drill/fault.ts";

const WITHIN_MS = 10_000;

/** In a worker, which can be ended where it never comes back. */
async function inWorker(source: string): Promise<unknown> {
  const worker = new Worker(source, { eval: true });
  try {
    return await new Promise<unknown>((resolve, reject) => {
      const late = setTimeout(() => { resolve("it never came back"); }, WITHIN_MS);
      worker.once("message", (answer) => { clearTimeout(late); resolve(answer); });
      worker.once("error", (error) => { clearTimeout(late); reject(error); });
    });
  } finally {
    await worker.terminate();
  }
}

const module_ = JSON.stringify(new URL("../../harness/base/pattern.ts", import.meta.url).href);
const redactor = JSON.stringify(new URL("../../harness/base/redact.ts", import.meta.url).href);
const asking = (pattern: string, text: string) => inWorker(`import(${module_}).then(({ patternOf }) => require("node:worker_threads").parentPort.postMessage(patternOf(${JSON.stringify(pattern)}).test(${text})))`);

test.each(["(x+x+)+y", "(a|a)*b", "(x*)*(x*)*(x*)*y", "^(([a-z])+.)+[A-Z]([a-z])+$", ".*.*.*.*.*.*.*.*.*.*z", "(?:x?){300}x{300}y", "(\\s|x)+$z"])("%s takes no time of a line of 60,000 characters", async (pattern) => {
  expect(await asking(pattern, '"x".repeat(60000)')).toBe(false);
});

test("of a backtracking engine the same never comes back: the test would see it", async () => {
  const worker = new Worker('require("node:worker_threads").parentPort.postMessage(/(x+x+)+y/.test("x".repeat(60)))', { eval: true });
  const answered = await Promise.race([new Promise((resolve) => { worker.once("message", () => { resolve(true); }); }), new Promise((resolve) => setTimeout(() => { resolve(false); }, 1_000))]);
  await worker.terminate();
  expect(answered).toBe(false);
});

test("finds what JavaScript's own engine finds", () => {
  const lines = ["database system is ready to accept connections", "2026-01-01 [42] LOG:  checkpoint complete: wrote 3 buffers", "ERROR:  canceling statement", "a/b.c", "ä 漢字", ""];
  const patterns = ["system is ready", "^database", "wrote \\d+ buffers$", "\\bERROR:\\s+cancel", "a\\/b\\.c", "(?<who>c[a-z]+)", "[^a-z ]{2}", "^$", "\\u6f22", "LOG|ERROR", "(?:x|canceling) statement"];
  for (const pattern of patterns) for (const line of lines) expect([pattern, line, patternOf(pattern).test(line)]).toEqual([pattern, line, new RegExp(pattern).test(line)]);
});

test.each([
  ["(a)\\1", "backreference"], ["(?<n>a)\\k<n>", "backreference"], ["(?=a)", "look around"], ["(?!a)b", "look around"], ["(?<=a)b", "look around"], ["(?<!a)b", "look around"],
  ["(", "missing closing"], ["a{2000}", "repeat count"], ["((a{100}){100}){100}", "repeat count"], ["x".repeat(1_001), "1001 characters"],
])("a declaration with %s is refused, and why", (logLine, says) => {
  const { success, error } = triggerSchema.safeParse({ logLine });
  expect(success).toBe(false);
  expect(JSON.stringify(error?.issues)).toContain(says);
});

test("what only looks like it is none", () => {
  for (const pattern of ["[(?=]", "\\\\1", "[\\1]", "\\(\\?=a", "\\0"]) if (pattern !== "[\\1]" && pattern !== "\\0") expect(triggerSchema.safeParse({ logLine: pattern }).success).toBe(true);
});

test("a wildcard with many stars takes no time, and finds what it must", async () => {
  for (const [wildcard, text, found] of [["*", "", true], ["a*", "abc", true], ["*c", "abc", true], ["a*c", "ac", true], ["a*a", "a", false], ["a*b*c", "a-b-b-c", true], ["a*b*c", "acb", false], ["a.c", "abc", false], ["index public.*: x*", "index public.t: x1", true], ["*ab*ab", "ab", false]] as const) {
    expect([wildcard, text, matchesWildcard(wildcard, text)]).toEqual([wildcard, text, found]);
  }
  expect(await inWorker(`import(${module_}).then(({ matchesWildcard }) => require("node:worker_threads").parentPort.postMessage(matchesWildcard("a*".repeat(500) + "b", "a".repeat(100000))))`)).toBe(false);
});

test.each([
  ["blanks after a telling word", '"authorization" + " ".repeat(60000)'], ["schemes without an end", '"://" + "abc+".repeat(40000)'], ["half a connection string, again and again", '"password=x ".repeat(10000)'],
  ["half a token, again and again", '"eyJaaaaaaaa.".repeat(20000)'], ["half a URL, again and again", '"a://b:".repeat(20000)'], ["quotes without an end", `"token '".repeat(20000)`],
  ["keys without an end", '"-----BEGIN PRIVATE KEY-----".repeat(5000)'], ["a connection string without a password", '"host=a " + "a = b ".repeat(20000)'],
])("redaction takes no time of %s", async (_, text) => {
  expect(await inWorker(`import(${redactor}).then(({ Redactor }) => require("node:worker_threads").parentPort.postMessage(typeof new Redactor().redact(${text})))`)).toBe("string");
});
