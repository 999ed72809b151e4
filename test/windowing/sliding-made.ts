/** What the tests of sliding windows share. */

import assert from "node:assert/strict";
import { Figures } from "../../windowing/figures.ts";
import { SlidingOperator } from "../../windowing/sliding-operator.ts";
import type { SlidingRules } from "./sliding-reference.ts";
import { feed, Ground, optionsOf, type Step } from "./support.ts";

export const MEASURES = 2;
export const QUANTILES = [0, 0.3, 0.5, 0.9, 0.99, 1];
export const RULES: SlidingRules = {
  lengthMs: 20,
  disorderMs: 0,
  aheadMs: 1000,
  maxGroups: 100,
  whenFull: "other",
};
export const ground = new Ground(24 << 20, 1 << 20);

export type Found = ReturnType<ReturnType<typeof make>["read"]>;

/** An operator with figures that are read in full, by `RULES` when nothing else is said. */
export function make(given: Partial<SlidingRules>, pool = ground.pool(), measures = MEASURES) {
  const { lengthMs, ...options } = { ...RULES, ...given };
  const shape = { kind: "sliding", lengthMs } as const;
  const figures = new Figures(ground.kernels, pool, measures);
  const operator = new SlidingOperator(
    optionsOf(ground, pool, figures, shape, { maxRows: 1024, ...options }),
    shape,
  );
  const read = (record: number) =>
    Array.from({ length: measures }, (_, m) => ({
      count: figures.count(record, m),
      nans: figures.nanCount(record, m),
      sum: figures.sum(record, m),
      variance: figures.variance(record, m),
      min: figures.min(record, m),
      max: figures.max(record, m),
      quantiles: QUANTILES.map((q) => figures.quantile(record, m, q)),
    }));
  const close = () => {
    operator.free();
    figures.close();
    assert.equal(pool.inUse, 0);
  };
  return {
    operator,
    figures,
    pool,
    read,
    close,
    run: (some: readonly Step[]) => feed(ground, operator, some, read),
  };
}
