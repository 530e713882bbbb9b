// How the migration and the way back went, in one line each: what every form of the scorecard says first after its verdict.

import { failureWords, type CourseFailure } from "../harness/judge/course.ts";
import type { Scorecard } from "../harness/judge/scorecard.ts";

/** Nothing where all went as it was planned: a line that is always there is read by nobody. */
export function courseLines({ migration, wayBack }: Pick<Scorecard, "migration" | "wayBack">): string[] {
  const lines: string[] = [];
  if (migration.state === "not-begun") lines.push("The migration was never begun.");
  if (migration.failure) {
    const how = migration.state === "cut-off" ? "The migration was cut off" : "The migration failed";
    const why = migration.explainedBy === undefined ? "Nothing that the drill declares explains it." : `Explained by ${migration.explainedBy}.`;
    lines.push(`${how} after ${migration.stepsDone} of ${migration.steps} steps, ${told(migration.failure)}. ${why}`);
  }
  if (wayBack.failure) lines.push(`The way back (${wayBack.strategy}) failed after ${wayBack.stepsUndone} steps, ${told(wayBack.failure)}.`);
  return lines;
}

function told(failure: CourseFailure): string {
  const statement = failure.statement === undefined ? "" : `, in: ${failure.statement.replaceAll(/\s+/g, " ")}`;
  return `${failureWords(failure)}${statement}`;
}
