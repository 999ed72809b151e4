/** Tumbling and hopping windows against a plain reference, row by row, and against themselves however the rows are cut. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PaneOperator } from "../../windowing/pane-operator.ts";
import { Reference } from "./reference.ts";
import { RowTrace } from "./row-trace.ts";
import { recut, type Scenario, scenario } from "./scenario.ts";
import { type CountingPool, feed, Ground, optionsOf, restore, saved } from "./support.ts";

const ground = new Ground(12 << 20, 1 << 20);

/** An operator that keeps the rows themselves. */
function traced(of: Scenario, pool: CountingPool = ground.pool()) {
  const trace = new RowTrace(ground.kernels, pool);
  const operator = new PaneOperator(optionsOf(ground, pool, trace, of.shape, of), of.shape);
  const run = (steps: Scenario["steps"]) => feed(ground, operator, steps, (record) => trace.read(record));
  const free = () => {
    operator.free();
    assert.equal(trace.records, 0, "records were not freed");
    assert.equal(pool.inUse, 0, "blocks were not given back");
  };
  return { operator, run, free };
}

function rowsIn(steps: Scenario["steps"]): number {
  return steps.reduce((sum, step) => sum + ("rows" in step ? step.rows.length : 0), 0);
}

test("whatever happens, windows and counts are those of the reference", () => {
  fc.assert(
    fc.property(scenario, (life) => {
      const reference = new Reference(life);
      const { operator, run, free } = traced(life);
      for (const step of life.steps) {
        assert.deepEqual(run([step]), reference.take(step));
        assert.equal(operator.watermarkMs, reference.watermarkMs);
      }
      const { counts } = operator;
      assert.deepEqual(counts, reference.counts);
      assert.equal(counts.rows + counts.late + counts.ahead + counts.refused, rowsIn(life.steps));
      free();
    }),
    { seed: 20_261_122, numRuns: 500 },
  );
});

test("rows may be cut into batches in any way", () => {
  fc.assert(
    fc.property(
      scenario,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      (life, sizes) => {
        const whole = traced(life);
        const parts = traced(life);
        assert.deepEqual(parts.run(recut(life.steps, sizes)), whole.run(life.steps));
        assert.deepEqual(saved(parts.operator), saved(whole.operator));
        whole.free();
        parts.free();
      },
    ),
    { seed: 7, numRuns: 200 },
  );
});

test("an operator that is saved and loaded goes on as if nothing had been", () => {
  fc.assert(
    fc.property(scenario, fc.nat(), (life, at) => {
      const middle = at % (life.steps.length + 1);
      const one = traced(life);
      one.run(life.steps.slice(0, middle));
      const state = saved(one.operator);
      const other = traced(life, ground.pool(5 << 20, 6 << 20));
      restore(other.operator, state);
      assert.deepEqual(saved(other.operator), state);
      assert.deepEqual(other.run(life.steps.slice(middle)), one.run(life.steps.slice(middle)));
      assert.deepEqual(saved(other.operator), saved(one.operator));
      assert.deepEqual(other.operator.counts, one.operator.counts);
      assert.equal(other.operator.lastOpenEndMs(), one.operator.lastOpenEndMs());
      one.free();
      other.free();
    }),
    { seed: 11, numRuns: 200 },
  );
});
