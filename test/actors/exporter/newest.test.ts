/**
 * The newest rows, the latest first, against a plain sort. What would fail here: a row that is forgotten or doubled when times are pruned,
 * a tie at the last place that gives a row too many or too few, an order that is that of the store, a column of another row.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkOrder } from "../../../actors/exporter/check-order.ts";
import { NewestTimes } from "../../../actors/exporter/newest.ts";
import { process } from "../../../datasets/process.ts";
import { chooseColumns, type TableShape } from "../../../datasets/shape.ts";
import { Batch, readInt64 } from "../../../runtime/batch/index.ts";
import { fillRows } from "../store/log/rows.ts";

const BYTES = 2 ** 20;

/** Pids are the rows' numbers over all batches. */
function batchOf(timesMs: readonly number[], firstPid: number): Batch {
  const made = new Batch({ buffer: new ArrayBuffer(BYTES) }, process.plan);
  made.begin(0, BYTES, timesMs.length, { firstSequence: firstPid });
  fillRows(made, process, { random: () => 0.5, timeMs: (row) => timesMs[row]! });
  const pids = made.dataAt(process.plan.public("pid")) >>> 2;
  for (let row = 0; row < timesMs.length; row++) made.views.u32[pids + row] = firstPid + row;
  made.seal();
  return made;
}

interface Out {
  readonly timeMs: number;
  readonly pid: number;
}

function newest(groups: readonly (readonly number[])[], limit: number, shape: TableShape): readonly Out[] {
  let first = 0;
  const batches = groups.map((times) => {
    const batch = batchOf(times, first);
    first += times.length;
    return batch;
  });
  const runs = (batch: Batch) => {
    const middle = batch.rows >>> 1;
    return [
      { from: 0, to: middle },
      { from: middle, to: batch.rows },
    ].filter(({ from, to }) => to > from);
  };
  const times = new NewestTimes(shape, limit);
  for (const batch of batches) for (const run of runs(batch)) times.observe(batch, run);
  const rows = times.decide();
  for (const batch of batches) for (const run of runs(batch)) rows.add(batch, run);
  const out: Out[] = [];
  for (const batch of rows.rows()) {
    const pids = batch.dataAt(rows.shape.plan.public("pid")) >>> 2;
    const at = shape.publicColumns.some(({ name }) => name === "timestamp")
      ? batch.dataAt(rows.shape.plan.public("timestamp")) >>> 2
      : -1;
    for (let row = 0; row < batch.rows; row++) {
      const timeMs = at < 0 ? Number.NaN : readInt64(batch.views.i32, at + row * 2);
      out.push({ timeMs, pid: batch.views.u32[pids + row]! });
    }
  }
  return out;
}

test("the newest rows come out, the latest first, whatever order they were stored in", () => {
  const time = fc.integer({ min: 0, max: 40 });
  const groups = fc.array(fc.array(time, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(groups, fc.integer({ min: 1, max: 50 }), (given, limit) => {
      const all = given.flat();
      const out = newest(given, limit, process);
      const expected = all.toSorted((a, b) => b - a).slice(0, limit);
      assert.deepEqual(
        out.map(({ timeMs }) => timeMs),
        expected,
      );
      assert.equal(new Set(out.map(({ pid }) => pid)).size, out.length, "a row twice");
      for (const { pid, timeMs } of out) assert.equal(all[pid], timeMs, "values of another row");
    }),
    { seed: 20_260_101, numRuns: 200 },
  );
});

test("more rows than are held at once are pruned, and the time need not be among the columns", () => {
  const times = Array.from({ length: 9000 }, (_, row) => (row * 7919) % 9001);
  const groups = [times.slice(0, 3000), times.slice(3000, 6000), times.slice(6000)];
  const shape = chooseColumns<TableShape>(process, ["pid", "cpu_percent"]);
  const out = newest(groups, 5000, shape);
  const expected = times
    .map((timeMs, pid) => ({ timeMs, pid }))
    .toSorted((a, b) => b.timeMs - a.timeMs)
    .slice(0, 5000);
  assert.deepEqual(
    out.map(({ pid }) => pid),
    expected.map(({ pid }) => pid),
  );
});

const ORDER = { dataset: "process", format: "csv", fromMs: 0, toMs: 1 };
for (const newest of [0, -1, 1.5, 1_000_001, Number.NaN]) {
  test(`newest ${newest} is refused`, () => {
    const checked = checkOrder({ ...ORDER, newest });
    assert.ok(!checked.ok);
    assert.match(checked.message, /newest to be a whole number of rows from 1 to 1000000/);
  });
}

test("the newest rows are refused in the anonymous profile, whose order tells nothing", () => {
  const checked = checkOrder({ ...ORDER, newest: 5, profile: "anonymous" });
  assert.ok(!checked.ok);
  assert.match(checked.message, /pseudonymous only/);
  assert.ok(checkOrder({ ...ORDER, newest: 1_000_000 }).ok);
});
