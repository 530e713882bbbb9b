// The corpus itself: as large as it says, and all of it in the documentation.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../harness/base/files.ts";
import { cases } from "./corpus.ts";
import { caseLine, generatedSection } from "./document.ts";

test("the corpus is as large as it says", () => {
  expect(cases("defects").length).toBeGreaterThanOrEqual(100);
  expect(cases("benign").length).toBeGreaterThanOrEqual(30);
  expect(cases("defects").every(({ defect, finding }) => defect && finding)).toBe(true);
});

test("the documentation lists every case", () => {
  const text = readFileSync(join(ROOT, "test/corpus/README.md"), "utf8");
  const lines = (["defects", "benign"] as const).flatMap((of) => cases(of).map((entry) => caseLine({ of, entry })));
  expect(lines.filter((line) => !text.includes(line)), "npm run bench:corpus writes it anew").toEqual([]);
});

test("the documentation has the generator's last figures", () => {
  expect(readFileSync(join(ROOT, "test/corpus/README.md"), "utf8")).toContain(generatedSection());
});
