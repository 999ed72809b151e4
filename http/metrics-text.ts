/**
 * The system's figures as Prometheus metrics. One snapshot of status and ledger is taken for each scrape, and every series
 * reads from it. The series are fixed by the system's declaration, so they are registered once.
 */

import {
  BROADCASTER,
  type BroadcasterMessage,
  type BroadcasterReplies,
  type BroadcasterStats,
} from "../actors/broadcaster/protocol.ts";
import type { ClientView, FeedTotals } from "../actors/feed/subscription.ts";
import type { LedgerRow } from "../actors/ledger.ts";
import type { WindowView } from "../actors/window-meters.ts";
import { pushedDatasets } from "../datasets/index.ts";
import { createMetrics, type MetricCells, type Metrics } from "../runtime/metrics/index.ts";
import type { SystemStatus } from "../runtime/system.ts";
import { AggregatorMetrics } from "./aggregator-metrics.ts";
import type { ControlDeps } from "./control.ts";
import { LetterMetrics } from "./letter-metrics.ts";
import type { IngestDoors } from "./push/doors.ts";
import { StoreMetrics } from "./store-metrics.ts";
import { actorStates } from "./system-view.ts";
import { registerWindows } from "./window-metrics.ts";

interface Snapshot {
  readonly status: SystemStatus;
  readonly ledger: readonly LedgerRow[];
  readonly windows: readonly WindowView[];
  /** Undefined when the broadcaster did not answer. */
  readonly streams: BroadcasterStats | undefined;
  readonly clients: readonly ClientView[];
  readonly sent: FeedTotals;
}

/** A scrape does not wait for a broadcaster that is down. */
const STATS_MS = 500;

/**
 * @param cells metric cells that actors write, shown as they are
 * @param windows what becomes of rows in windows
 */
export function createMetricsText(
  deps: Pick<ControlDeps, "ask" | "status" | "ledger" | "clock" | "feed" | "ingest">,
  cells: readonly MetricCells[] = [],
  windows: () => readonly WindowView[] = () => [],
): () => Promise<string> {
  const metrics = createMetrics({ prefix: "millrace_", cells });
  const store = new StoreMetrics(deps, deps.clock);
  const aggregator = new AggregatorMetrics(deps);
  const letters = new LetterMetrics(deps);
  const take = async (): Promise<Snapshot> => {
    const message: BroadcasterMessage = { kind: "broadcast.stats" };
    const [answer] = await Promise.all([
      deps.ask<BroadcasterReplies["broadcast.stats"]>(BROADCASTER, message, STATS_MS),
      store.gather(),
      aggregator.gather(),
      letters.gather(),
    ]);
    const streams = answer.ok ? answer.value : undefined;
    const { feed } = deps;
    const ours = { clients: feed.clients(), sent: feed.totals() };
    return { status: deps.status(), ledger: deps.ledger(), windows: windows(), streams, ...ours };
  };
  let snapshot: Snapshot | undefined;
  return async () => {
    const isFirst = snapshot === undefined;
    snapshot = await take();
    if (isFirst) {
      registerAll(metrics, snapshot, () => snapshot!);
      store.register(
        metrics,
        snapshot.ledger.map(({ dataset }) => dataset),
      );
      aggregator.register(metrics);
      letters.register(
        metrics,
        pushedDatasets.map(({ name }) => name),
      );
      registerWindows(metrics, () => snapshot!.windows, deps.clock);
      if (deps.ingest !== undefined) registerStaging(metrics, deps.ingest);
    }
    deps.ingest?.counts.register(metrics);
    return metrics.render();
  };
}

function registerAll(metrics: Metrics, first: Snapshot, now: () => Snapshot): void {
  registerLedger(metrics, first.ledger, () => now().ledger);
  registerSystem(metrics, first.status, () => now().status);
  registerClients(metrics, () => now().clients);
  registerSent(metrics, () => now().sent);
  registerStreams(metrics, () => now().streams);
}

function registerLedger(
  metrics: Metrics,
  first: readonly LedgerRow[],
  now: () => readonly LedgerRow[],
): void {
  for (const { dataset, rejected, dropped } of first) {
    const row = () => found(now(), (candidate) => candidate.dataset === dataset);
    const labels = { dataset };
    metrics.registerCounter("rows_received", "Rows that came.", labels, () => row().received);
    metrics.registerCounter("rows_stored", "Rows that the log holds.", labels, () => row().stored);
    metrics.registerGauge(
      "rows_in_flight",
      "Rows on their way from the door to the log.",
      labels,
      () => row().inFlight,
    );
    const balanced = () => (row().balanced ? 1 : 0);
    metrics.registerGauge("ledger_balanced", "1 while every row is accounted for.", labels, balanced);
    for (const reason of Object.keys(rejected)) {
      const read = () => row().rejected[reason as keyof typeof rejected];
      metrics.registerCounter("rows_rejected", "Rows refused at the door.", { dataset, reason }, read);
    }
    for (const reason of Object.keys(dropped)) {
      const read = () => row().dropped[reason as keyof typeof dropped];
      metrics.registerCounter("rows_dropped", "Good rows that went no further.", { dataset, reason }, read);
    }
  }
}

