// Ways back as they are named on the command line.

import { declarationError } from "../drill/parse.ts";
import type { Rollback } from "../drill/schema.ts";
import { STRATEGIES } from "../rollback/registry.ts";

/** Reads `down,pitr`. @throws HarnessError, exit code 3, for what is no way back, and for fewer than are needed */
export function parseWays(list: string, { least, fewer }: { readonly least: number; readonly fewer: string }): readonly Rollback["strategy"][] {
  const ways = list.split(",").map((way) => way.trim()).filter((way) => way !== "");
  const unknown = ways.find((way) => !(STRATEGIES as readonly string[]).includes(way));
  if (unknown !== undefined || ways.length < least || new Set(ways).size < ways.length) {
    const what = unknown !== undefined ? `there is no way back "${unknown}"` : ways.length < least ? fewer : "each way back is named once";
    throw declarationError("--ways", `--ways: ${what}`, `the ways back are ${STRATEGIES.join(", ")}`);
  }
  return ways as Rollback["strategy"][];
}
