/**
 * The store of a running Millrace, asked over HTTP. An export is made there as a job, watched, and fetched when it is done:
 * into a file beside its place that gets its name when all of it is there, as with a store that is opened here.
 */

import type { QueryFormat } from "../actors/analyst/protocol.ts";
import type { PrivacyReport } from "../actors/exporter/anonymous/report.ts";
import { ExportFile, type FileRefusal } from "../actors/exporter/export-file.ts";
import { companionsOf } from "../actors/exporter/export-to-file.ts";
import { type Refused, refuse } from "../actors/refused.ts";
import type { StreamFormat } from "../datasets/records/format.ts";
import { type JobView, jobPath, orderView, privacyPath } from "../http/job-view.ts";
import { type StoreView, storeStats } from "../http/store-view.ts";
import { type Clock, pause, systemClock } from "../runtime/clock.ts";
import { type DeadLetterClient, deadLetterClient } from "./dead-letters.ts";
import { type ChannelOptions, type ChannelRefusal, HttpChannel } from "./http-channel.ts";
import { type OrderOf, orderOfNamed, orderOfRange, orderOfRecent } from "./order-of.ts";
import { type OutletClient, outletClient } from "./outlets.ts";
import { remoteQuality } from "./quality.ts";
import { readQueryRows } from "./query-rows.ts";
import { readEvents } from "./server-events.ts";
import type {
  Exported,
  ExportOptions,
  ExportProgress,
  ExportRefusal,
  QueryBytes,
  QueryOptions,
  QueryRefusal,
  StatsRefusal,
  StoreClient,
} from "./store-client.ts";
import { followStream, type StreamOptions, type StreamRecord, streamPath } from "./stream-records.ts";

export interface RemoteStoreOptions extends ChannelOptions {
  /** Default: the host's. */
  readonly clock?: Clock;
}

export interface StreamBytesOptions extends Omit<StreamOptions, "onNotice"> {
  readonly format: StreamFormat;
}

export type StreamRefusal =
  | StatsRefusal
  | "unknown-dataset"
  | "unknown-column"
  | "bad-filter"
  | "bad-option"
  | "too-many"
  | "unavailable"
  | "cancelled";

export interface RemoteStoreClient extends StoreClient, OutletClient, DeadLetterClient {
  /**
   * Follows rows as they come, over broken connections, without a gap or a double: see `streamRecords`.
   * @throws StreamRefused, from the iteration, when they cannot be had
   */
  startStream(options?: StreamOptions): AsyncIterable<StreamRecord>;
  /** The same as bytes of a format, over one connection: who reads slower than rows come loses the oldest, and is told. */
  streamBytes(options: StreamBytesOptions): Promise<QueryBytes | Refused<StreamRefusal>>;
  /** Compacts now what is due; `all`: all there is. */
  compact(options?: {
    readonly all?: boolean;
  }): Promise<{ readonly ok: true; readonly files: number; readonly rows: number } | Refused<StatsRefusal>>;
}

type Failed = Refused<ExportRefusal>;

const ACCEPT: Readonly<Record<QueryFormat, string>> = {
  json: "application/json",
  csv: "text/csv",
  arrow: "application/vnd.apache.arrow.stream",
};
/** Times that a job is watched anew when its events break off. */
const WATCH_ATTEMPTS = 5;
const WATCH_PAUSE_MS = 500;
/** A server that does not remove a job by then removes it in its own time. */
const REMOVE_MS = 2000;

/**
 * A client of the Millrace at `url`. Asks nothing yet: whether it is there is seen at the first question.
 * @throws TypeError when `url` is none that HTTP is spoken at
 */
