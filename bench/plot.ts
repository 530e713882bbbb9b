// The calibration as a picture: how far each stated recovery was off, and how far it said that it might be.

import * as echarts from "echarts";
import type { Kind, Result } from "./calibrate.ts";

const COLOURS: Readonly<Record<Kind, string>> = { cut: "#1f6f8b", pause: "#3a7d44", kill: "#b3402a", "cut, generator stopped": "#7a4fa3" };

/** What is further off stands at the edge, as a triangle with its figure. */
const EDGE_MS = 50;

/** Error over the true length (logarithmic), with the stated uncertainty as a bar through each point's zero. */
export function plotCalibration(results: readonly Result[]): string {
  const shown = results.filter(({ error, perSecond }) => Number.isFinite(error) && perSecond >= 200);
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 900, height: 420 });
  chart.setOption({
    animation: false, backgroundColor: "#ffffff", legend: { top: 8, itemGap: 34, data: [...Object.keys(COLOURS), "stated uncertainty"] },
    title: { text: "", left: 10 }, grid: { left: 70, right: 20, top: 50, bottom: 55 },
    xAxis: { type: "log", name: "true length of the outage, ms", nameLocation: "middle", nameGap: 30, min: 30, max: 40_000 },
    yAxis: { type: "value", name: "stated less true, ms", nameLocation: "middle", nameGap: 45, min: -EDGE_MS, max: EDGE_MS },
    series: [
      {
        name: "stated uncertainty", type: "custom", itemStyle: { color: "#c9c4ba" }, z: 1,
        data: shown.map(({ trueMs, stated, slackMs }) => [trueMs, stated + slackMs]),
        renderItem: (_: unknown, api: { value: (i: number) => number; coord: (p: readonly number[]) => number[] }) => {
          const reach = Math.min(api.value(1), EDGE_MS);
          const [x, top] = api.coord([api.value(0), reach]);
          const [, bottom] = api.coord([api.value(0), -reach]);
          return { type: "line", shape: { x1: x, y1: top, x2: x, y2: bottom }, style: { stroke: "#c9c4ba", lineWidth: 3 } };
        },
      },
      ...Object.entries(COLOURS).map(([kind, color]) => ({ name: kind, type: "scatter", symbolSize: 6, labelLayout: { hideOverlap: true }, z: 2, itemStyle: { color }, data: shown.filter((result) => result.kind === kind).map(({ trueMs, error }) => point(trueMs, error)) })),
    ],
  } as unknown as echarts.EChartsCoreOption);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function point(trueMs: number, error: number): object {
  if (Math.abs(error) <= EDGE_MS) return { value: [trueMs, error] };
  const [value, position] = error > 0 ? [[trueMs, EDGE_MS], "bottom"] : [[trueMs, -EDGE_MS], "top"];
  return { value, symbol: "triangle", symbolSize: 10, symbolRotate: error > 0 ? 0 : 180, label: { show: true, position, formatter: `${error.toFixed(0)} ms`, fontSize: 11 } };
}
