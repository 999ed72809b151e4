/**
 * Puts the app on a socket. The system may still be starting: /health answers from the first moment, and says so.
 *
 * Ending: streams are ended first, requests under way get a moment, then connections are cut.
 */

import type { LedgerRow } from "../actors/ledger.ts";
import { datasets as allDatasets } from "../datasets/index.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { getLog } from "../runtime/log.ts";
import type { MetricCells } from "../runtime/metrics/index.ts";
import { ListenError, serve } from "../runtime/platform/index.ts";
import type { System } from "../runtime/system.ts";
import type { Settings } from "../settings.ts";
import { buildApp } from "./app.ts";
import type { ControlDeps } from "./control.ts";
import { MAX_BODY_BYTES } from "./json-body.ts";
import { createMetricsText } from "./metrics-text.ts";
import { version } from "./version.ts";

export interface HttpOptions {
  readonly settings: Pick<Settings, "http">;
  /** Built, and not necessarily started. */
  readonly system: Pick<System, "ask" | "status" | "restart">;
  readonly ledger: () => readonly LedgerRow[];
  /** Metric cells that actors write. */
  readonly cells?: readonly MetricCells[];
  /** Default: the host's clock. */
  readonly clock?: Clock;
}

export interface HttpServer {
  /** With the port that was taken: http://127.0.0.1:8787 */
  readonly url: string;
  readonly port: number;
  /** Ends streams, lets other requests finish for up to a second, and frees the port. */
  close(): Promise<void>;
}

/** Listens. @throws HttpStartError when it cannot, saying what to do */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { settings, system, ledger, cells = [], clock = systemClock } = options;
  const { host, port, token } = settings.http;
  const closing = new AbortController();
  let listening = port;
  const reach: Pick<ControlDeps, "ask" | "status" | "restart" | "ledger"> = {
    ask: (to, message, deadlineMs) => system.ask(to, message, deadlineMs),
    status: () => system.status(),
    restart: (actor, reason) => system.restart(actor, reason),
    ledger,
  };
  const app = buildApp({
    ...reach,
    metricsText: createMetricsText({ ...reach, clock }, cells),
    datasets: allDatasets,
    settings: { host, port: () => listening, token, version },
    clock,
    log: getLog("http"),
    closing: closing.signal,
  });
  try {
    const server = await serve({
      hostname: host,
      port,
      maxBodyBytes: MAX_BODY_BYTES,
      fetch: (request) => app.fetch(request),
      onListen: (address) => {
        listening = address.port;
      },
    });
    return {
      url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`,
      port: server.port,
      async close() {
        closing.abort();
        await server.close();
      },
    };
  } catch (error) {
    throw error instanceof ListenError ? new HttpStartError(error) : error;
  }
}

/** It cannot be listened on the configured address. */
export class HttpStartError extends Error {
  override readonly name = "HttpStartError";

  constructor(cause: ListenError) {
    const remedies = {
      taken: "stop what listens there, or choose another port with --port (0 takes any free one)",
      denied: "choose a port above 1023 with --port",
      unavailable: "choose an address of this host with --host (127.0.0.1 is always one)",
    };
    super(`${cause.message}: ${remedies[cause.failure]}`, { cause });
  }
}
