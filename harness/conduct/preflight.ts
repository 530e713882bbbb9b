// What can be known to be wrong before anything is started.

import { strikesDisk, type Drill } from "../drill/schema.ts";
import { flagStep, type Plan } from "../drill/plan.ts";
import { declarationError } from "../drill/parse.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { exists, ROOT } from "../base/files.ts";
import { FAULTS } from "../faults/registry.ts";
import { BESIDE_STEPS } from "../migration/blue-green.ts";
import { SWAP_STEP } from "../migration/volume-swap.ts";
import { keepsBackups, replicaOf } from "../topology/topology.ts";
import type { Runtime } from "../topology/runtime.ts";
import { resolve } from "node:path";

/** Checks a drill against its plan and files. @throws HarnessError with the field's path. */
export async function preflight(drill: Drill, plan: Plan): Promise<void> {
  const steps = [...plan.steps.map(({ id }) => id), ...(drill.migration.blueGreen ? Object.values(BESIDE_STEPS) : drill.migration.volumeSwap ? [SWAP_STEP] : [])];
  const { gate, decide } = drill.rollback;
  if (gate?.closes === "migration" && decide.on.includes("alert")) {
    throw declarationError("rollback.gate", "rollback.gate: a gate that closes before the migration raises the alert by itself", "let rollback.decide be on completion, or close the gate for the way-back alone");
  }
  const { rollback } = drill;
  if (rollback.strategy === "down") {
    if (rollback.to !== undefined && rollback.only !== undefined) throw declarationError("rollback.only", "rollback.only: a way back goes to a step or takes one away, and not both", "leave out rollback.to or rollback.only");
    for (const field of ["to", "only"] as const) {
      const step = rollback[field];
      if (step !== undefined && !steps.includes(step)) throw declarationError(`rollback.${field}`, `rollback.${field}: the plan ${plan.name} has no step "${step}"`, `its steps are ${steps.join(", ")}`);
    }
  }
  if (rollback.strategy === "flag") {
    try {
      flagStep(plan, rollback.step);
    } catch (error) {
      throw declarationError("rollback.step", `rollback.step: ${messageOf(error)}`, "name a step of kind flag, or choose another way back", error);
    }
  }
  const replicated = replicaOf(drill) !== undefined;
  checkBlueGreen(drill, plan);
  checkVolumeSwap(drill, plan);
  if (drill.rollback.strategy === "failover" && drill.rollback.to === "migration-start" && (drill.system.postgres.replica?.applyDelayMs ?? 0) === 0) {
    throw declarationError("rollback.to", "rollback.to: a replica that keeps up has no moment before the migration to go back to", "declare system.postgres.replica.applyDelayMs, longer than the migration and the decision take");
  }
  drill.faults.forEach((fault, index) => {
    const { at, kind } = fault;
    if ((fault.on === "replica" || (fault.on === "replication" && !drill.migration.blueGreen)) && !replicated) {
      throw declarationError(`faults[${index}].on`, `faults[${index}].on: there is no replica for "${fault.on}"`, "declare system.postgres.replica");
    }
    if (kind === "down" && fault.on === "clients" && gate !== undefined) {
      throw declarationError(`faults[${index}].kind`, `faults[${index}].kind: the fault "down" on clients would open the gate when it heals`, "use another fault, or leave out rollback.gate");
    }
    const onArchive = "files" in fault && fault.files === "archive";
    if ((kind === "backup-damaged" || kind === "wal-missing" || kind === "archive-failing" || onArchive) && !keepsBackups(drill)) {
      throw declarationError(`faults[${index}].kind`, `faults[${index}].kind: ${kind} needs backups, and the way back "${drill.rollback.strategy}" keeps none`, "choose rollback.strategy snapshot or pitr");
    }
    for (const field of ["before", "after", "within"] as const) {
      const step = (at as Record<string, unknown>)[field];
      if (typeof step === "string" && !steps.includes(step)) {
        throw declarationError(`faults[${index}].at.${field}`, `faults[${index}].at.${field}: the plan ${plan.name} has no step "${step}"`, `its steps are ${steps.join(", ")}`);
      }
    }
    if ("logLine" in at) {
      try {
        new RegExp(at.logLine);
      } catch (error) {
        throw declarationError(`faults[${index}].at.logLine`, `faults[${index}].at.logLine: ${(error as Error).message}`, "correct the regular expression", error);
      }
      if (!["postgres", "toxiproxy", "wire-proxy", "replica", "green"].includes(at.service)) {
        throw declarationError(`faults[${index}].at.service`, `faults[${index}].at.service: there is no service "${at.service}"`, "the services are postgres, replica, green, toxiproxy and wire-proxy");
      }
    }
  });
  if (!(await exists(resolve(ROOT, drill.load.workload)))) {
    throw declarationError("load.workload", `load.workload: there is no file ${drill.load.workload}`, "give a k6 script, relative to the repository");
  }
}

