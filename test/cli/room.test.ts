// How many rehearse at once unless somebody says so.

import { expect, test } from "vitest";
import { usualWorkers } from "../../harness/cli/room.ts";

const GIB = 1024 ** 3;

test.for([
  ["so many a core", 2, { cores: 2, memoryBytes: 24 * GIB }, 4],
  ["no more than memory allows", 2, { cores: 32, memoryBytes: 12.5 * GIB }, 12],
  ["one, at least: whether it has room is asked before it begins", 2, { cores: 4, memoryBytes: GIB / 2 }, 1],
  ["no more than anybody may ask for", 2, { cores: 256, memoryBytes: 2_048 * GIB }, 64],
] as const)("%s", ([, perCore, machine, workers]) => {
  expect(usualWorkers(perCore, machine)).toBe(workers);
});
