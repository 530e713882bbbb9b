// What a sweep has found, made smaller and written as a drill that `turnback run` repeats.

import { join } from "node:path";
import { stringify } from "yaml";
import { sha256, writeAtomically } from "../base/files.ts";
import type { Plan } from "../drill/plan.ts";
import type { Drill } from "../drill/schema.ts";
import type { Scorecard } from "../judge/scorecard.ts";
import type { Found } from "../sweep/log.ts";
import { drillAt, scheduleInWords, type Point } from "../sweep/points.ts";
import { declarationOf, shrink } from "../sweep/shrink.ts";
import type { Outcome } from "../sweep/sweep.ts";

/** A drill's name. */
const LONGEST = 100;

/** Shrinks a failing point, and writes what is left of it unless it never failed again. @param rehearse conducts and judges a drill */
export async function writeFound({ declared, plan, point, outcome, directory, rehearse, say }: {
  readonly declared: Drill; readonly plan: Plan; readonly point: Point; readonly outcome: Outcome;
  readonly directory: string; readonly rehearse: (drill: Drill) => Promise<Scorecard>; readonly say: (what: string) => void;
}): Promise<Found> {
  const whole = `${declared.name}-${point.id}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replace(/-$/, "");
  const name = whole.length <= LONGEST ? whole : `${whole.slice(0, LONGEST - 9)}-${sha256(whole).slice(0, 8)}`;
  const file = join("found", `${name}.drill.yaml`);
  const fails = async (drill: Drill) => {
    const { verdict, objectives } = await rehearse(drill);
    const missed = objectives.filter((objective) => objective.verdict === "missed").map((objective) => objective.name);
    return verdict === "missed" && missed.length > 0 && missed.every((objective) => outcome.missed.includes(objective));
  };
  const question = `When ${scheduleInWords(point)}: does going back by ${point.way} still meet its objectives?`;
  const { drill, failed, of, changes } = await shrink({ ...drillAt(declared, point), name, question }, plan, { fails, isMet: async (drill) => (await rehearse(drill)).verdict === "met" }, say);
  if (failed === 0) return { point: point.id, file: null, failed, of, changes: [] };
  const head = [`Found by a sweep of ${declared.name}: ${outcome.missed.join(", ")} missed in ${failed} of ${of} tries.`, ...changes.map((change) => `Made smaller: ${change}.`), "It is met once the plan is mended: keep it as a regression drill."];
  await writeAtomically(join(directory, file), `${head.map((line) => `# ${line}`).join("\n")}\n${stringify(declarationOf(drill), { lineWidth: 120 })}`);
  return { point: point.id, file, failed, of, changes };
}
