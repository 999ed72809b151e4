/** The module's surface: what wasm/kernels.ts declares for the host, no more. */

export { hexEncode, wipe } from "./bytes";
export { crc32c, crc32cContinue, prepareTables } from "./crc32c";
export { hmacBytes, hmacKey, hmacNumbers, sha256Bytes, sha256Init, sha256Numbers } from "./hash-column";
export { staticEnd } from "./layout";
export {
  momentsAdd,
  momentsAddF32,
  momentsAddF64,
  momentsAddI32,
  momentsAddU32,
  momentsAddU64,
  momentsCount,
  momentsInit,
  momentsMax,
  momentsMean,
  momentsMerge,
  momentsMin,
  momentsNanCount,
  momentsSum,
  momentsSumOfSquares,
  momentsVariance,
} from "./moments";
export {
  sketchAdd,
  sketchBytes,
  sketchCollapsed,
  sketchCount,
  sketchGrow,
  sketchInit,
  sketchMax,
  sketchMin,
  sketchNanCount,
  sketchNeeds,
} from "./sketch";
export { sketchAddF32, sketchAddF64, sketchAddI32, sketchAddU32, sketchAddU64 } from "./sketch-column";
export { sketchMerge } from "./sketch-merge";
export { sketchQuantile, sketchQuantiles } from "./sketch-quantile";