/** What a blue-green migration and its way back ask of the rest. */
function checkBlueGreen({ migration: { blueGreen }, rollback: { strategy, gate }, system: { postgres }, faults }: Drill, plan: Plan): void {
  if ((strategy === "switch-back") !== (blueGreen !== undefined)) {
    throw declarationError("rollback.strategy", `rollback.strategy: ${blueGreen ? `from a blue-green migration one goes back by "switch-back", not by "${strategy}"` : "switch-back needs a blue-green migration"}`, blueGreen ? 'choose "switch-back"' : "declare migration.blueGreen, or choose another way back");
  }
  if (!blueGreen) return;
  const taken = plan.steps.find(({ id }) => Object.values<string>(BESIDE_STEPS).includes(id));
  if (taken) throw declarationError("migration.plan", `migration.plan: the plan ${plan.name} has a step "${taken.id}", which is what a blue-green migration calls one of its own`, "rename it");
  if (gate) throw declarationError("rollback.gate", "rollback.gate: a blue-green migration holds clients itself while it switches them, there and back", "leave it out");
  if (postgres.replica) throw declarationError("system.postgres.replica", "system.postgres.replica: a replica would follow blue alone, and green has none", "leave it out, or migrate in place");
  const disk = faults.findIndex(strikesDisk);
  if (disk >= 0) throw declarationError(`faults[${disk}].kind`, `faults[${disk}].kind: green's disk is none that can be made to fail`, "use another fault, or migrate in place");
}

function checkVolumeSwap({ migration: { volumeSwap, blueGreen }, rollback: { strategy, gate }, system: { postgres } }: Drill, plan: Plan): void {
  if ((strategy === "volume-back") !== (volumeSwap !== undefined)) {
    throw declarationError("rollback.strategy", `rollback.strategy: ${volumeSwap ? `from a volume swap one goes back by "volume-back", not by "${strategy}"` : "volume-back needs a volume swap"}`, volumeSwap ? 'choose "volume-back"' : "declare migration.volumeSwap, or choose another way back");
  }
  if (!volumeSwap) return;
  if (blueGreen) throw declarationError("migration.volumeSwap", "migration.volumeSwap: a migration takes place on another server or on another volume, and not both", "leave out one of them");
  if (plan.steps.some(({ id }) => id === SWAP_STEP)) throw declarationError("migration.plan", `migration.plan: the plan ${plan.name} has a step "${SWAP_STEP}", which is what a volume swap calls its own`, "rename it");
  if (gate) throw declarationError("rollback.gate", "rollback.gate: a volume swap holds clients itself, there and back", "leave it out");
  if (postgres.replica) throw declarationError("system.postgres.replica", "system.postgres.replica: a replica can't follow a server that goes back to what it was", "leave it out");
}

/** Refuses a drill that asks for what the runtime can't do, by name. */
export function checkCapabilities(drill: Drill, runtime: Runtime): void {
  for (const [index, { kind }] of drill.faults.entries()) {
    const { needs } = FAULTS[kind];
    if (runtime.capabilities.has(needs)) continue;
    throw new HarnessError({
      code: "missing-capability", kind: "environment", place: `faults[${index}]`,
      message: `the ${runtime.kind} runtime can't do "${kind}" here: it lacks ${needs}`, remedy: "`turnback doctor` lists what each runtime can do",
    });
  }
}
