// Every scenario is a working example: each runs and gives the verdict that it declares.

import { describe } from "vitest";
import { listDrillFiles, readDrill } from "../../harness/drill/parse.ts";
import { scenariosAsDeclared } from "../support/scenarios.ts";

const drills = await Promise.all((await listDrillFiles()).map(async ({ file }) => [(await readDrill(file)).name, file] as const));

describe.concurrent("scenarios in the process runtime", () => scenariosAsDeclared("process", drills));
