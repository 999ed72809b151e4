import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlockPool, PoolExhausted, SKETCH_MIN_BYTES } from "../../wasm/index.ts";
import { Figures } from "../../windowing/figures.ts";
import type { RowColumns } from "../../windowing/rows.ts";
import { StateReader, StateWriter } from "../../windowing/state.ts";
import { exactMoments } from "../wasm/reference/moments.ts";
import { sketchQuantile } from "../wasm/reference/sketch.ts";
import { Bench, randomFrom } from "../wasm/support.ts";

const POOL_BYTES = 4 << 20;
const MEASURES = 3;
const QS = [0, 0.5, 0.9, 0.99, 1];
const bench = new Bench(16 << 20);
const { kernels } = bench;
const poolAt = bench.place(POOL_BYTES);
const inputAt = bench.place(1 << 20);

interface Row {
  /** Which record; −1: none. */
  readonly group: number;
  /** Null is null. */
  readonly values: readonly (number | null)[];
}

/** Over memory that others have written to. */
function dirtyPool(bytes = POOL_BYTES): BlockPool {
  bench.bytes.fill(0x5a, poolAt, poolAt + bytes);
  return new BlockPool(poolAt, bytes);
}

/** Lays rows out as columns, f64, i32 and u16 (whole numbers, when they are), behind what is at `inputAt`. */
function columnsOf(rows: readonly Row[], records: readonly number[]): { columns: RowColumns; at: number } {
  const column = (measure: number) => rows.map((row) => row.values[measure] ?? 0);
  const valid = (measure: number) => bench.putValidity(rows.map((row) => row.values[measure] !== null));
  const put = (array: Float64Array | Int32Array | Uint16Array | Uint32Array) =>
    bench.put(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  const columns: RowColumns = {
    rows: rows.length,
    timesAt: 0,
    values: [
      { type: "f64", at: put(Float64Array.from(column(0))), validity: valid(0) },
      { type: "i32", at: put(Int32Array.from(column(1))), validity: valid(1) },
      { type: "u16", at: put(Uint16Array.from(column(2))), validity: 0 },
    ],
    writtenMs: 0,
  };
  return { columns, at: put(Uint32Array.from(rows, ({ group }) => records[group] ?? 0)) };
}

/** Adds rows as one call, or as several that end before the rows at `cuts`. */
function add(
  figures: Figures,
  records: readonly number[],
  rows: readonly Row[],
  cuts: readonly number[] = [],
): void {
  bench.reset();
  bench.place(inputAt - 65536 + 16);
  const { columns, at } = columnsOf(rows, records);
  let from = 0;
  for (const to of [...cuts.filter((cut) => cut < rows.length), rows.length].sort((a, b) => a - b)) {
    figures.add(columns, at, from, to);
    from = to;
  }
}

function saved(figures: Figures, record: number): Uint8Array {
  const out = new StateWriter();
  figures.save(record, out);
  return out.written.slice();
}

const real = fc.integer({ min: -(2 ** 30), max: 2 ** 30 }).map((x) => x / 4096);
const f64 = fc.oneof(
  { weight: 12, arbitrary: real },
  { weight: 1, arbitrary: fc.constantFrom(null, Number.NaN, 0, 1e12) },
);
const row: fc.Arbitrary<Row> = fc.record({
  group: fc.integer({ min: -1, max: 1 }),
  values: fc.tuple(
    f64,
    fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constant(null)),
    fc.integer({ min: 0, max: 65535 }),
  ),
});
const manyRows = fc.array(row, { maxLength: 500, size: "max" });

function near(actual: number, expected: number, scale: number, what: string): void {
  if (Number.isNaN(expected)) assert.ok(Number.isNaN(actual), `${what}: expected NaN, got ${actual}`);
  else
    assert.ok(Math.abs(actual - expected) <= scale * 1e-12, `${what}: expected ${expected}, got ${actual}`);
}

function check(figures: Figures, record: number, measure: number, values: readonly number[]): void {
  const exact = exactMoments(values);
  assert.equal(figures.count(record, measure), exact.count);
  assert.equal(figures.nanCount(record, measure), exact.nanCount);
  assert.deepEqual([figures.min(record, measure), figures.max(record, measure)], [exact.min, exact.max]);
  near(figures.sum(record, measure), exact.sum, exact.sumOfMagnitudes, "sum");
  near(figures.mean(record, measure), exact.mean, exact.sumOfMagnitudes / (exact.count || 1), "mean");
  const variance = exact.variance(0);
  near(figures.variance(record, measure), variance, variance, "variance");
  near(figures.stddev(record, measure), Math.sqrt(variance), Math.sqrt(variance), "stddev");
  const quantiles = new Float64Array(QS.length);
  figures.quantiles(record, measure, QS, quantiles);
  assert.deepEqual(
    [...quantiles],
    QS.map((q) => sketchQuantile(values, q)),
  );
  assert.equal(figures.quantile(record, measure, 0.9), quantiles[2]);
}

