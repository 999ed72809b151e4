import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HLL_MAX_BYTES, HLL_MIN_BYTES, HLL_STANDARD_ERROR, VALUE_TYPES } from "../../wasm/index.ts";
import { ReferenceHyperLogLog, rrmxmx } from "./reference/hyperloglog.ts";
import { Bench, randomFrom } from "./support.ts";

const bench = new Bench(12 << 20);
const { kernels } = bench;

/** A set that moves to a larger block by itself; blocks are litter beforehand, with a canary behind. */
class Blocks {
  block: number;

  constructor() {
    this.block = this.#place(HLL_MIN_BYTES);
    kernels.hllInit(this.block, HLL_MIN_BYTES);
  }

  add(values: BigUint64Array): this {
    const column = bench.put(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    for (let row = 0; row < values.length; ) {
      row = kernels.hllAdd(this.block, column, row, values.length);
      if (row < values.length) this.grow(this.bytes * 2);
    }
    return this;
  }

  merge(other: Blocks): this {
    for (let needs = kernels.hllMerge(this.block, other.block); needs !== 0; ) {
      this.grow(needs);
      needs = kernels.hllMerge(this.block, other.block);
    }
    return this;
  }

  grow(bytes: number): void {
    const larger = this.#place(bytes);
    kernels.hllGrow(this.block, larger, bytes);
    this.block = larger;
  }

  get bytes(): number {
    return kernels.hllBytes(this.block);
  }

  get estimate(): number {
    return kernels.hllEstimate(this.block);
  }

  /** All of it; its surroundings must be as they were. */
  get content(): Uint8Array {
    assert.deepEqual(bench.slice(this.block + this.bytes, 16), new Uint8Array(16).fill(0xaa));
    assert.deepEqual(bench.slice(this.block - 16, 16), new Uint8Array(16).fill(0xaa));
    return bench.slice(this.block, this.bytes);
  }

  #place(bytes: number): number {
    return bench.put(new Uint8Array(bytes + 32).fill(0xaa)) + 16;
  }
}

function of(values: Iterable<bigint>): Blocks {
  return new Blocks().add(BigUint64Array.from(values));
}

function registersOf(set: Blocks): number[] {
  const content = set.content.subarray(16);
  return Array.from({ length: 4096 }, (_, i) => {
    const bit = i * 6;
    return ((content[bit >> 3]! | (content[(bit >> 3) + 1]! << 8)) >> (bit & 7)) & 63;
  });
}

/** `count` different numbers; every seed has others. */
function different(count: number, seed: number): BigUint64Array {
  const halves = new Uint32Array(count * 2);
  for (let i = 0; i < count; i++) {
    halves[2 * i] = i;
    halves[2 * i + 1] = seed;
  }
  return new BigUint64Array(halves.buffer);
}

// Sets of a few, of as many as tokens are kept of, and of more; with repetitions.
const values = fc
  .tuple(fc.constantFrom(5, 40, 360, 420, 3000), fc.integer({ min: 1, max: 9 }), fc.integer())
  .map(([length, spread, seed]) => {
    const random = randomFrom(seed);
    return Array.from({ length }, () => BigInt(Math.floor(random() * length * spread)));
  });

test("it is the reference: what it is made of, and what it says", () => {
  for (const count of [400, 5000, 60_000]) {
    bench.reset();
    const reference = new ReferenceHyperLogLog();
    const numbers = different(count, 3);
    for (const number of numbers) reference.add(number);
    const set = of(numbers);
    assert.equal(set.bytes, HLL_MAX_BYTES);
    assert.deepEqual(registersOf(set), Array.from(reference.registers));
    const expected = reference.estimate();
    assert.ok(Math.abs(set.estimate - expected) <= 1e-12 * expected, `${set.estimate} for ${expected}`);
  }
});

test("a token that has nothing but zeros behind its register's bits becomes the register that its hash says", () => {
  bench.reset();
  const rare: bigint[] = [];
  for (let value = 0n; rare.length < 3; value++) {
    if (((rrmxmx(value) >> 38n) & 0x3fffn) === 0n) rare.push(value);
  }
  const numbers = [...rare, ...different(500, 9)];
  const reference = new ReferenceHyperLogLog();
  for (const number of numbers) reference.add(number);
  const set = of(numbers);
  assert.deepEqual(registersOf(set), Array.from(reference.registers));
});

test("registers that are full, and registers that are empty, have their share", () => {
  bench.reset();
  const reference = new ReferenceHyperLogLog();
  const set = of(different(1000, 1));
  for (let i = 0; i < 4096; i++) {
    reference.registers[i] = i % 3 === 0 ? 53 : i % 3 === 1 ? 0 : 50;
    const bit = i * 6;
    const at = set.block + 16 + (bit >> 3);
    const word = bench.bytes[at]! | (bench.bytes[at + 1]! << 8);
    const put = (word & ~(63 << (bit & 7))) | (reference.registers[i]! << (bit & 7));
    bench.bytes.set([put & 255, (put >> 8) & 255], at);
  }
  const expected = reference.estimate();
  assert.ok(Math.abs(set.estimate - expected) <= 1e-12 * expected, `${set.estimate} for ${expected}`);
});

test("up to 380 values the count is exact, in a block that doubles", () => {
  bench.reset();
  assert.equal(of([]).estimate, 0);
  const sizes = [1, 9, 10, 21, 22, 45, 46, 93, 94, 189, 190, 370].map((count) => {
    const set = of(different(count, 7));
    assert.equal(set.estimate, count);
    return set.bytes;
  });
  assert.deepEqual(sizes, [64, 64, 128, 128, 256, 256, 512, 512, 1024, 1024, 2048, 2048]);
});

