// A system's own application: the programs behind which its people are, in several versions.

import { z } from "zod";
import { name, positiveMs } from "./fields.ts";

const command = z.array(z.string().min(1)).min(1).describe("Program and arguments, run in this folder; \"node\" is the harness's own");

export const applicationSchema = z.strictObject({
  name,
  description: z.string(),
  versions: z.array(name).min(1).describe("As $APP_VERSION tells an instance which one it is; the first serves before the migration"),
  serve: command.describe("An instance: listens at $HOST and $PORT, and answers GET /healthz with its {\"version\"}. $DATABASE_URL, and $NAME_URL for each of system.others, lead through the clients' paths. SIGTERM ends it once it has served those whom it is serving"),
  workers: z.array(z.strictObject({
    name, run: command,
    settled: z.string().optional().describe("Query of the first database, whose first column is true when it has nothing left to do"),
  })).default([]).describe("Programs of which there is one each, beside the instances"),
  settlesWithinMs: positiveMs.default(10_000).describe("How long workers may take to finish what there is, once the load has ended"),
  reconcile: command.optional().describe("After a way back, while the workers are stopped: makes other systems reflect what the first database holds now"),
  image: z.string().default("turnback/applications:latest").describe("What containers run it in"),
});
export type ApplicationDeclaration = z.infer<typeof applicationSchema>;
export type LoadedApplication = ApplicationDeclaration & { readonly directory: string };