export function connectStore(options: RemoteStoreOptions): RemoteStoreClient {
  const { clock = systemClock } = options;
  const channel = new HttpChannel(options);
  const closing = new AbortController();
  const closed = () => refuse("closed", "the connection was closed; open it again");

  async function exportFile(made: OrderOf, options: ExportOptions): Promise<Exported | Failed> {
    if (closing.signal.aborted) return closed();
    if (!made.ok) return made;
    const { output, force = false, onProgress } = options;
    const begun = ExportFile.begin(output, { force });
    if (!begun.ok) return begun;
    const signal = anySignal(closing.signal, options.signal);
    let job: JobView | undefined;
    try {
      const started = await channel.askJson<JobView>("/v1/exports", {
        method: "POST",
        body: orderView(made.order),
        signal,
      });
      if (!started.ok) return failed(started);
      job = started.value;
      const ended = await watch(job, onProgress, signal);
      if (!ended.ok) return failed(ended);
      const { view } = ended;
      if (view.state === "failed") return failed({ ok: false, ...view.failure! });
      if (view.state !== "done") return refuse("cancelled", "the export was cancelled at the server");
      return await fetchFile(view, begun.file, output, signal);
    } finally {
      begun.file.abandon();
      // What it made has been fetched, or is not wanted. Waited for, as the process may be about to end.
      if (job !== undefined) {
        await channel.ask(jobPath(job.job), { method: "DELETE", signal: AbortSignal.timeout(REMOVE_MS) });
      }
    }
  }

  /** Follows a job to its end, over broken connections. */
  async function watch(
    { job, links }: JobView,
    onProgress: ((progress: ExportProgress) => void) | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly ok: true; readonly view: JobView } | ChannelRefusal> {
    let last: ChannelRefusal = refuse("unreachable", "");
    for (let attempt = 0; attempt < WATCH_ATTEMPTS; attempt++) {
      if (attempt > 0) await pause(clock, WATCH_PAUSE_MS);
      const answered = await channel.ask(links.events, { accept: "text/event-stream", signal });
      if (!answered.ok) {
        if (answered.reason !== "unreachable") return answered;
        last = answered;
        continue;
      }
      for await (const { data } of readEvents(answered.response.body)) {
        const view = JSON.parse(data) as JobView;
        if (view.state !== "running") return { ok: true, view };
        onProgress?.({ seenRows: view.seenRows, mostRows: view.mostRows, bytes: view.bytes });
      }
      last = channel.broken(signal, `the connection broke while export ${job} was made; try again`);
      if (signal.aborted) return last;
    }
    return last;
  }

  async function fetchFile(
    view: JobView,
    file: ExportFile,
    path: string,
    signal: AbortSignal,
  ): Promise<Exported | Failed> {
    let privacy: PrivacyReport | undefined;
    if (view.links.privacy !== null) {
      const asked = await channel.askJson<PrivacyReport>(privacyPath(view.job), { signal });
      if (!asked.ok) return failed(asked);
      privacy = asked.value;
    }
    const answered = await channel.ask(`${jobPath(view.job)}/file`, { accept: "*/*", signal });
    if (!answered.ok) return failed(answered);
    const stats = view.stats!;
    const fault =
      (await copyBody(answered.response.body, stats.bytes, file, () => channel.broken(signal))) ??
      file.finish(companionsOf({ privacy }));
    if (fault !== undefined) return failed(fault);
    return { ok: true, path, stats, ...(privacy === undefined ? {} : { privacy }) };
  }

  async function queryBytes(sql: string, format: QueryFormat, options: QueryOptions = {}) {
    if (closing.signal.aborted) return closed();
    const { params, maxRows, timeoutMs } = options;
    const signal = anySignal(closing.signal, options.signal);
    const body = { sql, params, maxRows, timeoutMs };
    const answered = await channel.ask("/v1/query", { method: "POST", body, accept: ACCEPT[format], signal });
    if (!answered.ok) return queryFailed(answered);
    const { body: bytes, headers } = answered.response;
    return { ok: true as const, contentType: headers.get("content-type") ?? "", bytes: bytes ?? emptyBody() };
  }

  return {
    ...outletClient(channel, closing.signal),
    ...deadLetterClient(channel, closing.signal),
    ...remoteQuality(channel, closing.signal),
    startStream: (options = {}) => followStream(channel, clock, options, closing.signal),
    async streamBytes({ format, ...options }) {
      if (closing.signal.aborted) return closed();
      const signal = anySignal(closing.signal, options.signal);
      const path = streamPath(options, { framing: "raw", format });
      const answered = await channel.ask(path, { accept: "*/*", signal });
      if (!answered.ok) return answered as Refused<StreamRefusal>;
      const { body: bytes, headers } = answered.response;
      return { ok: true, contentType: headers.get("content-type") ?? "", bytes: bytes ?? emptyBody() };
    },
    exportRange: (options) => exportFile(orderOfRange(options), options),
    exportRecent: (options) => exportFile(orderOfRecent(options, clock.nowMs()), options),
    exportNamed: (options) => exportFile(orderOfNamed(options, clock.nowMs()), options),
    queryBytes,
    async query(sql, options = {}) {
      const answered = await queryBytes(sql, "json", options);
      if (!answered.ok) return answered;
      try {
        return await readQueryRows(answered.bytes);
      } catch {
        return queryFailed(channel.broken(options.signal));
      }
    },
    async stats() {
      if (closing.signal.aborted) return closed();
      const asked = await channel.askJson<StoreView>("/v1/store", { signal: closing.signal });
      return asked.ok ? { ok: true, stats: storeStats(asked.value) } : (asked as Refused<StatsRefusal>);
    },
    async compact({ all = false } = {}) {
      if (closing.signal.aborted) return closed();
      const ask = { method: "POST", signal: closing.signal } as const;
      const asked = await channel.askJson<{ files: number; rows: number }>(
        `/v1/store/compact?all=${all}`,
        ask,
      );
      return asked.ok ? { ok: true, ...asked.value } : (asked as Refused<StatsRefusal>);
    },
    async close() {
      closing.abort();
    },
  };
}

/** @returns why it could not be copied to its end */
async function copyBody(
  body: ReadableStream<Uint8Array> | null,
  fileBytes: number,
  file: ExportFile,
  broken: () => ChannelRefusal,
): Promise<Refused<FileRefusal> | ChannelRefusal | undefined> {
  let copied = 0;
  try {
    for await (const part of body ?? []) {
      const fault = file.write([part]);
      if (fault !== undefined) return fault;
      copied += part.byteLength;
    }
  } catch {
    return broken();
  }
  // Not every way that a connection can end early is an error to `fetch`.
  return copied === fileBytes ? undefined : broken();
}

/** What the server says of an export it does not make, in the words of this interface. */
function failed(refused: ChannelRefusal): Failed {
  const known: Readonly<Record<string, ExportRefusal>> = {
    "unknown-export": "unreachable",
    "unknown-job": "unreachable",
    "not-done": "unreachable",
  };
  return { ...refused, reason: known[refused.reason] ?? (refused.reason as ExportRefusal) };
}

function queryFailed(refused: ChannelRefusal): Refused<QueryRefusal> {
  const known: Readonly<Record<string, QueryRefusal>> = {
    "bad-option": "refused",
    "unknown-query": "unreachable",
  };
  return { ...refused, reason: known[refused.reason] ?? (refused.reason as QueryRefusal) };
}

function anySignal(own: AbortSignal, given: AbortSignal | undefined): AbortSignal {
  return given === undefined ? own : AbortSignal.any([own, given]);
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
