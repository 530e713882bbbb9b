// How two schemas differ, where a test asks for nothing but that.

import type { SchemaObject } from "../../harness/judge/run-record.ts";
import type { Finding } from "../../harness/judge/scorecard.ts";
import { type Expected, judgeStructure } from "../../harness/judge/structure.ts";

/** As a drill without any wish judges it. */
export function differencesOf(before: readonly SchemaObject[], after: readonly SchemaObject[], expected: Expected = "before"): readonly Finding[] {
  return judgeStructure(before, after, {}, "2026-01-01", expected).findings;
}
