/** The arithmetic of panes and windows against what it says. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PaneGrid } from "../../windowing/pane-grid.ts";

const shape = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }))
  .map(([a, b]) => ({ kind: "hopping" as const, lengthMs: Math.max(a, b), everyMs: Math.min(a, b) }));
const moment = fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer({ min: -8.64e15, max: 8.64e15 }));

test("a pane's windows are all those that a moment in it is in", () => {
  fc.assert(
    fc.property(shape, moment, (shape, timeMs) => {
      const grid = new PaneGrid(shape, 0);
      const { lengthMs, everyMs } = shape;
      const startMs = grid.paneOf(timeMs);
      assert.ok(startMs <= timeMs && timeMs < startMs + grid.paneMs);
      assert.equal(Math.abs(startMs % grid.paneMs), 0);
      const ends: number[] = [];
      for (let endMs = grid.firstEndOf(startMs); endMs <= grid.lastEndOf(startMs); endMs += everyMs)
        ends.push(endMs);
      const expected: number[] = [];
      for (let endMs = timeMs + 1; endMs <= timeMs + lengthMs; endMs++) {
        if (BigInt(endMs - lengthMs) % BigInt(everyMs) === 0n) expected.push(endMs);
      }
      assert.deepEqual(ends, expected);
    }),
    { seed: 3, numRuns: 1000 },
  );
});

test("a step is the next edge of panes, or the next moment that a window is given up", () => {
  fc.assert(
    fc.property(shape, fc.nat({ max: 100 }), moment, (shape, latenessMs, watermarkMs) => {
      const grid = new PaneGrid(shape, latenessMs);
      const isEdge = (ms: number) => ms % grid.paneMs === 0;
      const isEnd = (ms: number) => (ms - shape.lengthMs) % shape.everyMs === 0;
      let expected = watermarkMs + 1;
      while (!isEdge(expected) && !isEnd(expected - latenessMs)) expected++;
      assert.equal(grid.stepAfter(watermarkMs), expected);
    }),
    { seed: 5, numRuns: 1000 },
  );
});

test("before the first row everything is a step", () => {
  const grid = new PaneGrid({ kind: "tumbling", lengthMs: 10 }, 7);
  assert.equal(grid.stepAfter(Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY);
});
