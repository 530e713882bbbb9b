// What is left in the machine's packet filter by a run is found and taken away, and nobody else's rules are touched.

import { afterEach, describe, expect, test } from "vitest";
import { run } from "../../harness/base/process.ts";
import { removeRules, rulesOf, whyNoPacketFilter } from "../../harness/topology/packet-filter.ts";

const add = (mark: string, ...match: string[]) => run("iptables", ["-w", "5", "-A", "INPUT", "-p", "tcp", "--dport", "9", ...match, "-m", "comment", "--comment", mark, "-j", "DROP"]);

describe.skipIf(whyNoPacketFilter())("rules of a run in the packet filter", () => {
  afterEach(async () => { for (const mark of ["turnback-test01", "turnback-test012"]) await removeRules(`/tmp/${mark}`); });

  test("are found by the run's mark, and removed without those of another", async () => {
    expect(await rulesOf("/tmp/turnback-test01")).toEqual([]);
    await add("turnback-test01");
    await add("turnback-test01", "-m", "statistic", "--mode", "random", "--probability", "0.2");
    await add("turnback-test012");
    expect(await rulesOf("/tmp/turnback-test01")).toHaveLength(2);
    await removeRules("/tmp/turnback-test01");
    expect(await rulesOf("/tmp/turnback-test01")).toEqual([]);
    expect(await rulesOf("/tmp/turnback-test012")).toHaveLength(1);
  });
});
