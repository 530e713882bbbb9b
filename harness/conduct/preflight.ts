// What can be known to be wrong before anything is started.

import { strikesDisk, type FaultKind } from "../drill/fault.ts";
import type { Drill, Rollback } from "../drill/schema.ts";
import { flagStep, stepsBeside, type Plan } from "../drill/plan.ts";
import type { LoadedApplication } from "../drill/application.ts";
import { declarationError, expectPlace } from "../drill/parse.ts";
import { HarnessError, messageOf } from "../base/errors.ts";
import { ROOT } from "../base/files.ts";
import { FAULTS } from "../faults/registry.ts";
import { NO_BROWSER, findBrowser } from "../observe/browser.ts";
import { keepsBackups, replicaOf } from "../topology/topology.ts";
import type { Runtime } from "../topology/runtime.ts";

/** Checks a drill against its plan and files. @throws HarnessError with the field's path. */
export async function preflight(drill: Drill, plan: Plan, application?: LoadedApplication): Promise<void> {
  const beside = stepsBeside(drill);
  const taken = plan.steps.find(({ id }) => beside.includes(id));
  if (taken) throw declarationError("migration.plan", `migration.plan: the plan ${plan.name} has a step "${taken.id}", which is the name of something that this drill does beside its plan`, "rename it");
  const steps = [...plan.steps.map(({ id }) => id), ...beside];
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
  checkDatabases(drill, plan);
  await checkApplication(drill, plan, application);
  checkBlueGreen(drill);
  checkVolumeSwap(drill);
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
      if (!["postgres", "toxiproxy", "wire-proxy", "replica", "green"].includes(at.service)) {
        throw declarationError(`faults[${index}].at.service`, `faults[${index}].at.service: there is no service "${at.service}"`, "the services are postgres, replica, green, toxiproxy and wire-proxy");
      }
    }
  });
  await expectPlace("file", [ROOT, drill.load.workload], { place: "load.workload", field: "load.workload", remedy: "give a k6 script, relative to the repository" });
}

/** What an application and its versions ask of the rest, and who speaks of them. */
async function checkApplication({ application: declared, checks, faults, objectives }: Drill, plan: Plan, application: LoadedApplication | undefined): Promise<void> {
  const places = [
    ...plan.steps.flatMap(({ id, deploy }) => [deploy?.version, deploy?.was].map((version) => ["migration.plan", `step ${id} of ${plan.name}`, version] as const)),
    ...faults.map((fault, i) => [`faults[${i}].version`, `faults[${i}]`, fault.kind === "wrong-version" ? fault.version : undefined] as const),
  ];
  for (const [place, who, version] of places) {
    if (version === undefined) continue;
    if (!application) throw declarationError(place, `${place}: ${who} deploys an application, and the system has none`, "declare `application`");
    if (!application.versions.includes(version)) throw declarationError(place, `${place}: ${who} speaks of a version "${version}" of ${application.name}`, `there are ${application.versions.join(", ")}`);
  }
  const struck = faults.findIndex(({ on }) => on === "application");
  if (struck >= 0 && !application) throw declarationError(`faults[${struck}]`, `faults[${struck}]: it hits an application, and the system has none`, "declare `application`");
  if (declared?.reconcile && !application?.reconcile) throw declarationError("application.reconcile", `application.reconcile: ${application?.name} declares nothing that reconciles`, "declare `reconcile` in application.yaml");
  if ((objectives.journeys === undefined) !== (checks === undefined)) throw declarationError("objectives.journeys", `objectives.journeys: ${checks ? "journeys that are made want an objective" : "there are no journeys to judge"}`, "declare both checks.journeys and objectives.journeys, or neither");
  if (!checks) return;
  if (!application) throw declarationError("checks.journeys", "checks.journeys: there is no application to journey through", "declare `application`");
  await expectPlace("folder", [ROOT, checks.journeys], { place: "checks.journeys", field: "checks.journeys", remedy: "give a folder of Playwright tests, relative to the repository" });
  if (findBrowser() === undefined) throw new HarnessError({ code: "no-browser", kind: "environment", place: "checks.journeys", message: "there is no browser for the journeys", remedy: NO_BROWSER });
}

/** Ways back that know of more than one database. */
const ON_SEVERAL: ReadonlySet<Rollback["strategy"]> = new Set(["coordinated", "down", "resume", "flag"]);
/** What the harness calls its own. */
const TAKEN = new Set(["postgres", "replica", "green", "toxiproxy", "wire-proxy", "data", "backups"]);

