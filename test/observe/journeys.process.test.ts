// Journeys in a real browser: how they went, with evidence; and what keeps them from being made is never a failure of the application.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../harness/base/files.ts";
import { makeJourneys } from "../../harness/observe/journeys.ts";
import { browserReason } from "../support/browser.ts";
import { temporaryFolder } from "../support/drills.ts";

/** An application that shows a page for each path, and answers 503 where there is none. */
async function application(pages: Readonly<Record<string, string>>): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ""];
    response.writeHead(page === undefined ? 503 : 200, { "content-type": "text/html", connection: "close" }).end(page ?? "Nothing was done");
  });
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => { server.close(() => { resolve(); }); }) };
}

async function made(urls: Readonly<Record<string, string>>, journeys?: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  // Tests import Playwright from where they lie.
  const own = join(ROOT, ".cache", `journeys-${process.pid}-${Math.round(performance.now())}`);
  try {
    if (journeys) mkdirSync(own, { recursive: true });
    for (const [name, text] of Object.entries(journeys ?? {})) writeFileSync(join(own, name), text);
    const result = await makeJourneys({ folder: journeys ? relative(ROOT, own) : "fixtures/systems/shop/journeys", urls: new Map(Object.entries(urls)), runDirectory: folder.path, workDirectory: folder.path, withinMs: 60_000 });
    return { result, evidence: result.flatMap(({ screenshot, trace }) => [screenshot, trace]).map((file) => file !== undefined && existsSync(join(folder.path, file))) };
  } finally {
    await folder[Symbol.asyncDispose]();
    await rm(own, { recursive: true, force: true });
  }
}

describe.skipIf(browserReason)("journeys", () => {
  test("are made at each version that serves; what fails says why, with a picture and a trace", async () => {
    await using works = await application({ "/reports/totals": '<p id="lines">12.50</p><p id="ordered">12.50</p>' });
    await using wrong = await application({ "/reports/totals": '<p id="lines">12.50</p><p id="ordered">11.50</p>' });
    const { result, evidence } = await made({ v1: works.url, v2: wrong.url });
    expect(result).toHaveLength(8);
    const totals = result.filter(({ name }) => name.startsWith("the totals"));
    expect(totals).toEqual([expect.objectContaining({ version: "v1", state: "passed" }), expect.objectContaining({ version: "v2", state: "failed", error: expect.stringContaining("11.50") as string })]);
    expect(result.filter(({ state }) => state === "failed")).toHaveLength(7);
    expect(result.find(({ name }) => name.includes("history"))).toMatchObject({ error: expect.stringMatching(/Expected: 200 .*503/) as string });
    expect(evidence).toEqual(evidence.map(() => true));
  });

  test("at nobody fail, and don't hang", async () => {
    const gone = await application({});
    await gone[Symbol.asyncDispose]();
    const { result } = await made({ v1: gone.url });
    expect(result.map(({ state }) => state)).toEqual(["failed", "failed", "failed", "failed"]);
  });

  test("that are none, or can't be read, are not made", async () => {
    await expect(made({ v1: "http://127.0.0.1:1" }, {})).rejects.toThrow(/could not make the journeys: .*No tests found/);
    await expect(made({ v1: "http://127.0.0.1:1" }, { "broken.spec.ts": "import { test } from '@playwright/test';\ntest('x', async () => {" })).rejects.toThrow(/could not make the journeys/);
  });

  test("without a browser are not made, and that is said", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      await expect(made({ v1: "http://127.0.0.1:1" })).rejects.toThrow("there is no browser for the journeys");
    } finally {
      process.env["PATH"] = path;
    }
  });
});
