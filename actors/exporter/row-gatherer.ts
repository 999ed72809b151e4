/**
 * Gathers rows of many batches into one compact batch: a dataset that is written row by row would otherwise be handed on
 * row by row, and every hand-over costs as much as hundreds of rows.
 *
 * Columns are copied as bytes, in the layout they have in the log: nothing is decoded, and 64-bit numbers stay exact.
 */

import { alignUp } from "../../runtime/arena.ts";
import {
  Batch,
  type BatchPlan,
  type Column,
  ELEMENT_BYTES,
  type PublicBatch,
} from "../../runtime/batch/index.ts";

const PAGE_BYTES = 65536;

export class RowGatherer {
  /** Rows gathered since the last `take`. */
  rows = 0;
  readonly #plan: BatchPlan;
  readonly #capacity: number;
  /** Where rows are gathered: laid out for `capacity` rows. */
  readonly #gathered: Batch;
  /** Where they are laid out anew when they are fewer. */
  readonly #compact: Batch;
  readonly #slotBytes: number;

  /** @throws RangeError for a plan with public text, which no dataset has: text that leaves would be raw */
  constructor(plan: BatchPlan, capacity: number) {
    const text = plan.publicColumns.find(({ type }) => type === "utf8");
    if (text !== undefined) throw new RangeError(`column ${text.name} is text, which is not exported`);
    this.#plan = plan;
    this.#capacity = capacity;
    // Not the shared memory: this is nobody else's business, and gone with the export.
    const bytes = (of: number) => alignUp(of, PAGE_BYTES) / PAGE_BYTES;
    const probe = new Batch(new WebAssembly.Memory({ initial: 1 }), plan);
    this.#slotBytes = alignUp(probe.bytesFor(capacity), 64);
    const memory = new WebAssembly.Memory({ initial: bytes(2 * this.#slotBytes) });
    this.#gathered = new Batch(memory, plan).begin(0, this.#slotBytes, capacity, { firstSequence: 0 });
    this.#compact = new Batch(memory, plan);
  }

  /** Copies rows `from` to `to` of `batch`, as many as there is room for. @returns the first row not copied */
  add(batch: PublicBatch, from: number, to: number): number {
    const rows = Math.min(to - from, this.#capacity - this.rows);
    for (const column of this.#plan.publicColumns) {
      copyRows(batch, column, from, rows, this.#gathered, this.rows);
    }
    this.rows += rows;
    return from + rows;
  }

  get isFull(): boolean {
    return this.rows === this.#capacity;
  }

  /** What was gathered, as an Arrow IPC record batch message: valid until the next call. Starts anew. */
  take(): Uint8Array {
    const rows = this.rows;
    this.#compact.begin(this.#slotBytes, this.#slotBytes, rows, { firstSequence: 0 });
    const { u8 } = this.#compact.views;
    for (const column of this.#plan.publicColumns) {
      const copy = (from: number, to: number, bytes: number) => u8.copyWithin(to, from, from + bytes);
      const bits = (rows + 7) >>> 3;
      const bytes = column.type === "bool" ? bits : rows * ELEMENT_BYTES[column.type];
      copy(this.#gathered.dataAt(column), this.#compact.dataAt(column), bytes);
      if (column.validity >= 0) {
        copy(this.#gathered.validityAt(column), this.#compact.validityAt(column), bits);
      }
    }
    this.#compact.seal();
    this.#gathered.begin(0, this.#slotBytes, this.#capacity, { firstSequence: 0 });
    this.rows = 0;
    return this.#compact.message();
  }
}

function copyRows(
  from: PublicBatch,
  column: Column,
  fromRow: number,
  rows: number,
  to: Batch,
  toRow: number,
) {
  const width = ELEMENT_BYTES[column.type];
  if (width > 0) {
    const at = from.dataAt(column) + fromRow * width;
    to.views.u8.set(from.views.u8.subarray(at, at + rows * width), to.dataAt(column) + toRow * width);
  } else {
    const bits = from.dataAt(column);
    for (let row = 0; row < rows; row++) {
      if (bitAt(from.views.u8, bits, fromRow + row)) to.setTrue(column, toRow + row);
    }
  }
  if (column.validity < 0) return;
  const validity = from.validityAt(column);
  for (let row = 0; row < rows; row++) {
    if (!bitAt(from.views.u8, validity, fromRow + row)) to.setNull(column, toRow + row);
  }
}

function bitAt(u8: Uint8Array, at: number, row: number): boolean {
  return ((u8[at + (row >>> 3)]! >>> (row & 7)) & 1) === 1;
}