/** What several databases ask of the rest, and who speaks of them. */
function checkDatabases({ system: { others }, migration: { blueGreen, volumeSwap }, rollback, faults }: Drill, plan: Plan): void {
  const { strategy, gate } = rollback;
  const names = Object.keys(others);
  const known = names.length === 0 ? "this drill declares none" : `there are ${names.join(", ")}`;
  for (const name of names) if (TAKEN.has(name)) throw declarationError(`system.others.${name}`, `system.others.${name}: "${name}" is what the harness calls a part of its own`, "rename the database");
  for (const { id, on, carry, carryBack } of plan.steps) {
    const strange = [on, ...[...carry, ...carryBack].map(({ from }) => from)].find((database) => database !== undefined && !names.includes(database));
    if (strange !== undefined) throw declarationError("migration.plan", `migration.plan: step ${id} of ${plan.name} speaks of a database "${strange}"`, `declare it in system.others: ${known}`);
  }
  faults.forEach(({ kind, database, on, ...fault }, index) => {
    if (database === undefined) return;
    const at = `faults[${index}].database`;
    if (!names.includes(database)) throw declarationError(at, `${at}: there is no database "${database}"`, `declare it in system.others: ${known}`);
    if (on === "replica" || on === "replication" || "files" in fault || ON_FIRST.has(kind)) throw declarationError(at, `${at}: ${kind} on ${on} can strike the first database alone`, "leave out the database, or use another fault");
  });
  if (rollback.strategy === "coordinated" && rollback.heldMs + rollback.drainMs >= rollback.withinMs) {
    throw declarationError("rollback.heldMs", `rollback.heldMs: clients may be held for ${rollback.heldMs} ms after ${rollback.drainMs} ms of draining, and the way back is given up after ${rollback.withinMs} ms: nothing could be taken forward again`, "hold them for less, or raise rollback.withinMs");
  }
  if (names.length === 0) {
    if (strategy === "coordinated") throw declarationError("rollback.strategy", "rollback.strategy: there is nothing to coordinate with one database", 'declare system.others, or choose "down"');
    return;
  }
  // Where the migration changes the first database alone, going back is that one's affair: the others are told things by it.
  const migratesOthers = plan.steps.some(({ on }) => on !== undefined);
  if (migratesOthers && !ON_SEVERAL.has(strategy)) throw declarationError("rollback.strategy", `rollback.strategy: "${strategy}" knows of one database, and this plan changes several`, `choose one of ${[...ON_SEVERAL].join(", ")}`);
  if (blueGreen ?? volumeSwap) throw declarationError("migration", "migration: another server or volume is for a drill with one database", "leave it out, or leave out system.others");
  if (gate && migratesOthers) throw declarationError("rollback.gate", "rollback.gate: a gate is for a plan that changes one database", 'choose the way back "coordinated", which holds clients at all of them');
}

/** Faults of what only the first database has: backups, an archive, a disk that can fail. */
const ON_FIRST: ReadonlySet<FaultKind> = new Set(["disk-lost", "backup-damaged", "wal-missing", "archive-failing", "power-cut", "names-gone"]);

/** What a blue-green migration and its way back ask of the rest. */
function checkBlueGreen({ migration: { blueGreen }, rollback: { strategy, gate }, system: { postgres }, faults }: Drill): void {
  if ((strategy === "switch-back") !== (blueGreen !== undefined)) {
    throw declarationError("rollback.strategy", `rollback.strategy: ${blueGreen ? `from a blue-green migration one goes back by "switch-back", not by "${strategy}"` : "switch-back needs a blue-green migration"}`, blueGreen ? 'choose "switch-back"' : "declare migration.blueGreen, or choose another way back");
  }
  if (!blueGreen) return;
  if (gate) throw declarationError("rollback.gate", "rollback.gate: a blue-green migration holds clients itself while it switches them, there and back", "leave it out");
  if (postgres.replica) throw declarationError("system.postgres.replica", "system.postgres.replica: a replica would follow blue alone, and green has none", "leave it out, or migrate in place");
  const disk = faults.findIndex(strikesDisk);
  if (disk >= 0) throw declarationError(`faults[${disk}].kind`, `faults[${disk}].kind: green's disk is none that can be made to fail`, "use another fault, or migrate in place");
}

function checkVolumeSwap({ migration: { volumeSwap, blueGreen }, rollback: { strategy, gate }, system: { postgres } }: Drill): void {
  if ((strategy === "volume-back") !== (volumeSwap !== undefined)) {
    throw declarationError("rollback.strategy", `rollback.strategy: ${volumeSwap ? `from a volume swap one goes back by "volume-back", not by "${strategy}"` : "volume-back needs a volume swap"}`, volumeSwap ? 'choose "volume-back"' : "declare migration.volumeSwap, or choose another way back");
  }
  if (!volumeSwap) return;
  if (blueGreen) throw declarationError("migration.volumeSwap", "migration.volumeSwap: a migration takes place on another server or on another volume, and not both", "leave out one of them");
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
