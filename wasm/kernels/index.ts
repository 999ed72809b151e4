/** The module's surface: what wasm/contract/ declares for the host, no more. */

export { hexEncode, wipe } from "./bytes";
export {
  cellAttach,
  cellFreeze,
  cellIsFrozen,
  cellSketch,
  cellsAddF32,
  cellsAddF64,
  cellsAddI32,
  cellsAddI64,
  cellsAddU16,
  cellsAddU32,
  cellsAddU64,
  cellsAddU8,
  cellsMerge,
} from "./cells";
export {
  checkF32,
  checkF64,
  checkI32,
  checkI64,
  checkLengths,
  checkMissing,
  checkU16,
  checkU32,
  checkU64,
  checkU8,
} from "./check";
export { checkOffsets, checkUtf8 } from "./check-text";
export { crc32c, crc32cContinue, prepareTables } from "./crc32c";
export { firstsOf } from "./firsts";
export { groupsDelete, groupsFind, groupsGet, groupsMove, groupsPut } from "./group-table";
export { hmacBytes, hmacKey, hmacNumbers, sha256Bytes, sha256Init, sha256Numbers } from "./hash-column";
export { hllAdd, hllBytes, hllEstimate, hllGrow, hllInit, hllMerge, hllScatter } from "./hyperloglog";
export { jsonName } from "./json-names";
export { jsonNumber } from "./json-number";
export { jsonElementEnd, jsonRows } from "./json-rows";
export { staticEnd } from "./layout";
export {
  momentsAdd,
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
export { momentsAddF32, momentsAddF64, momentsAddI32, momentsAddU32, momentsAddU64 } from "./moments-column";
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
  sketchUsed,
} from "./sketch";
export { sketchAddF32, sketchAddF64, sketchAddI32, sketchAddU32, sketchAddU64 } from "./sketch-column";
export { sketchMerge } from "./sketch-merge";
export { sketchQuantile, sketchQuantiles } from "./sketch-quantile";
export { sketchRemove } from "./sketch-remove";
export {
  slideAdd,
  slideEvict,
  slideInit,
  slideLend,
  slideReturn,
  slideRoom,
  slideStore,
  slideSum,
  slideTurn,
} from "./slide";
export { slideAttach, slideResketch, slideSketch, slideSketchOf, slideWorn } from "./slide-sketch";
export {
  topCap,
  topCount,
  topCounters,
  topGrow,
  topInit,
  topLeast,
  topMerge,
  topRanks,
  topRestore,
  topRoom,
  topScatter,
} from "./space-saving";
export { timesToMs, timesWithin } from "./times";
export { xxhashLow } from "./xxhash";
