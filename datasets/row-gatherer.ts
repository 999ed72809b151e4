/**
 * Gathers rows of many batches into one compact batch: a dataset that is written row by row would otherwise be handed on
 * row by row, and every hand-over costs as much as hundreds of rows.
 *
 * Columns are copied as bytes, in the layout they have in the log: nothing is decoded, and 64-bit numbers stay exact. Only
 * the columns of the table's shape are, in its order.
 */

import { alignUp } from "../runtime/arena.ts";
import { copyBits } from "../runtime/batch/bits.ts";
import { copyElements } from "../runtime/batch/copy-elements.ts";
import {
  Batch,
  type BatchPlan,
  batchBytes,
  type Column,
  ELEMENT_BYTES,
  type PublicBatch,
} from "../runtime/batch/index.ts";
import { compactPlan, type TableShape } from "./shape.ts";

/** Rows that there is room for at first; four times as many whenever they are too few. Many exports are small. */
const FIRST_ROOM = 4096;
const GROWTH = 4;

/** A column of the batches that come, and the one that it is gathered into. */
interface Gathered {
  readonly from: Column;
  readonly to: Column;
  readonly width: number;
}

export class RowGatherer {
  /** Rows gathered since the last `take`. */
  rows = 0;
  /** What the gathered rows are laid out by: the columns of the shape and nothing else. */
  readonly plan: BatchPlan;
  readonly #capacity: number;
  readonly #columns: readonly Gathered[];
  /** Where rows are gathered: laid out for `#room` rows once there are some. */
  #gathered: Batch;
  #room: number;
  /** Where they are laid out anew when they are fewer; made when that first happens. */
  #compact: { readonly batch: Batch; readonly room: number } | undefined;

  /** @throws RangeError for a shape with public text, which no dataset has: text that leaves would be raw */
  constructor(shape: TableShape, capacity: number) {
    const text = shape.publicColumns.find(({ field }) => field.type === "utf8");
    if (text !== undefined) throw new RangeError(`column ${text.name} is text, which is not exported`);
    this.plan = compactPlan(shape);
    this.#capacity = capacity;
    this.#columns = shape.publicColumns.map(({ name, field }) => ({
      from: shape.plan.public(name),
      to: this.plan.public(name),
      width: ELEMENT_BYTES[field.type],
    }));
    this.#room = Math.min(capacity, FIRST_ROOM);
    this.#gathered = this.#newBatch(this.#room);
  }

  /** Copies rows `from` to `to` of `batch`, as many as there is room for. @returns the first row not copied */
  add(batch: PublicBatch, from: number, to: number): number {
    const end = Math.min(to, from + this.#capacity - this.rows);
    if (end === from) return from;
    if (this.rows === 0) this.#begin(this.#gathered, this.#room);
    while (this.rows + end - from > this.#room) this.#grow();
    this.#copy(batch, from, end - from);
    this.rows += end - from;
    return end;
  }

  get isFull(): boolean {
    return this.rows === this.#capacity;
  }

  /** What was gathered, as an Arrow IPC record batch message: valid until the next call. Starts anew. */
  take(): Uint8Array {
    return this.takeBatch().message();
  }

  /** What was gathered, as a batch of `plan`: valid until the next call. Starts anew. */
  takeBatch(): Batch {
    const batch = this.rows > 0 && this.rows === this.#room ? this.#gathered : this.#laidOutAnew();
    batch.seal();
    this.rows = 0;
    return batch;
  }

  #copy(batch: PublicBatch, from: number, rows: number): void {
    const { u8: read } = batch.views;
    const { u8: write } = this.#gathered.views;
    for (const { from: column, to: gathered, width } of this.#columns) {
      const at = batch.dataAt(column);
      const target = this.#gathered.dataAt(gathered);
      if (width === 0) copyBits(read, at * 8 + from, write, target * 8 + this.rows, rows);
      else {
        const start = target + this.rows * width;
        copyElements(batch.views, at + from * width, this.#gathered.views, start, width, rows);
      }
      // Without a bitmap all are valid, which is what a batch is laid out with.
      const validityAt = batch.validityAt(column);
      if (gathered.validity < 0 || validityAt === 0) continue;
      const bitsAt = this.#gathered.validityAt(gathered);
      copyBits(read, validityAt * 8 + from, write, bitsAt * 8 + this.rows, rows);
    }
  }

  #grow(): void {
    const room = Math.min(this.#capacity, this.#room * GROWTH);
    const larger = this.#begin(this.#newBatch(room), room);
    this.#copyInto(larger);
    this.#gathered = larger;
    this.#room = room;
  }

  #laidOutAnew(): Batch {
    if (this.#compact === undefined || this.#compact.room < this.rows) {
      this.#compact = { batch: this.#newBatch(this.#room), room: this.#room };
    }
    const compact = this.#begin(this.#compact.batch, this.rows);
    if (this.rows > 0) this.#copyInto(compact);
    return compact;
  }

  #copyInto(target: Batch): void {
    const read = this.#gathered.views.u8;
    const write = target.views.u8;
    const { rows } = this;
    const copy = (from: number, to: number, bytes: number) =>
      write.set(read.subarray(from, from + bytes), to);
    for (const { to: column, width } of this.#columns) {
      const bytes = width === 0 ? (rows + 7) >>> 3 : rows * width;
      copy(this.#gathered.dataAt(column), target.dataAt(column), bytes);
      if (column.validity < 0) continue;
      copy(this.#gathered.validityAt(column), target.validityAt(column), (rows + 7) >>> 3);
    }
  }

  #begin(batch: Batch, rows: number): Batch {
    return batch.begin(0, batch.views.u8.byteLength, rows, { firstSequence: 0 });
  }

  #newBatch(rows: number): Batch {
    // Not the shared memory: this is nobody else's business. Nor one of WebAssembly: on Bun, a few of them that were not
    // collected yet make the next one wait for up to 200 ms.
    return new Batch({ buffer: new ArrayBuffer(alignUp(batchBytes(this.plan, rows), 8)) }, this.plan);
  }
}
