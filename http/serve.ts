/**
 * Puts the app on a socket. The system may still be starting: /health answers from the first moment, and says so.
 *
 * Ending: streams are ended first, requests under way get a moment, then connections are cut.
 */

import { createFeed } from "../actors/feed/feed.ts";
import { DEFAULT_QUEUE_BYTES } from "../actors/feed/subscription.ts";
import type { LedgerRow } from "../actors/ledger.ts";
import type { StageFigures } from "../actors/stage-meter.ts";
import type { WindowView } from "../actors/window-meters.ts";
import { datasets as allDatasets } from "../datasets/index.ts";
import type { StagingArea } from "../ingest/staging-area.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { getLog } from "../runtime/log.ts";
import type { MetricCells } from "../runtime/metrics/index.ts";
import type { System } from "../runtime/system.ts";
import type { Settings } from "../settings.ts";
import { type HttpAccess, tokensOf } from "./access.ts";
import { buildApp } from "./app.ts";
import type { ConfigControl, ControlDeps, Transitions } from "./control.ts";
import { controlSettings, serverUrl } from "./control-settings.ts";
import { createMetricsText } from "./metrics-text.ts";
import { type OpenPort, openPort } from "./open-port.ts";
import type { IngestDoors } from "./push/doors.ts";
import { PushCounts } from "./push/push-counts.ts";
import { createTransitionLog } from "./transitions.ts";

const NO_CONFIG: ConfigControl = {
  settings: () => [],
  change: async () => ({ ok: false, reason: "fixed", message: "there are no settings here" }),
};

export interface HttpOptions {
  readonly settings: Pick<Settings, "http"> & Partial<Pick<Settings, "streams">>;
  /** The configured address, taken beforehand. Default: it is taken now. */
  readonly open?: OpenPort;
  /** What the settings name files for. Default: the token alone. */
  readonly access?: HttpAccess;
  /** Built, and not necessarily started. */
  readonly system: Pick<System, "ask" | "status" | "command">;
  readonly ledger: () => readonly LedgerRow[];
  /** What each stage of each lane has done. Default: nothing is measured. */
  readonly stages?: () => readonly StageFigures[];
  /** What becomes of rows in windows. Default: nothing is told. */
  readonly windows?: () => readonly WindowView[];
  /** Where bodies of pushed rows are put, for the intake. Default: none are taken. */
  readonly staging?: StagingArea | undefined;
  /** What became of actors. Default: nothing is told. */
  readonly transitions?: Transitions;
  /** Default: there are no settings. */
  readonly config?: ConfigControl;
  /** Metric cells that actors write. */
  readonly cells?: readonly MetricCells[];
  /** Default: the host's clock. */
  readonly clock?: Clock;
}

export interface HttpServer {
  /** With the port that was taken: http://127.0.0.1:8787; https with TLS. */
  readonly url: string;
  readonly port: number;
  /** Ends streams, lets other requests finish for up to a second, and frees the port. */
  close(): Promise<void>;
}

/** Listens, and answers. @throws HttpStartError when it cannot, saying what to do */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { settings, system, ledger, stages = () => [], cells = [], clock = systemClock } = options;
  const { host: hostname, port } = settings.http;
  const { access = { tokens: tokensOf(settings.http), tls: undefined } } = options;
  const server = options.open ?? (await openPort({ hostname, port, tls: access.tls }));
  const closing = new AbortController();
  const control = controlSettings(settings.http, access, () => server.port);
  const reach: Pick<ControlDeps, "ask" | "status" | "command" | "ledger"> = {
    ask: (to, message, deadlineMs) => system.ask(to, message, deadlineMs),
    status: () => system.status(),
    command: (actor, command, reason) => system.command(actor, command, reason),
    ledger,
  };
  const log = getLog("http");
  const feed = createFeed(
    { ask: reach.ask, clock, log },
    { queueBytes: settings.streams?.queueBytes ?? DEFAULT_QUEUE_BYTES, datasets: allDatasets },
  );
  const ingest: IngestDoors | undefined =
    options.staging === undefined ? undefined : { staging: options.staging, counts: new PushCounts() };
  const parts = { ...reach, feed, ...(ingest === undefined ? {} : { ingest }) };
  const app = buildApp({
    ...parts,
    metricsText: createMetricsText({ ...parts, clock }, cells, options.windows),
    stages,
    transitions: options.transitions ?? createTransitionLog(),
    config: options.config ?? NO_CONFIG,
    datasets: allDatasets,
    settings: control,
    clock,
    log,
    closing: closing.signal,
  });
  server.answer((request, connection) => app.fetch(request, { connection }));
  return {
    url: serverUrl(control),
    port: server.port,
    async close() {
      feed.close();
      closing.abort();
      await server.close();
    },
  };
}
