// Tests: the pure ones run side by side, so do those that start services, and those that rehearse drills run alone: the catalogue as in a suite, the others one after another.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** What measures how long clients wait, or looks at the whole machine, would see the others. */
const DRILLS = ["test/{cli,conduct,load,reports}/**/*.{process,docker,browser}.test.ts", "test/corpus/drills.process.test.ts", "test/readme.process.test.ts"];
const SERVICES = ["test/**/*.{process,docker,browser}.test.ts"];
const patient = { testTimeout: 180_000, hookTimeout: 180_000 };

export default defineConfig({
  test: {
    maxConcurrency: availableParallelism(), // of tests within a file: the catalogue's drills
    projects: [
      { test: { name: "pure", include: ["test/**/*.test.ts"], exclude: SERVICES, testTimeout: 60_000, sequence: { groupOrder: 0 } } },
      { test: { name: "services", include: SERVICES, exclude: DRILLS, setupFiles: ["test/support/own-folder.ts", "test/support/no-leftovers.ts"], maxWorkers: 2, ...patient, sequence: { groupOrder: 1 } } },
      { test: { name: "drills", include: DRILLS, setupFiles: ["test/support/no-leftovers.ts"], fileParallelism: false, ...patient, sequence: { groupOrder: 2 } } },
    ],
  },
});
