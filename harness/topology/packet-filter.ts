// The machine's packet filter, where services are plain processes: whether we may change it, and what we have left in it.

import { execFileSync } from "node:child_process";
import { basename } from "node:path";
import { messageOf } from "../base/errors.ts";
import { run } from "../base/process.ts";

let known: { readonly why: string | undefined } | undefined;

/** Why this machine's packets can't be dropped; undefined when they can. Asked once. */
export function whyNoPacketFilter(): string | undefined {
  known ??= { why: ask() };
  return known.why;
}

function ask(): string | undefined {
  if (process.platform !== "linux") return `this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "changing the packet filter takes root";
  try {
    execFileSync("iptables", ["-w", "5", "-S", "INPUT"], { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    return undefined;
  } catch (error) {
    return messageOf(error).split("\n")[0];
  }
}

/** What the rules of a run carry as their comment. */
export const markOf = (workDirectory: string): string => basename(workDirectory);

/** A run's rules that are still there, as the arguments that added them. */
export async function rulesOf(workDirectory: string): Promise<string[]> {
  if (whyNoPacketFilter() !== undefined) return [];
  const { stdout } = await run("iptables", ["-w", "5", "-S"]);
  return stdout.split("\n").filter((line) => line.startsWith("-A ") && line.split(/[ "]/).includes(markOf(workDirectory)));
}

export async function removeRules(workDirectory: string): Promise<void> {
  for (const rule of await rulesOf(workDirectory)) await run("iptables", ["-w", "5", ...rule.replace(/^-A/, "-D").replaceAll('"', "").split(" ")]);
}
