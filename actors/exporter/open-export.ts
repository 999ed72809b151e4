/**
 * One export on its way. `pull` does one bounded step and gives what bytes there are: a file of any size takes the memory of
 * a few batches, and no step holds up the thread for long.
 */

import type { PublicBatch } from "../../runtime/batch/index.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { Encoder, ExportFacts, Format } from "./format.ts";
import { MAX_CHUNK_BYTES } from "./protocol.ts";
import { rowRuns } from "./row-runs.ts";

export interface ExportSource {
  /** The log's batches in order; undefined from time to time, when many had to be passed over. Reads nothing ahead. */
  readonly batches: Generator<PublicBatch | undefined, void, void>;
  /** Sequence number after the last row of the snapshot. */
  readonly endSequence: number;
}

/** A step ends after this many rows or batches, whichever comes first. */
const STEP_ROWS = 4096;
const STEP_BATCHES = 256;

export class OpenExport {
  readonly #facts: ExportFacts;
  readonly #source: ExportSource;
  readonly #encoder: Encoder;
  readonly #bytes: ByteQueue;
  /** All rows are with the encoder, and it has ended. */
  #ended = false;

  static async open(format: Format, facts: ExportFacts, source: ExportSource): Promise<OpenExport> {
    const bytes = new ByteQueue();
    const encoder = await format.open(facts, (part) => bytes.push(part));
    return new OpenExport(facts, source, encoder, bytes);
  }

  private constructor(facts: ExportFacts, source: ExportSource, encoder: Encoder, bytes: ByteQueue) {
    this.#facts = facts;
    this.#source = source;
    this.#encoder = encoder;
    this.#bytes = bytes;
  }

  /** @throws what reading the log throws; the export is then to be closed */
  async pull(): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly done: boolean }> {
    if (!this.#ended && this.#bytes.byteLength < MAX_CHUNK_BYTES) await this.#step();
    const bytes = this.#bytes.take(MAX_CHUNK_BYTES);
    return { bytes, done: this.#ended && this.#bytes.byteLength === 0 };
  }

  close(): void {
    this.#ended = true;
    this.#source.batches.return();
    this.#encoder.close();
    this.#bytes.clear();
  }

  async #step(): Promise<void> {
    const { dataset, fromMs, toMs } = this.#facts;
    const bounds = { fromMs, toMs, endSequence: this.#source.endSequence };
    let rows = 0;
    for (let batches = 0; batches < STEP_BATCHES && rows < STEP_ROWS; batches++) {
      const next = this.#source.batches.next();
      if (next.done === true) {
        await this.#encoder.end();
        this.#ended = true;
        return;
      }
      if (next.value === undefined) break;
      for (const run of rowRuns(dataset, next.value, bounds)) {
        await this.#encoder.append(next.value, run);
        rows += run.to - run.from;
      }
      // Rows that are not wanted were looked at all the same.
      rows += next.value.rows >>> 3;
    }
    this.#encoder.flush();
  }
}
