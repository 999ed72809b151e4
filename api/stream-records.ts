/**
 * Rows of a running Millrace as they come. A connection that breaks is made again, and the server goes on behind the last record
 * that was given: no record is missed and none comes twice, as far back as the server's log goes. The same holds for who reads
 * slower than rows come: when its queue at the server is full the connection ends, and what was missed comes out of the log.
 *
 *     for await (const record of streamRecords("http://127.0.0.1:8787", { datasets: ["memory"] })) {
 *       console.log(record.sequence, record["used_percent"]);
 *     }
 */

import type { Refused } from "../actors/refused.ts";
import type { Notice } from "../datasets/records/format.ts";
import { type Clock, pause, systemClock } from "../runtime/clock.ts";
import { type ChannelRefusal, HttpChannel } from "./http-channel.ts";
import type { Moment } from "./moment.ts";
import { readEvents, type ServerEvent } from "./server-events.ts";
import type { QueryValue } from "./store-client.ts";

/** A row, with the dataset that it is of and its number there. Columns are as in exported JSON Lines. */
export type StreamRecord = {
  readonly dataset: string;
  readonly sequence: number;
} & Readonly<Record<string, QueryValue>>;

export interface StreamOptions {
  /** Default: all. */
  readonly datasets?: readonly string[];
  /** Begins with rows of this event time, as far back as the server's log goes; or so long ago, as `-15m`. Default: now. */
  readonly since?: Moment;
  /** Which rows, such as `used_percent > 90`. Default: all. */
  readonly where?: string;
  /** Public columns of one dataset. Default: all. */
  readonly columns?: readonly string[];
  /** Ends the stream, without an error. */
  readonly signal?: AbortSignal;
  /** Told of rows that cannot be given: the server's log does not have them any more. */
  readonly onNotice?: (notice: Notice) => void;
}

export interface StreamRecordsOptions extends StreamOptions {
  readonly token?: string;
  /** Default: the host's. */
  readonly clock?: Clock;
}

/** The stream cannot be had, and trying again would not help. `reason` as in other refusals: `unknown-dataset`, `denied`, … */
export class StreamRefused extends Error {
  override readonly name = "StreamRefused";
  readonly reason: string;

  constructor({ reason, message }: Refused<string>) {
    super(message);
    this.reason = reason;
  }
}

/** Between attempts to connect again: grows from the first to the last. */
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 5000;
/** The server says something every 15 s; one that does not is gone. */
const SILENCE_MS = 45_000;
/** Refusals after which it may be tried again, once there has been a stream. */
const PASSING: readonly string[] = ["unreachable", "unavailable", "too-many"];

/**
 * Follows streams of the Millrace at `url`. Connects when it is iterated; each iteration is a stream of its own.
 * @throws TypeError when `url` is none that HTTP is spoken at
 * @throws StreamRefused, from the iteration, when it cannot be had
 */
export function streamRecords(url: string, options: StreamRecordsOptions = {}): AsyncIterable<StreamRecord> {
  const { token, clock = systemClock, ...more } = options;
  const channel = new HttpChannel({ url, ...(token === undefined ? {} : { token }) });
  return followStream(channel, clock, more);
}

/** @param closing ends it too */
export function followStream(
  channel: HttpChannel,
  clock: Clock,
  options: StreamOptions,
  closing?: AbortSignal,
): AsyncIterable<StreamRecord> {
  return { [Symbol.asyncIterator]: () => follow(channel, clock, options, closing) };
}

async function* follow(
  channel: HttpChannel,
  clock: Clock,
  options: StreamOptions,
  closing: AbortSignal | undefined,
): AsyncGenerator<StreamRecord, void, void> {
  const given = [options.signal, closing].filter((signal) => signal !== undefined);
  const path = streamPath(options, { whenFull: "disconnect" });
  let position: string | undefined;
  let pauseMs = 0;
  for (let attempt = 0; ; attempt++) {
    if (pauseMs > 0) await pause(clock, pauseMs, given);
    if (isOver(given)) return;
    pauseMs = Math.min(LAST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pauseMs * 2));
    const connection = new AbortController();
    const signal = AbortSignal.any([connection.signal, ...given]);
    try {
      const answered = await channel.ask(path, {
        accept: "text/event-stream",
        lastEventId: position,
        signal,
      });
      if (!answered.ok) {
        if (isOver(given)) return;
        if (attempt === 0 || !isPassing(answered)) throw new StreamRefused(answered);
        continue;
      }
      const watched = watchedBody(answered.response.body, clock, () => connection.abort());
      const events = readEvents(watched, (id) => {
        position = id;
      });
      for await (const event of events) {
        if (isOver(given)) return;
        position = event.id ?? position;
        const record = recordOf(event, options);
        if (record === undefined) continue;
        pauseMs = 0;
        yield record;
      }
    } finally {
      connection.abort();
    }
  }
}

/** Undefined for an event that is none. */
function recordOf({ event, data }: ServerEvent, { onNotice }: StreamOptions): StreamRecord | undefined {
  if (event === "ended") return undefined;
  const value = JSON.parse(data) as StreamRecord | Notice;
  if (!("notice" in value)) return value;
  onNotice?.(value as Notice);
  return undefined;
}

/** @param more parameters of the address besides */
export function streamPath(
  { datasets, since, where, columns }: StreamOptions,
  more: Readonly<Record<string, string>>,
): string {
  const query = new URLSearchParams(more);
  if (since !== undefined) query.set("since", momentText(since));
  if (where !== undefined) query.set("where", where);
  if (columns !== undefined) query.set("columns", columns.join(","));
  const [only] = datasets ?? [];
  const isOne = datasets?.length === 1;
  if (datasets !== undefined && !isOne) query.set("datasets", datasets.join(","));
  return `/v1/streams/${isOne ? encodeURIComponent(only ?? "") : "all"}?${query}`;
}

/** What is no moment goes as it is: the server says what is wrong with it. */
function momentText(moment: Moment): string {
  if (typeof moment === "string") return moment;
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? String(moment) : date.toISOString();
}

/** The parts of a body; one that is silent for too long, while somebody waits for it, ends. */
function watchedBody(
  body: ReadableStream<Uint8Array> | null,
  clock: Clock,
  onSilence: () => void,
): ReadableStream<Uint8Array> | null {
  const reader = body?.getReader();
  if (reader === undefined) return null;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const silence = clock.after(SILENCE_MS, onSilence);
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } finally {
          silence.cancel();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function isPassing({ reason }: ChannelRefusal): boolean {
  return PASSING.includes(reason);
}

function isOver(signals: readonly AbortSignal[]): boolean {
  return signals.some(({ aborted }) => aborted);
}