test("from 1 to 1 000 000 values the error stays within four standard errors", () => {
  for (const count of [500, 2000, 8000, 20_000, 100_000, 1_000_000]) {
    bench.reset();
    const { estimate } = of(different(count, count));
    const error = estimate / count - 1;
    assert.ok(Math.abs(error) <= 4 * HLL_STANDARD_ERROR, `${count}: ${estimate}`);
  }
});

test("what it says is the same on every runtime, to the last bit", () => {
  const estimates = [1000, 20_000, 100_000].map((count) => {
    bench.reset();
    return of(different(count, 1)).estimate;
  });
  assert.deepEqual(estimates, [1004.7441819771896, 19807.23985628177, 100952.71623538101]);
});

test("over a hundred sets the error has the spread that it is said to have, and no bias", () => {
  for (const count of [600, 3000, 12_000, 30_000]) {
    const errors = Array.from({ length: 100 }, (_, seed) => {
      bench.reset();
      return of(different(count, 1000 + seed)).estimate / count - 1;
    });
    const mean = errors.reduce((a, b) => a + b) / errors.length;
    const spread = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
    assert.ok(Math.abs(mean) <= (4 * HLL_STANDARD_ERROR) / 10, `${count}: bias ${mean}`);
    // With a hundred sets the spread itself is known to 7 %.
    assert.ok(spread <= HLL_STANDARD_ERROR * 1.25, `${count}: spread ${spread}`);
    assert.ok(spread >= HLL_STANDARD_ERROR * 0.5, `${count}: spread ${spread}`);
  }
});

test("doubles of whole numbers, of fractions, and few bits: their hashes are as good", () => {
  const kinds: Record<string, (i: number) => number> = {
    "whole numbers": (i) => i,
    hundredths: (i) => i / 100,
    "powers of ten": (i) => (i % 100) * 10 ** (Math.floor(i / 100) - 100),
    "large steps": (i) => i * 4096,
  };
  for (const [name, make] of Object.entries(kinds)) {
    bench.reset();
    const numbers = Float64Array.from({ length: 20_000 }, (_, i) => make(i + 1));
    const exact = new Set(numbers).size;
    const { estimate } = new Blocks().add(new BigUint64Array(numbers.buffer));
    assert.ok(Math.abs(estimate / exact - 1) <= 4 * HLL_STANDARD_ERROR, `${name}: ${estimate} of ${exact}`);
  }
});

test("merging is adding all of both, bit by bit, whoever is merged into whom", () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      bench.reset();
      const union = of([...a, ...b]);
      const other = of(b);
      const before = other.content;
      const merged = of(a).merge(other);
      assert.deepEqual(other.content, before, "merge changed what it read");
      assert.deepEqual(merged.content, union.content);
      assert.deepEqual(of(b).merge(of(a)).content, union.content);
      assert.equal(merged.merge(union).estimate, union.estimate);
    }),
    { seed: 41, numRuns: 60, endOnFailure: true },
  );
});

test("neither order nor repetition nor pieces show, bit by bit", () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 700 }), (all, size) => {
      bench.reset();
      const pieces = new Blocks();
      const backward = [...all].reverse();
      for (let from = 0; from < all.length; from += size) {
        pieces.add(BigUint64Array.from(backward.slice(from, from + size)));
      }
      assert.deepEqual(pieces.add(BigUint64Array.from(all)).content, of(new Set(all)).content);
    }),
    { seed: 43, numRuns: 60, endOnFailure: true },
  );
});

test("a column of any type goes to the slots of its rows' records; null and NaN go nowhere, and -0 is 0", () => {
  const arrays = {
    f64: Float64Array,
    f32: Float32Array,
    i64: BigInt64Array,
    i32: Int32Array,
    u64: BigUint64Array,
    u32: Uint32Array,
    u16: Uint16Array,
    u8: Uint8Array,
  } as const;
  for (const [code, type] of VALUE_TYPES.entries()) {
    bench.reset();
    const isFloat = type === "f64" || type === "f32";
    const isWide = type === "i64" || type === "u64";
    const numbers = isFloat
      ? [0, -0, 1.5, Number.NaN, 1.5, 2, 99, 7]
      : isWide
        ? [0n, 0n, 1n, 3n, 1n, 2n, 99n, 7n]
        : [0, 0, 1, 3, 1, 2, 99, 7];
    const make = arrays[type] as unknown as { from(values: readonly unknown[]): Uint8Array };
    const column = make.from(numbers);
    const at = bench.put(new Uint8Array(column.buffer));
    const validity = bench.putValidity(numbers.map((_, row) => row !== 6));
    const record = bench.put(new Uint8Array(64));
    const block = bench.place(64);
    kernels.hllInit(block, 64);
    new Uint32Array(bench.memory.buffer)[(record + 16) / 4] = block;
    const records = bench.put(new Uint8Array(Uint32Array.from({ length: 8 }, () => record).buffer));
    // The last row is of no record.
    new Uint32Array(bench.memory.buffer)[records / 4 + 7] = 0;
    assert.equal(kernels.hllScatter(records, 16, code, at, validity, 0, 8, 0), 8);
    assert.equal(kernels.hllEstimate(block), isFloat ? 3 : 4, type);
    assert.equal(bench.f64(record + 24), isFloat ? 5 : 6, type);
    assert.deepEqual(bench.slice(record, 16), new Uint8Array(16), "another slot");
  }
});
