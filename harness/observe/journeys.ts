// People's journeys through the application, in a browser, by the Playwright tests that a drill names.

import { readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { HarnessError } from "../base/errors.ts";
import { COMPILED, ROOT, exists } from "../base/files.ts";
import { end, start } from "../base/process.ts";
import { within } from "../base/deadline.ts";
import { BROWSER_ARGUMENTS, NO_BROWSER, findBrowser } from "./browser.ts";

/** What the configuration is told. */
export type JourneysSetup = {
  readonly folder: string;
  /** Where each version serves. */
  readonly urls: Readonly<Record<string, string>>;
  readonly output: string;
  readonly report: string;
  readonly browser: string;
  readonly browserArguments: readonly string[];
};

export type Journey = {
  readonly name: string;
  /** The application's version at which it was made. */
  readonly version: string;
  readonly state: "passed" | "failed" | "unknown";
  readonly tookMs: number;
  readonly error?: string;
  /** Evidence, relative to the run directory. */
  readonly screenshot?: string;
  readonly trace?: string;
};

/** Of Playwright's JSON report, what is read here. */
type Suite = {
  readonly specs?: readonly { readonly title: string; readonly tests: readonly { readonly projectName: string; readonly results: readonly Result[] }[] }[];
  readonly suites?: readonly Suite[];
};
type Result = {
  readonly status: "passed" | "failed" | "timedOut" | "skipped" | "interrupted"; readonly duration: number;
  readonly error?: { readonly message?: string };
  readonly attachments: readonly { readonly name: string; readonly path?: string }[];
};
type Report = { readonly errors: readonly { readonly message?: string }[]; readonly suites: readonly Suite[] };

const PLAYWRIGHT = join(dirname(createRequire(import.meta.url).resolve("@playwright/test/package.json")), "cli.js");

/**
 * Makes every journey at every version that serves, one after the other. Screenshots and traces lie below the run's folder
 * `checks`. @throws HarnessError `no-browser`, `journeys-not-made` when Playwright can't say how they went
 */
export async function makeJourneys(options: {
  /** Relative to the repository's root. */
  readonly folder: string;
  readonly urls: ReadonlyMap<string, string>;
  readonly runDirectory: string;
  readonly workDirectory: string;
  readonly withinMs: number;
}): Promise<Journey[]> {
  const browser = findBrowser();
  if (browser === undefined) throw new HarnessError({ code: "no-browser", kind: "environment", place: "checks.journeys", message: "there is no browser for the journeys", remedy: NO_BROWSER });
  const report = join(options.workDirectory, "journeys-report.json");
  const logFile = join(options.workDirectory, "journeys.log");
  const setup: JourneysSetup = {
    folder: join(ROOT, options.folder), urls: Object.fromEntries(options.urls), output: join(options.runDirectory, "checks"), report, browser, browserArguments: BROWSER_ARGUMENTS,
  };
  const child = await start({
    command: process.execPath, args: [PLAYWRIGHT, "test", "--config", join(import.meta.dirname, "journeys.config.ts")], cwd: options.workDirectory, logFile,
    env: { TURNBACK_JOURNEYS: JSON.stringify(setup), TURNBACK_WORK: options.workDirectory, ...COMPILED, NODE_NO_WARNINGS: "1" },
  });
  try {
    await within(options.withinMs, "the journeys", child.exited);
  } finally {
    await end(child, { signal: "SIGTERM", graceMs: 3_000 });
  }
  await rm(join(setup.output, ".last-run.json"), { force: true }); // Playwright's own, for running again what failed
  if (!(await exists(report))) throw notMade((await readFile(logFile, "utf8")).trim().split("\n").at(-1) ?? "it said nothing");
  const { errors, suites } = JSON.parse(await readFile(report, "utf8")) as Report;
  const journeys = suites.flatMap((suite) => journeysOf(suite, options.runDirectory));
  if (errors.length > 0 || journeys.length === 0) throw notMade(plain(errors[0]?.message ?? `there is none in ${options.folder}`));
  return journeys;
}

function notMade(why: string): HarnessError {
  return new HarnessError({ code: "journeys-not-made", kind: "run", place: "checks.journeys", message: `Playwright could not make the journeys: ${why}`, remedy: "read logs/journeys.log in the run directory" });
}

function journeysOf({ specs = [], suites = [] }: Suite, runDirectory: string): Journey[] {
  const own = specs.flatMap(({ title, tests }) => tests.map(({ projectName, results }): Journey => {
    const result = results.at(-1);
    const evidence = (name: string) => result?.attachments.filter((attachment) => attachment.name === name && attachment.path !== undefined).map(({ path = "" }) => relative(runDirectory, path)).at(-1);
    const [error, screenshot, trace] = [result?.error?.message, evidence("screenshot"), evidence("trace")];
    return {
      name: title, version: projectName, state: stateOf(result), tookMs: result?.duration ?? 0,
      ...(error === undefined ? {} : { error: plain(error) }), ...(screenshot === undefined ? {} : { screenshot }), ...(trace === undefined ? {} : { trace }),
    };
  }));
  return [...own, ...suites.flatMap((suite) => journeysOf(suite, runDirectory))];
}

/** A journey fails by what the application did; a browser that can't be started says nothing of it. */
function stateOf(result: Result | undefined): Journey["state"] {
  if (result?.status === "passed") return "passed";
  if (result?.error?.message?.includes("browserType.launch")) return "unknown";
  return result?.status === "failed" || result?.status === "timedOut" ? "failed" : "unknown";
}

/** The first lines of a message, without a terminal's colours. */
function plain(message: string): string {
  return message.replaceAll(/\u001b\[[0-9;]*m/g, "").split("\n").map((line) => line.trim()).filter(Boolean).slice(0, 4).join(" · ").slice(0, 400);
}
