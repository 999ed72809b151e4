import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HLL_STANDARD_ERROR } from "../../wasm/index.ts";
import { Distinct } from "../../windowing/distinct.ts";
import { PaneOperator } from "../../windowing/pane-operator.ts";
import { StateReader, StateWriter } from "../../windowing/state.ts";
import { randomFrom } from "../wasm/support.ts";
import { type ColumnOptions, cut, feed, Ground, optionsOf, type Row, restore, saved } from "./support.ts";

const ground = new Ground(24 << 20, 8 << 20);
const { kernels } = ground;
/** Where the rows' records are told: behind the rows, before the pools. */
const RECORDS_AT = 65536 + (7 << 20);
const RECORDS = new Uint32Array(ground.memory.buffer, RECORDS_AT, 65536);

/** What the accumulation has for itself. */
const SCRATCH = 8192;

type Value = number | null;

/** Rows of two columns: small sets, sets beyond what is exact, nulls and NaN among them. */
const rows = fc
  .tuple(fc.constantFrom(0, 3, 200, 2500), fc.integer({ min: 1, max: 4 }), fc.integer())
  .map(([length, spread, seed]) => {
    const random = randomFrom(seed);
    const draw = (items: number): Value => {
      const value = Math.floor(random() * items);
      return value % 17 === 5 ? null : value % 17 === 6 ? Number.NaN : value / 4;
    };
    return Array.from({ length }, () => [draw(length * spread), draw(30)]);
  });

function add(distinct: Distinct, record: number, values: readonly (readonly Value[])[], piece = 65536) {
  RECORDS.fill(record);
  const columns = ground.columns(
    values.map((row) => ({ time: 0, values: row })),
    { types: ["f64", "f64"] },
  );
  for (let from = 0; from < values.length; from += piece) {
    distinct.add(columns, RECORDS_AT, from, Math.min(from + piece, values.length));
  }
}

function recordOf(distinct: Distinct, values: readonly (readonly Value[])[]): number {
  const record = distinct.make();
  add(distinct, record, values);
  return record;
}

function facts(distinct: Distinct, record: number) {
  return [0, 1].map((column) => [distinct.count(record, column), distinct.estimate(record, column)]);
}

function state(distinct: Distinct, record: number): Uint8Array {
  const out = new StateWriter();
  distinct.save(record, out);
  return out.written.slice();
}

test("rows that have a value are counted, and how many values there are is estimated, column by column", () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 900 }), (values, piece) => {
      const distinct = new Distinct(kernels, ground.pool(), 2);
      const record = distinct.make();
      assert.equal(distinct.isEmpty(record), true);
      add(distinct, record, values, piece);
      for (const column of [0, 1]) {
        const present = values
          .map((row) => row[column] ?? Number.NaN)
          .filter((value) => !Number.isNaN(value));
        const exact = new Set(present).size;
        assert.equal(distinct.count(record, column), present.length);
        const error = Math.abs(distinct.estimate(record, column) - exact);
        assert.ok(error <= (exact <= 370 ? 0 : 4 * HLL_STANDARD_ERROR * exact), `${error} of ${exact}`);
      }
      assert.equal(distinct.isEmpty(record), distinct.count(record, 0) + distinct.count(record, 1) === 0);
      assert.deepEqual(facts(distinct, record), facts(distinct, recordOf(distinct, values)));
    }),
    { seed: 51, numRuns: 25, endOnFailure: true },
  );
});

test("merging is adding the rows of both; what is merged stays as it is", () => {
  fc.assert(
    fc.property(rows, rows, (a, b) => {
      const distinct = new Distinct(kernels, ground.pool(), 2);
      const into = recordOf(distinct, a);
      const from = recordOf(distinct, b);
      const before = state(distinct, from);
      distinct.merge(into, from);
      assert.deepEqual(state(distinct, from), before, "merge changed what it read");
      assert.deepEqual(state(distinct, into), state(distinct, recordOf(distinct, [...a, ...b])));
    }),
    { seed: 52, numRuns: 25, endOnFailure: true },
  );
});

test("saved and loaded it goes on as if nothing had been, and is saved as the same bytes", () => {
  fc.assert(
    fc.property(rows, rows, (first, second) => {
      const distinct = new Distinct(kernels, ground.pool(), 2);
      const record = recordOf(distinct, first);
      const bytes = state(distinct, record);
      const reader = new StateReader(bytes);
      const loaded = distinct.load(reader);
      assert.equal(reader.isAtEnd, true);
      assert.deepEqual(state(distinct, loaded), bytes);
      add(distinct, record, second);
      add(distinct, loaded, second);
      assert.deepEqual(state(distinct, loaded), state(distinct, record));
    }),
    { seed: 53, numRuns: 25, endOnFailure: true },
  );
});

const many = Array.from({ length: 2000 }, (_, i) => [i, i % 9]);

test("bytes that are no record are refused, and nothing is kept of them", () => {
  const pool = ground.pool();
  const distinct = new Distinct(kernels, pool, 2);
  const bytes = state(distinct, recordOf(distinct, many));
  const inUse = pool.inUse;
  assert.throws(() => distinct.load(new StateReader(bytes.slice(0, -1))), RangeError);
  for (const [at, value] of [
    [9, 1],
    [10, 0],
    [14, 8],
  ] as const) {
    const other = bytes.slice();
    other[at] = value;
    assert.throws(() => distinct.load(new StateReader(other)), RangeError, `byte ${at}`);
  }
  assert.equal(pool.inUse, inUse);
});