test("figures are those of each group's values; of no values they are missing", () => {
  fc.assert(
    fc.property(manyRows, (rows) => {
      const pool = dirtyPool();
      const figures = new Figures(kernels, pool, MEASURES);
      const records = [figures.make(), figures.make()];
      add(figures, records, rows);
      for (const [group, record] of records.entries()) {
        const own = rows.filter((entry) => entry.group === group);
        for (let measure = 0; measure < MEASURES; measure++) {
          const values = own.map(({ values }) => values[measure]!).filter((value) => value !== null);
          check(figures, record, measure, values);
        }
        const isEmpty = own.every(({ values }) => values.every((x) => x === null || Number.isNaN(x)));
        assert.equal(figures.isEmpty(record), isEmpty);
      }
    }),
    { seed: 3, numRuns: 60, endOnFailure: true },
  );
});

test("no cut shows, nor does a checkpoint: what was saved, loaded and gone on with is the same, byte by byte", () => {
  fc.assert(
    fc.property(manyRows, manyRows, fc.array(fc.nat(500), { maxLength: 5 }), (before, after, cuts) => {
      const figures = new Figures(kernels, dirtyPool(POOL_BYTES / 2), MEASURES);
      const records = [figures.make(), figures.make()];
      add(figures, records, before);
      const state = records.map((record) => saved(figures, record));
      add(figures, records, after);
      const whole = records.map((record) => saved(figures, record));

      const pool = new BlockPool(poolAt + POOL_BYTES / 2, POOL_BYTES / 2);
      const again = new Figures(kernels, pool, MEASURES);
      const loaded = state.map((bytes) => {
        const reader = new StateReader(bytes);
        const record = again.load(reader);
        assert.ok(reader.isAtEnd);
        return record;
      });
      assert.deepEqual(
        loaded.map((record) => saved(again, record)),
        state,
      );
      add(again, loaded, after, cuts);
      assert.deepEqual(
        loaded.map((record) => saved(again, record)),
        whole,
      );
      for (const record of loaded) again.free(record);
      again.close();
      assert.equal(pool.usedBytes, 0);
    }),
    { seed: 4, numRuns: 50, endOnFailure: true },
  );
});

test("merged records have the figures of all values; what was merged stays as it is", () => {
  fc.assert(
    fc.property(manyRows, (rows) => {
      const pool = dirtyPool();
      const figures = new Figures(kernels, pool, MEASURES);
      const records = [figures.make(), figures.make()];
      add(figures, records, rows);
      const other = saved(figures, records[1]!);
      figures.merge(records[0]!, records[1]!);
      assert.deepEqual(saved(figures, records[1]!), other);
      const all = rows.filter(({ group }) => group !== -1);
      const both = all.filter(({ group }) => group === 0).concat(all.filter(({ group }) => group === 1));
      for (let measure = 0; measure < MEASURES; measure++) {
        const values = both.map(({ values }) => values[measure]!).filter((value) => value !== null);
        check(figures, records[0]!, measure, values);
      }
      for (const record of records) figures.free(record);
      figures.close();
      assert.equal(pool.usedBytes, 0);
    }),
    { seed: 5, numRuns: 40, endOnFailure: true },
  );
});

function randomRows(count: number, groups: number, seed: number): Row[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => ({
    group: Math.floor(random() * groups),
    values: [
      Math.exp(random() * 20 - 10),
      Math.floor((random() - 0.5) * 2 ** 31),
      Math.floor(random() * 65536),
    ],
  }));
}

test("a cleared record is empty, keeps its memory, and counts anew", () => {
  const pool = dirtyPool();
  const figures = new Figures(kernels, pool, MEASURES);
  const records = [figures.make()];
  const rows = randomRows(400, 1, 6);
  add(figures, records, rows);
  const [used, state] = [pool.usedBytes, saved(figures, records[0]!)];
  figures.clear(records[0]!);
  assert.ok(figures.isEmpty(records[0]!));
  for (let measure = 0; measure < MEASURES; measure++) check(figures, records[0]!, measure, []);
  assert.equal(pool.usedBytes, used);
  add(figures, records, rows);
  assert.deepEqual(saved(figures, records[0]!), state);
});

