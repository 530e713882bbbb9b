// Picks the runtime that a user asked for, and says which and why.

import { HarnessError } from "../base/errors.ts";
import { DockerRuntime } from "./docker-runtime.ts";
import { missingImages, tryEngines } from "./engine.ts";
import { hasEmbeddedPostgres } from "./embedded-postgres.ts";
import { ProcessRuntime } from "./process-runtime.ts";
import type { Runtime, RuntimeKind } from "./runtime.ts";

export type RuntimeChoice = { readonly kind: RuntimeKind; readonly why: string };

/** @throws HarnessError `no-engine` or `no-postgres` when what was asked for isn't there. */
export async function chooseRuntime(asked: RuntimeKind | "auto"): Promise<RuntimeChoice> {
  if (asked === "process") {
    if (!hasEmbeddedPostgres()) throw noPostgres();
    return { kind: "process", why: "asked for" };
  }
  const attempts = await tryEngines();
  const engine = attempts.find(({ answers }) => answers);
  if (asked === "docker") {
    if (!engine) {
      throw new HarnessError({
        code: "no-engine", kind: "environment", place: "--runtime docker",
        message: `no Docker engine answers: ${attempts.map(({ place, detail }) => `${place}: ${detail}`).join("; ")}`,
        remedy: "`turnback doctor` says how to get one; or use --runtime process",
      });
    }
    return { kind: "docker", why: "asked for" };
  }
  const missing = engine ? await missingImages(engine.place) : [];
  if (engine && missing.length === 0) return { kind: "docker", why: `${engine.detail} answers at ${engine.place}` };
  if (!hasEmbeddedPostgres()) throw noPostgres();
  return { kind: "process", why: engine ? `an engine answers, but the images ${missing.join(" and ")} are not built` : "no Docker engine answers" };
}

export function openRuntime(choice: RuntimeChoice, runName: string): Promise<Runtime> {
  return choice.kind === "docker" ? DockerRuntime.open(runName, choice.why) : ProcessRuntime.open(runName, choice.why);
}

function noPostgres(): HarnessError {
  return new HarnessError({
    code: "no-postgres", kind: "environment", place: "--runtime process",
    message: `there are no embedded PostgreSQL binaries for ${process.platform}-${process.arch}`, remedy: "npm run setup",
  });
}
