// The corpus's whole drills say exactly what they must come to, and nothing else passes for it.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../harness/base/files.ts";
import { readDrill } from "../../harness/drill/parse.ts";
import type { Drill } from "../../harness/drill/schema.ts";
import { surprises } from "../../harness/judge/expectation.ts";
import type { Finding, Scorecard } from "../../harness/judge/scorecard.ts";
import { drillFiles, renderDrills, siblings } from "./drills.ts";

const drills = await Promise.all((await drillFiles()).map(async (file) => ({ file, drill: await readDrill(file) })));
type Expect = NonNullable<Drill["expect"]>;
const expectOf = (drill: Drill): Expect => drill.expect ?? { verdict: "met", missed: [], findings: [], onlyThese: false, says: [] };

/** A planted case, or a test whose file has that title. */
function isThere(sibling: string): boolean {
  const [, file, title] = /^(\S+\.ts): (.*)$/.exec(sibling) ?? [];
  if (file === undefined || title === undefined) return existsSync(join(ROOT, "test/corpus", `${sibling}.yaml`));
  return existsSync(join(ROOT, file)) && readFileSync(join(ROOT, file), "utf8").includes(title);
}

/** A scorecard as an expectation asks for it. */
function cardOf({ verdict, missed, findings, says }: Expect, drill: Drill): Scorecard {
  const names = ["completion", "service", ...Object.keys(drill.objectives)];
  return {
    verdict, summary: says.join(" "),
    objectives: names.map((name) => ({ name, reason: "", verdict: missed.includes(name) ? "missed" : verdict === "unknown" ? "unknown" : "met" })),
    findings: findings.map((finding) => ({ kind: finding.split(" ")[0], subject: finding.split(" ").slice(1).join(" "), detail: "" }) as Finding),
  } as unknown as Scorecard;
}

/** The same expectation, wrong in one thing. */
function wrongly(right: Expect): Expect[] {
  const without = (words: readonly string[], at: number) => words.filter((_, i) => i !== at);
  return [
    ...(["met", "missed", "unknown"] as const).filter((verdict) => verdict !== right.verdict).map((verdict) => ({ ...right, verdict })),
    ...right.missed.map((_, i) => ({ ...right, missed: without(right.missed, i) })),
    ...["availability", "isolation"].map((name) => ({ ...right, missed: [...right.missed, name] })),
    ...right.findings.flatMap((finding, i) => [{ ...right, findings: without(right.findings, i) }, { ...right, findings: [...without(right.findings, i), `${finding}s`] }]),
    { ...right, findings: [...right.findings, "write-lost order"] },
    { ...right, says: [...right.says, "what nobody said"] },
  ];
}

describe("the drills of the corpus", () => {
  test("are rebuilt from public reports, and say exactly what they must come to", () => {
    expect(drills.length).toBeGreaterThanOrEqual(22);
    expect(drills.filter(({ drill }) => drill.sources.length === 0 || !drill.expect?.onlyThese).map(({ drill }) => drill.name)).toEqual([]);
    expect(new Set(drills.map(({ drill }) => expectOf(drill).verdict))).toEqual(new Set(["met", "missed", "unknown"]));
  });

  test("are each a folder of its own, that uses nothing from elsewhere", () => {
    const elsewhere = drills.filter(({ file, drill }) => {
      const folder = relative(ROOT, dirname(file));
      return ![drill.system.path, drill.migration.plan, drill.load.workload].every((path) => path === folder || path.startsWith(`${folder}/`));
    });
    expect(elsewhere.map(({ drill }) => drill.name)).toEqual([]);
  });

  test.for(drills.map(({ drill }) => [drill.name, drill] as const))("%s takes nothing else for what it must come to", ([, drill]) => {
    const right = expectOf(drill);
    expect(surprises(right, cardOf(right, drill))).toEqual([]);
    expect(wrongly(right).filter((wrong) => surprises(wrong, cardOf(right, drill)).length === 0), "passes for right").toEqual([]);
  });

  test("have three siblings each, which are there", () => {
    const of = siblings();
    expect([...of.keys()].toSorted()).toEqual(drills.map(({ drill }) => drill.name).toSorted());
    expect([...of].filter(([, some]) => new Set(some).size < 3).map(([name]) => name)).toEqual([]);
    expect([...of.values()].flat().filter((sibling) => !isThere(sibling))).toEqual([]);
    expect(["defects/accounts/no-such-case", "test/corpus/drills.test.ts: no such " + "title"].filter(isThere), "what is not there").toEqual([]);
  });

  test("stand in the documentation", async () => {
    await expect(renderDrills(drills.map(({ drill }) => drill))).toMatchFileSnapshot("drills/README.md");
  });
});
