// The reference of the declaration, generated from the schema: `npm run reference`.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ROOT } from "../harness/base/files.ts";
import { CATALOGUE, readCatalogue, renderCatalogue } from "./catalogue.ts";
import { faultSchema, triggerSchema } from "../harness/drill/fault.ts";
import { drillSchema, rollbackSchema } from "../harness/drill/schema.ts";
import { stepSchema } from "../harness/drill/plan.ts";
import { systemSchema } from "../harness/drill/system.ts";
import { newcomers } from "./reference-newcomers.ts";

type Node = {
  readonly description?: string; readonly type?: string; readonly const?: unknown; readonly enum?: readonly unknown[]; readonly default?: unknown;
  readonly minimum?: number; readonly maximum?: number; readonly properties?: Readonly<Record<string, Node>>; readonly required?: readonly string[];
  readonly anyOf?: readonly Node[]; readonly oneOf?: readonly Node[]; readonly items?: Node;
};

export const REFERENCE = join(ROOT, "harness/reference.md");

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node;

/** The page as Markdown; a test compares it with the file. */
export function renderReference(): string {
  const drill = schemaOf(drillSchema);
  const faults = schemaOf(faultSchema);
  return [
    "# Reference of the declaration", "", "Generated from the schema by `npm run reference`. A field with a default may be left out.", "",
    "## Drill (`*.drill.ts`, `.yaml`, `.json`)", "", ...fields(drill, ""),
    "", "## Faults", "", ...(faults.oneOf ?? faults.anyOf ?? []).flatMap((fault) => [
      `### ${String(fault.properties?.["kind"]?.const)}`, "", `${fault.description ?? ""}.`, "", ...fields({ ...fault, properties: omit(fault.properties, ["kind", "at"]) }, ""), ""]),
    "## Ways back (`rollback`, by its `strategy`)", "", ...(schemaOf(rollbackSchema).oneOf ?? schemaOf(rollbackSchema).anyOf ?? []).flatMap((way) => [
      `### ${String(way.properties?.["strategy"]?.const)}`, "", `${way.description ?? ""}.`, "", ...fields({ ...way, properties: omit(way.properties, ["strategy"]) }, ""), ""]),
    "## Triggers (`at` of a fault)", "", ...(schemaOf(triggerSchema).anyOf ?? []).map((trigger) => `- ${Object.entries(trigger.properties ?? {}).map(([name, field]) => `\`${name}\`${field.description ? ` (${field.description})` : ""}`).join(", ")}`),
    "", "## System (`system.yaml`)", "", ...fields(schemaOf(systemSchema), ""),
    "", "## A plan's step (`plan.yaml`)", "", ...fields(schemaOf(stepSchema), ""), "", ...newcomers(), "",
  ].join("\n");
}

function omit(properties: Node["properties"], names: readonly string[]): NonNullable<Node["properties"]> {
  return Object.fromEntries(Object.entries(properties ?? {}).filter(([name]) => !names.includes(name)));
}

function fields(node: Node, prefix: string): string[] {
  const head = prefix === "" ? ["| field | value | default | meaning |", "|---|---|---|---|"] : [];
  return [...head, ...Object.entries(node.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    if (path === "faults") return [`| \`faults\` | list | [] | see below |`];
    if (path === "rollback") return [`| \`rollback\` | a way back | \`{"strategy":"down"}\` | see below |`];
    const missing = node.required?.includes(name) && field.default === undefined ? "required" : field.default === undefined ? "" : `\`${JSON.stringify(field.default)}\``;
    const row = `| \`${path}\` | ${valueOf(field)} | ${missing} | ${(field.description ?? "").replaceAll("|", "\\|")} |`;
    return [row, ...(field.properties ? fields(field, `${path}.`) : []), ...(field.items?.properties ? fields(field.items, `${path}[].`) : [])];
  })];
}

function valueOf(field: Node): string {
  if (field.enum) return field.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (field.const !== undefined) return `\`${String(field.const)}\``;
  const options = field.anyOf ?? field.oneOf;
  if (options) return options.map(valueOf).join(" or ");
  const bounds = [field.minimum, field.maximum].some((bound) => bound !== undefined && Math.abs(bound) < 1e15) ? ` ${field.minimum ?? ""}..${field.maximum !== undefined && field.maximum < 1e15 ? field.maximum : ""}` : "";
  return `${field.type ?? "object"}${bounds}`;
}

if (import.meta.main) {
  await writeFile(REFERENCE, renderReference());
  await writeFile(CATALOGUE, renderCatalogue(await readCatalogue()));
}
