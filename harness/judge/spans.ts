// What happened when, as spans for drawing over the chart.

import { eventsOf, phaseOf, type RunRecord } from "./run-record.ts";
import type { Span } from "./scorecard.ts";
import { round, type Service } from "./service.ts";
import { standstillsOf } from "./standstills.ts";

export function spans(record: RunRecord, service: Service): Span[] {
  const lastMs = (record.events.at(-1)?.t ?? 0) / 1e6;
  const span = (lane: Span["lane"], label: string, fromNs: number, toNs: number | undefined): Span =>
    ({ lane, label, fromMs: round(fromNs / 1e6), toMs: round(toNs === undefined ? lastMs : toNs / 1e6) });
  const phases = (["warm-up", "migration", "decision", "rollback", "recovery"] as const).flatMap((phase) => {
    const found = phaseOf(record, phase);
    return found ? [span("phase", phase, found.from, found.to)] : [];
  });
  return [...phases, ...steps(record, span), ...restores(record, span), ...takeovers(record, span), ...handovers(record, span), ...faultSpans(record, span), ...alerts(record, span), ...questions(record, span), ...gates(record, span),
    ...standstillsOf(record).map(({ from, to }) => span("standstill", "the machine stood still", from, to)),
    ...service.episodes.map(({ fromMs, toMs }) => ({ lane: "outage" as const, label: "impact", fromMs: round(fromMs), toMs: round(toMs ?? lastMs) }))];
}

type MakeSpan = (lane: Span["lane"], label: string, fromNs: number, toNs: number | undefined) => Span;

function steps(record: RunRecord, span: MakeSpan): Span[] {
  const events = eventsOf(record, "step");
  return events.flatMap((event, index) => {
    if (event.state !== "started") return [];
    const end = events.slice(index + 1).find((later) => later.step === event.step && later.direction === event.direction && (later.state === "done" || later.state === "failed"));
    // A step that was cut off says nothing of its end: it is that of what it belongs to.
    const whole = eventsOf(record, event.direction === "forward" ? "migration" : "rollback").findLast(({ state }) => state === "completed" || state === "failed");
    return [span(event.direction === "forward" ? "step" : "rollback", event.step, event.t, end?.t ?? whole?.t)];
  });
}

function restores(record: RunRecord, span: MakeSpan): Span[] {
  return eventsOf(record, "backup").flatMap((event) => (event.state === "chosen" ? [span("rollback", `restore ${event.label}`, event.t, wayBackEnded(record))] : []));
}

function takeovers(record: RunRecord, span: MakeSpan): Span[] {
  const events = eventsOf(record, "replication");
  const going = record.header.drill.rollback.strategy;
  return events.flatMap((event) => (event.state === "fenced" && going === "failover" ? [span("rollback", "promote the replica", event.t, events.find(({ state }) => state === "promoted")?.t ?? wayBackEnded(record))] : []));
}

/** Ways back without steps of a plan. */
function handovers(record: RunRecord, span: MakeSpan): Span[] {
  const going = record.header.drill.rollback.strategy;
  const started = eventsOf(record, "rollback").find(({ state }) => state === "started");
  return started && (going === "switch-back" || going === "volume-back") ? [span("rollback", going.replace("-", " "), started.t, wayBackEnded(record))] : [];
}

function wayBackEnded(record: RunRecord): number | undefined {
  return eventsOf(record, "rollback").findLast(({ state }) => state === "completed" || state === "failed")?.t;
}

function faultSpans(record: RunRecord, span: MakeSpan): Span[] {
  const events = eventsOf(record, "fault");
  return events.flatMap((event) => {
    if (event.state !== "triggered") return [];
    const healed = events.find((later) => later.index === event.index && later.state === "healed");
    return [span("fault", `${event.fault} ${event.target}`, event.t, healed?.t)];
  });
}

function questions(record: RunRecord, span: MakeSpan): Span[] {
  const events = eventsOf(record, "decision");
  return events.flatMap((event) => (event.state === "asked" ? [span("decision", "a person is asked", event.t, events.find(({ state }) => state === "go" || state === "stay")?.t)] : []));
}

function gates(record: RunRecord, span: MakeSpan): Span[] {
  const events = eventsOf(record, "traffic");
  return events.flatMap((event, index) => {
    if (event.state !== "closing") return [];
    const later = events.slice(index + 1);
    const open = later.findIndex(({ state }) => state === "open");
    const [returning] = later.slice(0, open < 0 ? undefined : open).filter(({ state }) => state === "returning");
    return [span("gate", event.detail.split(",")[0] ?? "", event.t, (returning ?? later[open])?.t), ...(returning ? [span("gate", "staged return", returning.t, later[open]?.t)] : [])];
  });
}

function alerts(record: RunRecord, span: MakeSpan): Span[] {
  const events = eventsOf(record, "detector");
  return events.flatMap((event, index) =>
    event.state === "firing" ? [span("alert", "alert", event.t, events.slice(index + 1).find(({ state }) => state === "cleared")?.t)] : []);
}
