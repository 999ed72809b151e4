/** What a client is told, and what it tells. Wrong options are a mistake in the program: they throw, at once, and nothing else ever does. */

import { type ClientClock, hostClock } from "./clock.ts";

export interface ClientOptions {
  /** Where Millrace listens: "http://127.0.0.1:8787". A path is kept. */
  readonly url: string;
  /** A dataset that can be pushed: "compression_telemetry". */
  readonly dataset: string;
  /** With the scope `ingest`, where the server asks for one. */
  readonly token?: string;
  /** False: `send` does nothing but count. Default true. */
  readonly enabled?: boolean;
  /** Rows of one request, from 1 to 50 000, fewer where they come to 1 MiB; default 1000. */
  readonly batchRows?: number;
  /** A row waits for others no longer than this, from 1 ms to an hour; default 1000. */
  readonly flushIntervalMs?: number;
  /** Chance of each row to be sent, from 0 to 1; default 1. */
  readonly samplingRate?: number;
  /** Rows that wait at the most, those on their way included; further ones are dropped. Default 10 000. */
  readonly maxBufferedRows?: number;
  /** Bytes that wait at the most, likewise, before they are compressed. Default 16 MiB. */
  readonly maxBufferedBytes?: number;
  /** How long a batch is tried again, before it is given up; default 5 minutes. */
  readonly maxRetryMs?: number;
  /** How long one request may take; default 30 s. */
  readonly requestTimeoutMs?: number;
  /** `memory` is answered sooner, and such rows are lost when the server dies at once. Default "disk". */
  readonly acknowledge?: "disk" | "memory";
  /** Compress what is sent, where the runtime can. Default false. */
  readonly gzip?: boolean;
  /** Hears what became of each batch. */
  readonly onResult?: (result: BatchResult) => void;
  /** Hears of rows that will never be sent. Of those that `send` refuses, together, once in a flush interval. */
  readonly onDrop?: (drop: Drop) => void;
  /** Default: the runtime's. */
  readonly fetch?: Fetch;
  readonly clock?: ClientClock;
  /** From 0 to below 1: for sampling and for the time between retries. Default: Math.random. */
  readonly random?: () => number;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What the server says of one batch. */
export interface BatchResult {
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: number;
  /** The first of the rejections; `row` counts from 0 within the batch. */
  readonly rejections: readonly Rejection[];
  readonly reasons: Readonly<Record<string, number>>;
  /** How often it was sent. */
  readonly attempts: number;
}

export interface Rejection {
  readonly row: number;
  readonly column: string | null;
  readonly reason: string;
  readonly expected: string;
  readonly got: string;
}

/**
 * `bad`: it cannot be written as a JSON object, or takes more than 1 MiB. `full`: too many wait. `closed`: it came after `close`.
 * `given-up`: it was sent in vain, or there was no time left to.
 */
export type DropReason = "bad" | "full" | "closed" | "given-up";

export interface Drop {
  readonly reason: DropReason;
  readonly rows: number;
  /** For people. */
  readonly message: string;
}

export interface ClientStats {
  /** Calls of `send`: sent + buffered + all that was dropped. */
  readonly offered: number;
  /** Rows that were answered: accepted + rejected. */
  readonly sent: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly dropped: {
    readonly full: number;
    readonly givenUp: number;
    readonly bad: number;
    readonly closed: number;
    /** Not a loss: left out by `samplingRate`. */
    readonly notSampled: number;
    /** The client is not enabled. */
    readonly disabled: number;
  };
  /** Rows that wait, or are on their way. */
  readonly buffered: number;
  /** Requests that were sent again. */
  readonly retries: number;
  /** Callbacks that threw. */
  readonly callbackErrors: number;
}

export type CheckedOptions = Required<
  Omit<ClientOptions, "url" | "dataset" | "token" | "onResult" | "onDrop">
> &
  Pick<ClientOptions, "onResult" | "onDrop"> & {
    readonly address: string;
    readonly headers: Readonly<Record<string, string>>;
  };

const HOUR_MS = 3_600_000;
/** As the server has it. */
const MOST_ROWS = 50_000;
const MOST_BUFFERED = 2 ** 30;
const NAMES: readonly (keyof ClientOptions)[] = [
  ...(["url", "dataset", "token", "enabled", "batchRows", "flushIntervalMs", "samplingRate"] as const),
  ...([
    "maxBufferedRows",
    "maxBufferedBytes",
    "maxRetryMs",
    "requestTimeoutMs",
    "acknowledge",
    "gzip",
  ] as const),
  ...(["onResult", "onDrop", "fetch", "clock", "random"] as const),
];

/** @throws TypeError that names the option */
export function checkOptions(options: ClientOptions): CheckedOptions {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name as never));
  if (unknown !== undefined) throw wrong(unknown, `one of the options ${NAMES.join(", ")}`);
  const { token, onResult, onDrop } = options;
  if (token !== undefined && !(typeof token === "string" && /^[!-~]+$/.test(token)))
    throw wrong("token", "visible ASCII characters");
  const { enabled = true, gzip = false, acknowledge = "disk" } = options;
  if (typeof enabled !== "boolean") throw wrong("enabled", "true or false");
  if (typeof gzip !== "boolean") throw wrong("gzip", "true or false");
  if (acknowledge !== "disk" && acknowledge !== "memory") throw wrong("acknowledge", '"disk" or "memory"');
  const { fetch = globalThis.fetch.bind(globalThis), clock = hostClock, random = Math.random } = options;
  for (const [name, value] of Object.entries({ fetch, random, onResult, onDrop })) {
    if (value !== undefined && typeof value !== "function") throw wrong(name, "a function");
  }
  const { samplingRate = 1 } = options;
  if (!(typeof samplingRate === "number" && samplingRate >= 0 && samplingRate <= 1))
    throw wrong("samplingRate", "a number from 0 to 1");
  const whole = (name: keyof ClientOptions, preset: number, from: number, to: number): number => {
    const value = options[name] ?? preset;
    if (Number.isInteger(value) && Number(value) >= from && Number(value) <= to) return Number(value);
    throw wrong(name, `a whole number from ${from} to ${to}`);
  };
  return {
    ...{ enabled, gzip, acknowledge, samplingRate, fetch, clock, random },
    ...(onResult === undefined ? {} : { onResult }),
    ...(onDrop === undefined ? {} : { onDrop }),
    batchRows: whole("batchRows", 1000, 1, MOST_ROWS),
    flushIntervalMs: whole("flushIntervalMs", 1000, 1, HOUR_MS),
    maxBufferedRows: whole("maxBufferedRows", 10_000, 1, MOST_BUFFERED),
    maxBufferedBytes: whole("maxBufferedBytes", 16 * 2 ** 20, 1, MOST_BUFFERED),
    maxRetryMs: whole("maxRetryMs", 300_000, 0, 24 * HOUR_MS),
    requestTimeoutMs: whole("requestTimeoutMs", 30_000, 1, HOUR_MS),
    address: addressOf(options, acknowledge),
    headers: {
      "content-type": "application/msgpack",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  };
}

function addressOf({ url, dataset }: ClientOptions, acknowledge: string): string {
  if (typeof dataset !== "string" || !/^[a-z][a-z0-9_]*$/.test(dataset))
    throw wrong("dataset", 'the name of a dataset, such as "compression_telemetry"');
  let base: URL;
  try {
    base = new URL(url);
  } catch {
    throw wrong("url", 'an address such as "http://127.0.0.1:8787"');
  }
  if (base.protocol !== "http:" && base.protocol !== "https:")
    throw wrong("url", "an address of http or https");
  if (base.username !== "" || base.password !== "" || base.search !== "" || base.hash !== "")
    throw wrong("url", "an address without a user, a query and a fragment");
  const path = base.pathname.endsWith("/") ? base.pathname : `${base.pathname}/`;
  return new URL(`${path}v1/ingest/${dataset}?ack=${acknowledge}`, base).href;
}

/** The value is not repeated: it may be a secret. */
function wrong(name: string, expected: string): TypeError {
  return new TypeError(`millrace client: ${name}: expected ${expected}`);
}