function registerSystem(metrics: Metrics, first: SystemStatus, now: () => SystemStatus): void {
  for (const { lane, stages } of first.lanes) {
    for (const { stage } of stages) {
      const read = () => {
        const status = found(now().lanes, (candidate) => candidate.lane === lane);
        return found(status.stages, (candidate) => candidate.stage === stage).lagSlots;
      };
      const help = "Slots that a stage has still to release.";
      metrics.registerGauge("stage_lag_slots", help, { lane, stage }, read);
    }
  }
  for (const { name } of first.actors) {
    const labels = { actor: name };
    const child = () => found(actorStates(now().supervisors), (candidate) => candidate.name === name);
    const mailbox = () => found(now().actors, (candidate) => candidate.name === name).mailbox;
    metrics.registerGauge("mailbox_depth", "Messages that wait.", labels, () => mailbox().depth);
    metrics.registerCounter("actor_restarts", "Starts after the first.", labels, () => child().restarts);
    const running = () => (child().state === "running" ? 1 : 0);
    metrics.registerGauge("actor_running", "1 while the actor runs, paused or not.", labels, running);
    const paused = () => (found(now().actors, (candidate) => candidate.name === name).paused ? 1 : 0);
    metrics.registerGauge("actor_paused", "1 while an operator has paused the actor.", labels, paused);
  }
  const letters = () => now().deadLetters.count;
  metrics.registerCounter("dead_letters", "Messages and batches that nobody could handle.", {}, letters);
}

function registerStaging(metrics: Metrics, { staging }: IngestDoors): void {
  const taken = "Bytes of pushed bodies that are not taken apart yet.";
  metrics.registerGauge("staging_taken_bytes", taken, {}, () => staging.figures().takenBytes);
  const lost = "Bodies whose reader gave no answer, and that are kept until it is known to be gone.";
  metrics.registerGauge("staging_quarantined_bodies", lost, {}, () => staging.figures().quarantined);
}

function registerClients(metrics: Metrics, now: () => readonly ClientView[]): void {
  metrics.registerGauge("stream_clients", "Clients of live streams over HTTP.", {}, () => now().length);
  const queued = () => now().reduce((sum, { queuedBytes }) => sum + queuedBytes, 0);
  metrics.registerGauge("stream_queued_bytes", "Bytes that wait for slow clients over HTTP.", {}, queued);
}

function registerSent(metrics: Metrics, now: () => FeedTotals): void {
  const rows = "Rows sent to stream clients over HTTP; a row that two take counts twice.";
  metrics.registerCounter("stream_rows_sent", rows, {}, () => now().sentRows);
  metrics.registerCounter("stream_bytes_sent", "Bytes of those rows.", {}, () => now().sentBytes);
  const dropped = "Rows that slow stream clients over HTTP had no room for.";
  metrics.registerCounter("stream_rows_dropped", dropped, {}, () => now().droppedRows);
}

function registerStreams(metrics: Metrics, now: () => BroadcasterStats | undefined): void {
  const stats = () => {
    const streams = now();
    if (streams === undefined) throw new Error("the broadcaster did not answer");
    return streams;
  };
  const dropped = () => stats().droppedRows;
  const help = "Rows that were encoded for streams and not fetched in time; clients read them from the log.";
  metrics.registerCounter("stream_rows_missed", help, {}, dropped);
  const encoded = () => stats().encodedRows;
  metrics.registerCounter(
    "stream_rows_encoded",
    "Rows encoded for streams, once for each form.",
    {},
    encoded,
  );
  for (const [quantile, figure] of [
    ["0.5", "p50Ms"],
    ["0.99", "p99Ms"],
    ["1", "maxMs"],
  ] as const) {
    const help = "From a row's writing to its being ready for stream clients, over the latest batches.";
    const read = () => (stats().latency?.[figure] ?? Number.NaN) / 1000;
    metrics.registerGauge("stream_latency_seconds", help, { quantile }, read);
  }
}

function found<T>(items: readonly T[], is: (item: T) => boolean): T {
  const item = items.find(is);
  if (item === undefined) throw new RangeError("it was declared when the series was registered, and is gone");
  return item;
}
