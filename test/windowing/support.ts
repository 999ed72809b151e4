/**
 * What the tests of the operators share: one memory with kernels for a test file, rows given plainly as columns in it, a pool that knows
 * what is out of it, and a way to feed an operator and have what came out as plain data.
 *
 *     const ground = new Ground();
 *     const pool = ground.pool();
 *     const operator = createOperator({ kernels: ground.kernels, pool, accumulation: new RowTrace(ground.kernels, pool), … });
 *     const out = feed(ground, operator, cut(rows, [3, 1, 20]), (record) => trace.read(record));
 */

import {
  BlockPool,
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
  type Kernels,
} from "../../wasm/index.ts";
import type { Accumulation } from "../../windowing/accumulation.ts";
import type { ClosedWindow, OperatorOptions, WindowOperator } from "../../windowing/operator.ts";
import type { RowColumns, ValueColumn, ValueType } from "../../windowing/rows.ts";
import type { WindowShape } from "../../windowing/shape.ts";
import { StateReader, StateWriter } from "../../windowing/state.ts";

const VALUE_BYTES: Readonly<Record<ValueType, number>> = {
  f64: 8,
  f32: 4,
  i64: 8,
  i32: 4,
  u64: 8,
  u32: 4,
  u16: 2,
  u8: 1,
};

export interface Row {
  readonly time: number;
  /** Default 0. */
  readonly key?: bigint | number;
  /** Null: not valid. Default none. */
  readonly values?: readonly (number | bigint | null)[];
}

/** One thing that happens to an operator. */
export type Step =
  | { readonly rows: readonly Row[]; readonly writtenMs?: number }
  | { readonly advanceMs: number }
  | { readonly finish: true };

export interface ColumnOptions {
  /** Default 0: not known. */
  readonly writtenMs?: number;
  /** 0: no key column. Default 8. */
  readonly keyWidth?: 0 | 1 | 4 | 8;
  /** Of the values, one each; default f64 for as many as the first row has. */
  readonly types?: readonly ValueType[];
}

/** A window that came out, and `read` of each of its groups. */
export interface PlainWindow<T> {
  readonly start: number;
  readonly end: number;
  readonly revision: number;
  readonly withdrawn: boolean;
  readonly groups: readonly { readonly key: bigint | null; readonly of: T }[];
}

/** A pool that knows what was taken from it and not given back. */
export class CountingPool extends BlockPool {
  readonly #out = new Map<number, number>();
  inUse = 0;

  override allocate(bytes: number): number {
    const block = super.allocate(bytes);
    this.#out.set(block, bytes);
    this.inUse += bytes;
    return block;
  }

  override free(block: number, bytes: number): void {
    if (this.#out.get(block) !== bytes) throw new Error(`block ${block} of ${bytes} bytes was not out`);
    this.#out.delete(block);
    this.inUse -= bytes;
    super.free(block, bytes);
  }
}

/** The memory of a test file: below it rows, above it pools. */
export class Ground {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #rowsEnd: number;
  #next = KERNEL_STATIC_BYTES;

  /** @param rowsBytes of `bytes`, for the rows of one batch */
  constructor(bytes = 48 << 20, rowsBytes = 16 << 20) {
    this.memory = createKernelMemory({ bytes });
    this.kernels = instantiateKernels(compileKernels(), this.memory);
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#view = new DataView(this.memory.buffer);
    this.#rowsEnd = KERNEL_STATIC_BYTES + rowsBytes;
  }

  /** A new pool of `bytes` bytes, over whatever the one before has left there. */
  pool(bytes = this.memory.buffer.byteLength - this.#rowsEnd, at = this.#rowsEnd): CountingPool {
    return new CountingPool(at, bytes);
  }

  /** Rows as columns; until the next call. */
  columns(rows: readonly Row[], options: ColumnOptions = {}): RowColumns {
    this.#next = KERNEL_STATIC_BYTES;
    const timesAt = this.#place(rows.length * 8);
    for (const [i, row] of rows.entries()) this.#view.setBigInt64(timesAt + i * 8, BigInt(row.time), true);
    const types = options.types ?? (rows[0]?.values ?? []).map((): ValueType => "f64");
    const values = types.map((type, column) => this.#values(rows, column, type));
    const width = options.keyWidth ?? 8;
    const facts = { rows: rows.length, timesAt, values, writtenMs: options.writtenMs ?? 0 };
    if (width === 0) return facts;
    return { ...facts, keys: { width, at: this.#keys(rows, width) } };
  }

  #keys(rows: readonly Row[], width: 1 | 4 | 8): number {
    const at = this.#place(rows.length * width);
    for (const [i, row] of rows.entries()) {
      const key = BigInt(row.key ?? 0);
      if (width === 8) this.#view.setBigUint64(at + i * 8, key, true);
      else if (width === 4) this.#view.setUint32(at + i * 4, Number(key), true);
      else this.#view.setUint8(at + i, Number(key));
    }
    return at;
  }

  #values(rows: readonly Row[], column: number, type: ValueType): ValueColumn {
    const width = VALUE_BYTES[type];
    const at = this.#place(rows.length * width);
    const given = rows.map((row) => row.values?.[column] ?? null);
    for (const [i, value] of given.entries()) this.#put(type, at + i * width, value ?? 0);
    if (!given.includes(null)) return { type, at, validity: 0 };
    const validity = this.#place(Math.ceil(rows.length / 8));
    this.#bytes.fill(0, validity, validity + Math.ceil(rows.length / 8));
    for (const [i, value] of given.entries()) {
      if (value !== null) this.#bytes[validity + (i >> 3)]! |= 1 << (i & 7);
    }
    return { type, at, validity };
  }

  #put(type: ValueType, at: number, value: number | bigint): void {
    const view = this.#view;
    if (type === "i64") view.setBigInt64(at, BigInt(value), true);
    else if (type === "u64") view.setBigUint64(at, BigInt(value), true);
    else if (type === "f64") view.setFloat64(at, Number(value), true);
    else if (type === "f32") view.setFloat32(at, Number(value), true);
    else if (type === "i32") view.setInt32(at, Number(value), true);
    else if (type === "u32") view.setUint32(at, Number(value), true);
    else if (type === "u16") view.setUint16(at, Number(value), true);
    else view.setUint8(at, Number(value));
  }

