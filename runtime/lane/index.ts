/** A lane: one lock-free ring in shared memory, one writer, any number of stages in tiers. Read layout.ts first. */

export { type LaneShape, type LaneSpec, placeLane } from "./layout.ts";
export { LaneReader } from "./reader.ts";
export { type LaneStatus, laneStatus, type StageStatus } from "./status.ts";
export { LaneWriter } from "./writer.ts";
