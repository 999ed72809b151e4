/** Tumbling and hopping windows at their bounds: groups, memory, states that are none, wrong use. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PaneOperator } from "../../windowing/pane-operator.ts";
import { StateReader } from "../../windowing/state.ts";
import { at, END, ground, made, type Shape, TENS, THIRTY_BY_TEN } from "./pane-made.ts";
import { RowTrace } from "./row-trace.ts";
import { cut, drain, feed, optionsOf, type Row, restore, saved } from "./support.ts";

test("groups beyond the most go to the others, or are refused", () => {
  const rows = [5, 3, 7, 5, 3, 7, 9].map((key, time) => ({ time, key, values: [time] }));
  const other = made(TENS, { maxGroups: 2 });
  assert.deepEqual(other.run([{ rows }, END]), ["[0, 10) 0: 3=1,4 5=0,3 null=2,5,6"]);
  assert.deepEqual([other.operator.counts.rows, other.operator.counts.other], [7, 3]);
  const refused = made(TENS, { maxGroups: 2, whenFull: "refuse" });
  assert.deepEqual(refused.run([{ rows }, END]), ["[0, 10) 0: 3=1,4 5=0,3"]);
  assert.deepEqual([refused.operator.counts.rows, refused.operator.counts.refused], [4, 3]);
});

test("without room for a pane rows are refused until windows leave; without room for a group they are the others'", () => {
  const { run, operator } = made(TENS, { latenessMs: 10 }, 4);
  const rows = [
    [1, 1],
    [1, 2],
    [1, 3],
    [1, 4],
    [1, 4],
    [11, 1],
    [21, 1],
    [21, 1],
  ].map(([time, key], i) => ({ time: time!, key: key!, values: [i] }));
  assert.deepEqual(run([{ rows }, END]), ["[0, 10) 0: 1=0 2=1 3=2 null=3,4", "[20, 30) 0: 1=6,7"]);
  const { counts } = operator;
  assert.deepEqual([counts.rows, counts.other, counts.refused], [7, 2, 1]);
});

test("a pane that had no room once is full for good", () => {
  const { run } = made(TENS, { disorderMs: 10 }, 4);
  const rows = [
    [5, 1],
    [15, 1],
    [15, 2],
    [26, 9],
    [15, 2],
  ].map(([time, key], i) => ({ time: time!, key: key!, values: [i] }));
  // The first window has come out and left its records when the group comes again.
  assert.deepEqual(run([{ rows }]), ["[0, 10) 0: 1=0"]);
  assert.deepEqual(run([END]), ["[10, 20) 0: 1=1 null=2,4", "[20, 30) 0: 9=3"]);
});

test("a pane for which there is no room is tried for once, not for every row", () => {
  const { operator, run, trace } = made(TENS, { disorderMs: 30 }, 0);
  run([at(5, 15, 5, 15, 5, 15)]);
  assert.equal(trace.refusals, 2);
  assert.equal(operator.counts.refused, 6);
});

test("that there was no room is a part of the state", () => {
  const rules = { disorderMs: 30 } as const;
  const first = made(TENS, rules, 2);
  first.run([at(5, 15)]);
  const state = saved(first.operator);
  const rest = [at(16, 6), { advanceMs: 20 }, at(25), END];
  const expected = first.run(rest);
  assert.equal(first.operator.counts.refused, 2);
  // Where it is loaded, there may be room: memory is not as it was.
  const second = made(TENS, rules);
  restore(second.operator, state);
  assert.deepEqual(second.run(rest), expected);
  assert.deepEqual(second.operator.counts, first.operator.counts);
});

test("no record is lost when there is room for it, and none for its key", () => {
  const rows = Array.from({ length: 40 }, (_, key) => ({ time: 5, key, values: [key] }));
  let refused = 0;
  for (let bytes = 512; bytes < 5000; bytes += 64) {
    const pool = ground.pool(bytes);
    const trace = new RowTrace(ground.kernels, pool);
    const options = { maxRows: 64, whenFull: "refuse" as const };
    const operator = new PaneOperator(optionsOf(ground, pool, trace, TENS, options), TENS);
    feed(ground, operator, [{ rows }], () => 0);
    assert.equal(operator.counts.rows + operator.counts.refused, 40);
    refused += operator.counts.refused;
    operator.free();
    assert.deepEqual([trace.records, pool.inUse], [0, 0], `${bytes} bytes`);
  }
  assert.ok(refused > 0);
});

test("what is given up is forgotten: the state does not grow", () => {
  const { operator, run } = made(THIRTY_BY_TEN, { latenessMs: 20 });
  const lengths = [1000, 2000, 3000].map((time) => {
    run([at(...Array.from({ length: 100 }, (_, i) => time + 10 * i))]);
    return saved(operator).length;
  });
  assert.deepEqual(new Set(lengths).size, 1);
});

test("everything is given back, also in the middle of what is due", () => {
  const { run, operator, pool, trace } = made(THIRTY_BY_TEN, { latenessMs: 20 });
  run([at(5, 15, 38, 3)]);
  operator.advance(60);
  operator.next();
  operator.free();
  assert.deepEqual([trace.records, pool.inUse], [0, 0]);
});

test("wrong use throws", () => {
  const { operator } = made(TENS, { maxRows: 3 });
  assert.throws(() => operator.add(ground.columns(cutRows(4)), 0), /at most 3 rows in a batch; came 4/);
  operator.add(ground.columns([{ time: 5, values: [1] }]), 0);
  operator.finish();
  assert.throws(() => saved(operator), /ask next\(\)/);
  assert.throws(() => operator.advance(0), /ask next\(\)/);
  assert.equal(drain(operator, () => 0).length, 1);
  assert.throws(() => operator.add(ground.columns(cutRows(1)), 0), /after the end/);
  assert.throws(() => made(TENS, { latenessMs: 0.5 }), /latenessMs: expected whole milliseconds/);
  assert.throws(() => made(TENS, { disorderMs: -1 }), /disorderMs: expected whole milliseconds/);
});

test("a state that is cut short, or another shape's, is refused, and nothing is lost", () => {
  const one = made(THIRTY_BY_TEN, { latenessMs: 20 });
  one.run(cut([at(5, 17, 38, 3)].flatMap((step) => ("rows" in step ? step.rows : []))));
  const state = saved(one.operator);
  for (let length = 0; length < state.length; length++) {
    const { operator, pool, trace } = made(THIRTY_BY_TEN, { latenessMs: 20 });
    assert.throws(() => restore(operator, state.subarray(0, length)), RangeError);
    operator.free();
    assert.deepEqual([trace.records, pool.inUse], [0, 0]);
  }
  assert.throws(() => made(TENS).operator.load(new StateReader(state)), /expected windows of 10 ms every 10/);
  // As many panes, but no room for their groups.
  const small = made(THIRTY_BY_TEN, { latenessMs: 20 }, 3);
  assert.throws(() => restore(small.operator, state), { name: "PoolExhausted" });
  small.operator.free();
  assert.deepEqual([small.trace.records, small.pool.inUse], [0, 0]);
});

test("an operator for which there is no room takes nothing", () => {
  const pool = ground.pool(100);
  const trace = new RowTrace(ground.kernels, pool);
  const make = (shape: Shape, maxRows: number) =>
    new PaneOperator(optionsOf(ground, pool, trace, shape, { maxRows }), shape);
  assert.throws(() => make(TENS, 100), { name: "PoolExhausted" });
  assert.throws(() => make(THIRTY_BY_TEN, 16), { name: "PoolExhausted" });
  assert.equal(pool.inUse, 0);
});

function cutRows(count: number): Row[] {
  return Array.from({ length: count }, (_, time) => ({ time, values: [1] }));
}
