/** Tumbling and hopping windows with figures: bit by bit the same however rows are cut, and right; a pool that is too small. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Figures } from "../../windowing/figures.ts";
import { PaneOperator } from "../../windowing/pane-operator.ts";
import { Reference } from "./reference.ts";
import type { Traced } from "./row-trace.ts";
import { recut, type Scenario, scenario } from "./scenario.ts";
import { type CountingPool, feed, Ground, optionsOf, type PlainWindow, restore, saved } from "./support.ts";

const ground = new Ground(16 << 20, 1 << 20);
const QS = [0, 0.5, 0.9, 0.99, 1];
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

interface Told {
  readonly count: number;
  readonly nanCount: number;
  readonly sum: number;
  readonly mean: number;
  readonly variance: number;
  readonly min: number;
  readonly max: number;
  readonly quantiles: readonly number[];
}

function figured(of: Scenario, pool: CountingPool, measures = 2) {
  const figures = new Figures(ground.kernels, pool, measures);
  const operator = new PaneOperator(
    optionsOf(ground, pool, figures, of.shape, { ...of, maxRows: 200 }),
    of.shape,
  );
  const read = (record: number) =>
    Array.from({ length: measures }, (_, measure) => told(figures, record, measure));
  const run = (steps: Scenario["steps"]): PlainWindow<Told[]>[] => feed(ground, operator, steps, read);
  const free = () => {
    operator.free();
    figures.close();
    assert.equal(pool.inUse, 0, "blocks were not given back");
  };
  return { figures, operator, run, free };
}

function told(figures: Figures, record: number, measure: number): Told {
  const quantiles: number[] = [];
  figures.quantiles(record, measure, QS, quantiles);
  return {
    count: figures.count(record, measure),
    nanCount: figures.nanCount(record, measure),
    sum: figures.sum(record, measure),
    mean: figures.mean(record, measure),
    variance: figures.variance(record, measure),
    min: figures.min(record, measure),
    max: figures.max(record, measure),
    quantiles,
  };
}

/** Values that round, and one that needs a larger sketch. */
function roughened(of: Scenario): Scenario {
  const steps = of.steps.map((step) => {
    if (!("rows" in step)) return step;
    const rows = step.rows.map((row, i) => {
      const values =
        row.values?.map((value) => (value === null ? null : Number(value) / 3 + 10 ** (i % 19))) ?? [];
      return { ...row, values };
    });
    return { ...step, rows };
  });
  return { ...of, steps };
}

test("figures do not depend on how rows are cut, by no bit", () => {
  fc.assert(
    fc.property(scenario, sizes, (smooth, sizes) => {
      const life = roughened(smooth);
      const whole = figured(life, ground.pool(4 << 20));
      const parts = figured(life, ground.pool(4 << 20, 8 << 20));
      assert.deepEqual(parts.run(recut(life.steps, sizes)), whole.run(life.steps));
      assert.deepEqual(saved(parts.operator), saved(whole.operator));
      whole.free();
      parts.free();
    }),
    { seed: 13, numRuns: 80 },
  );
});

test("figures go on from a saved state, by no bit otherwise", () => {
  fc.assert(
    fc.property(scenario, fc.nat(), (smooth, at) => {
      const life = roughened(smooth);
      const middle = at % (life.steps.length + 1);
      const one = figured(life, ground.pool(4 << 20));
      one.run(life.steps.slice(0, middle));
      const other = figured(life, ground.pool(4 << 20, 8 << 20));
      restore(other.operator, saved(one.operator));
      assert.deepEqual(other.run(life.steps.slice(middle)), one.run(life.steps.slice(middle)));
      assert.deepEqual(saved(other.operator), saved(one.operator));
      one.free();
      other.free();
    }),
    { seed: 17, numRuns: 80 },
  );
});

test("figures are those of the reference's rows", () => {
  fc.assert(
    fc.property(scenario, (life) => {
      const { run, free } = figured(life, ground.pool());
      const reference = new Reference(life);
      for (const step of life.steps) {
        const expected = reference.take(step);
        const windows = run([step]);
        assert.deepEqual(
          windows.map(({ start, revision, groups }) => [start, revision, groups.map(({ key }) => key)]),
          expected.map(({ start, revision, groups }) => [start, revision, groups.map(({ key }) => key)]),
        );
        for (const [i, { groups }] of windows.entries()) {
          for (const [j, { of }] of groups.entries()) {
            for (const measure of [0, 1]) check(of[measure]!, expected[i]!.groups[j]!.of, measure);
          }
        }
      }
      free();
    }),
    { seed: 19, numRuns: 80 },
  );
});

test("a pool that is too small loses no row untold, and nothing for good", () => {
  let refused = 0;
  let taken = 0;
  fc.assert(
    fc.property(scenario, fc.integer({ min: 4, max: 24 }), (life, hundreds) => {
      // The row's records, its own, the scratch: then there is room for one pane, or for some.
      const pool = ground.pool(1024 + 640 + hundreds * 256);
      const { operator, run, free } = figured({ ...life, maxGroups: 1000 }, pool);
      run(life.steps);
      const { counts } = operator;
      const rows = life.steps.reduce((sum, step) => sum + ("rows" in step ? step.rows.length : 0), 0);
      assert.equal(counts.rows + counts.late + counts.ahead + counts.refused, rows);
      refused += counts.refused;
      taken += counts.rows;
      free();
    }),
    { seed: 23, numRuns: 80 },
  );
  assert.ok(refused > 300 && taken > 300, `${refused} refused, ${taken} taken`);
});

test("which rows a pool has no room for does not depend on how they are cut", () => {
  let refused = 0;
  fc.assert(
    fc.property(scenario, sizes, fc.integer({ min: 4, max: 24 }), (smooth, sizes, hundreds) => {
      // One measure: its values are added, and their sketches grow, in the order of rows.
      const life = { ...roughened(smooth), maxGroups: 1000 };
      const bytes = 1024 + 640 + hundreds * 256;
      const whole = figured(life, ground.pool(bytes), 1);
      const parts = figured(life, ground.pool(bytes, 8 << 20), 1);
      assert.deepEqual(parts.run(recut(life.steps, sizes)), whole.run(life.steps));
      assert.deepEqual(parts.operator.counts, whole.operator.counts);
      refused += whole.operator.counts.refused + whole.operator.counts.other;
      whole.free();
      parts.free();
    }),
    { seed: 29, numRuns: 80 },
  );
  assert.ok(refused > 300, `${refused} refused`);
});

function check(told: Told, rows: readonly Traced[], measure: number): void {
  const all = rows.map((values) => values[measure] ?? null).filter((value) => value !== null);
  const values = all.filter((value) => !Number.isNaN(value));
  assert.deepEqual([told.count, told.nanCount], [values.length, all.length - values.length]);
  if (values.length === 0) return;
  const sum = values.reduce((sum, value) => sum + value, 0);
  near(told.sum, sum);
  near(told.mean, sum / values.length);
  assert.deepEqual([told.min, told.max], [Math.min(...values), Math.max(...values)]);
  const sorted = [...values].sort((a, b) => a - b);
  for (const [i, q] of QS.entries()) {
    const exact = sorted[Math.floor(q * (sorted.length - 1))]!;
    assert.ok(
      Math.abs(told.quantiles[i]! - exact) <= Math.abs(exact) / 128,
      `${told.quantiles[i]} for ${exact}`,
    );
  }
}

function near(value: number, exact: number): void {
  assert.ok(Math.abs(value - exact) <= 1e-9 * Math.max(1, Math.abs(exact)), `${value} for ${exact}`);
}
