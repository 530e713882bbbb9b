// For tests that run side by side: a temporary folder of their own, so that each sees what it leaves itself.

import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const worker = process.env["VITEST_POOL_ID"] ?? "0";
if (!tmpdir().endsWith(`tb-worker-${worker}`)) {
  const folder = join(tmpdir(), `tb-worker-${worker}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 }); // PostgreSQL's user must get through
  process.env["TMPDIR"] = folder;
}
