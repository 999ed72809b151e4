/** Cases of tumbling and hopping windows, short to write. */

import type { OperatorOptions } from "../../windowing/operator.ts";
import { PaneOperator } from "../../windowing/pane-operator.ts";
import { BoundedRowTrace } from "./row-trace.ts";
import { type CountingPool, feed, Ground, optionsOf, type Row, type Step } from "./support.ts";

export type Shape = ConstructorParameters<typeof PaneOperator>[1];

export const ground = new Ground(8 << 20, 1 << 20);
export const MINUTE: Shape = { kind: "tumbling", lengthMs: 60_000 };
export const TENS: Shape = { kind: "tumbling", lengthMs: 10 };
/** [-10, 20), [0, 30), [10, 40) … by panes of 10. */
export const THIRTY_BY_TEN: Shape = { kind: "hopping", lengthMs: 30, everyMs: 10 };

/** An operator that keeps the rows themselves, at the most `most` groups of them. */
export function made(shape: Shape, more: Partial<OperatorOptions> = {}, most = 10_000) {
  const pool: CountingPool = ground.pool();
  const trace = new BoundedRowTrace(ground.kernels, pool, most);
  const operator = new PaneOperator(optionsOf(ground, pool, trace, shape, more), shape);
  return {
    pool,
    trace,
    operator,
    /** Windows as `[start, end) revision: key=values …`. */
    run: (steps: readonly Step[], keyWidth: 0 | 1 | 4 | 8 = 8) =>
      feed(ground, operator, steps, (record) => trace.read(record), { keyWidth }).map(
        ({ start, end, revision, groups }) =>
          `[${start}, ${end}) ${revision}: ${groups.map(({ key, of }) => `${key}=${of.flat()}`).join(" ")}`,
      ),
  };
}

/** Rows of group 0, whose values are their times. */
export function at(...times: readonly number[]): Step {
  return { rows: times.map((time): Row => ({ time, values: [time] })) };
}

export const END: Step = { finish: true };
