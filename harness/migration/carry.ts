// Rows of another database that a step's statements need, brought over into a temporary table of its transaction.

import { pipeline } from "node:stream/promises";
import type pg from "pg";
import copy from "pg-copy-streams";
import type { Step } from "../drill/plan.ts";
import type { OnDatabase } from "./sessions.ts";

/** Reads what is committed there now: what clients write there later is missing here, unless they are held meanwhile. */
export async function carryOver(carried: Step["carry"], to: pg.Client, on: OnDatabase): Promise<void> {
  for (const { from, query, table, columns } of carried) {
    const source = await on(from);
    await to.query(`create temporary table ${table} (${columns}) on commit drop`);
    await pipeline(source.query(copy.to(`copy (${query}) to stdout`)), to.query(copy.from(`copy ${table} from stdin`)));
    await to.query(`analyze ${table}`);
  }
}
