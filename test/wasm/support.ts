/** One memory with kernels for a test file, and a way to put columns into it. */

import {
  type BlockAllocator,
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
  type Kernels,
} from "../../wasm/index.ts";

export class Bench {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #next = KERNEL_STATIC_BYTES;

  constructor(bytes = 4 << 20) {
    this.module = compileKernels();
    this.memory = createKernelMemory({ bytes });
    this.kernels = instantiateKernels(this.module, this.memory);
    this.bytes = new Uint8Array(this.memory.buffer);
    this.#view = new DataView(this.memory.buffer);
  }

  /** Starts over; what was placed before is left as litter, so that a kernel which trusts fresh memory is found out. */
  reset(): void {
    this.#next = KERNEL_STATIC_BYTES;
  }

  /** Room for `bytes` bytes, `skew` bytes past an alignment of 16. */
  place(bytes: number, skew = 0): number {
    const ptr = Math.ceil(this.#next / 16) * 16 + skew;
    this.#next = ptr + bytes;
    if (this.#next > this.bytes.length) throw new Error("the test's memory is full");
    return ptr;
  }

  put(content: ArrayLike<number>, skew = 0): number {
    const ptr = this.place(content.length, skew);
    this.bytes.set(content, ptr);
    return ptr;
  }

  putF64(values: readonly number[], skew = 0): number {
    return this.put(new Uint8Array(new Float64Array(values).buffer), skew);
  }

  /** Arrow's layout of a column of byte strings; `first` is the first offset. */
  putStrings(rows: readonly Uint8Array[], first = 0): { values: number; offsets: number } {
    const offsets = new Int32Array(rows.length + 1);
    offsets[0] = first;
    rows.forEach((row, i) => {
      offsets[i + 1] = offsets[i]! + row.length;
    });
    const values = this.place(offsets[rows.length]!);
    rows.forEach((row, i) => {
      this.bytes.set(row, values + offsets[i]!);
    });
    return { values, offsets: this.put(new Uint8Array(offsets.buffer)) };
  }

  /** A bitmap, least significant bit first. */
  putValidity(valid: readonly boolean[]): number {
    const bitmap = new Uint8Array(Math.ceil(valid.length / 8));
    valid.forEach((bit, i) => {
      if (bit) bitmap[i >> 3] = bitmap[i >> 3]! | (1 << (i & 7));
    });
    return this.put(bitmap);
  }

  slice(ptr: number, bytes: number): Uint8Array {
    return this.bytes.slice(ptr, ptr + bytes);
  }

  f64(ptr: number): number {
    return this.#view.getFloat64(ptr, true);
  }

  u64(ptr: number): bigint {
    return this.#view.getBigUint64(ptr, true);
  }

  u32(ptr: number): number {
    return this.#view.getUint32(ptr, true);
  }

  get allocator(): BlockAllocator {
    return {
      allocate: (bytes) => this.place(bytes),
      free: (ptr, bytes) => void this.bytes.fill(0xaa, ptr, ptr + bytes),
    };
  }
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A stream of numbers in [0, 1) that a seed fixes (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
