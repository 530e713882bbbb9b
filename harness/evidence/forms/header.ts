// The form of a run's header, drill.json: what of the drill and the system a judge reads.

import { z } from "zod";
import { drillSchema } from "../../drill/schema.ts";
import { entitySchema } from "../../drill/system.ts";

const { objectives, steadyState, detector } = drillSchema.shape;
const rule = z.looseObject({ name: z.string(), query: z.string() });

export const headerForm = z.looseObject({
  schema: z.literal("turnback.run/1"), run: z.string(), startedAt: z.string(), seed: z.number(),
  runtime: z.looseObject({ kind: z.string(), why: z.string() }),
  versions: z.record(z.string(), z.string()),
  drill: z.looseObject({
    name: z.string(), question: z.string(), objectives, steadyState, detector,
    faults: z.array(z.looseObject({ kind: z.string(), on: z.string(), database: z.string().optional() })),
    rollback: z.looseObject({ strategy: z.string(), to: z.string().optional() }),
    migration: z.looseObject({ mayFail: z.array(z.string()).optional() }),
    recoveryWithinMs: z.number().optional(),
  }),
  system: z.looseObject({ name: z.string(), entities: z.array(entitySchema), invariants: z.array(rule).default([]), across: z.array(rule).default([]) }),
  plan: z.looseObject({ steps: z.array(z.unknown()).optional() }).optional(),
});
