// People's journeys through the application: those that failed are findings, and those that were never made are known by nobody.

import type { Finding, JourneyResult } from "./scorecard.ts";

/** A finding for each journey that failed, with the versions at which it did. */
export function failedJourneys(journeys: readonly JourneyResult[]): Finding[] {
  const failed = Map.groupBy(journeys.filter(({ state }) => state === "failed"), ({ name }) => name);
  return [...failed].map(([name, at]): Finding => ({
    kind: "journey-failed", subject: name, count: at.length,
    detail: at.map(({ version, error }) => `at ${version}: ${error ?? "no message"}`).join("; "),
    examples: at.map(({ version, screenshot, trace }) => ({ version, screenshot, trace })),
    query: `select version, state, tookMs, error, screenshot from read_json('checks/journeys.json') where name = '${name.replaceAll("'", "''")}'`,
  }));
}
