// Draws a cycle of transactions: who had to come before whom, in a ring that can't be.

import type { ToldAnomaly } from "../harness/judge/isolation/describe.ts";
import { quoteText } from "../harness/judge/isolation/describe.ts";
import { text } from "./page.ts";

const COLOURS: Readonly<Record<string, string>> = { ww: "#1f6f8b", wr: "#3a7d44", rw: "#b3402a", process: "#7a6a53", realtime: "#7a6a53" };
const BOX = { width: 330, height: 50 } as const;
const CHARACTERS = 44;

/** One cycle as a self-contained SVG; an anomaly without one gives its transactions in a row. */
export function renderCycle({ type, detail, transactions, steps = [] }: ToldAnomaly): string {
  const n = transactions.length;
  // Wide enough that boxes beside each other don't touch, high enough that those above don't.
  const [rx, ry] = n <= 2 ? [60, 85] : [Math.max(210, n * 55), Math.max(110, n * 32)];
  const [width, height] = [rx * 2 + BOX.width + 40, ry * 2 + 130];
  const [cx, cy] = [width / 2, ry + 85];
  const at = (i: number) => {
    const angle = (2 * Math.PI * i) / n - Math.PI / 2;
    return { x: cx + rx * Math.cos(angle), y: cy + ry * Math.sin(angle) };
  };
  const arrows = steps.map(({ from, to, edge, because }) => {
    const [a, b] = [at(from), at(to)];
    const colour = COLOURS[edge] ?? "#555";
    // Bent outward, so that the two arrows of a pair don't lie on each other.
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const length = Math.hypot(dx, dy) || 1;
    const bend = n === 2 ? 90 : 30;
    const [mx, my] = [(a.x + b.x) / 2 + (dy / length) * bend, (a.y + b.y) / 2 - (dx / length) * bend];
    const [lx, ly] = [(a.x + b.x) / 4 + mx / 2, (a.y + b.y) / 4 + my / 2];
    const end = edgeOfBox(b, { x: mx, y: my });
    return `<path d="M${px(a.x)} ${px(a.y)} Q${px(mx)} ${px(my)} ${px(end.x)} ${px(end.y)}" fill="none" stroke="${colour}" stroke-width="2" marker-end="url(#${edge})"${edge === "realtime" || edge === "process" ? ' stroke-dasharray="6 4"' : ""}><title>${text(because)}</title></path>`
      + `<text x="${px(lx)}" y="${px(ly)}" fill="${colour}" class="edge" text-anchor="middle" dominant-baseline="middle">${edge}</text>`;
  });
  const boxes = transactions.map((quoted, i) => {
    const { x, y } = at(i);
    const told = quoteText(quoted);
    return `<g><rect x="${px(x - BOX.width / 2)}" y="${px(y - BOX.height / 2)}" width="${BOX.width}" height="${BOX.height}" rx="6" fill="#fffdf8" stroke="#555"/>`
      + `<text x="${px(x)}" y="${px(y - 8)}" text-anchor="middle" class="name">T${i + 1} · #${quoted.index} · process ${quoted.process} · ${quoted.type}</text>`
      + `<text x="${px(x)}" y="${px(y + 13)}" text-anchor="middle" class="ops">${text(told.length > CHARACTERS ? `${told.slice(0, CHARACTERS - 1)}…` : told)}<title>${text(told)}</title></text></g>`;
  });
  const markers = Object.entries(COLOURS).map(([edge, colour]) => `<marker id="${edge}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L10 5L0 10z" fill="${colour}"/></marker>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(height)}" role="img" aria-label="${text(`${type}: ${detail}`)}">`
    + `<style>text{font-family:ui-sans-serif,system-ui,sans-serif;font-size:13px;fill:#222}.name{font-weight:600}.ops{font-family:ui-monospace,monospace;font-size:12px}.edge{font-weight:700;font-size:14px;paint-order:stroke;stroke:#fff;stroke-width:5px}.title{font-size:17px;font-weight:600}</style>`
    + `<defs>${markers.join("")}</defs><rect width="100%" height="100%" fill="#fff"/><text x="20" y="28" class="title">${text(type)}<title>${text(detail)}</title></text>`
    + `${arrows.join("")}${boxes.join("")}</svg>`;
}

/** Where a line from outside meets the box around a transaction. */
function edgeOfBox(centre: { readonly x: number; readonly y: number }, from: { readonly x: number; readonly y: number }): { readonly x: number; readonly y: number } {
  const [dx, dy] = [from.x - centre.x, from.y - centre.y];
  const scale = Math.min(Math.abs(BOX.width / 2 / (dx || 1e-9)), Math.abs(BOX.height / 2 / (dy || 1e-9)), 1);
  return { x: centre.x + dx * scale, y: centre.y + dy * scale };
}

function px(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
