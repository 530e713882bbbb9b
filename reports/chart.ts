// The chart of a run: what clients got over time, with migration, faults and outage drawn over it; an SVG string.

import * as echarts from "echarts";
import type { Scorecard, Span } from "../harness/judge/scorecard.ts";

const WIDTH = 1_080;

/** Mid-tones that keep their contrast on white and on near-black, and differ in lightness for greyscale. */
const COLOURS = { served: "#4a90d9", failed: "#c0392b", p50: "#6a8f3c", p99: "#b8860b", outage: "#c0392b" } as const;

const LANES: readonly { readonly lane: Span["lane"]; readonly title: string; readonly colour: string; /** Drawn only where there is something in it. */ readonly seldom?: true }[] = [
  { lane: "phase", title: "phase", colour: "#7f8c9a" },
  { lane: "step", title: "migration", colour: "#4a90d9" },
  { lane: "fault", title: "fault", colour: "#8e44ad" },
  { lane: "alert", title: "alert", colour: "#b8860b" },
  { lane: "decision", title: "decision", colour: "#a0522d", seldom: true },
  { lane: "gate", title: "gate", colour: "#5b6fb5", seldom: true },
  { lane: "rollback", title: "way back", colour: "#2e8b6f" },
  { lane: "outage", title: "impact", colour: "#c0392b" },
  { lane: "standstill", title: "stood still", colour: "#8c7b75", seldom: true },
];

/** Rendered without a browser; the same scorecard gives the same picture. */
export function renderChart(card: Scorecard): string {
  const laneHeight = 24;
  const lanes = LANES.filter(({ lane, seldom }) => !seldom || card.spans.some((span) => span.lane === lane));
  const top = { rate: 34, latency: 214, lanes: 374 };
  const height = top.lanes + lanes.length * laneHeight + 40;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  const { bins, binMs } = card.series;
  const perSecond = (count: number) => Math.round((count * 10_000) / binMs) / 10;
  const axis = { axisLine: { lineStyle: { color: "currentColor" } }, axisLabel: { color: "currentColor" }, splitLine: { lineStyle: { color: "currentColor", opacity: 0.12 } }, nameTextStyle: { color: "currentColor", align: "left" as const } };
  const fromMs = bins[0]?.atMs ?? 0;
  const toMs = (bins.at(-1)?.atMs ?? 0) + binMs;
  const time = (gridIndex: number, label: boolean) => ({
    type: "value" as const, gridIndex, min: fromMs, max: toMs, ...axis, splitLine: { show: false },
    axisLabel: { show: label, showMinLabel: false, showMaxLabel: false, color: "currentColor", formatter: (value: number) => `${(value / 1_000).toFixed(0)} s` },
  });
  const shown = card.spans.filter((span) => span.toMs >= fromMs && span.fromMs <= toMs);
  const outages = card.spans.filter(({ lane }) => lane === "outage").map(({ fromMs: from, toMs: to }) => [{ xAxis: from }, { xAxis: to }]);
  const outageArea = { silent: true, itemStyle: { color: COLOURS.outage, opacity: 0.14 }, data: outages as never };
  const line = (name: string, pick: (bin: (typeof bins)[number]) => number | null, colour: string, more: object) => ({
    type: "line" as const, name, showSymbol: false, animation: false, lineStyle: { color: colour, width: 1.6 }, itemStyle: { color: colour },
    data: bins.map((bin) => [bin.atMs + binMs / 2, pick(bin)]), ...more,
  });
  chart.setOption({
    animation: false, backgroundColor: "transparent",
    textStyle: { fontFamily: "system-ui, sans-serif", color: "currentColor" },
    legend: { top: 0, right: 16, textStyle: { color: "currentColor" }, data: ["served", "not served", "p50", "p99"] },
    grid: [{ left: 80, right: 16, top: top.rate, height: 130 }, { left: 80, right: 16, top: top.latency, height: 110 }, { left: 80, right: 16, top: top.lanes, height: lanes.length * laneHeight }],
    xAxis: [time(0, false), time(1, false), time(2, true)],
    yAxis: [
      { type: "value", gridIndex: 0, name: "operations / s", min: 0, splitNumber: 3, ...axis },
      { type: "log", gridIndex: 1, name: "latency, ms", logBase: 10, splitNumber: 3, ...axis },
      { type: "category", gridIndex: 2, inverse: true, data: lanes.map(({ title }) => title), ...axis, axisTick: { show: false } },
    ],
    series: [
      line("served", (bin) => perSecond(bin.served), COLOURS.served, { stack: "due", areaStyle: { color: COLOURS.served, opacity: 0.35 }, markArea: outageArea }),
      line("not served", (bin) => perSecond(bin.failed), COLOURS.failed, { stack: "due", areaStyle: { color: COLOURS.failed, opacity: 0.6 }, lineStyle: { color: COLOURS.failed, width: 1, type: "dashed" } }),
      line("p50", (bin) => bin.p50Ms, COLOURS.p50, { xAxisIndex: 1, yAxisIndex: 1, connectNulls: false, lineStyle: { color: COLOURS.p50, width: 1.6, type: "dotted" } }),
      line("p99", (bin) => bin.p99Ms, COLOURS.p99, { xAxisIndex: 1, yAxisIndex: 1, connectNulls: false, markArea: outageArea }),
      {
        type: "custom", xAxisIndex: 2, yAxisIndex: 2, animation: false, silent: true, clip: true,
        data: shown.map((span) => [lanes.findIndex(({ lane }) => lane === span.lane), Math.max(span.fromMs, fromMs), Math.min(span.toMs, toMs)]),
        renderItem: ((params: { readonly dataIndex: number }, api: RenderApi) => drawSpan(shown[params.dataIndex], api, laneHeight, lanes)) as never,
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

type RenderApi = { readonly value: (dimension: number) => number | string; readonly coord?: (point: number[]) => number[] };

function drawSpan(span: Span | undefined, api: RenderApi, laneHeight: number, lanes: typeof LANES) {
  const lane = Number(api.value(0));
  const [x0 = 0, y = 0] = api.coord?.([Number(api.value(1)), lane]) ?? [];
  const [x1 = 0] = api.coord?.([Number(api.value(2)), lane]) ?? [];
  const width = Math.max(2, x1 - x0);
  const label = span && width > span.label.length * 6.2 + 6 ? span.label : "";
  return {
    type: "group" as const,
    children: [
      { type: "rect" as const, shape: { x: x0, y: y - laneHeight / 2 + 4, width, height: laneHeight - 8, r: 2 }, style: { fill: lanes[lane]?.colour ?? "#888888" } },
      ...(label ? [{ type: "text" as const, style: { text: label, x: x0 + 4, y, fill: "#ffffff", fontSize: 11, textVerticalAlign: "middle" as const, fontFamily: "system-ui, sans-serif" } }] : []),
    ],
  };
}
