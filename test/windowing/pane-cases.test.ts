/** What tumbling and hopping windows do, case by case: edges, late rows, corrections, groups. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, END, ground, made, TENS, THIRTY_BY_TEN } from "./pane-made.ts";
import { drain, type Row } from "./support.ts";

test("a row at an edge is in the window that begins there, before the epoch too", () => {
  const { run } = made(TENS);
  assert.deepEqual(run([at(-11, -10, -1, 0, 9, 10), END]), [
    "[-20, -10) 0: 0=-11",
    "[-10, 0) 0: 0=-10,-1",
    "[0, 10) 0: 0=0,9",
    "[10, 20) 0: 0=10",
  ]);
});

test("a window comes out before the row is added that moves the watermark to its end, and not a moment sooner", () => {
  const { operator, trace } = made(TENS, { disorderMs: 5 });
  const columns = ground.columns(
    [{ time: 3 }, { time: 14 }, { time: 15 }, { time: 4 }].map((row) => ({ ...row, values: [row.time] })),
  );
  assert.equal(operator.add(columns, 0), 2);
  assert.equal(operator.watermarkMs, 10);
  const [window] = drain(operator, (record) => trace.read(record));
  assert.deepEqual([window?.start, window?.groups[0]?.of], [0, [[3]]]);
  assert.equal(operator.add(columns, 2), 4);
  assert.deepEqual(
    drain(operator, () => 0),
    [],
  );
  assert.deepEqual([operator.counts.rows, operator.counts.late], [3, 1]);
});

test("a hopping window is made of its panes, in their order", () => {
  const { run } = made(THIRTY_BY_TEN, { disorderMs: 20 });
  assert.deepEqual(run([at(25, 5, 6, 31), END]), [
    "[-20, 10) 0: 0=5,6",
    "[-10, 20) 0: 0=5,6",
    "[0, 30) 0: 0=5,6,25",
    "[10, 40) 0: 0=25,31",
    "[20, 50) 0: 0=25,31",
    "[30, 60) 0: 0=31",
  ]);
});

test("windows of which neither the length nor the distance is a multiple of the other", () => {
  const { run } = made({ kind: "hopping", lengthMs: 10, everyMs: 4 });
  assert.deepEqual(run([at(0, 3, 9), END]), [
    "[-8, 2) 0: 0=0",
    "[-4, 6) 0: 0=0,3",
    "[0, 10) 0: 0=0,3,9",
    "[4, 14) 0: 0=9",
    "[8, 18) 0: 0=9",
  ]);
});

test("late rows make one correction at the next edge", () => {
  const { run, operator } = made(TENS, { latenessMs: 20 });
  assert.deepEqual(run([at(1, 12)]), ["[0, 10) 0: 0=1"]);
  assert.deepEqual(run([at(2, 3, 19)]), []);
  assert.deepEqual(run([at(4, 20)]), ["[0, 10) 1: 0=1,2,3,4", "[10, 20) 0: 0=12,19"]);
  assert.deepEqual(run([at(29)]), []);
  assert.deepEqual(run([at(5, 30, 6)]), ["[0, 10) 2: 0=1,2,3,4,5", "[20, 30) 0: 0=20,29"]);
  assert.deepEqual([operator.counts.late, operator.counts.corrections, operator.counts.windows], [1, 2, 3]);
});

test("a window that late rows make comes out for the first time", () => {
  const { run } = made(TENS, { latenessMs: 50 });
  assert.deepEqual(run([at(35, 5, 41)]), ["[0, 10) 0: 0=5", "[30, 40) 0: 0=35"]);
});

test("a correction comes out when its window is given up between two edges", () => {
  const { run } = made(TENS, { latenessMs: 13 });
  run([at(1, 20)]);
  assert.deepEqual(run([at(2, 22)]), []);
  // 23 is 10 + 13: with it row 3 is late.
  assert.deepEqual(run([at(3, 23, 4)]), ["[0, 10) 1: 0=1,2,3"]);
  assert.deepEqual(run([END]), ["[20, 30) 0: 0=20,22,23"]);
});

test("a row that is late for one of its windows is in the other ones only", () => {
  const { run, operator } = made(THIRTY_BY_TEN, { latenessMs: 5 });
  run([at(5, 30)]);
  // [-20, 10) and [-10, 20) are given up, [0, 30) is not.
  assert.deepEqual(run([at(6, 35)]), ["[0, 30) 1: 0=5,6"]);
  assert.deepEqual(run([at(7)]), []);
  assert.deepEqual([operator.counts.rows, operator.counts.late], [4, 1]);
  assert.deepEqual(run([at(15), END]), [
    "[10, 40) 0: 0=15,30,35",
    "[20, 50) 0: 0=30,35",
    "[30, 60) 0: 0=30,35",
  ]);
});

test("without lateness nothing is corrected", () => {
  const { run, operator } = made(TENS);
  assert.deepEqual(run([at(5, 10, 9, 30), END]), ["[0, 10) 0: 0=5", "[10, 20) 0: 0=10", "[30, 40) 0: 0=30"]);
  assert.deepEqual([operator.counts.late, operator.counts.corrections], [1, 0]);
});

test("a jump over a thousand years goes over no empty windows", () => {
  const { run, operator } = made({ kind: "hopping", lengthMs: 3, everyMs: 1 }, { latenessMs: 5 });
  const later = 1000 * 366 * 86_400_000;
  assert.equal(run([at(0, later, 2 * later)]).length, 6);
  operator.advance(3 * later);
  assert.equal(drain(operator, () => 0).length, 3);
  assert.equal(operator.lastOpenEndMs(), undefined);
  assert.deepEqual(operator.figures, { windows: 0, groups: 0 });
});

test("keys of one and four bytes are the numbers they are; without keys all rows are one group", () => {
  for (const [width, key] of [
    [1, 255],
    [4, 0xffff_ffff],
    [8, 0xffff_ffff_ffff_ffffn],
  ] as const) {
    const rows = [0, key, 1].map((key, i) => ({ time: i, key, values: [i] }));
    assert.deepEqual(made(TENS).run([{ rows }, END], width), [`[0, 10) 0: 0=0 1=2 ${key}=1`]);
  }
  assert.deepEqual(made(TENS).run([at(1, 2), END], 0), ["[0, 10) 0: 0=1,2"]);
});

test("a group without a value is not told of, nor is a window of none", () => {
  const { run, operator } = made(TENS, { latenessMs: 100 });
  const empty = (time: number, key: number): Row => ({
    time,
    key,
    values: [time % 2 === 0 ? null : Number.NaN],
  });
  const rows = [empty(1, 1), empty(2, 2), { time: 3, key: 3, values: [3] }, empty(15, 1), empty(25, 1)];
  assert.deepEqual(run([{ rows }]), ["[0, 10) 0: 3=3"]);
  // Now there is one: the window comes out for the first time. The group's row without a value is in it too.
  assert.deepEqual(run([{ rows: [{ time: 17, key: 1, values: [17] }, empty(30, 1)] }]), [
    "[10, 20) 0: 1=NaN,17",
  ]);
  assert.equal(operator.counts.rows, 7);
});
