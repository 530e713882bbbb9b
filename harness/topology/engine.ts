// Finds a Docker engine, and says for each place that was tried why it didn't do.

import { request } from "node:http";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { codeOf, messageOf } from "../base/errors.ts";

export type EngineAttempt = {
  readonly place: string;
  readonly answers: boolean;
  readonly detail: string;
  readonly remedy?: string;
};

const ANSWER_MS = 2_000;
export const OUR_IMAGES: readonly string[] = ["turnback/postgres:latest", "turnback/proxies:latest"];

/** Tries every place where an engine may listen, in order; the first that answers is used. */
export async function tryEngines(): Promise<EngineAttempt[]> {
  const declared = process.env["DOCKER_HOST"];
  const places = declared !== undefined && declared !== "" ? [declared] : [
    "unix:///var/run/docker.sock",
    ...homes().flatMap((home) => [`unix://${join(home, ".docker/run/docker.sock")}`, `unix://${join(home, ".colima/default/docker.sock")}`]),
    ...(process.getuid ? [`unix:///run/user/${process.getuid()}/podman/podman.sock`] : []),
  ];
  return Promise.all(places.map(tryEngine));
}

/** A user that the machine doesn't know has none. */
function homes(): string[] {
  try {
    return [homedir()];
  } catch {
    return [];
  }
}

async function tryEngine(place: string): Promise<EngineAttempt> {
  const socketPath = socketOf(place);
  if (socketPath !== undefined && !existsSync(socketPath)) {
    return { place, answers: false, detail: "there is no such socket", remedy: "start an engine, or TURNBACK_INSTALL_DOCKER=1 npm run setup on Debian as root" };
  }
  try {
    const { status, body } = await ask(place, "/version");
    const version = (body as { readonly Version?: string } | undefined)?.Version;
    if (version === undefined) throw new Error(`something answers there, but it is no engine (status ${status})`);
    return { place, answers: true, detail: `engine ${version}` };
  } catch (error) {
    const remedy = codeOf(error) === "EACCES" ? "add your user to the group `docker`, or run as root"
      : codeOf(error) === "ECONNREFUSED" ? "the engine is not running: `service docker start`" : "is the engine healthy? `docker info`";
    return { place, answers: false, detail: messageOf(error), remedy };
  }
}

/** Those of our images that the engine lacks; `npm run setup` builds them. */
export async function missingImages(place: string): Promise<string[]> {
  const present = await Promise.all(OUR_IMAGES.map(async (image) => (await ask(place, `/images/${image}/json`)).status === 200));
  return OUR_IMAGES.filter((_, index) => !present[index]);
}

function socketOf(place: string): string | undefined {
  return place.startsWith("unix://") ? place.slice("unix://".length) : undefined;
}

/** One GET of the engine's API, bounded; a body that is no JSON is undefined. */
function ask(place: string, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const socketPath = socketOf(place);
  return new Promise((resolve, reject) => {
    const target = socketPath === undefined ? new URL(place.replace(/^tcp:/, "http:")) : undefined;
    const call = request({
      path, timeout: ANSWER_MS,
      ...(socketPath === undefined ? { host: target?.hostname, port: target?.port || 2375 } : { socketPath }),
    }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; }).once("error", reject).once("end", () => {
        let body: unknown;
        try {
          body = JSON.parse(text);
        } catch {
          body = undefined; // the caller says what it expected
        }
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    call.once("timeout", () => call.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
    call.once("error", reject);
    call.end();
  });
}
