/** Tumbling and hopping windows when time does not go as it should: silence, the future, clocks that are set back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LATEST_MS } from "../../windowing/watermark.ts";
import { at, END, ground, MINUTE, made, TENS } from "./pane-made.ts";
import { drain, type Step } from "./support.ts";

test("the wall clock closes what a silent source leaves open, and makes what comes after it late", () => {
  const { run, operator } = made(TENS, { disorderMs: 5, latenessMs: 2 });
  assert.equal(operator.lastOpenEndMs(), undefined);
  run([at(12)]);
  assert.equal(operator.lastOpenEndMs(), 20);
  assert.deepEqual(run([{ advanceMs: 19.9 }]), []);
  assert.deepEqual(run([{ advanceMs: 20 }]), ["[10, 20) 0: 0=12"]);
  assert.deepEqual(run([{ advanceMs: 7 }, at(19)]), []);
  // A correction is still to come.
  assert.equal(operator.lastOpenEndMs(), 30);
  assert.deepEqual(run([{ advanceMs: 22 }]), ["[10, 20) 1: 0=12,19"]);
  assert.equal(operator.lastOpenEndMs(), undefined);
  assert.deepEqual(run([at(19, 21), END]), ["[20, 30) 0: 0=21"]);
  assert.equal(operator.counts.late, 1);
});

test("the watermark begins before all rows, and a row moves it alone", () => {
  const { run, operator } = made(MINUTE, { disorderMs: 1000 });
  assert.equal(operator.watermarkMs, Number.NEGATIVE_INFINITY);
  run([at(5000, 9000, 7000)]);
  assert.equal(operator.watermarkMs, 8000);
  run([at(6000)]);
  assert.equal(operator.watermarkMs, 8000);
});

test("rows from too far in the future are left out, and move nothing", () => {
  const { run, operator } = made(TENS, { aheadMs: 100 });
  const rows = [5, 1106, 1105, 9999, 1100].map((time) => ({ time, values: [time] }));
  assert.deepEqual(run([{ rows, writtenMs: 1005 }]), ["[0, 10) 0: 0=5"]);
  assert.equal(operator.watermarkMs, 1105);
  assert.equal(operator.counts.ahead, 2);
  assert.deepEqual(run([END]), ["[1100, 1110) 0: 0=1105,1100"]);
});

test("moments that no date can be are ahead, or late", () => {
  const { run, operator } = made({ kind: "hopping", lengthMs: 86_400_000, everyMs: 3_600_000 });
  run([at(-LATEST_MS - 1, 2 ** 62, -(2 ** 62), LATEST_MS, -LATEST_MS), END]);
  assert.deepEqual([operator.counts.ahead, operator.counts.late, operator.counts.rows], [1, 3, 1]);
});

test("moments before the first that a date can be are late in its pane too", () => {
  const { run, operator } = made({ kind: "tumbling", lengthMs: 7_000_000 });
  run([at(-LATEST_MS, -LATEST_MS - 1, -LATEST_MS), END]);
  assert.deepEqual([operator.counts.late, operator.counts.rows], [1, 2]);
});

test("whether the clock was set back is asked once for a batch, and its rows wait for what comes out", () => {
  const { operator, trace } = made(TENS, { aheadMs: 0 });
  const read = (record: number) => trace.read(record);
  operator.add(ground.columns([{ time: 1000, values: [1] }], { writtenMs: 1000 }), 0);
  const columns = ground.columns(
    [100, 110].map((time) => ({ time, values: [time] })),
    { writtenMs: 110 },
  );
  assert.equal(operator.add(columns, 0), 0);
  assert.deepEqual(
    drain(operator, read).map(({ start }) => start),
    [1000],
  );
  assert.equal(operator.add(columns, 0), 1);
  assert.deepEqual(
    drain(operator, read).map(({ start }) => start),
    [100],
  );
  operator.advance(500);
  assert.equal(operator.add(columns, 1), 2);
  assert.deepEqual([operator.counts.setBacks, operator.counts.late], [1, 1]);
});

test("when the clock was set back, what was open comes out, and windows come out again above all revisions", () => {
  const { run, operator } = made(TENS, { aheadMs: 100, latenessMs: 50 });
  const written = (writtenMs: number, ...times: readonly number[]): Step => {
    return { writtenMs, rows: times.map((time) => ({ time, values: [time] })) };
  };
  run([written(1000, 991, 1001, 992, 1011)]);
  // As far back as may be: rows were up to 100 ahead, and now the latest is up to 200 ahead.
  assert.deepEqual(run([written(811, 1012)]), []);
  assert.deepEqual(run([written(811, 801, 811)]), []);
  assert.equal(operator.counts.setBacks, 0);
  assert.deepEqual(run([written(700, 701, 711)]), ["[1010, 1020) 0: 0=1011", "[700, 710) 2: 0=701"]);
  assert.deepEqual([operator.counts.setBacks, operator.watermarkMs], [1, 711]);
  assert.deepEqual(run([written(1000, 702, 1001, 1021)]), [
    "[700, 710) 3: 0=701,702",
    "[710, 720) 2: 0=711",
    "[1000, 1010) 2: 0=1001",
  ]);
  assert.deepEqual(run([END]), ["[1020, 1030) 0: 0=1021"]);
});
