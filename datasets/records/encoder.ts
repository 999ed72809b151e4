/** Encodes runs of a batch's rows as the records of one format, within one framing. */

import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { Dataset } from "../define.ts";
import type { RowRun } from "../row-run.ts";
import type { Framing, StreamFormat } from "./format.ts";

/**
 * How the id of a server-sent event says where its reader then stands: by the number of the `row`, in decimal digits, or by
 * that of the `next` one, in base 36.
 */
export type EventIds = "row" | "next";

export interface EncoderOptions {
  readonly format: StreamFormat;
  readonly framing: Framing;
  /** Public columns in the order wanted, each of them once; null: all. `unknownColumn` (../shape.ts) says which is none. */
  readonly columns: readonly string[] | null;
  /** `sse`. Default `row`. */
  readonly ids?: EventIds;
  /** `protobuf`: the datasets that its schema is made of, which decide the numbers in it. Default: all there are. */
  readonly datasets?: readonly Dataset[];
}

/** What differs from chunk to chunk of one framing. */
export interface ChunkFacts {
  /** `sse`: what stands in an event's id before and behind the row's number. */
  readonly idBefore: string;
  readonly idAfter: string;
  /** `message`: number of the subscription. */
  readonly subscription: number;
  /** `message`: the numbers that the chunk covers. Default: those of the batch's rows. */
  readonly first?: number;
  readonly next?: number;
}

/** Not for several threads, as it holds the buffers that it writes in. */
export interface RecordEncoder {
  /** What a raw stream begins with: Arrow's schema; empty for other formats. */
  readonly preamble: Uint8Array<ArrayBuffer>;
  /**
   * A chunk of its own memory. There is at least one run, they ascend, lie within the batch, and each holds a row or more.
   * @param batch of the dataset's plan
   * @throws RangeError on a category that is not in its list: the batch is broken
   */
  encode(batch: PublicBatch, runs: readonly RowRun[], facts: ChunkFacts): Uint8Array<ArrayBuffer>;
}
