/**
 * Sliding windows against a plain reference that looks at all rows for each. What would fail here: a row that stays a moment too long or
 * leaves too early, ties that are given out twice, values that do not leave the sketch or leave it twice, figures that drift as rows come and go,
 * a percentile that depends on what was in the window before, anything that depends on how rows are cut, memory that is not given back.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Sketch } from "../../wasm/index.ts";
import { type Found, ground, MEASURES, make, QUANTILES, RULES } from "./sliding-made.ts";
import { type PlainSlide, SlidingReference } from "./sliding-reference.ts";
import { cut, type PlainWindow, type Row, restore, type Step, saved } from "./support.ts";

const rules = fc.record({
  lengthMs: fc.constantFrom(1, 7, 50, 400),
  disorderMs: fc.constantFrom(0, 5, 60),
  aheadMs: fc.constantFrom(10, 1000),
  maxGroups: fc.constantFrom(1, 2, 100),
  whenFull: fc.constantFrom("other" as const, "refuse" as const),
});
const value = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -(10 ** 6), max: 10 ** 6 }).map((whole) => whole / 8) },
  fc.constantFrom(null, Number.NaN, 0, -0, 5e-324, 1e300),
);
const row = fc.record({
  time: fc.integer({ min: -40, max: 60 }),
  key: fc.constantFrom(0n, 1n, 2n ** 64n - 1n),
  values: fc.tuple(value, value),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      rows: fc.array(row, { minLength: 1, maxLength: 40 }),
      writtenMs: fc.constantFrom(0, 0, 0, 60, 1),
    }),
  },
  fc.record({ advanceMs: fc.integer({ min: -50, max: 100 }) }),
);
/** Time goes on from step to step, but for a clock that is set back. */
const steps = fc.array(step, { minLength: 1, maxLength: 6 }).map((some): Step[] => [
  ...some.map((one, i): Step => {
    if ("advanceMs" in one) return { advanceMs: one.advanceMs + i * 30 };
    if (!("rows" in one) || one.writtenMs === 1) return one;
    const rows = one.rows.map((only) => ({ ...only, time: only.time + i * 30 }));
    return { rows, writtenMs: one.writtenMs === 60 ? 60 + i * 30 : 0 };
  }),
  { finish: true },
]);

/** Where a sketch of these values alone is made. */
const sketchPool = ground.pool(1 << 20, 23 << 20);
function quantilesOf(values: readonly number[]): number[] {
  const sketch = new Sketch(ground.kernels, sketchPool);
  for (const one of values) if (!Number.isNaN(one)) sketch.add(one);
  const found = QUANTILES.map((q) => sketch.quantile(q));
  sketch.free();
  return found;
}

function compare(out: readonly PlainWindow<Found>[], expected: readonly PlainSlide[]): void {
  assert.deepEqual(
    out.map(({ start, end, revision, withdrawn, groups }) => [
      start,
      end,
      revision,
      withdrawn,
      groups.length,
      groups[0]!.key,
    ]),
    expected.map(({ start, end, revision, key }) => [start, end, revision, false, 1, key]),
  );
  for (const [index, { groups }] of out.entries()) {
    for (const [measure, found] of groups[0]!.of.entries()) {
      const all = expected[index]!.measures[measure]!;
      const values = all.filter((one) => !Number.isNaN(one));
      assert.equal(found.count, values.length);
      assert.equal(found.nans, all.length - values.length);
      assert.equal(found.min, values.length === 0 ? Number.NaN : Math.min(...values) + 0);
      assert.equal(found.max, values.length === 0 ? Number.NaN : Math.max(...values) + 0);
      // The same bit by bit as a sketch that never saw anything else.
      assert.deepEqual(found.quantiles, quantilesOf(values));
      const size = values.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
      const sum = values.reduce((total, one) => total + one, 0);
      assert.ok(Math.abs(found.sum - sum) <= size * values.length * 1e-12, `sum ${found.sum} of ${sum}`);
      if (size > 1e100 || values.length === 0) continue;
      const mean = sum / values.length;
      const variance = values.reduce((total, one) => total + (one - mean) ** 2, 0) / values.length;
      assert.ok(
        Math.abs(found.variance - variance) <= size ** 2 * 1e-12,
        `variance ${found.variance} of ${variance}`,
      );
    }
  }
}

