/**
 * What the broadcaster is asked, and what it answers. It encodes each batch once for each **tap**: a dataset in one format
 * and framing, with the same columns and filter. A **reader** is whoever passes taps on to clients (actors/feed); it pulls: it
 * asks for what has come since, and is answered when there is something, or after `waitMs` with nothing.
 *
 *     broadcast.open     → a reader's id
 *     broadcast.tap      → the tap's number, and where it begins; the same tap, the same number
 *     broadcast.untap    → when the reader wants it no more
 *     broadcast.pull     → chunks of all the reader's taps, in the order of the batches
 *     broadcast.close    → when it is over; a pull that waits is answered at once
 *     broadcast.stats    → figures for metrics
 *
 * A tap begins with the next batch: rows that came before it are in the log (actors/replayer). Nothing outlives the broadcaster:
 * after a crash every reader is unknown, and opens again. Chunks cover their dataset's numbers without a hole as long as none
 * was dropped, so who is told `first` and `next` knows what it missed. When chunks of a tap were dropped because its reader did
 * not pull, the next answer begins with a chunk of that tap that covers nothing (`first` = `next`, 0 rows), at the number up to
 * which they are gone. Rows that nobody will ever see (a batch that was taken out of the pipeline) are a hole, too.
 *
 * A tap's number is made from what it is: the same before and after a crash.
 */

import type { Framing, StreamFormat } from "../../datasets/records/format.ts";
import type { Refused } from "../refused.ts";

/** Name of the actor in the system. */
export const BROADCASTER = "broadcaster";
/** Messages that may wait for it. */
export const BROADCASTER_MAILBOX = 1024;

/** Readers that there may be at once: the HTTP server, the outlets, and room for tests. */
export const MAX_READERS = 16;
/** Taps that there may be at once, over all readers. */
export const MAX_TAPS = 512;
/** Bytes that wait for one reader before its oldest chunks are dropped. */
export const READER_BYTES = 64 * 2 ** 20;
/** A reader that has had no pull under way for this long is forgotten. */
export const READER_IDLE_MS = 30_000;
/** Longest time that a pull waits for chunks. */
export const MAX_WAIT_MS = 20_000;
/** Bytes of one pull's answer, beyond which no further chunk is added. */
export const PULL_BYTES = 4 * 2 ** 20;

/** One encoding of one dataset. Two that are equal in every field are one tap. */
export interface TapSpec {
  readonly dataset: string;
  readonly format: StreamFormat;
  readonly framing: Framing;
  /** Public columns in the order wanted; null: all. */
  readonly columns: readonly string[] | null;
  /** A predicate (datasets/predicate.ts); null: every row. */
  readonly where: string | null;
  /** `sse`: ids say where the client stands in every dataset (see positions.ts), not in this one alone. */
  readonly positions: boolean;
}

/** Records of one batch, or several, of one dataset. */
export interface Chunk {
  readonly dataset: string;
  /** Numbers that it covers, `next` not included; rows that were filtered out are covered too. */
  readonly first: number;
  readonly next: number;
  /** Records in it; 0: all rows were filtered out, and `bytes` is empty. */
  readonly rows: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Wall time at which the oldest batch of it was written; 0: not known. */
  readonly writtenMs: number;
}

export interface TapChunk extends Chunk {
  readonly tap: number;
}

export type BroadcasterMessage =
  | { readonly kind: "broadcast.open" }
  | { readonly kind: "broadcast.tap"; readonly reader: string; readonly spec: TapSpec }
  | { readonly kind: "broadcast.untap"; readonly reader: string; readonly tap: number }
  | { readonly kind: "broadcast.pull"; readonly reader: string; readonly waitMs: number }
  | { readonly kind: "broadcast.close"; readonly reader: string }
  | { readonly kind: "broadcast.stats" };

/** What is wrong with a wish for rows. `too-many` may be tried again later; the others are the asker's to mend. */
export type TapRefusal = "unknown-dataset" | "unknown-column" | "bad-filter" | "bad-option" | "too-many";

export interface Tapped {
  readonly ok: true;
  readonly tap: number;
  readonly preamble: Uint8Array<ArrayBuffer>;
  /** Number of the first row that the tap's first chunk covers. */
  readonly next: number;
}

export interface Pulled {
  readonly ok: true;
  readonly chunks: readonly TapChunk[];
}

export interface BroadcasterStats {
  readonly readers: number;
  readonly taps: number;
  /** Since the actor started; a row that two taps want counts twice. None while nobody listens. */
  readonly encodedRows: number;
  readonly encodedBytes: number;
  /** Rows of chunks that a reader did not pull in time. */
  readonly droppedRows: number;
  /** From a batch's writing to its chunks being there, over the latest batches; null before the first. */
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | null;
}

/** What each message is answered with, as the value of `ask`. */
export interface BroadcasterReplies {
  readonly "broadcast.open": { readonly ok: true; readonly reader: string } | Refused<"too-many">;
  readonly "broadcast.tap": Tapped | Refused<TapRefusal | "unknown-reader">;
  readonly "broadcast.untap": { readonly ok: true };
  readonly "broadcast.pull": Pulled | Refused<"unknown-reader">;
  readonly "broadcast.close": { readonly ok: true };
  readonly "broadcast.stats": BroadcasterStats;
}
