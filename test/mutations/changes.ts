// All kinds of changes, harmful and harmless: several hundred.

import type { Change } from "./change.ts";
import { CODE } from "./changes/code.ts";
import { COLUMNS } from "./changes/columns.ts";
import { DATA } from "./changes/data.ts";
import { DERIVED, NOOPS_OF_DERIVED } from "./changes/derived.ts";
import { NOOPS_OF_CODE } from "./changes/noop-code.ts";
import { NOOPS_OF_SERVER } from "./changes/noop-server.ts";
import { NOOPS_OF_TABLES } from "./changes/noop-tables.ts";
import { SERVER } from "./changes/server.ts";
import { TABLES } from "./changes/tables.ts";

export const HARMS: readonly Change[] = [...TABLES, ...COLUMNS, ...CODE, ...SERVER, ...DATA, ...DERIVED];
/** Meant to change nothing; the witnesses decide. */
export const NOOPS: readonly Change[] = [...NOOPS_OF_TABLES, ...NOOPS_OF_CODE, ...NOOPS_OF_SERVER, ...NOOPS_OF_DERIVED];
export const CHANGES: readonly Change[] = [...HARMS, ...NOOPS];