  #place(bytes: number): number {
    const at = this.#next;
    this.#next = Math.ceil((at + bytes) / 8) * 8;
    if (this.#next > this.#rowsEnd)
      throw new Error("the rows of this batch do not fit into the test's memory");
    return at;
  }
}

/** Options for an operator in a test: no disorder, no lateness, rows of any future, 1000 groups, then the others'. */
export function optionsOf(
  ground: Ground,
  pool: BlockPool,
  accumulation: Accumulation,
  shape: WindowShape,
  more: Partial<OperatorOptions> = {},
): OperatorOptions {
  return {
    kernels: ground.kernels,
    pool,
    accumulation,
    shape,
    disorderMs: 0,
    latenessMs: 0,
    aheadMs: 60_000,
    maxGroups: 1000,
    whenFull: "other",
    maxRows: 65_536,
    ...more,
  };
}

/** Everything that is due now. */
export function drain<T>(operator: WindowOperator, read: (record: number) => T): PlainWindow<T>[] {
  const out: PlainWindow<T>[] = [];
  for (let window = operator.next(); window !== undefined; window = operator.next())
    out.push(plain(window, read));
  return out;
}

/** Does one thing after the other to the operator. @returns all windows that came out, in their order */
export function feed<T>(
  ground: Ground,
  operator: WindowOperator,
  steps: readonly Step[],
  read: (record: number) => T,
  options: ColumnOptions = {},
): PlainWindow<T>[] {
  return steps.flatMap((step) => {
    if ("advanceMs" in step) operator.advance(step.advanceMs);
    else if ("finish" in step) operator.finish();
    else return feedRows(ground, operator, step, read, options);
    return drain(operator, read);
  });
}

/** Rows as steps of the sizes given, over and over; without sizes: one step. */
export function cut(rows: readonly Row[], sizes: readonly number[] = [], writtenMs = 0): Step[] {
  const steps: Step[] = [];
  for (let from = 0, i = 0; from < rows.length; i++) {
    const size = sizes.length === 0 ? rows.length : Math.max(1, sizes[i % sizes.length]!);
    steps.push({ rows: rows.slice(from, from + size), writtenMs });
    from += size;
  }
  return steps;
}

export function saved(operator: WindowOperator): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  operator.save(out);
  return out.written.slice();
}

/** @throws Error when the operator has not read all of it */
export function restore(operator: WindowOperator, state: Uint8Array): void {
  const reader = new StateReader(state);
  operator.load(reader);
  if (!reader.isAtEnd) throw new Error("the operator left a part of its state");
}

function feedRows<T>(
  ground: Ground,
  operator: WindowOperator,
  step: Extract<Step, { rows: unknown }>,
  read: (record: number) => T,
  options: ColumnOptions,
): PlainWindow<T>[] {
  const out: PlainWindow<T>[] = [];
  const columns = ground.columns(step.rows, {
    ...options,
    writtenMs: step.writtenMs ?? options.writtenMs ?? 0,
  });
  for (let row = 0, stuck = 0; row < columns.rows; ) {
    const before = row;
    row = operator.add(columns, row);
    out.push(...drain(operator, read));
    stuck = row === before ? stuck + 1 : 0;
    // A row may be given back once because the clock was set back, and once because it closes something.
    if (row < before || stuck > 2) throw new Error(`the operator went from row ${before} to row ${row}`);
  }
  return out;
}

function plain<T>(window: ClosedWindow, read: (record: number) => T): PlainWindow<T> {
  return {
    start: window.startMs,
    end: window.endMs,
    revision: window.revision,
    withdrawn: window.isWithdrawn,
    groups: Array.from(window.groups(), (group) => ({ key: group.key, of: read(group.record) })),
  };
}