test("a record that is cleared is empty, keeps its memory, and is as good as a new one", () => {
  const pool = ground.pool();
  const distinct = new Distinct(kernels, pool, 2);
  const empty = state(distinct, distinct.make());
  const record = recordOf(distinct, many);
  const inUse = pool.inUse;
  distinct.clear(record);
  assert.equal(distinct.isEmpty(record), true);
  assert.deepEqual(state(distinct, record), empty);
  add(distinct, record, [
    [1, 2],
    [2, 2],
  ]);
  assert.deepEqual(facts(distinct, record), [
    [2, 2],
    [2, 1],
  ]);
  assert.equal(pool.inUse, inUse);
});

test("a record that was large and is cleared says what a new one says, and grows in the block that it has", () => {
  const pool = ground.pool();
  const distinct = new Distinct(kernels, pool, 2);
  const record = recordOf(distinct, many);
  for (const count of [9, 300, 370, 500, 2000]) {
    const inUse = pool.inUse;
    distinct.clear(record);
    add(distinct, record, many.slice(0, count));
    assert.equal(pool.inUse, inUse);
    const fresh = recordOf(distinct, many.slice(0, count));
    assert.deepEqual(state(distinct, record), state(distinct, fresh), `${count}`);
  }
});

test("freed records and the accumulation give everything back", () => {
  const pool = ground.pool();
  const distinct = new Distinct(kernels, pool, 2);
  const record = recordOf(distinct, many);
  const other = recordOf(distinct, many.slice(0, 3));
  distinct.merge(other, record);
  distinct.free(record);
  distinct.free(other);
  distinct.close();
  assert.equal(pool.inUse, 0);
});

test("without room to grow, rows still count; what is in no estimate is counted until the record is cleared", () => {
  const pool = ground.pool(SCRATCH + 1024);
  const distinct = new Distinct(kernels, pool, 2);
  const record = distinct.make();
  add(distinct, record, many);
  assert.equal(distinct.count(record, 0), 2000);
  assert.equal(distinct.count(record, 1), 2000);
  assert.equal(distinct.estimate(record, 1), 9, "what has room is not touched");
  const kept = distinct.estimate(record, 0);
  assert.ok(kept >= 40 && kept < 200, `${kept}`);
  assert.equal(distinct.truncated, 2000 - kept);
  // In pieces it is the same.
  const pieces = new Distinct(kernels, ground.pool(SCRATCH + 1024), 2);
  const inPieces = pieces.make();
  add(pieces, inPieces, many, 1);
  assert.equal(pieces.count(inPieces, 0), 2000);

  const loaded = new Distinct(kernels, ground.pool(1 << 16, RECORDS_AT + (1 << 19)), 2);
  const again = loaded.load(new StateReader(state(distinct, record)));
  add(loaded, again, [[5000, 0]]);
  assert.equal(loaded.truncated, 1, "a checkpoint does not thaw it");
  const whole = recordOf(loaded, many.slice(0, 9));
  loaded.merge(whole, again);
  assert.equal(loaded.count(whole, 0), 2010);
  loaded.clear(again);
  add(loaded, again, many.slice(0, 300));
  assert.equal(loaded.estimate(again, 0), 300);
});

test("a merge for which there is no room counts what may be missing", () => {
  const pool = ground.pool(32_768);
  const distinct = new Distinct(kernels, pool, 1);
  const from = distinct.make();
  const into = distinct.make();
  add(distinct, from, many);
  assert.equal(distinct.truncated, 0);
  add(distinct, into, many.slice(0, 2));
  assert.throws(() => {
    for (;;) pool.allocate(256);
  });
  distinct.merge(into, from);
  assert.equal(distinct.count(into, 0), 2002);
  assert.equal(distinct.truncated, 2000);
});

test("in tumbling windows of groups: neither batches nor a checkpoint show", () => {
  const random = randomFrom(5);
  const input = Array.from({ length: 4000 }, (_, i): Row => {
    const values = [Math.floor(random() * 2000), Math.floor(random() * 40)];
    return { time: i * 10 + Math.floor(random() * 50), key: i % 3, values };
  });
  const shape = { kind: "tumbling", lengthMs: 10_000 } as const;
  const columns: ColumnOptions = { types: ["u32", "u8"] };
  const make = () => {
    const pool = ground.pool(4 << 20);
    const distinct = new Distinct(kernels, pool, 2);
    const operator = new PaneOperator(optionsOf(ground, pool, distinct, shape, { disorderMs: 100 }), shape);
    return { operator, read: (record: number) => facts(distinct, record) };
  };
  const whole = make();
  const steps = [...cut(input), { finish: true } as const];
  const expected = feed(ground, whole.operator, steps, whole.read, columns);
  assert.equal(expected.length, 5);
  const first = make();
  const before = feed(ground, first.operator, cut(input.slice(0, 1500), [7, 100, 1]), first.read, columns);
  const bytes = saved(first.operator);
  const second = make();
  restore(second.operator, bytes);
  const others = [...cut(input.slice(1500), [300]), { finish: true } as const];
  assert.deepEqual([...before, ...feed(ground, second.operator, others, second.read, columns)], expected);
});
