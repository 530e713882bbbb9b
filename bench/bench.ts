// Every figure of the table in README.md here, measured side by side: `npm run bench`, or `npm run bench -- calibrate`.

import { failover } from "./failover.ts";
import { firstOperation } from "./first-operation.ts";
import { lags } from "./lags.ts";
import { ledgerCost } from "./ledger-cost.ts";
import { calibrate } from "./calibrate.ts";
import { coordinated } from "./coordinated.ts";
import { corpus } from "./corpus.ts";
import { isolation } from "./isolation.ts";
import { journeys } from "./journeys.ts";
import { judging } from "./judging.ts";
import { mutations } from "./mutations.ts";
import { powerCuts } from "./power-cuts.ts";
import { restore } from "./restore.ts";
import { sweep } from "./sweep.ts";
import { switchBack } from "./switch-back.ts";

const BENCHES = { "first-operation": firstOperation, "ledger-cost": ledgerCost, calibrate, lags, judging, restore, isolation, failover, "power-cuts": powerCuts, "switch-back": switchBack, coordinated, journeys, sweep, corpus, mutations } as const;

const asked = process.argv.slice(2);
for (const [name, bench] of Object.entries(BENCHES)) {
  // These take long: only when asked for.
  if (asked.length > 0 ? !asked.includes(name) : ["corpus", "sweep", "mutations"].includes(name)) continue;
  console.log(`\n${name}`);
  await bench();
}
