import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PaneOperator } from "../../windowing/pane-operator.ts";
import { StateReader } from "../../windowing/state.ts";
import { Top } from "../../windowing/top.ts";
import { ReferenceSpaceSaving } from "../wasm/reference/space-saving.ts";
import { randomFrom } from "../wasm/support.ts";
import { type ColumnOptions, cut, feed, optionsOf, type Row, restore, saved } from "./support.ts";
import {
  add,
  countersOf,
  facts,
  factsOf,
  ground,
  RECORDS,
  RECORDS_AT,
  recordOf,
  smallPool,
  state,
  stream,
  takeAll,
  type Weighed,
} from "./top-support.ts";

const { kernels } = ground;

test("without weights each row weighs 1; items of any whole type; null items are passed over", () => {
  for (const type of ["u8", "u16", "u32", "u64", "i32", "i64"] as const) {
    const top = new Top(kernels, ground.pool(), 2);
    const record = top.make();
    const items = [7, 3, 7, null, 200, 7, 3];
    RECORDS.fill(record);
    const columns = ground.columns(
      items.map((item) => ({ time: 0, values: [item] })),
      { types: [type] },
    );
    top.add(columns, RECORDS_AT, 0, items.length);
    assert.deepEqual(top.top(record), [
      { item: 7n, weight: 3, error: 0 },
      { item: 3n, weight: 2, error: 0 },
    ]);
    assert.equal(top.rows(record), 6);
  }
});

test("equal weights are ordered by item, as a number without a sign", () => {
  const top = new Top(kernels, ground.pool(), 4);
  const record = top.make();
  const items = [2n ** 64n - 1n, 5n, 2n ** 63n, 4n, 9n];
  RECORDS.fill(record);
  const columns = ground.columns(
    items.map((item) => ({ time: 0, values: [item] })),
    { types: ["u64"] },
  );
  top.add(columns, RECORDS_AT, 0, items.length);
  const told = top.top(record).map((rank) => rank.item);
  assert.deepEqual(told, [4n, 5n, 9n, 2n ** 63n]);
});

test("weights that cannot be added up leave their rows out and are counted; a weight of 0 counts as a row", () => {
  const top = new Top(kernels, ground.pool(), 3);
  const record = top.make();
  const weights = [2, null, Number.NaN, -1, Number.POSITIVE_INFINITY, 0, -0, 3];
  RECORDS.fill(record);
  const columns = ground.columns(
    weights.map((weight, i) => ({ time: 0, values: [i % 2, weight] })),
    { types: ["u8", "f64"] },
  );
  top.add(columns, RECORDS_AT, 0, weights.length);
  assert.equal(top.leftOut(record), 4);
  assert.equal(top.rows(record), 4);
  assert.equal(top.total(record), 5);
  assert.deepEqual(top.top(record), [
    { item: 1n, weight: 3, error: 0 },
    { item: 0n, weight: 2, error: 0 },
  ]);
  const nothing = top.make();
  add(top, nothing, [[1, 0]]);
  assert.deepEqual([top.top(nothing), top.isEmpty(nothing)], [[], false]);
});

test("rows go to their own records, and 0 is none", () => {
  const top = new Top(kernels, ground.pool(), 1);
  const [a, b] = [top.make(), top.make()];
  const columns = ground.columns(
    Array.from({ length: 6 }, (_, i) => ({ time: 0, values: [i] })),
    { types: ["u32"] },
  );
  RECORDS.set([a, b, 0, b, a, 0]);
  top.add(columns, RECORDS_AT, 0, 6);
  assert.deepEqual([top.rows(a), top.rows(b)], [2, 2]);
  assert.deepEqual(
    [...countersOf(a), ...countersOf(b)].map(([item]) => item),
    [0n, 4n, 1n, 3n],
  );
});

test("saved and loaded it goes on as if nothing had been, and is saved as the same bytes", () => {
  fc.assert(
    fc.property(stream, stream, stream, (first, second, third) => {
      const top = new Top(kernels, ground.pool(), 9);
      const record = recordOf(top, first);
      top.merge(record, recordOf(top, second));
      const bytes = state(top, record);
      const loaded = top.load(new StateReader(bytes));
      assert.deepEqual(state(top, loaded), bytes);
      add(top, record, third);
      add(top, loaded, third);
      assert.deepEqual(facts(top, loaded), facts(top, record));
      assert.equal(top.leftOut(loaded), top.leftOut(record));
    }),
    { seed: 71, numRuns: 40, endOnFailure: true },
  );
});

