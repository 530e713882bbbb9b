// `turnback decide`: a person's answer to a drill that asks whether to go back.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError } from "../base/errors.ts";
import type { Answer } from "../conduct/person.ts";
import { PATHS, requireRun } from "../evidence/run-directory.ts";
import type { TimelineEntry } from "../evidence/timeline.ts";
import { writeReport } from "./places.ts";
import { print } from "./print.ts";

type DecideFlags = { readonly by: string; readonly reason?: string };

export async function decide(run: string, verdict: "approve" | "refuse", { by, reason }: DecideFlags): Promise<void> {
  await requireRun(run);
  const lines = (await readFile(join(run, PATHS.timeline), "utf8")).trimEnd().split("\n");
  const decisions = lines.flatMap((line) => {
    const entry = JSON.parse(line) as TimelineEntry;
    return entry.kind === "decision" || entry.kind === "run" ? [entry] : [];
  });
  const last = decisions.at(-1);
  if (last?.kind !== "decision" || last.state !== "asked") {
    throw new HarnessError({
      code: "nobody-asked", kind: "declaration", place: run, message: `${run} waits for nobody's answer${last?.kind === "decision" ? `: decided by ${last.by}, ${last.detail}` : ""}`,
      remedy: "a drill asks where rollback.decide.human is declared, once its trigger has come",
    });
  }
  const answer: Answer = { schema: "turnback.answer/1", verdict, by, ...(reason === undefined ? {} : { reason }) };
  await writeReport(join(run, PATHS.answer), `${JSON.stringify(answer, null, 2)}\n`, "answer as the user who started the run");
  print(`${verdict === "approve" ? "approved" : "refused"} by ${by}`);
}
