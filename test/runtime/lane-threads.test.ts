/**
 * Ten million slots and more through real threads: one writer, and three stages in two tiers. The first stage writes into
 * each slot in place, and the two behind it must find its mark. Every slot has canaries and a sequence, and every thread
 * checks all of them.
 *
 * What would fail here: a barrier that takes the furthest stage instead of the nearest, or the writer's cursor instead of
 * the tier before (a slot without its mark); a writer that looks at the first tier only, or counts one slot too many (a
 * canary of the next lap); a comparison without `| 0` (the start positions); an `abandon` or `rewind` that does nothing
 * (garbage, a gap); a wait that returns early or never.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { laneStatus } from "../../runtime/lane/index.ts";
import { makeLane, startThread } from "../fixtures/lane-setup.ts";

const TIERS = [["mark"], ["left", "right"]];
const CASES = [
  { slots: 2, total: 30_000, startPosition: 2 ** 31 - 15_000, seed: 11 },
  { slots: 2, total: 30_000, startPosition: -15_000, seed: 12 },
  { slots: 8, total: 120_000, startPosition: 2 ** 31 - 3, seed: 13 },
  { slots: 8, total: 120_000, startPosition: -3, seed: 14 },
  { slots: 1024, total: 1_000_000, startPosition: 2 ** 31 - 500_000, seed: 15 },
  { slots: 1024, total: 1_000_000, startPosition: -500_000, seed: 16 },
  { slots: 1024, total: 10_000_000, startPosition: 0, seed: 17 },
] as const;

for (const { slots, total, startPosition, seed } of CASES) {
  test(`${total} slots through a ring of ${slots}, from position ${startPosition}`, async () => {
    const { memory, arena, spec } = makeLane({ slots, tiers: TIERS }, startPosition);
    const gate = arena.allocate(4, "gate");
    const common = { memory, spec, total, gate };
    const stages = TIERS.flat().map((stage, index) =>
      startThread({ ...common, job: "stage", stage, marks: stage === "mark", seed: seed * 100 + index }),
    );
    const threads = [...stages];
    try {
      // Each stage has found the lane empty once before the writer starts.
      for (const thread of stages) assert.equal((await thread.next()).count, 1);
      threads.unshift(startThread({ ...common, job: "write", seed }));
      const [full, ...empty] = await Promise.all(threads.map((thread) => thread.next()));
      // The first stage waited until the lane was full, so both boundaries were crossed for certain.
      assert.ok(full !== undefined && full.count >= 1, "the writer never found the lane full");
      for (const report of empty) assert.ok(report.count >= 1, "a stage never found the lane empty");
      const end = (startPosition + total) | 0;
      const status = laneStatus(memory, spec);
      assert.equal(status.published, end);
      assert.deepEqual(
        status.stages,
        TIERS.flat().map((stage) => ({ stage, cursor: end, attempts: 0, lagSlots: 0 })),
      );
    } finally {
      await Promise.all(threads.map((thread) => thread.stop()));
    }
  });
}
