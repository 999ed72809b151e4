/**
 * Reads the FlatBuffers (https://flatbuffers.dev/internals/) that Arrow's messages begin with, of which every offset and length may be
 * a lie. A read that leads out of the buffer gives 0 and is remembered: who has read all that he wanted asks `isBroken`, and forgets it all.
 *
 * Tables are the places they lie at in memory; 0 is a table that is not there, and has nothing.
 */

export interface FlatVector {
  /** Of its first element. */
  readonly at: number;
  readonly length: number;
}

const NOTHING: FlatVector = { at: 0, length: 0 };
const TWO_32 = 4_294_967_296;

export class FlatBuffer {
  readonly #view: DataView;
  #from = 0;
  #to = 0;
  #isBroken = false;

  constructor(memory: { readonly buffer: ArrayBufferLike }) {
    this.#view = new DataView(memory.buffer);
  }

  /** Whether a read led out of the buffer since it was opened. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Moves to the buffer from byte `from` to `to` of the memory. @returns its root table */
  open(from: number, to: number): number {
    this.#from = from;
    this.#to = to;
    this.#isBroken = false;
    return this.#follow(from);
  }

  u8(table: number, slot: number): number {
    const at = this.#field(table, slot);
    return at !== 0 && this.#has(at, 1) ? this.#view.getUint8(at) : 0;
  }

  i16(table: number, slot: number): number {
    const at = this.#field(table, slot);
    return at !== 0 && this.#has(at, 2) ? this.#view.getInt16(at, true) : 0;
  }

  i32(table: number, slot: number): number {
    const at = this.#field(table, slot);
    return at !== 0 && this.#has(at, 4) ? this.#view.getInt32(at, true) : 0;
  }

  /** Rounded beyond 2^53. */
  i64(table: number, slot: number): number {
    const at = this.#field(table, slot);
    return at === 0 ? 0 : this.i64At(at);
  }

  i64At(at: number): number {
    return this.#has(at, 8) ? this.#view.getInt32(at + 4, true) * TWO_32 + this.#view.getUint32(at, true) : 0;
  }

  table(table: number, slot: number): number {
    const at = this.#field(table, slot);
    return at === 0 ? 0 : this.#follow(at);
  }

  /** A vector of elements of so many bytes; of length 0 when it is not there. */
  vector(table: number, slot: number, bytes: number): FlatVector {
    const at = this.table(table, slot);
    if (at === 0 || !this.#has(at, 4)) return NOTHING;
    const length = this.#view.getUint32(at, true);
    return this.#has(at + 4, length * bytes) ? { at: at + 4, length } : NOTHING;
  }

  /** The table that element `index` of a vector of tables is. */
  element({ at }: FlatVector, index: number): number {
    return this.#follow(at + index * 4);
  }

  #follow(at: number): number {
    if (!this.#has(at, 4)) return 0;
    const to = at + this.#view.getUint32(at, true);
    return this.#has(to, 4) ? to : 0;
  }

  /** Where a field lies; 0: it has its default. */
  #field(table: number, slot: number): number {
    if (table === 0 || !this.#has(table, 4)) return 0;
    const fields = table - this.#view.getInt32(table, true);
    if (!this.#has(fields, 4)) return 0;
    if (slot + 2 > this.#view.getUint16(fields, true) || !this.#has(fields + slot, 2)) return 0;
    const offset = this.#view.getUint16(fields + slot, true);
    return offset === 0 ? 0 : table + offset;
  }

  #has(at: number, bytes: number): boolean {
    if (at >= this.#from && at + bytes <= this.#to) return true;
    this.#isBroken = true;
    return false;
  }
}
