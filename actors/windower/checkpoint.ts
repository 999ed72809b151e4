/**
 * What is written down of a windows dataset's state, so that whoever comes next goes on where it was.
 *
 *     <data folder>/windows/<dataset>.checkpoint         replaced whole
 *
 *       0  u32  CRC-32C of everything after this word
 *       4  u32  "MLW" and the version, 1
 *       8  u32  bytes of the head
 *      12  u32  0
 *      16       the head: JSON (CheckpointHead), then the state: what the operator saves, then what the rows' makers do
 *
 * A checkpoint says: when all source rows with numbers below `nextRow` had come, `made` rows of windows had been made, and the state was
 * this. An operator is a function of its state and of the rows in their order, so the row of windows with number n is always
 * the same row: who makes them again from a checkpoint leaves out those that the log, or the lane, has. Nothing else is needed for each to be
 * there exactly once.
 *
 * Three things are no function of the rows, so the head has them: `advanceMs`, to which the wall clock moved the watermark when the source
 * was silent, before any row that follows; `skips`, rows that are passed over because they bring whoever reads them down; and `rules`, by
 * which the rows that follow were taken. They are in the file before anything that comes of them is shown to anybody.
 *
 * It is written when the log holds all `made` rows, and never before: else a crash could lose them for good.
 */

import type { WindowRules } from "./rules.ts";

const VERSION = 1;
/** As the bytes M, L, W, version. */
const MAGIC = 0x4d | (0x4c << 8) | (0x57 << 16) | (VERSION << 24);
const HEAD_AT = 16;

/** Numbers of source rows: from inclusive, to exclusive. */
export type RowSpan = readonly [from: number, to: number];

export interface CheckpointHead {
  /** All that the state depends on, as JSON: it is not loaded into anything that means something else. */
  readonly meaning: string;
  readonly rules: WindowRules;
  readonly nextRow: number;
  readonly made: number;
  /** Windows that end here or before were given out before there was a checkpoint, and are left out; null: none. */
  readonly floorMs: number | null;
  readonly advanceMs: number | null;
  readonly skips: readonly RowSpan[];
}

export interface Checkpoint {
  readonly head: CheckpointHead;
  readonly state: Uint8Array;
}

/** CRC-32C. */
export type Checksum = (bytes: Uint8Array) => number;

export function encodeCheckpoint({ head, state }: Checkpoint, checksum: Checksum): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(HEAD_AT + text.byteLength + state.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, MAGIC, true);
  view.setUint32(8, text.byteLength, true);
  bytes.set(text, HEAD_AT);
  bytes.set(state, HEAD_AT + text.byteLength);
  view.setUint32(0, checksum(bytes.subarray(4)), true);
  return bytes;
}

/** @returns the checkpoint, or why the bytes are none */
export function decodeCheckpoint(bytes: Uint8Array, checksum: Checksum): Checkpoint | string {
  if (bytes.byteLength < HEAD_AT) return `it has ${bytes.byteLength} bytes`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(4, true) !== MAGIC) return "it is of another version, or none at all";
  if (view.getUint32(0, true) !== checksum(bytes.subarray(4))) return "its checksum is not that of its bytes";
  const stateAt = HEAD_AT + view.getUint32(8, true);
  const text = new TextDecoder().decode(bytes.slice(HEAD_AT, stateAt));
  return { head: JSON.parse(text) as CheckpointHead, state: bytes.subarray(stateAt) };
}
