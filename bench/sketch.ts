/** How fast are the statistics of a window made? A column into a quantile sketch, and into its moments. */

import { DDSketch } from "@datadog/sketches-js";
import { build, type Histogram, initWebAssembly } from "hdr-histogram-js";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
  MOMENTS_BYTES,
} from "../wasm/index.ts";
import { assertNear, type Case, type Suite, timed } from "./harness.ts";

const ROWS = 100_000;
const SKETCH_BYTES = 8192;
const QS = [0.01, 0.25, 0.5, 0.9, 0.99];
/** What all of them promise here: DDSketch by its accuracy, hdr-histogram by two significant digits. */
const PROMISE = 0.01;

const memory = createKernelMemory({ bytes: 4 << 20 });
const kernels = instantiateKernels(compileKernels(), memory);
const MOMENTS = KERNEL_STATIC_BYTES;
const SKETCH = MOMENTS + MOMENTS_BYTES;
const VALUES = SKETCH + SKETCH_BYTES;
/** Whole microseconds, because hdr-histogram counts whole numbers only. */
const column = new Float64Array(memory.buffer, VALUES, ROWS);

export async function suite(): Promise<Suite> {
  const random = randomFrom(42);
  for (let row = 0; row < ROWS; row++) {
    const gaussian = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    column[row] = Math.max(1, Math.round(20_000 * Math.exp(gaussian)));
  }
  await initWebAssembly();
  return {
    name: "sketch",
    payload: `${ROWS} lognormal durations (median 20 ms, sigma 1), f64`,
    cases: [sketchCase(), momentsCase()],
  };
}

function sketchCase(): Case {
  let theirs = new DDSketch({ relativeAccuracy: PROMISE });
  const settings = {
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2 ** 31,
    numberOfSignificantValueDigits: 2,
  } as const;
  const inScript = build(settings);
  const inWasm = build({ ...settings, useWebAssembly: true });

  const ours = () => {
    kernels.sketchInit(SKETCH, SKETCH_BYTES);
    const end = kernels.sketchAddF64(SKETCH, VALUES, 0, 0, ROWS);
    if (end !== ROWS)
      throw new Error(`the block is too small: ${kernels.sketchNeeds(SKETCH)} bytes are needed`);
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
    name: "insert a column into a quantile sketch",
    unit: "M values/s",
    ours: timed("ours", ROWS, 1e6, ours),
    peers: [
      timed("@datadog/sketches-js", ROWS, 1e6, bySketchesJs),
      timed("hdr-histogram-js", ROWS, 1e6, recordInto(inScript)),
      timed("hdr-histogram-js wasm", ROWS, 1e6, recordInto(inWasm)),
    ],
    verify() {
      for (const insert of [ours, bySketchesJs, recordInto(inScript), recordInto(inWasm)]) insert();
      const sorted = column.slice().sort();
      for (const q of QS) {
        const exact = sorted[Math.floor(q * (ROWS - 1))]!;
        assertNear(kernels.sketchQuantile(SKETCH, q), exact, PROMISE, `our quantile ${q}`);
        assertNear(theirs.getValueAtQuantile(q), exact, PROMISE, `sketches-js's quantile ${q}`);
        assertNear(
          inScript.getValueAtPercentile(q * 100),
          exact,
          PROMISE,
          `hdr-histogram-js's quantile ${q}`,
        );
        assertNear(
          inWasm.getValueAtPercentile(q * 100),
          exact,
          PROMISE,
          `hdr-histogram-js wasm's quantile ${q}`,
        );
      }
    },
  };
}

interface Moments {
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly min: number;
  readonly max: number;
}

function momentsCase(): Case {
  let plain = plainMoments(column);
  const ours = () => {
    kernels.momentsInit(MOMENTS);
    kernels.momentsAddF64(MOMENTS, VALUES, 0, ROWS);
  };
  return {
    name: "count, sum, squares, min, max of a column",
    unit: "M values/s",
    ours: timed("ours", ROWS, 1e6, ours),
    peers: [
      timed("plain loop", ROWS, 1e6, () => {
        plain = plainMoments(column);
      }),
    ],
    verify() {
      ours();
      if (kernels.momentsCount(MOMENTS) !== plain.count) throw new Error("moments: the counts differ");
      assertNear(kernels.momentsSum(MOMENTS), plain.sum, 1e-12, "sum");
      assertNear(kernels.momentsSumOfSquares(MOMENTS), plain.sumOfSquares, 1e-12, "sum of squares");
      assertNear(kernels.momentsMin(MOMENTS), plain.min, 0, "minimum");
      assertNear(kernels.momentsMax(MOMENTS), plain.max, 0, "maximum");
    },
  };
}

function plainMoments(values: Float64Array): Moments {
  let sum = 0;
  let sumOfSquares = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    sum += value;
    sumOfSquares += value * value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { count: values.length, sum, sumOfSquares, min, max };
}

/** mulberry32: the same column on every run and runtime. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