/** Every row of the steps in a batch of its own. */
function apart(some: readonly Step[]): Step[] {
  return some.flatMap((one): Step[] =>
    "rows" in one ? one.rows.map((only) => ({ ...one, rows: [only] })) : [one],
  );
}

test("windows are those of the reference, the same bit by bit however rows are cut, and nothing leaks", () => {
  const met = { corrections: 0, setBacks: 0, other: 0, late: 0, refused: 0 };
  fc.assert(
    fc.property(rules, steps, (given, some) => {
      const reference = new SlidingReference(given, MEASURES);
      const expected = reference.run(some);
      const whole = make(given);
      const out = whole.run(some);
      compare(out, expected);
      assert.deepEqual({ ...whole.operator.counts }, reference.counts);
      assert.equal(whole.operator.lastOpenEndMs(), undefined);
      const pieces = make(given, ground.pool(4 << 20, 12 << 20));
      assert.deepEqual(pieces.run(apart(some)), out);
      assert.deepEqual(pieces.operator.counts, whole.operator.counts);
      for (const name of Object.keys(met) as (keyof typeof met)[]) met[name] += reference.counts[name];
      pieces.close();
      whole.close();
    }),
    { numRuns: 150, seed: 20262 },
  );
  for (const [name, times] of Object.entries(met)) assert.ok(times > 20, `${name}: met ${times} times`);
});

test("saved anywhere and loaded elsewhere, it goes on as if nothing had been", () => {
  fc.assert(
    fc.property(rules, steps, fc.nat(), (given, some, at) => {
      const cutUp = apart(some);
      const straight = make(given);
      const expected = straight.run(cutUp);
      const half = at % (cutUp.length + 1);
      const first = make(given, ground.pool(4 << 20, 12 << 20));
      const out = first.run(cutUp.slice(0, half));
      const state = saved(first.operator);
      const second = make(given, ground.pool(4 << 20, 16 << 20));
      restore(second.operator, state);
      assert.deepEqual(saved(second.operator), state);
      assert.deepEqual(second.operator.figures, first.operator.figures);
      assert.equal(second.operator.lastOpenEndMs(), first.operator.lastOpenEndMs());
      assert.deepEqual([...out, ...second.run(cutUp.slice(half))], expected);
      for (const each of [straight, first, second]) each.close();
    }),
    { numRuns: 100, seed: 20263 },
  );
});

test("windows that swing around the number of values that are kept exactly, and over all magnitudes, answer as new ones", () => {
  // Dense and sparse by turns: a window of 200 ms has from some 60 to some 250 rows.
  const rows: Row[] = [];
  for (let i = 0, time = 0; i < 900; i++) {
    time += Math.floor(i / 150) % 2 === 0 ? 1 : 3;
    const wide = i > 400 && i < 500 ? 10 ** ((i % 7) * 50 - 150) : 1;
    rows.push({ time, values: [((i * 7919) % 1000) * wide, i % 3 === 0 ? 0 : -i] });
  }
  const { run, close } = make({ lengthMs: 200 });
  const some: Step[] = [...cut(rows, [37]), { finish: true }];
  const expected = new SlidingReference({ ...RULES, lengthMs: 200 }, MEASURES).run(some);
  const sizes = expected.map(({ measures }) => measures[0]!.length);
  assert.ok(Math.min(...sizes.slice(200)) < 110 && Math.max(...sizes) > 140, `${sizes}`);
  compare(run(some), expected);
  close();
});
