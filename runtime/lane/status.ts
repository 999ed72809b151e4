/**
 * What a lane looks like from outside: who stands where. Read without stopping anybody, so each figure is true by itself
 * and a whole row may be one move apart.
 */

import { ATTEMPTS, CURSOR, type LaneSpec, PUBLISHED, slotsOffset, stageWord, writerWord } from "./layout.ts";

export interface StageStatus {
  readonly stage: string;
  /** Wrapping 32-bit position. */
  readonly cursor: number;
  /** Slots published and not yet released by this stage, from 0 to `slots`. */
  readonly lagSlots: number;
  /** Attempts at the slot under the cursor that have not ended in a release. */
  readonly attempts: number;
}

export interface LaneStatus {
  readonly lane: string;
  readonly slots: number;
  /** Wrapping 32-bit position. */
  readonly published: number;
  readonly stages: readonly StageStatus[];
}

export function laneStatus(memory: WebAssembly.Memory, spec: LaneSpec): LaneStatus {
  const words = new Int32Array(memory.buffer);
  // Stages first: a cursor read after `published` could stand beyond it.
  const cursors = spec.tiers.flat().map((stage) => {
    const word = stageWord(spec, stage);
    return {
      stage,
      cursor: Atomics.load(words, word + CURSOR),
      attempts: Atomics.load(words, word + ATTEMPTS),
    };
  });
  const published = Atomics.load(words, writerWord(spec) + PUBLISHED);
  return {
    lane: spec.name,
    slots: spec.slots,
    published,
    stages: cursors.map((stage) => ({
      ...stage,
      // Both may have moved between the two loads, by more than the ring holds.
      lagSlots: Math.min((published - stage.cursor) | 0, spec.slots),
    })),
  };
}

/** Byte offset of the slot under a stage's cursor, whatever the stages before it have done with it; -1 when none is published. */
export function cursorSlot(memory: WebAssembly.Memory, spec: LaneSpec, stage: string): number {
  const words = new Int32Array(memory.buffer);
  const cursor = Atomics.load(words, stageWord(spec, stage) + CURSOR);
  if (cursor === Atomics.load(words, writerWord(spec) + PUBLISHED)) return -1;
  return slotAt(spec, cursor);
}

/** Byte offset of the slot at a wrapping position. */
export function slotAt(spec: LaneSpec, position: number): number {
  return slotsOffset(spec) + (position & (spec.slots - 1)) * spec.slotBytes;
}
