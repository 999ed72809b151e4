/** What is due, from plain data: no disk, no clock, and nothing that is given is changed. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hourGroups } from "../../../actors/keeper/hour-groups.ts";
import { dueHour, type PlanRules, planCompaction, wholeSegments } from "../../../actors/keeper/plan.ts";
import type { Segment } from "../../../actors/keeper/segments.ts";
import { type Compacted, NOTHING_COMPACTED } from "../../../actors/store/lake/manifest.ts";

const HOUR = 3_600_000;
const rules: PlanRules = {
  settleMs: 1000,
  segmentMaxAgeMs: 6 * HOUR,
  logBytes: 1e6,
  roundBytes: 1000,
  all: false,
};

/** A segment of 100 bytes that begins with row number `first` of "a"; "?" for one whose head cannot be read. */
function segment(number: number, first: number | "?", createdMs = 0): Segment {
  const counts = {
    stored: Number(first) * 2,
    nextSequence: Number(first),
    latestMs: 0,
    rejected: {},
    dropped: {},
  };
  const head = {
    format: "millrace-log",
    version: 1,
    createdMs,
    datasets: [{ name: "a", schema: "", ...counts }],
  } as const;
  return Object.freeze({ number, bytes: 100, head: first === "?" ? undefined : head });
}

const plan = (
  segments: readonly Segment[],
  state: Compacted = NOTHING_COMPACTED,
  more: Partial<PlanRules> = {},
  nowMs = 10 * HOUR,
) =>
  planCompaction(
    "a",
    Object.freeze({ ...state }),
    Object.freeze(segments),
    nowMs,
    Object.freeze({ ...rules, segmentMaxAgeMs: 1e12, ...more }),
  );

const numbers = (planned: ReturnType<typeof plan>) => planned?.segments.map(({ number }) => number);

describe("the hour that is due", () => {
  test("is over for the time to settle", () => {
    assert.equal(dueHour(HOUR + 999, 1000), 0);
    assert.equal(dueHour(HOUR + 1000, 1000), HOUR);
  });
});

describe("a plan", () => {
  test("is none without a closed segment that has rows above what is compacted", () => {
    assert.equal(plan([]), undefined);
    assert.equal(plan([segment(1, 0)]), undefined);
    assert.equal(plan([segment(1, 0), segment(2, 0)]), undefined);
    assert.equal(plan([segment(1, 0), segment(2, 5)], { before: 5, hourMs: 0, hourBefore: 0 }), undefined);
  });

  test("takes the closed segments, and says how far they go", () => {
    const planned = plan([segment(4, 3), segment(5, 8), segment(6, 20)]);
    assert.deepEqual(numbers(planned), [4, 5]);
    assert.deepEqual(planned?.target, { before: 0, hourMs: 9 * HOUR, hourBefore: 20 });
    assert.deepEqual([planned?.endSequence, planned?.stored, planned?.storedBefore], [20, 40, 6]);
  });

  test("passes over segments that are compacted whole", () => {
    const state = { before: 8, hourMs: 0, hourBefore: 8 };
    assert.deepEqual(numbers(plan([segment(4, 3), segment(5, 8), segment(6, 20)], state)), [5]);
  });

  test("takes a segment whose head cannot be read with the one before it", () => {
    const planned = plan([segment(4, 3), segment(5, "?"), segment(6, 20), segment(7, 21)]);
    assert.deepEqual([numbers(planned), planned?.stored], [[4, 5, 6], 42]);
    assert.equal(plan([segment(4, 3), segment(5, "?")]), undefined);
  });

  test("never takes back what is compacted, whatever cannot be read", () => {
    const state = { before: 0, hourMs: HOUR, hourBefore: 15 };
    const planned = plan([segment(1, 0), segment(2, 10), segment(3, "?")], state);
    assert.deepEqual([numbers(planned), planned?.target.hourBefore], [[1], 15]);
  });

  test("reads no more than its budget, but at least one segment beyond what the bounds have a say in", () => {
    const segments = [0, 10, 20, 30, 40, 50].map((first, index) => segment(index + 1, first));
    const of = (hourBefore: number, roundBytes: number) =>
      numbers(plan(segments, { before: 0, hourMs: HOUR, hourBefore }, { roundBytes }));
    assert.deepEqual(of(0, 250), [1, 2]);
    assert.deepEqual(of(0, 1), [1]);
    assert.deepEqual(of(30, 1), [1, 2, 3, 4]);
    assert.deepEqual(of(25, 1), [1, 2, 3]);
    assert.deepEqual(of(50, 1), [1, 2, 3, 4, 5]);
  });

  test("moves the hour on, and back only where it says nothing", () => {
    const segments = [segment(1, 0), segment(2, 10)];
    const hour = (state: Compacted) => plan(segments, state)?.target.hourMs;
    assert.equal(hour({ before: 0, hourMs: 3 * HOUR, hourBefore: 4 }), 9 * HOUR);
    assert.equal(hour({ before: 3, hourMs: 90 * HOUR, hourBefore: 4 }), 90 * HOUR);
    assert.equal(hour({ before: 4, hourMs: 90 * HOUR, hourBefore: 4 }), 9 * HOUR);
  });

  test("takes old segments whole, and those that the log is too large by", () => {
    const segments = [
      segment(1, 0, 0),
      segment(2, 10, HOUR),
      segment(3, 20, 2 * HOUR),
      segment(4, 30, 3 * HOUR),
    ];
    const before = (more: Partial<PlanRules>) => plan(segments, undefined, more)?.target.before;
    assert.equal(before({}), 0);
    assert.equal(before({ segmentMaxAgeMs: 9 * HOUR }), 20);
    assert.equal(before({ segmentMaxAgeMs: 9 * HOUR + 1 }), 10);
    assert.equal(before({ segmentMaxAgeMs: 1 }), 30);
    assert.equal(before({ logBytes: 400 }), 0);
    assert.equal(before({ logBytes: 399 }), 10);
    assert.equal(before({ logBytes: 300 }), 10);
    assert.equal(before({ logBytes: 0 }), 30);
    assert.equal(before({ all: true }), 30);
  });

  test("takes old segments behind one whose age is not known", () => {
    const segments = [segment(1, "?"), segment(2, 10, 0), segment(3, 20, 9 * HOUR), segment(4, 30, 9 * HOUR)];
    assert.equal(wholeSegments(segments, 10 * HOUR, rules), 2);
  });
});

describe("hours that are written together", () => {
  test("are in order, and no more than memory allows", () => {
    assert.deepEqual(hourGroups(new Map()), []);
    assert.deepEqual(
      hourGroups(
        new Map([
          [3, 1],
          [1, 1],
          [2, 1],
        ]),
      ),
      [[1, 2, 3]],
    );
    assert.deepEqual(
      hourGroups(
        new Map([
          [1, 200_000],
          [2, 62_144],
          [3, 1],
          [4, 1e6],
          [5, 1],
        ]),
      ),
      [[1, 2], [3], [4], [5]],
    );
    const many = hourGroups(new Map(Array.from({ length: 150 }, (_, hour) => [hour, 1])));
    assert.deepEqual(
      many.map(({ length }) => length),
      [64, 64, 22],
    );
  });
});
