import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CELL_BYTES, type Kernels, SKETCH_MAX_BYTES, SKETCH_MIN_BYTES } from "../../wasm/index.ts";
import { Bench, randomFrom } from "./support.ts";

const bench = new Bench(16 << 20);
const { kernels } = bench;
/** Of a cell, what is moments. */
const MOMENTS = 56;
const { POSITIVE_INFINITY: INFINITE, NaN: NAN } = Number;

type Add = Kernels["cellsAddF64"];

/** What a host does: cells side by side, rows that point at them, and sketches that grow up to `limit` bytes. */
class Host {
  readonly cells: number;
  readonly truncated = bench.putF64([0]);
  readonly #limit: number;

  constructor(count: number, limit = SKETCH_MAX_BYTES) {
    this.cells = bench.place(count * CELL_BYTES);
    this.#limit = limit;
    for (let i = 0; i < count; i++) kernels.momentsInit(this.at(i));
  }

  at(cell: number): number {
    return this.cells + cell * CELL_BYTES;
  }

  /** `cells[row]`: −1 for none. `cuts`: rows that a call ends before. */
  add(
    add: Add,
    values: number,
    cells: readonly number[],
    valid?: readonly boolean[],
    cuts: readonly number[] = [],
  ): void {
    // A record that begins 128 bytes before: the offset has to count.
    const pointers = cells.map((cell) => (cell === -1 ? 0 : this.at(cell) - 128));
    const records = bench.put(new Uint8Array(new Uint32Array(pointers).buffer));
    const validity = valid === undefined ? 0 : bench.putValidity(valid);
    const ends = [...cuts.filter((cut) => cut < cells.length), cells.length].sort((a, b) => a - b);
    let row = 0;
    for (const end of ends) {
      for (;;) {
        row = add(values, validity, records, 128, row, end, this.truncated);
        if (row === end) break;
        this.#grow(this.at(cells[row]!));
      }
    }
  }

  addValues(cell: number, values: readonly number[]): void {
    this.add(
      kernels.cellsAddF64,
      bench.putF64(values),
      values.map(() => cell),
    );
  }

  merge(into: number, from: number, count: number): void {
    for (let cell = 0; cell < count; ) {
      cell = kernels.cellsMerge(this.at(into), this.at(from), cell, count, this.truncated);
      if (cell < count) this.#grow(this.at(into + cell));
    }
  }

  #grow(cell: number): void {
    const before = kernels.cellSketch(cell);
    const bytes = before === 0 ? SKETCH_MIN_BYTES : kernels.sketchNeeds(before);
    if (bytes > this.#limit) {
      kernels.cellFreeze(cell);
      return;
    }
    const sketch = bench.place(bytes);
    if (before === 0) kernels.sketchInit(sketch, bytes);
    else kernels.sketchGrow(before, sketch, bytes);
    kernels.cellAttach(cell, sketch);
  }
}

/** Moments and a sketch apart, filled value by value; NaN in the moments alone. */
class Plain {
  readonly moments = bench.place(CELL_BYTES);
  truncated = 0;
  #isFrozen = false;
  #sketch = 0;
  readonly #limit: number;

  constructor(limit = SKETCH_MAX_BYTES) {
    this.#limit = limit;
    kernels.momentsInit(this.moments);
  }

  add(value: number): void {
    kernels.momentsAdd(this.moments, value);
    if (Number.isNaN(value)) return;
    const isIn = this.#until((sketch) => kernels.sketchAdd(sketch, value));
    if (!isIn) this.truncated++;
  }

