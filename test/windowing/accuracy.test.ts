/**
 * How near percentiles are to the exact lower order statistic (rank ⌊q (n − 1)⌋), from 10 to 10 000 000 values, of whole streams and of
 * streams that were taken in parts and merged.
 *
 * Values are a distribution's quantile function at points of (0, 1): up to 100 000 of them drawn at random and sorted for the oracle; beyond, the
 * middles of n equal parts, in an order that jumps about, so that the value at a rank is known without sorting.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PercentileTracker } from "../../streaming/percentile-tracker.ts";
import type { AggregateSpace } from "../../streaming/space.ts";
import { Figures } from "../../windowing/figures.ts";
import { randomFrom } from "../wasm/support.ts";
import { Ground } from "./support.ts";

const MARK = 0.01;
const PERCENTS = [0, 0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 100];
/** Rows of one call, and parts that they go to by turns. */
const ROWS = 65_536;
const PARTS = 7;

const ground = new Ground(16 << 20, 2 << 20);
const { kernels } = ground;
const VALUES_AT = 65_536;
const RECORDS_AT = VALUES_AT + ROWS * 8;
const values = new Float64Array(ground.memory.buffer, VALUES_AT, ROWS);
const columns = {
  rows: ROWS,
  timesAt: 0,
  values: [{ type: "f64", at: VALUES_AT, validity: 0 }],
  writtenMs: 0,
} as const;

/** Value at a share of the distribution. */
type Quantile = (share: number) => number;

const DISTRIBUTIONS: Record<string, Quantile> = {
  uniform: (share) => 1000 * share,
  lognormal: (share) => Math.exp(2 * gaussian(share)),
  bimodal: (share) => (share < 0.5 ? 10 + gaussian(2 * share) : 1e6 + 1000 * gaussian(2 * share - 1)),
  negative: (share) => -Math.exp(-gaussian(share)),
  "of both signs": (share) => 1000 * gaussian(share),
  constant: () => 42.42,
};

interface Stream {
  readonly n: number;
  /** In the order of the stream. */
  readonly value: (row: number) => number;
  /** In rising order. */
  readonly exact: (rank: number) => number;
}

function drawn(n: number, quantile: Quantile): Stream {
  const random = randomFrom(n);
  const all = Float64Array.from({ length: n }, () => quantile(random() || 0.5));
  const sorted = all.toSorted();
  return { n, value: (row) => all[row]!, exact: (rank) => sorted[rank]! };
}

function spaced(n: number, quantile: Quantile): Stream {
  // Prime, and near the golden section of n: neighbours are far apart, and no rank comes twice.
  const step = n === 10_000_000 ? 6_180_341 : 618_041;
  const at = (rank: number) => quantile((rank + 0.5) / n);
  return { n, value: (row) => at((row * step) % n), exact: at };
}

/** Takes the stream by figures in parts and by a tracker each of its halves; all of it merged. */
function take({ n, value }: Stream) {
  const pool = ground.pool();
  const figures = new Figures(kernels, pool, 1);
  const records = Array.from({ length: PARTS }, () => figures.make());
  new Uint32Array(ground.memory.buffer, RECORDS_AT, ROWS).forEach((_, row, all) => {
    all[row] = records[row % PARTS]!;
  });
  const space: AggregateSpace = { kernels, pool, f64: new Float64Array(ground.memory.buffer) };
  const halves = [new PercentileTracker(space), new PercentileTracker(space)] as const;
  for (let from = 0; from < n; from += ROWS) {
    const rows = Math.min(ROWS, n - from);
    for (let row = 0; row < rows; row++) values[row] = value(from + row);
    figures.add(columns, RECORDS_AT, 0, rows);
    const tracker = halves[from < n / 2 ? 0 : 1];
    for (let row = 0; row < rows; row++) tracker.add(values[row]!);
  }
  const [record, ...others] = records as [number, ...number[]];
  for (const other of others) figures.merge(record, other);
  halves[0].merge(halves[1]);
  return {
    counts: [figures.count(record, 0), halves[0].count],
    lost: figures.truncated + halves[0].missed,
    percentile: {
      figures: (percent: number) => figures.quantile(record, 0, percent / 100),
      tracker: (percent: number) => halves[0].percentile(percent),
    },
  };
}

function assertNear(stream: Stream): void {
  const { n, exact } = stream;
  const { counts, lost, percentile } = take(stream);
  assert.deepEqual([...counts, lost], [n, n, 0]);
  for (const percent of PERCENTS) {
    const expected = exact(Math.floor((percent / 100) * (n - 1)));
    for (const [by, told] of Object.entries(percentile)) {
      const error = Math.abs(told(percent) - expected);
      const text = `${by}: ${told(percent)} at ${percent} of ${n}, not ${expected}`;
      assert.ok(error <= MARK * Math.abs(expected), text);
    }
    assert.equal(percentile.figures(percent), percentile.tracker(percent), "parts show");
  }
}

for (const [name, quantile] of Object.entries(DISTRIBUTIONS)) {
  test(`10 to 100 000 ${name} values: every percentile is within 1 % of the exact one`, () => {
    for (const n of [10, 11, 100, 127, 1000, 10_000, 100_000]) assertNear(drawn(n, quantile));
  });
  test(`1 000 000 ${name} values`, () => assertNear(spaced(1_000_000, quantile)));
}

for (const name of ["uniform", "lognormal"]) {
  test(`10 000 000 ${name} values`, { timeout: 240_000 }, () => {
    assertNear(spaced(10_000_000, DISTRIBUTIONS[name]!));
  });
}

test("the streams that are known without sorting have each of their values once", () => {
  const { n, value, exact } = spaced(1_000_000, (share) => share);
  const all = Float64Array.from({ length: n }, (_, row) => value(row)).sort();
  for (let rank = 0; rank < n; rank += 997) assert.equal(all[rank], exact(rank));
});

/** Standard normal quantile, within 1e-9 of it (Acklam's rational approximation): as a shape it need not be more exact. */
function gaussian(share: number): number {
  if (share < 0.02425) return tail(Math.sqrt(-2 * Math.log(share)));
  if (share > 0.97575) return -tail(Math.sqrt(-2 * Math.log(1 - share)));
  const q = share - 0.5;
  const r = q * q;
  const above =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
    2.506628277459239;
  const below =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
    1;
  return (above * q) / below;
}

function tail(q: number): number {
  const above =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) *
      q +
      4.374664141464968) *
      q +
    2.938163982698783;
  const below =
    (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q +
    1;
  return above / below;
}
