// Mutated histories of transactions: every one is judged, or refused with its file and line; none is a crash, and none takes long.

import { afterAll, beforeAll, expect, test } from "vitest";
import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonicMs } from "../../harness/base/clock.ts";
import { HarnessError } from "../../harness/base/errors.ts";
import { seededRandom } from "../../harness/base/random.ts";
import { CONSISTENCY_MODELS } from "../../harness/drill/consistency-models.ts";
import { checkIsolation } from "../../harness/judge/isolation/check.ts";
import { isolationJson, tell } from "../../harness/judge/isolation/describe.ts";
import { readHistory } from "../../harness/judge/isolation/read-ndjson.ts";
import { renderCycle } from "../../reports/cycle.ts";
import { mutate, mutation, RUNS, SEED } from "./mutate.ts";

const SLOW_MS = 10_000;
/** What a few processes do to a few keys, some of it wrongly: elements lost, read twice, in another order, or before they were there. */
function history(seed: number): Buffer {
  const random = seededRandom(seed);
  const lists = new Map<number | string, (number | string)[]>();
  const lines: object[] = [];
  for (let n = 0; n < 25; n += 1) {
    const process = Math.floor(random() * 4) + 10 * n;
    const ops = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, i) => [random() < 0.5 ? "append" : "r", random() < 0.2 ? "k" : Math.floor(random() * 3), random() < 0.1 ? `e${n}-${i}` : 100 * n + i + 1] as const);
    lines.push({ index: lines.length, process, type: "invoke", time: n, value: ops.map(([f, key, element]) => [f, key, f === "r" ? null : element]) });
    const done = ops.map(([f, key, element]) => {
      const list = lists.get(key) ?? [];
      if (f === "append") lists.set(key, random() < 0.05 ? list : [...list, element]);
      return [f, key, f === "append" ? element : random() < 0.05 ? list.toReversed() : list];
    });
    lines.push({ index: lines.length, process, type: random() < 0.8 ? "ok" : random() < 0.5 ? "info" : "fail", time: n + 0.5, value: done });
  }
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
const valid = Array.from({ length: 8 }, (_, seed) => history(seed));
let folder = "";
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "tb-fuzz-")); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

/** What comes of it; what is neither a result nor a refusal is thrown. */
function judged(bytes: Buffer): "judged" | "refused" {
  const file = join(folder, "history.ndjson");
  writeFileSync(file, bytes);
  try {
    const history = readHistory(file);
    for (const model of CONSISTENCY_MODELS) {
      const result = checkIsolation(history, model);
      JSON.stringify(isolationJson(history, result));
      for (const anomaly of result.anomalies) if (anomaly.steps) renderCycle(tell(history, anomaly));
    }
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    expect(error).toMatchObject({ code: "malformed-history", kind: "declaration" });
    expect(error.place).toMatch(/history\.ndjson:\d+$/);
    return "refused";
  }
  // What is accepted is what it says that it is: JSON, one object a line.
  for (const line of bytes.toString().split("\n")) if (line.trim() !== "" && !/"process"\s*:\s*":?nemesis/.test(line)) JSON.parse(line.replaceAll(/\b0+(?=\d)/g, ""));
  return "judged";
}

test("a mutated history is judged or refused, and takes no time", () => {
  for (const one of valid) expect(judged(one)).toBe("judged");
  const seen = { judged: 0, refused: 0 };
  fc.assert(fc.property(fc.nat(), fc.array(mutation, { minLength: 1, maxLength: 4 }), (which, changes) => {
    const bytes = mutate(valid[which % valid.length] ?? Buffer.alloc(0), changes);
    const from = monotonicMs();
    seen[judged(bytes)] += 1;
    expect(monotonicMs() - from).toBeLessThan(SLOW_MS);
  }), { seed: SEED, numRuns: RUNS || 400, endOnFailure: true });
  expect(seen.judged).toBeGreaterThan(20); // or nothing of it was seen
  expect(seen.refused).toBeGreaterThan(20);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}, 600_000);

test.each([
  ["a backslash before the end of a line", `{"index":0,"process":0,"type":"invoke","x":"\\\n`], ["a backslash at the end of the file", `{"process":"\\`], ["an object that never ends", `{"a":${"[".repeat(200_000)}`],
  ["a byte order mark", `\ufeff{"index":0}`], ["nothing but a NUL", "\0"],
])("%s is refused", (_, text) => {
  expect(judged(Buffer.from(text))).toBe("refused");
});