  merge(other: Plain): void {
    kernels.momentsMerge(this.moments, other.moments);
    if (other.#sketch !== 0 && !this.#until((sketch) => kernels.sketchMerge(sketch, other.#sketch))) {
      this.truncated += kernels.sketchCount(other.#sketch);
    }
    this.#isFrozen ||= other.#isFrozen;
  }

  /** Grows for what says how much it needs. @returns whether there was room */
  #until(step: (sketch: number) => number): boolean {
    for (;;) {
      const needs = this.#sketch === 0 ? SKETCH_MIN_BYTES : step(this.#sketch);
      if (needs === 0) return true;
      this.#isFrozen ||= needs > this.#limit;
      if (this.#isFrozen) return false;
      const larger = bench.place(needs);
      if (this.#sketch === 0) kernels.sketchInit(larger, needs);
      else kernels.sketchGrow(this.#sketch, larger, needs);
      this.#sketch = larger;
    }
  }

  /** As a cell has to be, but for the rounding that a NaN's bits do not tell. */
  state(): unknown[] {
    return stateOf(this.moments, this.#sketch, this.#isFrozen);
  }
}

function stateOf(moments: number, sketch: number, isFrozen: boolean): unknown[] {
  const numbers = Array.from({ length: MOMENTS / 8 }, (_, i) => bench.f64(moments + 8 * i));
  // A sketch that was refused room says what it asked for last; that is nobody's concern.
  const used = sketch === 0 ? new Uint8Array() : bench.slice(sketch, kernels.sketchUsed(sketch));
  used.fill(0, 8, 12);
  return [isFrozen, numbers, used];
}

function cellState(cell: number): unknown[] {
  return stateOf(cell, kernels.cellSketch(cell), kernels.cellIsFrozen(cell) === 1);
}

const ordinary = fc.integer({ min: 1, max: 2 ** 30 }).map((x) => (x - 2 ** 28) / 1024);
const odd = fc.constantFrom(0, -0, NAN, INFINITE, -INFINITE, 5e-324, -3e-310, 1e-300, -1e300, 1e15, 1e-9);
const value = fc.oneof({ weight: 12, arbitrary: ordinary }, { weight: 1, arbitrary: odd });
const positive = fc.integer({ min: 1, max: 2 ** 20 }).map((x) => x / 64);
// All of one sign, as most columns are; and all kinds.
const row = (of: fc.Arbitrary<number>) =>
  fc.record({ value: of, cell: fc.integer({ min: -1, max: 1 }), valid: fc.integer({ min: 0, max: 9 }) });
const rows = fc.oneof(
  fc.array(row(value), { maxLength: 400, size: "max" }),
  fc.array(row(positive), { maxLength: 600, size: "max" }),
  fc.array(row(positive.map((x) => -x)), { maxLength: 600, size: "max" }),
  fc.array(row(fc.oneof(positive, value)), { maxLength: 500, size: "max" }),
);

test("a cell is what adding its values one by one to moments and to a sketch makes, wherever calls are cut", () => {
  for (const limit of [SKETCH_MAX_BYTES, 2048, 512]) {
    fc.assert(
      fc.property(rows, fc.array(fc.nat(600), { maxLength: 6 }), (cases, cuts) => {
        bench.reset();
        const host = new Host(2, limit);
        const plain = [new Plain(limit), new Plain(limit)];
        const valid = cases.map((entry) => entry.valid > 0);
        host.add(
          kernels.cellsAddF64,
          bench.putF64(cases.map((entry) => entry.value)),
          cases.map((entry) => entry.cell),
          valid,
          cuts,
        );
        cases.forEach((entry, i) => {
          if (valid[i]) plain[entry.cell]?.add(entry.value);
        });
        assert.deepEqual(cellState(host.at(0)), plain[0]!.state());
        assert.deepEqual(cellState(host.at(1)), plain[1]!.state());
        assert.equal(bench.f64(host.truncated), plain[0]!.truncated + plain[1]!.truncated);
      }),
      { seed: 512 + limit, numRuns: 60, endOnFailure: true },
    );
  }
});

test("many values: negative ones, both signs, all of one, whole octaves", () => {
  const random = randomFrom(5);
  const shapes = {
    negative: () => -Math.exp(random() * 8),
    signs: () => random() - 0.5,
    one: () => 42,
    wide: () => Math.exp(random() * 170 - 85) * (random() < 0.5 ? -1 : 1),
    zeros: () => Math.floor(random() * 3),
    huge: () => 1.7e308 * (random() - 0.5),
    highest: () => Number.MAX_VALUE,
    ends: () => (random() < 0.5 ? Number.MAX_VALUE : random() < 0.5 ? -2.3e-308 : 2.3e-308),
    least: () => (random() < 0.1 ? 0 : 1.2e-308 + 1e-308 * random()),
    lowest: () => (random() < 0.1 ? 0 : 1e-307 * random()),
  };
  for (const [name, make] of Object.entries(shapes)) {
    bench.reset();
    const values = Array.from({ length: 5000 }, make);
    const host = new Host(1);
    const plain = new Plain();
    host.addValues(0, values);
    for (const one of values) plain.add(one);
    assert.deepEqual(cellState(host.at(0)), plain.state(), name);
  }
});

test("columns of all types mean what their numbers mean", () => {
  const types = [
    ["cellsAddF64", Float64Array, [0.1, -1e300, NAN, 7]],
    ["cellsAddF32", Float32Array, [0.1, -1e30, NAN, INFINITE]],
    ["cellsAddI64", BigInt64Array, [-(2n ** 63n), 2n ** 53n + 1n, -3n, 2n ** 63n - 1n]],
    ["cellsAddI32", Int32Array, [-(2 ** 31), 2 ** 31 - 1, 0, -5]],
    ["cellsAddU64", BigUint64Array, [2n ** 64n - 1n, 2n ** 53n + 3n, 0n, 2n ** 63n + 1025n]],
    ["cellsAddU32", Uint32Array, [2 ** 32 - 1, 0, 5, 2 ** 31]],
    ["cellsAddU16", Uint16Array, [65535, 0, 256, 9]],
    ["cellsAddU8", Uint8Array, [255, 0, 128, 9]],
  ] as const;
  for (const [name, Type, edges] of types) {
    bench.reset();
    const column = Array.from({ length: 400 }, (_, i) => edges[i % 4]!);
    const host = new Host(1);
    const plain = new Plain();
    const array = Reflect.construct(Type, [column]) as InstanceType<typeof Type>;
    host.add(
      kernels[name],
      bench.put(new Uint8Array(array.buffer)),
      column.map(() => 0),
    );
    for (const item of array) plain.add(Number(item));
    assert.deepEqual(cellState(host.at(0)), plain.state(), name);
  }
});

test("merged cells are what merged moments and merged sketches are, frozen or not", () => {
  const column = fc.oneof(
    fc.array(value, { maxLength: 60 }),
    fc.array(positive, { maxLength: 300, size: "max" }),
    fc.array(value, { maxLength: 300, size: "max" }),
  );
  for (const limit of [SKETCH_MAX_BYTES, 2048, 256]) {
    fc.assert(
      fc.property(fc.array(column, { minLength: 5, maxLength: 5 }), (columns) => {
        bench.reset();
        const host = new Host(4, limit);
        const plain = [0, 1, 2, 3].map(() => new Plain(limit));
        columns.slice(0, 4).forEach((values, cell) => {
          host.addValues(cell, values);
          for (const one of values) plain[cell]!.add(one);
        });
        host.merge(0, 2, 2);
        plain[0]!.merge(plain[2]!);
        plain[1]!.merge(plain[3]!);
        // They go on as if nothing had been: what is in the cell beside the sketch was merged too.
        host.addValues(0, columns[4]!);
        for (const one of columns[4]!) plain[0]!.add(one);
        assert.deepEqual(cellState(host.at(0)), plain[0]!.state());
        assert.deepEqual(cellState(host.at(1)), plain[1]!.state());
        assert.deepEqual(cellState(host.at(2)), plain[2]!.state(), "merge changed what it read");
        assert.deepEqual(cellState(host.at(3)), plain[3]!.state(), "merge changed what it read");
        const truncated = plain.reduce((total, one) => total + one.truncated, 0);
        assert.equal(bench.f64(host.truncated), truncated);
      }),
      { seed: limit, numRuns: 60, endOnFailure: true },
    );
  }
});

test("a cell that has seen all of its values, merged with one that has not", () => {
  bench.reset();
  const host = new Host(2, 2048);
  const plain = [new Plain(2048), new Plain(2048)];
  const narrow = Array.from({ length: 300 }, (_, i) => 1 + i / 300);
  const columns = [narrow, [...narrow, 2 ** 60]];
  columns.forEach((values, cell) => {
    host.addValues(cell, values);
    for (const one of values) plain[cell]!.add(one);
  });
  assert.deepEqual([kernels.cellIsFrozen(host.at(0)), kernels.cellIsFrozen(host.at(1))], [0, 1]);
  host.merge(0, 1, 1);
  plain[0]!.merge(plain[1]!);
  assert.deepEqual(cellState(host.at(0)), plain[0]!.state());
});

test("a sketch that has counted to 2^32 takes no more, and says so", () => {
  for (const rows of [3, 300]) {
    bench.reset();
    const host = new Host(2);
    host.addValues(
      0,
      Array.from({ length: rows }, () => 2),
    );
    new DataView(bench.memory.buffer).setFloat64(host.at(0), 2 ** 32 - 1, true);
    host.addValues(0, [2, 2]);
    assert.equal(bench.f64(host.truncated), 2);
    assert.equal(kernels.momentsCount(host.at(0)), 2 ** 32 + 1);
    assert.equal(kernels.sketchCount(kernels.cellSketch(host.at(0))), 2 ** 32 - 1);
    host.addValues(1, [4]);
    host.merge(1, 0, 1);
    assert.equal(kernels.momentsCount(host.at(1)), 2 ** 32 + 2);
    assert.equal(kernels.cellIsFrozen(host.at(1)), 1);
  }
});
