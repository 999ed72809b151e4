/**
 * How fast are values aggregated? One value into percentiles, against the libraries that do the same; one into a sliding window, and
 * into a group of an aggregator, as users call them; and values over HTTP (aggregate-http.ts).
 */

import { DDSketch } from "@datadog/sketches-js";
import { build, type Histogram, initWebAssembly } from "hdr-histogram-js";
import { seededRandom } from "../runtime/random.ts";
import { PercentileTracker, SlidingWindow, StreamingAggregator } from "../streaming/index.ts";
import { httpCases } from "./aggregate-http.ts";
import { assertNear, type Case, type MeasuredCase, measureSuite, timed } from "./harness.ts";
import { type MarkedCase, marked, percentile, rounded } from "./marked.ts";

const ROWS = 100_000;
const QS = [0.01, 0.25, 0.5, 0.9, 0.99];
/** What all of them promise here: DDSketch by its accuracy, hdr-histogram by two significant digits. */
const PROMISE = 0.01;
const ROUNDS = 9;
const WINDOW_MARK = 20;

/** Runs the cases and reports each. Takes some forty seconds. */
export async function benchAggregate(report: (measured: MarkedCase | MeasuredCase) => void): Promise<void> {
  const column = durations();
  await initWebAssembly();
  const suite = {
    name: "aggregate",
    payload: `${ROWS} lognormal durations (median 20 ms, sigma 1), one call each`,
    cases: [percentilesCase(column)],
  };
  await measureSuite(suite)(report);
  report(await windowCase(column));
  report(await aggregatorCase(column));
  await httpCases(report);
}

/** Whole microseconds, because hdr-histogram counts whole numbers only. */
function durations(): Float64Array {
  const random = seededRandom(42);
  return Float64Array.from({ length: ROWS }, () => {
    const gaussian = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(1, Math.round(20_000 * Math.exp(gaussian)));
  });
}

function percentilesCase(column: Float64Array): Case {
  const tracker = new PercentileTracker();
  let theirs = new DDSketch({ relativeAccuracy: PROMISE });
  const settings = {
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3_600_000_000,
    numberOfSignificantValueDigits: 2,
  } as const;
  const inScript = build({ ...settings, useWebAssembly: false });
  const inWasm = build({ ...settings, useWebAssembly: true });
  const ours = () => {
    tracker.reset();
    for (let row = 0; row < ROWS; row++) tracker.add(column[row]!);
    // What waits has to be in, or it was not added.
    if (tracker.count !== ROWS) throw new Error("values are missing");
  };
  const bySketchesJs = () => {
    theirs = new DDSketch({ relativeAccuracy: PROMISE });
    for (let row = 0; row < ROWS; row++) theirs.accept(column[row]!);
  };
  const recordInto = (histogram: Histogram) => () => {
    histogram.reset();
    for (let row = 0; row < ROWS; row++) histogram.recordValue(column[row]!);
  };
  return {
    name: "PercentileTracker.add",
    unit: "M values/s",
    ours: timed("ours", ROWS, 1e6, ours),
    peers: [
      timed("@datadog/sketches-js", ROWS, 1e6, bySketchesJs),
      timed("hdr-histogram-js", ROWS, 1e6, recordInto(inScript)),
      timed("hdr-histogram-js wasm", ROWS, 1e6, recordInto(inWasm)),
    ],
    verify() {
      for (const add of [ours, bySketchesJs, recordInto(inScript), recordInto(inWasm)]) add();
      const sorted = column.slice().sort();
      for (const q of QS) {
        const exact = sorted[Math.floor(q * (ROWS - 1))]!;
        for (const [name, came] of [
          ["our", tracker.percentile(q * 100)],
          ["sketches-js's", theirs.getValueAtQuantile(q)],
          ["hdr-histogram-js's", inScript.getValueAtPercentile(q * 100)],
          ["hdr-histogram-js wasm's", inWasm.getValueAtPercentile(q * 100)],
        ] as const) {
          assertNear(came, exact, PROMISE, `${name} quantile ${q}`);
        }
      }
    },
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
