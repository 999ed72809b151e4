/**
 * One replay: rows of one dataset from a number on, read from the log and encoded, a part at a time.
 *
 * Where the reading stands is kept between two pulls. At the log's end it begins anew with the next pull, at the segment that
 * it had reached: what was appended meanwhile is there then.
 */

import type { ChunkFacts } from "../../datasets/records/index.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { Chunk } from "../broadcaster/protocol.ts";
import type { TapEncoding } from "../broadcaster/tap-encoding.ts";
import { type LogRange, type LogSource, stepLog } from "../store/log/log-reader.ts";
import { REPLAY_BYTES, type ReplayPulled } from "./protocol.ts";

/** Of what is passed over, and of rows that the filter leaves out, so much at once, so that others get their turn. */
const MOST_STEPS = 256;

/** What is known to be stored of a dataset: as log-reader.ts wants it. */
export interface Stored {
  /** Number after the last row that the log has or is known not to have. */
  readonly recorded: number;
  readonly stored: number;
}

export interface ReplayOptions {
  readonly log: LogSource;
  readonly encoding: TapEncoding;
  readonly stored: () => Stored;
}

/** Where a replay begins: at `sequence`, or with the first batch that holds an event time from `sinceMs` on. */
export type ReplayFrom = { readonly sequence: number } | { readonly sinceMs: number };

export class Replay {
  readonly #options: ReplayOptions;
  /** Number of the next row. */
  next: number;
  /** Rows that were asked for and are not in the log. */
  readonly missingRows: number;
  #batches: Generator<PublicBatch | undefined, void, void> | undefined;
  /** What the log was known to hold when this reading of it began. */
  #known = 0;

  /** Finds the first row. @throws LogDamaged; the file system's error */
  constructor(options: ReplayOptions, from: ReplayFrom) {
    this.#options = options;
    const { recorded } = options.stored();
    if ("sequence" in from) {
      const wanted = Math.min(from.sequence, recorded);
      this.next = Math.max(wanted, this.#firstOf({ fromSequence: wanted }) ?? recorded);
      this.missingRows = this.next - wanted;
    } else {
      this.next = this.#firstOf({ fromMs: from.sinceMs }) ?? recorded;
      this.missingRows = 0;
    }
  }

  /** The next chunks, none from row `before` on. @throws LogDamaged; the file system's error */
  pull(facts: ChunkFacts, before = Number.POSITIVE_INFINITY): ReplayPulled {
    const chunks: Chunk[] = [];
    let bytes = 0;
    for (let step = 0; step < MOST_STEPS && bytes < REPLAY_BYTES; step++) {
      if (this.next >= before) return this.#pulled(chunks, true);
      const { value: batch, done } = this.#read().next();
      if (done === true) {
        this.close();
        // What is known not to be in the log will never come.
        const isComplete = this.next < Math.min(this.#known, before);
        if (isComplete) this.next = Math.min(this.#known, before);
        return this.#pulled(chunks, true);
      }
      if (batch === undefined) continue;
      const chunk = this.#chunkOf(batch, facts, before);
      if (chunk === undefined) continue;
      this.next = chunk.next;
      // Its other rows are wanted another time: the reading has passed them.
      if (chunk.next < batch.firstSequence + batch.rows) this.close();
      bytes += chunk.bytes.byteLength;
      chunks.push(chunk);
    }
    return this.#pulled(chunks, false);
  }

  close(): void {
    this.#batches?.return();
    this.#batches = undefined;
  }

  #pulled(chunks: readonly Chunk[], atEnd: boolean): ReplayPulled {
    return { ok: true, chunks, next: this.next, atEnd };
  }

  #read(): Generator<PublicBatch | undefined, void, void> {
    if (this.#batches === undefined) {
      const { log, encoding, stored } = this.#options;
      const { recorded, stored: storedRows } = stored();
      this.#known = recorded;
      const range: LogRange = { fromSequence: this.next, columns: encoding.columns, storedRows };
      this.#batches = stepLog(log, encoding.dataset, range);
    }
    return this.#batches;
  }

  #chunkOf(batch: PublicBatch, facts: ChunkFacts, before: number): Chunk | undefined {
    const { encoding } = this.#options;
    const { firstSequence, rows } = batch;
    const run = {
      from: Math.max(0, this.next - firstSequence),
      to: Math.min(rows, before - firstSequence),
    };
    if (run.from >= run.to) return undefined;
    const runs = encoding.wanted(batch, run);
    const wanted = runs.reduce((sum, { from, to }) => sum + to - from, 0);
    const numbers = { first: firstSequence + run.from, next: firstSequence + run.to };
    const bytes =
      wanted === 0 ? new Uint8Array(0) : encoding.encoder.encode(batch, runs, { ...facts, ...numbers });
    return { dataset: encoding.dataset.name, ...numbers, rows: wanted, bytes, writtenMs: 0 };
  }

  /** Number of the first row of the first batch within the range. */
  #firstOf(range: LogRange): number | undefined {
    const { log, encoding } = this.#options;
    const batches = stepLog(log, encoding.dataset, { ...range, columns: [] });
    for (const batch of batches) if (batch !== undefined) return batch.firstSequence;
    return undefined;
  }
}
