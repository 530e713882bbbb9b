// The live view of a run: what the harness does, and what clients see while it does it.

import { forTerminal, visible } from "../harness/base/visible.ts";
import type { RunWatcher } from "../harness/conduct/run-drill.ts";
import type { TimelineEntry } from "../harness/evidence/timeline.ts";
import type { LoadStats } from "../harness/load/load.ts";
import { coloursFor } from "./terminal.ts";

type Output = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

/** Lines for what happens; where there is a terminal, also one line at the bottom that keeps changing. */
export function liveView(output: Output): RunWatcher {
  const c = coloursFor(output);
  const moving = Boolean(output.isTTY) && process.env["TERM"] !== "dumb";
  let status = "";
  let last: LoadStats | undefined;
  let run = "";
  const clear = () => { if (moving && status !== "") output.write("\r\u001b[2K"); };
  const print = (text: string) => {
    clear();
    output.write(`${forTerminal(text)}\n`);
    if (moving) output.write(status);
  };
  return {
    started: ({ drill, runtime, seed, directory }) => {
      run = directory;
      print(`${c.bold(drill.name)}: ${runtime.kind} runtime (${runtime.why}), seed ${seed}`);
      print(c.dim(`evidence: ${directory}`));
    },
    say: (what) => print(c.dim(visible(what))),
    event: (entry) => {
      const text = visible(describe(entry) ?? "");
      if (entry.kind === "run" && entry.state !== "started") { clear(); status = ""; return; }
      if (text) print(`${c.dim(`${(entry.t / 1e9).toFixed(1).padStart(6)} s`)}  ${colour(c, entry, text)}`);
      else if (entry.kind === "progress" && moving) { clear(); status = statusLine(last, `${entry.step} ${(entry.share * 100).toFixed(0)} %`, output.columns); output.write(status); }
      if (entry.kind === "decision" && entry.state === "asked") print(`          answer with: ${c.bold(`turnback decide ${run} approve`)} (or refuse)`);
    },
    stats: (stats) => {
      if (moving) { clear(); status = statusLine(stats, rate(last, stats), output.columns); output.write(status); }
      last = stats;
    },
  };
}

function rate(before: LoadStats | undefined, now: LoadStats): string {
  if (!before || now.at <= before.at) return "";
  const served = ((now.counts.committed ?? 0) - (before.counts.committed ?? 0)) / ((now.at - before.at) / 1e9);
  const failed = (["rejected", "indeterminate", "dropped"] as const).reduce((sum, key) => sum + (now.counts[key] ?? 0) - (before.counts[key] ?? 0), 0);
  return `${served.toFixed(0)}/s served${failed > 0 ? `, ${failed} failing` : ""}`;
}

function statusLine(stats: LoadStats | undefined, text: string, columns = 80): string {
  const counts = stats ? `clients: ${stats.counts.committed ?? 0} ok, ${(stats.counts.rejected ?? 0) + (stats.counts.indeterminate ?? 0) + (stats.counts.dropped ?? 0)} not; p99 ${stats.p99Ms.toFixed(0)} ms` : "";
  return `          ${counts}  ${text}`.slice(0, columns - 1);
}

function describe(entry: TimelineEntry): string | undefined {
  switch (entry.kind) {
    case "phase": return entry.state === "started" ? `${entry.phase}` : undefined;
    case "load": return entry.state === "steady" ? `load ${entry.detail ?? "in steady state"}` : undefined;
    case "step": return entry.state === "started" ? undefined : `${entry.direction === "forward" ? "→" : "←"} ${entry.step} ${entry.state}${entry.detail ? `: ${short(entry.detail)}` : ""}`;
    case "migration": return entry.state === "started" ? undefined : `migration ${entry.state}${entry.detail ? `: ${short(entry.detail)}` : ""}`;
    case "fault": return `fault ${entry.fault} on ${entry.target}: ${entry.state}${entry.detail ? ` (${short(entry.detail)})` : ""}`;
    case "detector": return `alert ${entry.state}: ${entry.detail ?? ""}`;
    case "decision": return entry.state === "asked" ? `a person is asked: ${entry.detail}` : `decision by ${entry.by}: ${entry.detail}`;
    case "rollback": return entry.state === "started" ? undefined : `rollback ${entry.state}${entry.detail ? `: ${short(entry.detail)}` : ""}`;
    case "backup": return `${entry.label} ${entry.state}: ${short(entry.detail)}`;
    case "flag": return `flag ${entry.flag} ${entry.state}: ${short(entry.detail)}`;
    case "traffic": return `gate ${entry.state}: ${short(entry.detail)}`;
    case "standstill": return `the ${entry.of} stood still for ${((entry.t - entry.from) / 1e6).toFixed(0)} ms`;
    case "quiescence": return `quiescence ${entry.state}`;
    case "harness-error": return `harness: ${entry.message}`;
    default: return undefined;
  }
}

function short(text: string): string {
  return text.length > 52 ? `${text.slice(0, 49)}...` : text;
}

function colour(c: ReturnType<typeof coloursFor>, entry: TimelineEntry, text: string): string {
  if (entry.kind === "phase") return c.bold(text);
  if (entry.kind === "fault") return entry.state === "healed" ? c.cyan(text) : c.magenta(text);
  if (entry.kind === "harness-error") return c.yellow(text);
  if ("state" in entry && entry.state === "failed") return c.red(text);
  return text;
}
