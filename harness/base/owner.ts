// Who makes something that isn't whole yet, in its name: whoever finds it knows whether somebody still works on it.

import { readFileSync, readlinkSync } from "node:fs";
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { ownIdentity, stillRuns } from "./process.ts";

/** Where process ids mean something: a boot of a machine, and a namespace of it. */
export type Place = { readonly host: string; readonly boot: string; readonly namespace: string };

export const here = (): Place => ({ host: hostname(), boot: readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim(), namespace: readlinkSync("/proc/self/ns/pid") });

/** Why the processes of a place can't be told from here, if they can't. */
export function whyElsewhere(place: Place): string | undefined {
  const now = here();
  if (place.host !== now.host && place.boot !== now.boot) return `it belongs to machine ${place.host}: run \`turnback clean\` there`;
  if (place.boot === now.boot && place.namespace !== now.namespace) return "it belongs to another pid namespace of this machine (a container): run `turnback clean` there, or end that";
  return undefined;
}

const short = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);
const OWNED = /\.(\d+)-(\d+)-([0-9a-f]{8})-(\d+)-([0-9a-f]{8})(?:-\d+)?\.partial$/;
let made = 0;

/** The name of what is being made and will be called `path`, by this process. */
export function partialOf(path: string): string {
  const [{ pid, startTicks }, { host, boot, namespace }] = [ownIdentity(), here()];
  return `${path}.${pid}-${startTicks}-${short(boot)}-${/\d+/.exec(namespace)?.[0] ?? "0"}-${short(host)}-${made++}.partial`;
}

/**
 * What has become of whoever made this: undefined where the name is of no such thing; "elsewhere" where it can't be told from here.
 * After another boot of the same machine, nobody works on it any more.
 */
export function fateOf(name: string): "works" | "gone" | "elsewhere" | undefined {
  const [, pid, startTicks, boot, namespace, host] = OWNED.exec(name) ?? [];
  if (pid === undefined) return undefined;
  const now = here();
  if (boot !== short(now.boot)) return host === short(now.host) ? "gone" : "elsewhere";
  if (namespace !== /\d+/.exec(now.namespace)?.[0]) return "elsewhere";
  return stillRuns({ pid: Number(pid), startTicks: Number(startTicks) }) ? "works" : "gone";
}