test("bytes that are no record are refused, and nothing is kept of them", () => {
  const pool = ground.pool();
  const top = new Top(kernels, pool, 9);
  const record = recordOf(
    top,
    Array.from({ length: 200 }, (_, i) => [i, 1]),
  );
  const bytes = state(top, record);
  const inUse = pool.inUse;
  assert.throws(() => top.load(new StateReader(bytes.slice(0, -1))), RangeError);
  const more = bytes.slice();
  more[32] = 106;
  assert.throws(() => top.load(new StateReader(more)), RangeError);
  assert.equal(pool.inUse, inUse);
});

test("without room for more counters it goes on with those it has; what that costs is counted", () => {
  const pool = ground.pool(2048);
  const top = new Top(kernels, pool, 9);
  const record = top.make();
  takeAll(() => pool.allocate(64));
  const rows = Array.from({ length: 500 }, (_, i): Weighed => [i % 50, 1]);
  add(top, record, rows);
  const small = new ReferenceSpaceSaving(kernels.topRoom(256));
  for (const [item, weight] of rows) small.add(item, weight);
  assert.deepEqual(facts(top, record), factsOf(small, 9));
  const given = rows.length - small.capacity;
  assert.ok(top.truncated > 0 && top.truncated <= given, `${top.truncated}`);
  const truncated = top.truncated;
  const roomy = new Top(kernels, smallPool(), 9);
  const loaded = roomy.load(new StateReader(state(top, record)));
  add(roomy, loaded, [[77, 1]]);
  assert.equal(roomy.truncated, 1, "a checkpoint does not forget it");
  assert.equal(roomy.least(loaded), top.least(record));
  top.clear(record);
  assert.equal(top.isEmpty(record), true);
  add(top, record, [[1, 1]]);
  assert.deepEqual(top.top(record), [{ item: 1n, weight: 1, error: 0 }]);
  assert.equal(top.truncated, truncated);
});

test("a record that cannot be made keeps nothing; one that is freed gives everything back", () => {
  const pool = ground.pool(1024);
  const top = new Top(kernels, pool, 9);
  const inUse = pool.inUse;
  assert.throws(() => {
    for (;;) top.make();
  }, /left/);
  assert.ok(pool.inUse - inUse <= 1024);
  const roomy = ground.pool();
  const other = new Top(kernels, roomy, 9);
  const before = roomy.inUse;
  const record = recordOf(
    other,
    Array.from({ length: 5000 }, (_, i) => [i, 1]),
  );
  other.free(record);
  assert.equal(roomy.inUse, before);
  other.close();
  assert.equal(roomy.inUse, 0);
});

test("ranks that cannot be are refused", () => {
  for (const ranks of [0, 1001, 1.5]) {
    assert.throws(() => new Top(kernels, ground.pool(), ranks), /from 1 to 1000; came/);
  }
});

test("in hopping windows of groups: neither batches nor a checkpoint show", () => {
  const random = randomFrom(5);
  const rows = Array.from({ length: 3000 }, (_, i): Row => {
    const item = Math.floor(400 * random() ** 2);
    return { time: i * 10 + Math.floor(random() * 50), key: i % 3, values: [item, Math.floor(random() * 5)] };
  });
  const shape = { kind: "hopping", lengthMs: 10_000, everyMs: 2500 } as const;
  const columns: ColumnOptions = { types: ["u32", "f64"] };
  const make = () => {
    const pool = ground.pool(4 << 20);
    const top = new Top(kernels, pool, 9);
    return {
      top,
      operator: new PaneOperator(optionsOf(ground, pool, top, shape, { disorderMs: 100 }), shape),
    };
  };
  const whole = make();
  const read = (top: Top) => (record: number) => facts(top, record);
  const expected = feed(ground, whole.operator, [...cut(rows), { finish: true }], read(whole.top), columns);
  assert.ok(expected.length > 10);
  const first = make();
  const before = feed(
    ground,
    first.operator,
    cut(rows.slice(0, 1500), [7, 100, 1]),
    read(first.top),
    columns,
  );
  const bytes = saved(first.operator);
  const second = make();
  restore(second.operator, bytes);
  const steps = [...cut(rows.slice(1500), [300]), { finish: true } as const];
  assert.deepEqual([...before, ...feed(ground, second.operator, steps, read(second.top), columns)], expected);
});
