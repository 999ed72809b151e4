/** A lane: one lock-free ring in shared memory, one writer, any number of stages in tiers. Read layout.ts first. */

export { LaneTaken } from "./hold.ts";
export { type LaneShape, type LaneSpec, placeLane } from "./layout.ts";
export { LaneReader, wakeStage } from "./reader.ts";
export { cursorSlot, type LaneStatus, laneStatus, type StageStatus } from "./status.ts";
export { LaneWriter, wakeWriter } from "./writer.ts";
