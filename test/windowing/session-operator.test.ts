/**
 * Sessions against a plain reference. What would fail here: a row at exactly the gap that joins, one just within that does not, a merge
 * that loses rows or their order, a correction given out twice or never, anything that depends on how rows are cut, memory that is not
 * given back.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Figures } from "../../windowing/figures.ts";
import { SessionOperator } from "../../windowing/session-operator.ts";
import { ground, make } from "./session-made.ts";
import { SessionReference } from "./session-reference.ts";
import { cut, feed, optionsOf, restore, type Step, saved } from "./support.ts";

const RUNS = { numRuns: 250, seed: 20261 } as const;

const rules = fc.record({
  gapMs: fc.integer({ min: 1, max: 20 }),
  disorderMs: fc.constantFrom(0, 5, 40),
  latenessMs: fc.constantFrom(0, 1, 30, 100),
  aheadMs: fc.constantFrom(10, 1000),
  maxGroups: fc.constantFrom(1, 2, 100),
  whenFull: fc.constantFrom("other" as const, "refuse" as const),
});
const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -9, max: 9 }) },
  fc.constant(null),
  fc.constant(Number.NaN),
);
const row = fc.record({
  time: fc.integer({ min: -40, max: 60 }),
  key: fc.constantFrom(0n, 1n, 2n, 2n ** 64n - 1n),
  values: fc.tuple(value),
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
const steps = fc.array(step, { minLength: 1, maxLength: 8 }).map((some): Step[] => [
  ...some.map((one, i): Step => {
    if ("advanceMs" in one) return { advanceMs: one.advanceMs + i * 30 };
    if (!("rows" in one) || one.writtenMs === 1) return one;
    const rows = one.rows.map((only) => ({ ...only, time: only.time + i * 30 }));
    return { rows, writtenMs: one.writtenMs === 60 ? 60 + i * 30 : 0 };
  }),
  { finish: true },
]);

/** Every row of the steps in a batch of its own. */
function apart(some: readonly Step[]): Step[] {
  return some.flatMap((one): Step[] =>
    "rows" in one ? one.rows.map((only) => ({ ...one, rows: [only] })) : [one],
  );
}

function rowsOf(some: readonly Step[]): number {
  return some.reduce((sum, one) => sum + ("rows" in one ? one.rows.length : 0), 0);
}

test("sessions are those of the reference, however rows are cut, and nothing leaks", () => {
  const met = { merges: 0, corrections: 0, setBacks: 0, other: 0, late: 0 };
  fc.assert(
    fc.property(rules, steps, (given, some) => {
      const reference = new SessionReference(given);
      const expected = reference.run(some);
      for (const cutUp of [some, apart(some)]) {
        const { operator, pool, trace, run } = make(given);
        assert.deepEqual(run(cutUp), expected);
        assert.deepEqual({ ...operator.counts }, reference.counts);
        const { rows, late, ahead, refused } = operator.counts;
        assert.equal(rows + late + ahead + refused, rowsOf(some));
        assert.deepEqual(operator.figures, { windows: 0, groups: 0 });
        assert.equal(trace.records, 1, "the empty one is left");
        operator.free();
        assert.equal(pool.inUse, 0);
      }
      met.merges += expected.filter(({ withdrawn }) => withdrawn).length;
      for (const name of ["corrections", "setBacks", "other", "late"] as const)
        met[name] += reference.counts[name];
    }),
    RUNS,
  );
  for (const [name, times] of Object.entries(met)) assert.ok(times > 50, `${name}: met ${times} times`);
});

test("saved anywhere and loaded elsewhere, it goes on as if nothing had been", () => {
  fc.assert(
    fc.property(rules, steps, fc.nat(), (given, some, at) => {
      const cutUp = apart(some);
      const expected = make(given).run(cutUp);
      const half = at % (cutUp.length + 1);
      const first = make(given);
      const out = first.run(cutUp.slice(0, half));
      const state = saved(first.operator);
      const pool = ground.pool(2 << 20, 5 << 20);
      const second = make(given, pool);
      restore(second.operator, state);
      assert.deepEqual(saved(second.operator), state);
      assert.deepEqual(second.operator.figures, first.operator.figures);
      assert.equal(second.operator.lastOpenEndMs(), first.operator.lastOpenEndMs());
      assert.deepEqual([...out, ...second.run(cutUp.slice(half))], expected);
      second.operator.free();
      assert.equal(pool.inUse, 0);
    }),
    RUNS,
  );
});

test("with figures, what comes out is the same bit by bit however rows are cut", () => {
  const number = fc.integer({ min: -(10 ** 9), max: 10 ** 9 }).map((whole) => whole / 7);
  const rows = fc.array(
    fc.record({
      time: fc.integer({ min: 0, max: 400 }),
      key: fc.constantFrom(0n, 1n, 2n),
      values: fc.tuple(number, value),
    }),
    { maxLength: 150 },
  );
  fc.assert(
    fc.property(
      rows,
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
      (some, sizes) => {
        const [whole, pieces] = [[], sizes].map((cuts) => {
          const pool = ground.pool();
          const figures = new Figures(ground.kernels, pool, 2);
          const shape = { kind: "session", gapMs: 12 } as const;
          const options = optionsOf(ground, pool, figures, shape, { disorderMs: 50, latenessMs: 60 });
          const operator = new SessionOperator(options, shape);
          return feed(ground, operator, [...cut(some, cuts), { finish: true }], (record) =>
            [0, 1].map((m) => [
              figures.count(record, m),
              figures.sum(record, m),
              figures.variance(record, m),
              figures.quantile(record, m, 0.5),
            ]),
          );
        });
        assert.deepEqual(pieces, whole);
      },
    ),
    { numRuns: 100, seed: 7 },
  );
});
