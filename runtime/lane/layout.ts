/**
 * Where a lane's words and slots lie in the shared memory. A lane is one ring with one writer and several stages:
 *
 *     writer block   published, …             256 bytes
 *     stage blocks   cursor, attempts, …      256 bytes each, in declared order
 *     slots          `slots` × `slotBytes`
 *
 * The first half of a block is written by the end it belongs to, the second half is that end's doorbell (wait.ts), which
 * others ring. Each half has two cache lines for itself, because false sharing would cost more than all the rest: who
 * moves a cursor looks at the doorbells behind it every time, and those lines must stay quiet while nobody sleeps.
 *
 * Positions are counted in 32-bit integers that wrap: a ring only ever compares positions that lie less than 2^31 apart,
 * so `(a - b) | 0` is right on both sides of the wrap, and a 32-bit atomic is what `Atomics.wait` takes.
 *
 * Stages stand in tiers. A stage of the first tier may read what the writer published; a stage of a later tier may read
 * what every stage of the tier before it has released. The writer may reuse a slot when the whole last tier has.
 */

import { type Arena, CACHE_PAIR_BYTES } from "../arena.ts";

/** What a lane is, before it has a place. */
export interface LaneShape {
  readonly name: string;
  /** Bytes of one slot; a multiple of 64. */
  readonly slotBytes: number;
  /** Number of slots; a power of two from 2 to 2^30. */
  readonly slots: number;
  /** Stage names, tier after tier; no tier is empty and no name stands twice. */
  readonly tiers: readonly (readonly string[])[];
}

/** A lane with its place. Plain data: it is sent to threads, which open readers and writers on it. */
export interface LaneSpec extends LaneShape {
  /** Byte offset of the writer block. */
  readonly offset: number;
}

/** Words of a block, counted from its start. The first one is the position that others look at. */
export const PUBLISHED = 0;
export const EVER_PUBLISHED = 1;
export const CURSOR = 0;
export const ATTEMPTS = 1;
export const HOLDS = 2;
export const BELL = CACHE_PAIR_BYTES / 4;
export const ASLEEP = BELL + 1;
export const WAKES = BELL + 2;

const BLOCK_BYTES = 2 * CACHE_PAIR_BYTES;

/**
 * Gives `shape` a place in the arena. All words start at zero, which is an empty lane.
 * @param startPosition where counting starts, a 32-bit integer; default 0. Tests start just before the wrap.
 * @throws RangeError when the shape is not one a lane can have; ArenaFull when the memory is too small
 */
export function placeLane(arena: Arena, shape: LaneShape, startPosition = 0): LaneSpec {
  checkShape(shape);
  const stages = shape.tiers.flat();
  const bytes = headBytes(stages.length) + shape.slots * shape.slotBytes;
  const spec: LaneSpec = { ...shape, offset: arena.allocate(bytes, `lane ${shape.name}`) };
  if (startPosition !== 0) {
    const words = new Int32Array(arena.memory.buffer);
    words[writerWord(spec) + PUBLISHED] = startPosition;
    stages.forEach((stage) => {
      words[stageWord(spec, stage) + CURSOR] = startPosition;
    });
  }
  return spec;
}

/** Index, in 32-bit words, of the writer block. */
export function writerWord(spec: LaneSpec): number {
  return spec.offset >>> 2;
}

/** Index, in 32-bit words, of a stage's block. */
export function stageWord(spec: LaneSpec, stage: string): number {
  const index = spec.tiers.flat().indexOf(stage);
  if (index < 0) {
    throw new RangeError(`lane ${spec.name} has no stage ${stage}; it has ${spec.tiers.flat().join(", ")}`);
  }
  return (spec.offset + BLOCK_BYTES * (1 + index)) >>> 2;
}

/** Blocks that a stage reads behind: the writer's, or those of the tier before it. */
export function upstreamWords(spec: LaneSpec, stage: string): readonly number[] {
  const before = spec.tiers[tierOf(spec, stage) - 1];
  return before === undefined ? [writerWord(spec)] : before.map((name) => stageWord(spec, name));
}

/** Blocks that wait for a stage: those of the tier after it, or the writer's. */
export function downstreamWords(spec: LaneSpec, stage: string): readonly number[] {
  const after = spec.tiers[tierOf(spec, stage) + 1];
  return after === undefined ? [writerWord(spec)] : after.map((name) => stageWord(spec, name));
}

/** Blocks that wait for the writer: those of the first tier. */
export function firstTierWords(spec: LaneSpec): readonly number[] {
  return (spec.tiers[0] ?? []).map((name) => stageWord(spec, name));
}

/** Blocks that the writer claims behind: those of the last tier. */
export function gatingWords(spec: LaneSpec): readonly number[] {
  return (spec.tiers.at(-1) ?? []).map((name) => stageWord(spec, name));
}

/** Byte offset of slot 0. */
export function slotsOffset(spec: LaneSpec): number {
  return spec.offset + headBytes(spec.tiers.flat().length);
}

function tierOf(spec: LaneSpec, stage: string): number {
  return spec.tiers.findIndex((names) => names.includes(stage));
}

function headBytes(stages: number): number {
  return BLOCK_BYTES * (1 + stages);
}

function checkShape({ name, slotBytes, slots, tiers }: LaneShape): void {
  if (!Number.isInteger(slots) || slots < 2 || slots > 2 ** 30 || (slots & (slots - 1)) !== 0) {
    throw new RangeError(`lane ${name}: slots must be a power of two from 2 to 2^30; came ${slots}`);
  }
  if (!Number.isInteger(slotBytes) || slotBytes < 64 || slotBytes % 64 !== 0) {
    throw new RangeError(`lane ${name}: slotBytes must be a positive multiple of 64; came ${slotBytes}`);
  }
  const stages = tiers.flat();
  if (stages.length === 0 || tiers.some((tier) => tier.length === 0)) {
    throw new RangeError(`lane ${name}: every tier needs at least one stage; came ${JSON.stringify(tiers)}`);
  }
  if (new Set(stages).size !== stages.length) {
    throw new RangeError(`lane ${name}: a stage may stand once; came ${stages.join(", ")}`);
  }
}
