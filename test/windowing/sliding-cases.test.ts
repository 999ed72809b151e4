/** What is to be said of sliding windows by example: edges, ties, groups that go and come again, pools that fill, wrong use. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Figures } from "../../windowing/figures.ts";
import { SlidingOperator } from "../../windowing/sliding-operator.ts";
import { RowTrace } from "./row-trace.ts";
import { ground, make, QUANTILES } from "./sliding-made.ts";
import { cut, optionsOf, type Row, restore, saved } from "./support.ts";

test("a window is of what is less than its length old; its end is just after its row", () => {
  const { run } = make({ lengthMs: 10 }, ground.pool(), 1);
  const out = run([...cut([0, 9, 10, 10].map((time): Row => ({ time, values: [time] }))), { finish: true }]);
  assert.deepEqual(
    out.map(({ start, end, groups }) => [start, end, groups[0]!.of[0]!.count, groups[0]!.of[0]!.min]),
    [
      [-9, 1, 1, 0],
      [0, 10, 2, 0],
      [1, 11, 3, 9],
    ],
  );
});

test("rows of one moment count in the order they came in, whatever came before them", () => {
  const tied = Array.from(
    { length: 40 },
    (_, i): Row => ({ time: 5, values: [((i * 7919) % 101) / 7, null] }),
  );
  const young: Row = { time: 9, values: [1, null] };
  const [inOrder, after] = [
    [...tied, young],
    [young, ...tied],
  ].map((rows) => make({ disorderMs: 20 }).run([...cut(rows), { finish: true }]));
  assert.deepEqual(after, inOrder);
});

test("groups that are over at one moment and begin anew in the same batch are not mixed up", () => {
  const { run } = make({ lengthMs: 10, disorderMs: 30 }, ground.pool(), 1);
  const keyed = (time: number, key: number): Row => ({ time, key, values: [time] });
  run([{ rows: [keyed(0, 1), keyed(0, 2), keyed(0, 3)] }, { advanceMs: 1 }]);
  const out = run([{ rows: [keyed(25, 3), keyed(50, 3), keyed(51, 1), keyed(52, 2)] }, { finish: true }]);
  assert.deepEqual(
    out.map(({ end, groups }) => [end, groups[0]!.key]),
    [
      [26, 3n],
      [51, 3n],
      [52, 1n],
      [53, 2n],
    ],
  );
});

test("a pool that fills refuses rows and counts them, loses percentiles and counts those; cuts do not show", () => {
  const rows = Array.from({ length: 900 }, (_, i): Row => {
    return { time: i, key: i % 3, values: [i * 1.7, 10 ** (i % 30)] };
  });
  for (const whenFull of ["other", "refuse"] as const) {
    let truncated = 0;
    let refused = 0;
    for (const bytes of [16_000, 40_000, 100_000]) {
      const [whole, pieces] = [[900], [1, 13]].map((sizes) => {
        const each = make({ lengthMs: 400, disorderMs: 30, whenFull }, ground.pool(bytes));
        const out = each.run([...cut(rows, sizes), { finish: true }]);
        const { counts } = each.operator;
        assert.equal(counts.rows + counts.refused, 900);
        for (const { groups } of out) {
          const { count, quantiles } = groups[0]!.of[0]!;
          if (quantiles.some((one) => !Number.isNaN(one))) assert.equal(quantiles.length, QUANTILES.length);
          assert.ok(count > 0);
        }
        truncated += each.figures.truncated;
        refused += counts.refused;
        const facts = { out, counts: { ...counts }, truncated: each.figures.truncated };
        each.close();
        return facts;
      });
      assert.deepEqual(pieces, whole);
    }
    assert.ok(truncated > 0 && refused > 0, `${truncated} truncated, ${refused} refused`);
  }
});

test("a pool without room for what it needs itself gives everything back", () => {
  for (let bytes = 0; bytes < 12_000; bytes += 200) {
    const pool = ground.pool(bytes);
    try {
      const each = make({}, pool);
      each.close();
    } catch (error) {
      assert.equal((error as Error).name, "PoolExhausted");
    }
    assert.ok(pool.inUse <= 64, `${bytes} bytes: the figures' own are left at the most`);
  }
});

test("what cannot slide is refused with what was expected", () => {
  const shape = { kind: "sliding", lengthMs: 10 } as const;
  const pool = ground.pool();
  const figures = new Figures(ground.kernels, pool, 1);
  const late = optionsOf(ground, pool, figures, shape, { latenessMs: 1 });
  assert.throws(() => new SlidingOperator(late, shape), /latenessMs: expected 0, .*; came 1/);
  const distinct = Object.assign(new RowTrace(ground.kernels, pool), { kind: "distinct" as const });
  const other = optionsOf(ground, pool, distinct, shape);
  assert.throws(() => new SlidingOperator(other, shape), /accumulation: expected figures, .*; came distinct/);
  const { operator, run } = make({ lengthMs: 10 });
  run(cut([{ time: 1, values: [1, 2] }]));
  const state = saved(operator);
  assert.throws(() => restore(make({ lengthMs: 11 }).operator, state), /expected windows of 11 ms; came 10/);
  operator.finish();
  assert.throws(() => saved(operator), /expected nothing to be due/);
});
