/** More panes at once than a call takes arguments, as after a jump of a clock, or with long lateness and short windows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PaneOperator } from "../../windowing/pane-operator.ts";
import { RowTrace } from "./row-trace.ts";
import { Ground, optionsOf } from "./support.ts";

const PANES = 131_072;
const BATCH = 16_384;

test("a jump over as many open windows as there are gives each out, and their memory back", () => {
  const ground = new Ground(48 << 20, 1 << 20);
  const pool = ground.pool();
  const trace = new RowTrace(ground.kernels, pool);
  const shape = { kind: "tumbling", lengthMs: 1 } as const;
  const operator = new PaneOperator(
    optionsOf(ground, pool, trace, shape, { disorderMs: PANES, whenFull: "refuse" }),
    shape,
  );
  for (let from = 0; from < PANES; from += BATCH) {
    const rows = Array.from({ length: BATCH }, (_, i) => ({ time: from + i, values: [1] }));
    assert.equal(operator.add(ground.columns(rows), 0), BATCH);
    assert.equal(operator.next(), undefined);
  }
  assert.equal(operator.counts.rows, PANES);
  operator.advance(PANES);
  let windows = 0;
  for (let window = operator.next(); window !== undefined; window = operator.next()) windows++;
  assert.equal(windows, PANES);
  assert.equal(trace.records, 0);
  operator.free();
  assert.equal(pool.inUse, 0);
});