test("where the pool ends, figures go on without percentiles of what does not fit, and it is counted, wherever rows are cut", () => {
  const rows = randomRows(3000, 20, 7);
  const outcomes = [[], [1], [700, 701, 1500], Array.from({ length: 3000 }, (_, i) => i)].map((cuts) => {
    const pool = dirtyPool(96 << 10);
    const figures = new Figures(kernels, pool, MEASURES);
    const records = Array.from({ length: 20 }, () => figures.make());
    add(figures, records, rows, cuts);
    let missing = 0;
    for (const [group, record] of records.entries()) {
      const own = rows.filter((entry) => entry.group === group);
      for (let measure = 0; measure < MEASURES; measure++) {
        const exact = exactMoments(own.map(({ values }) => values[measure]!));
        assert.equal(figures.count(record, measure), exact.count);
        near(figures.variance(record, measure), exact.variance(0), exact.variance(0), "variance");
        const p50 = figures.quantile(record, measure, 0.5);
        assert.ok(Number.isNaN(p50) || (p50 >= exact.min && p50 <= exact.max));
      }
      missing += saved(figures, record).byteLength;
    }
    assert.ok(figures.truncated > 0);
    assert.throws(() => {
      for (;;) figures.make();
    }, PoolExhausted);
    return [figures.truncated, missing, ...records.map((record) => saved(figures, record))];
  });
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
});

test("what is merged without room is counted too; a frozen record is saved, loaded and cleared as such", () => {
  const pool = dirtyPool(64 << 10);
  const figures = new Figures(kernels, pool, MEASURES);
  const records = [figures.make(), figures.make()];
  add(figures, records, randomRows(3000, 2, 8));
  const held: number[] = [];
  assert.throws(() => {
    for (;;) held.push(pool.allocate(SKETCH_MIN_BYTES));
  }, PoolExhausted);
  const empty = records[0]!;
  const [from] = [records[1]!];
  // A record without sketches cannot get one.
  for (const block of held.splice(0, 1)) pool.free(block, SKETCH_MIN_BYTES);
  const into = figures.make();
  const before = figures.truncated;
  figures.merge(into, from);
  assert.equal(figures.count(into, 0), figures.count(from, 0));
  assert.ok(Number.isNaN(figures.quantile(into, 0, 0.5)));
  assert.equal(figures.truncated - before, 3 * figures.count(from, 0));

  const state = saved(figures, into);
  figures.free(into);
  const loaded = figures.load(new StateReader(state));
  assert.deepEqual(saved(figures, loaded), state);
  // There is room now, which a frozen record does not take.
  for (const block of held) pool.free(block, SKETCH_MIN_BYTES);
  figures.free(empty);
  add(figures, [loaded], randomRows(10, 1, 9));
  assert.ok(Number.isNaN(figures.quantile(loaded, 0, 0.5)));
  figures.clear(loaded);
  add(figures, [loaded], randomRows(10, 1, 9));
  assert.ok(figures.quantile(loaded, 0, 0.5) > 0);
});

test("bytes that are no record are refused, and leave nothing behind", () => {
  const pool = dirtyPool();
  const figures = new Figures(kernels, pool, MEASURES);
  const record = figures.make();
  add(figures, [record], randomRows(200, 1, 10));
  const state = saved(figures, record);
  const used = pool.usedBytes;
  for (let length = 0; length < state.byteLength; length += 7) {
    assert.throws(() => figures.load(new StateReader(state.subarray(0, length))), RangeError);
    assert.equal(pool.usedBytes, used, `of ${length} bytes`);
  }
  // The first sketch's length and block, and the length of its positive window.
  for (const [at, byte] of [
    [57, 1],
    [62, 3],
    [61 + 4 + 52, 9],
  ] as const) {
    const wrong = state.slice();
    wrong[at] = wrong[at]! ^ byte;
    assert.throws(() => figures.load(new StateReader(wrong)), RangeError, `byte ${at}`);
    assert.equal(pool.usedBytes, used, `byte ${at}`);
  }
  const full = new Figures(kernels, new BlockPool(poolAt + POOL_BYTES - 1024, 1024), MEASURES);
  assert.throws(() => full.load(new StateReader(state)), PoolExhausted);
});
