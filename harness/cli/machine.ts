// `turnback doctor, clean`: what this machine can do, and what was left on it.

import { rm } from "node:fs/promises";
import { abandonedParts } from "../topology/cache.ts";
import { abandonedVolumes } from "../topology/docker-volumes.ts";
import { findRecords, type Leftover } from "../topology/leftovers.ts";
import { coloursFor } from "../../reports/terminal.ts";
import { diagnose, renderDiagnosis } from "./doctor.ts";
import { print, printJson, type Json } from "./print.ts";

export async function doctor(flags: Json): Promise<void> {
  const diagnosis = await diagnose();
  if (flags.json) printJson(diagnosis);
  else print(renderDiagnosis(diagnosis, coloursFor(process.stdout)));
  process.exitCode = diagnosis.runtimes.some(({ usable }) => usable) ? 0 : 4;
}

export async function clean(flags: Json & { readonly dryRun?: boolean }): Promise<void> {
  const parts = (await abandonedParts()).map(({ path, stays }) => ({ run: "a killed process", what: [`what it was making, ${path}`], ...(stays !== undefined && { stays: `${path}: ${stays}` }), remove: () => (stays === undefined ? rm(path, { recursive: true, force: true }) : Promise.resolve()) }));
  const left: readonly Pick<Leftover, "run" | "what" | "stays" | "remove">[] = [...await findRecords(), ...parts, ...await abandonedVolumes()];
  if (!flags.dryRun) for (const leftover of left) await leftover.remove();
  if (left.some(({ stays }) => stays !== undefined)) process.exitCode = 4; // what is not known is not clean
  if (flags.json) return printJson({ removed: !flags.dryRun, leftovers: left.map(({ run: name, what, stays }) => ({ run: name, what, ...(stays !== undefined && { stays }) })) });
  if (left.length === 0) return print("nothing was left behind");
  for (const { run: name, what, stays } of left) {
    print(stays === undefined ? `${flags.dryRun ? "would remove" : "removed"} of ${name}: ${what.length === 0 ? "its record" : what.join(", ")}` : `left as it is, of ${name}: ${stays}`);
  }
}
