// `turnback isolation`: checks a history of transactions, from anywhere, against a consistency model.

import { stat } from "node:fs/promises";
import { inShort } from "../base/quoted.ts";
import { declarationError } from "../drill/parse.ts";
import { checkIsolation, type Isolation } from "../judge/isolation/check.ts";
import { isolationJson, meaningOf, tell } from "../judge/isolation/describe.ts";
import type { Model } from "../judge/isolation/model.ts";
import { readHistory } from "../judge/isolation/read-ndjson.ts";
import { renderCycle } from "../../reports/cycle.ts";
import { WIDTH, wrap } from "../../reports/terminal.ts";
import { writeReport } from "./places.ts";
import { print, printJson, type Json } from "./print.ts";

export async function isolation(file: string, flags: Json & { readonly model: Model; readonly svg?: string }): Promise<void> {
  if ((await stat(file).catch(() => undefined))?.isDirectory()) throw declarationError(inShort(file), `${inShort(file)} is a folder, and no history`, "give a file with one JSON object a line");
  const history = readHistory(file);
  const result = checkIsolation(history, flags.model);
  if (flags.json) printJson(isolationJson(history, result));
  else print(folded(inWords(result, result.anomalies.map((anomaly) => tell(history, anomaly).text))));
  const cycle = result.anomalies.find(({ steps }) => steps);
  if (flags.svg && cycle) await writeReport(flags.svg, renderCycle(tell(history, cycle)), "make room, or choose another file with --svg");
  process.exitCode = result.valid === true ? 0 : result.valid === false ? 1 : 2;
}

function inWords(result: Isolation, told: readonly string[]): string {
  const { ok, fail, info } = result.transactions;
  const size = `${ok.toLocaleString("en-US")} committed transactions, ${fail.toLocaleString("en-US")} failed, ${info.toLocaleString("en-US")} of unknown outcome; ${result.edges.toLocaleString("en-US")} dependencies`;
  if (result.valid === true) return `${result.model} holds\n${size}`;
  if (result.valid === "unknown") return `${result.model}: we don't know, for ${result.reason}\n${size}`;
  const kinds = [...result.counts].map(([type, count]) => `  ${String(count).padStart(6)}  ${type}: ${meaningOf(type)}`);
  return [`${result.model} is violated; the weakest that is: ${result.weakestViolated.join(", ")}`, size, ...kinds, "", told.join("\n\n")].join("\n");
}

/** Long lines go on below what they say, and not below their label. */
function folded(text: string): string {
  return text.split("\n").flatMap((line) => {
    const label = /^ +(?:(?:T?\d+|\|) +)?/.exec(line)?.[0] ?? "";
    const below = label.replace(/[^ |]/g, " ");
    return wrap(line.slice(label.length), WIDTH - label.length).map((part, i) => `${i === 0 ? label : below}${part}`);
  }).join("\n");
}
