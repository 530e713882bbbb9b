// The documentation is run: its drill, its commands, its reference.

import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../harness/base/files.ts";
import { CONSISTENCY_MODELS } from "../harness/drill/consistency-models.ts";
import { faultSchema } from "../harness/drill/fault.ts";
import { rollbackSchema } from "../harness/drill/schema.ts";
import { CATALOGUE, readCatalogue, renderCatalogue } from "../reports/catalogue.ts";
import { REFERENCE, renderReference } from "../reports/reference.ts";
import { rehearse, temporaryFolder } from "./support/drills.ts";

const readme = await readFile(join(ROOT, "README.md"), "utf8");
const guide = await readFile(join(ROOT, "scenarios/guide.md"), "utf8");

describe("the documentation", () => {
  test("the drill of the README runs as it stands there, and is met", async () => {
    const snippet = /```yaml\n(name: my-first[\s\S]*?)```/.exec(readme)?.[1];
    expect(snippet).toBeDefined();
    await using folder = await temporaryFolder();
    const file = join(folder.path, "my-first.drill.yaml");
    await writeFile(file, snippet ?? "");
    const { card } = await rehearse(file, { runtime: "process", runs: join(folder.path, "runs") });
    expect(card.verdict, card.objectives.map(({ name, verdict, reason }) => `${name} ${verdict}: ${reason}`).join("\n")).toBe("met");
  });

  test("every command that it names exists", async () => {
    const main = await readFile(join(ROOT, "harness/cli/turnback.ts"), "utf8");
    for (const [, command] of `${readme}${guide}`.matchAll(/npx turnback ([a-z]+)/g)) expect(main).toContain(`program.command("${command}")`);
    const scripts = (JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }).scripts;
    for (const [, script] of readme.matchAll(/npm run ([a-z]+)/g)) expect(Object.keys(scripts)).toContain(script);
  });

  test("the reference is the one that the schema gives", async () => {
    expect(await readFile(REFERENCE, "utf8")).toBe(renderReference());
  });

  test("the catalogue is the one that the drills give", async () => {
    expect(await readFile(CATALOGUE, "utf8")).toBe(renderCatalogue(await readCatalogue()));
  });

  test("every drill, fault, way back and model that the guide names exists", async () => {
    const known = new Set<string>([...(await readCatalogue()).map(({ name }) => name), ...faultSchema.options.map(({ shape }) => shape.kind.value), ...CONSISTENCY_MODELS]);
    const named = [...guide.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((name) => !known.has(name) && !rollbackSchema.safeParse({ strategy: name }).success)).toEqual([]);
  });

  test("the catalogue explains thirty drills, of which twenty rebuild bad days that are told in public", async () => {
    const entries = await readCatalogue();
    expect(entries.filter(({ learn }) => learn !== undefined).length).toBeGreaterThanOrEqual(30);
    expect(entries.filter(({ learn, sources }) => learn !== undefined && sources.length > 0).length).toBeGreaterThanOrEqual(20);
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
  });

  test("every file that the tours name is there", async () => {
    for (const tour of ["README.md", "harness/README.md", "scenarios/guide.md", "bench/README.md"]) {
      const text = await readFile(join(ROOT, tour), "utf8");
      for (const [, path = ""] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) await readFile(join(ROOT, dirname(tour), path));
      for (const [, path = ""] of text.matchAll(/`((?:[a-z0-9-]+\/)+[a-z0-9.-]+\.(?:ts|go|md))`/g)) {
        const found = await Promise.any([join(ROOT, path), join(ROOT, "harness", path)].map((file) => readFile(file))).catch(() => undefined);
        if (!path.includes("your-")) expect(found, `${tour} names ${path}`).toBeDefined();
      }
    }
  });
});
