/**
 * What formats have in common that write rows cell by cell: the kinds of cells they tell apart, and where a batch's columns lie, looked
 * up once a run of rows.
 */

import type { Column, PublicBatch } from "../runtime/batch/index.ts";
import { isPseudonymous } from "./column.ts";
import type { PublicColumn } from "./dataset.ts";
import type { TableShape } from "./shape.ts";

/** Kinds of cells. A name is a pseudonym: nearly all of its values take all of its bits. */
export const F64 = 0;
export const F32 = 1;
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
export const NAME64 = 12;
export const NAME32 = 13;
/** For each kind, by how many bits a byte offset is shifted to index the view it is read from: that of 32 bits for what has 64. */
const SHIFTS = Uint8Array.of(2, 2, 0, 1, 2, 2, 2, 2, 2, 0, 0, 2, 2, 2);
const F64_SHIFT = 3;

/** How doubles are read: as `numbers` from the view of doubles, or as `bits` from that of 32 bits, two a row. */
export type Doubles = "numbers" | "bits";

export class CellPlaces {
  readonly columns: readonly Column[];
  readonly kinds: Uint8Array;
  /** Of each column of the batch at hand: index of its first element in the view it is read from, and its bitmap or 0. */
  readonly data: Int32Array;
  readonly validity: Int32Array;
  readonly #shifts: Uint8Array;

  constructor(shape: TableShape, doubles: Doubles) {
    this.columns = shape.publicColumns.map(({ name }) => shape.plan.public(name));
    this.kinds = Uint8Array.from(shape.publicColumns, kindOf);
    this.#shifts = this.kinds.map((kind) =>
      kind === F64 && doubles === "numbers" ? F64_SHIFT : SHIFTS[kind]!,
    );
    this.data = new Int32Array(this.columns.length);
    this.validity = new Int32Array(this.columns.length);
  }

  bind(batch: PublicBatch): void {
    for (let index = 0; index < this.columns.length; index++) {
      const column = this.columns[index]!;
      this.data[index] = batch.dataAt(column) >>> this.#shifts[index]!;
      this.validity[index] = batch.validityAt(column);
    }
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
      return F64;
    case "f32":
      return F32;
    case "u8":
      return U8;
    case "u16":
      return U16;
    case "u32":
      return isPseudonymous(spec) ? NAME32 : U32;
    case "i32":
      return I32;
    case "u64":
      return isPseudonymous(spec) ? NAME64 : U64;
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
