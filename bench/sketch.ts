/** How fast are the statistics of a window made? A column into a quantile sketch, and into its moments. */

import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
  MOMENTS_BYTES,
} from "../wasm/index.ts";
import {
  fillDurations,
  type Quantiles,
  quantilePeers,
  ROWS,
  timedQuantiles,
  verifyQuantiles,
} from "./fixtures/quantile-peers.ts";
import { assertNear, type Case, type Suite, timed } from "./harness.ts";

const SKETCH_BYTES = 8192;

const memory = createKernelMemory({ bytes: 4 << 20 });
const kernels = instantiateKernels(compileKernels(), memory);
const MOMENTS = KERNEL_STATIC_BYTES;
const SKETCH = MOMENTS + MOMENTS_BYTES;
const VALUES = SKETCH + SKETCH_BYTES;
const column = new Float64Array(memory.buffer, VALUES, ROWS);

export async function suite(): Promise<Suite> {
  fillDurations(column);
  return {
    name: "sketch",
    payload: `${ROWS} lognormal durations (median 20 ms, sigma 1), f64`,
    cases: [await sketchCase(), momentsCase()],
  };
}

async function sketchCase(): Promise<Case> {
  const ours: Quantiles = {
    name: "ours",
    add() {
      kernels.sketchInit(SKETCH, SKETCH_BYTES);
      const end = kernels.sketchAddF64(SKETCH, VALUES, 0, 0, ROWS);
      if (end !== ROWS)
        throw new Error(`the block is too small: ${kernels.sketchNeeds(SKETCH)} bytes are needed`);
    },
    quantile: (q) => kernels.sketchQuantile(SKETCH, q),
  };
  const peers = await quantilePeers(column);
  return {
    name: "insert a column into a quantile sketch",
    unit: "M values/s",
    ours: timedQuantiles(ours),
    peers: peers.map(timedQuantiles),
    verify: () => verifyQuantiles(column, [ours, ...peers]),
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
