// Tests: the pure ones run side by side; those that start services run alone, one after another.
import { defineConfig } from "vitest/config";

const SYSTEM = ["test/**/*.{process,docker,browser}.test.ts"];

export default defineConfig({
  test: {
    projects: [
      { test: { name: "pure", include: ["test/**/*.test.ts"], exclude: SYSTEM, testTimeout: 60_000, sequence: { groupOrder: 0 } } },
      {
        test: {
          name: "system", include: SYSTEM, setupFiles: ["test/support/no-leftovers.ts"],
          fileParallelism: false, testTimeout: 180_000, hookTimeout: 180_000, sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
