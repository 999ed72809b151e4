/**
 * What the binary formats have in common: the kinds of cells they tell apart, and where a batch's columns lie, looked up once
 * a chunk. A float is its bits, so that every NaN leaves as it came, in one runtime as in the other.
 */

import type { Column, PublicBatch } from "../../runtime/batch/index.ts";
import type { PublicColumn } from "../define.ts";
import type { TableShape } from "../shape.ts";

/** Kinds of cells. `BITS` are written as they lie: floats, and numbers that are names. */
export const BITS64 = 0;
export const BITS32 = 1;
export const U8 = 2;
export const U16 = 3;
export const U32 = 4;
export const I32 = 5;
export const U64 = 6;
export const I64 = 7;
export const MOMENT = 8;
export const BOOL = 9;
export const CATEGORY = 10;
export const TEXT = 11;
/** For each kind, by how many bits a byte offset is shifted to index the view it is read from. */
const SHIFTS = Uint8Array.of(2, 2, 0, 1, 2, 2, 2, 2, 2, 0, 0, 2);

export class Cells {
  readonly columns: readonly Column[];
  readonly kinds: Uint8Array;
  /** Of each column of the batch at hand: index of its first element in the view it is read from, and its bitmap or 0. */
  readonly data: Int32Array;
  readonly validity: Int32Array;
  readonly #texts: readonly number[];

  constructor(shape: TableShape) {
    this.columns = shape.publicColumns.map(({ name }) => shape.plan.public(name));
    this.kinds = Uint8Array.from(shape.publicColumns, kindOf);
    this.data = new Int32Array(this.columns.length);
    this.validity = new Int32Array(this.columns.length);
    this.#texts = [...this.kinds.keys()].filter((index) => this.kinds[index] === TEXT);
  }

  bind(batch: PublicBatch): void {
    for (let index = 0; index < this.columns.length; index++) {
      const column = this.columns[index]!;
      this.data[index] = batch.dataAt(column) >>> SHIFTS[this.kinds[index]!]!;
      this.validity[index] = batch.validityAt(column);
    }
  }

  /** Bytes of text in rows `from` to `to` of the batch at hand. */
  textBytes({ views }: PublicBatch, from: number, to: number): number {
    let bytes = 0;
    for (const index of this.#texts) {
      const offsets = this.data[index]!;
      bytes += views.i32[offsets + to]! - views.i32[offsets + from]!;
    }
    return bytes;
  }

  /** @throws RangeError always */
  noCategory(index: number, row: number, code: number): never {
    const { name, values = [] } = this.columns[index]!;
    throw new RangeError(
      `column ${name}, row ${row}: expected a category below ${values.length}; came ${code}`,
    );
  }
}

function kindOf({ field, spec }: PublicColumn): number {
  switch (field.type) {
    case "f64":
      return BITS64;
    case "f32":
      return BITS32;
    case "u8":
      return U8;
    case "u16":
      return U16;
    case "u32":
      return isName(spec) ? BITS32 : U32;
    case "i32":
      return I32;
    case "u64":
      return isName(spec) ? BITS64 : U64;
    case "i64":
      return I64;
    case "timestamp":
      return MOMENT;
    case "bool":
      return BOOL;
    case "category":
      return CATEGORY;
    case "utf8":
      return TEXT;
  }
}

/** A pseudonym: nearly all of its values take all of its bits. */
export function isName({ class: kind }: PublicColumn["spec"]): boolean {
  return kind === "identifier" || kind === "pseudonym";
}
