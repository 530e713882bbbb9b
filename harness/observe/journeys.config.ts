// Playwright's configuration for a drill's journeys: what they need to know comes from journeys.ts.

import { defineConfig } from "@playwright/test";
import type { JourneysSetup } from "./journeys.ts";

const setup = JSON.parse(process.env["TURNBACK_JOURNEYS"] ?? "{}") as JourneysSetup;

export default defineConfig({
  testDir: setup.folder,
  outputDir: setup.output,
  reporter: [["json", { outputFile: setup.report }]],
  // One after the other, once: they share a database, and a journey that works at the second try has failed once.
  workers: 1, retries: 0, fullyParallel: false,
  timeout: 10_000,
  expect: { timeout: 3_000 },
  use: {
    screenshot: "on", trace: "on", viewport: { width: 1_000, height: 700 }, navigationTimeout: 5_000, actionTimeout: 3_000,
    launchOptions: { executablePath: setup.browser, args: [...setup.browserArguments] },
  },
  projects: Object.entries(setup.urls).map(([name, baseURL]) => ({ name, use: { baseURL } })),
});
