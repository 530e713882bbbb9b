// Whole drills of the corpus, rebuilt from public reports: each comes out exactly as its file says.

import { describe } from "vitest";
import { readDrill } from "../../harness/drill/parse.ts";
import { scenariosAsDeclared } from "../support/scenarios.ts";
import { drillFiles } from "./drills.ts";

const drills = await Promise.all((await drillFiles()).map(async (file) => [(await readDrill(file)).name, file] as const));

describe.concurrent("the drills of the corpus", () => scenariosAsDeclared("process", drills));
