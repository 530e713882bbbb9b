// What every page is built of: one self-contained file, in the same look.

import { visible } from "../harness/base/visible.ts";
import type { Verdict } from "../harness/judge/scorecard.ts";
import { STYLE } from "./style.ts";
import { ICONS, WORDS } from "./words.ts";

/** A page that opens from the file system and needs nothing else: no script, no font, no network. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${text(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

export function badge(verdict: Verdict): string {
  return `<span class="badge ${verdict}"><span aria-hidden="true">${ICONS[verdict]}</span> ${WORDS[verdict]}</span>`;
}

export function section(id: string, title: string, body: string): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>\n${body}\n</section>`;
}

export function table(heads: readonly string[], rows: string): string {
  return `<div class="scroll" tabindex="0" role="region" aria-label="Table: ${heads.map((head) => head.replace(/<[^>]*>/g, "")).filter((head) => head !== "").join(", ")}"><table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** Text as HTML, also within a quoted attribute. */
export function text(value: string): string {
  return visible(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
