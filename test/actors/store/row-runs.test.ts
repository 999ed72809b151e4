import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import { rowRuns } from "../../../actors/store/row-runs.ts";
import { memory } from "../../../datasets/memory.ts";
import { START_MS, TempLog } from "./log/temp-log.ts";

let at: TempLog;
beforeEach(() => {
  at = new TempLog(1);
});
afterEach(() => at.remove());

describe("the rows that an export wants of a batch", () => {
  test("property: are those within its times and before its end, in neighbouring runs, in whatever order they lie", () => {
    const seconds = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(
        fc.array(seconds, { maxLength: 20 }),
        fc.tuple(seconds, seconds),
        fc.integer({ min: 95, max: 125 }),
        (times, [from, to], endSequence) => {
          const batch = at.batch(memory, times.length, 100);
          const view = new DataView(batch.views.buffer);
          times.forEach((second, row) => {
            const place = batch.dataAt(memory.plan.public("timestamp")) + row * 8;
            view.setBigInt64(place, BigInt(START_MS + second * 1000), true);
          });
          const bounds = { fromMs: START_MS + from * 1000, toMs: START_MS + to * 1000, endSequence };
          const runs = [...rowRuns(memory, batch, bounds)];
          const rows = runs.flatMap((run) =>
            Array.from({ length: run.to - run.from }, (_, row) => run.from + row),
          );
          const wanted = times.flatMap((second, row) =>
            second >= from && second < to && 100 + row < endSequence ? [row] : [],
          );
          assert.deepEqual(rows, wanted);
          for (const [index, run] of runs.entries()) {
            assert.ok(run.from < run.to);
            if (index > 0) assert.ok(run.from > runs[index - 1]!.to, "two runs that are one");
          }
        },
      ),
      { numRuns: 300, seed: 20_260_103 },
    );
  });
});
