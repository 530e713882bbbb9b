// Every figure of the README, measured side by side: `npm run bench`, or `npm run bench -- calibrate`.

import { firstOperation } from "./first-operation.ts";
import { ledgerCost } from "./ledger-cost.ts";
import { calibrate } from "./calibrate.ts";
import { isolation } from "./isolation.ts";
import { judgeMillion } from "./judge-million.ts";

const BENCHES = { "first-operation": firstOperation, "ledger-cost": ledgerCost, calibrate, "judge-million": judgeMillion, isolation } as const;

const asked = process.argv.slice(2);
for (const [name, bench] of Object.entries(BENCHES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n${name}`);
  await bench();
}
