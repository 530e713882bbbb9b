// What an environment may not decide about a rehearsal.

import { expect, test } from "vitest";
import { cleanEnvironment } from "../../harness/base/environment.ts";

test("what leads clients elsewhere is dropped, and everything else stays", () => {
  const kept = { PATH: "/bin", HOME: "/root", DOCKER_HOST: "unix:///x", NO_PROXY: "x", PAGER: "less", TURNBACK_RUNS: "runs", PGP_KEY: "k" };
  const hostile = {
    PGHOST: "10.0.0.1", PGOPTIONS: "-c search_path=evil", PGSSLMODE: "require", PGSERVICE: "x", PGCLIENTENCODING: "LATIN1", NODE_PG_FORCE_NATIVE: "1",
    HTTP_PROXY: "http://x", https_proxy: "http://x", ALL_PROXY: "socks://x", NODE_USE_ENV_PROXY: "1", K6_VUS: "1", K6_OUT: "cloud",
  };
  const environment: NodeJS.ProcessEnv = { ...kept, ...hostile, TZ: "Asia/Kathmandu" };
  expect(cleanEnvironment(environment).sort()).toEqual(Object.keys(hostile).sort());
  expect(environment).toEqual({ ...kept, TZ: "UTC" });
});
