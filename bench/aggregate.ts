/**
 * How fast are values aggregated? One value into percentiles, against the libraries that do the same; one into a sliding window, and
 * into a group of an aggregator, as users call them; and values over HTTP (aggregate-http.ts).
 */

import { PercentileTracker, SlidingWindow, StreamingAggregator } from "../streaming/index.ts";
import { httpCases } from "./aggregate-http.ts";
import {
  fillDurations,
  type Quantiles,
  quantilePeers,
  ROWS,
  timedQuantiles,
  verifyQuantiles,
} from "./fixtures/quantile-peers.ts";
import { assertNear, type Case, type MeasuredCase, measureSuite, timed } from "./harness.ts";
import { type MarkedCase, marked, percentile, rounded } from "./marked.ts";

const ROUNDS = 9;
const WINDOW_MARK = 20;

/** Runs the cases and reports each. Takes some forty seconds. */
export async function benchAggregate(report: (measured: MarkedCase | MeasuredCase) => void): Promise<void> {
  const column = new Float64Array(ROWS);
  fillDurations(column);
  const suite = {
    name: "aggregate",
    payload: `${ROWS} lognormal durations (median 20 ms, sigma 1), one call each`,
    cases: [await percentilesCase(column)],
  };
  await measureSuite(suite)(report);
  report(await windowCase(column));
  report(await aggregatorCase(column));
  await httpCases(report);
}

async function percentilesCase(column: Float64Array): Promise<Case> {
  const tracker = new PercentileTracker();
  const ours: Quantiles = {
    name: "ours",
    add() {
      tracker.reset();
      for (let row = 0; row < ROWS; row++) tracker.add(column[row]!);
      // What waits has to be in, or it was not added.
      if (tracker.count !== ROWS) throw new Error("values are missing");
    },
    quantile: (q) => tracker.percentile(q * 100),
  };
  const peers = await quantilePeers(column);
  return {
    name: "PercentileTracker.add",
    unit: "M values/s",
    ours: timedQuantiles(ours),
    peers: peers.map(timedQuantiles),
    verify: () => verifyQuantiles(column, [ours, ...peers]),
  };
}

async function windowCase(column: Float64Array): Promise<MarkedCase> {
  const window = new SlidingWindow();
  const add = () => {
    for (let row = 0; row < ROWS; row++) window.add(column[row]!);
  };
  const one = { bench: "aggregate", case: "SlidingWindow.add(value)", unit: "M values/s" };
  const samples = await samplesOf(add);
  const measured = marked(
    one,
    percentile(samples, 0.5),
    samples,
    "a window of five minutes, now",
    WINDOW_MARK,
  );
  const { count, sum } = window.stats();
  const each = column.reduce((total, value) => total + value, 0);
  assertNear(sum, each * (count / ROWS), 1e-9, "sum of the window");
  return { ...measured, least: true };
}

async function aggregatorCase(column: Float64Array): Promise<MarkedCase> {
  const groups = Array.from({ length: 1000 }, (_, group) => ({ group: `service-${group}` }));
  const aggregator = new StreamingAggregator();
  const add = () => {
    for (let row = 0; row < ROWS; row++) aggregator.aggregate("latency", column[row]!, groups[row % 1000]);
  };
  const one = {
    bench: "aggregate",
    case: "StreamingAggregator.aggregate(metric, value, group)",
    unit: "M values/s",
  };
  const samples = await samplesOf(add);
  const { streams, stateBytes, uncounted } = aggregator.figures;
  const payload = `a thousand groups: ${streams} streams in ${rounded(stateBytes / 2 ** 20)} MiB; ${uncounted} values in no percentile`;
  return marked(one, percentile(samples, 0.5), samples, payload);
}

async function samplesOf(work: () => void): Promise<number[]> {
  const subject = timed("ours", ROWS, 1e6, work);
  const samples: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const sample = await subject.measure();
    if (round >= 0) samples.push(sample);
  }
  return samples;
}
