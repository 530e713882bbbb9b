// All kinds of changes, harmful and harmless: several hundred.

import type { Change } from "./change.ts";
import { CODE } from "./changes/code.ts";
import { COLUMNS } from "./changes/columns.ts";
import { DATA } from "./changes/data.ts";
import { NOOPS as ALL_NOOPS } from "./changes/noop.ts";
import { SERVER } from "./changes/server.ts";
import { TABLES } from "./changes/tables.ts";

export const HARMS: readonly Change[] = [...TABLES, ...COLUMNS, ...CODE, ...SERVER, ...DATA];
export const NOOPS = ALL_NOOPS;
export const CHANGES: readonly Change[] = [...HARMS, ...NOOPS];
