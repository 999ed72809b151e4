/** What sliding windows are made of, as bytes of a checkpoint: each group's rows, then the rows that wait, in their order. */

import { PoolExhausted } from "../wasm/index.ts";
import type { SlideFrame } from "./slide-frame.ts";
import type { SlidingGroup, SlidingGroups } from "./sliding-groups.ts";
import type { StateReader, StateWriter } from "./state.ts";
import type { WaitingRows } from "./waiting-rows.ts";

export function saveSliding(
  out: StateWriter,
  frame: SlideFrame,
  groups: SlidingGroups,
  waiting: WaitingRows<SlidingGroup>,
): void {
  const sorted = groups.sorted();
  out.u32(sorted.length);
  for (const { key, dueMs, lastMs, slide } of sorted) {
    saveKey(key, out);
    out.f64(dueMs);
    out.f64(lastMs);
    slide.save(out);
  }
  const rows = waiting.sorted();
  out.u32(rows.length);
  for (const row of rows) {
    out.f64(waiting.timeOf(row));
    saveKey(waiting.groupOf(row).key, out);
    out.bytes(frame.u8, waiting.valuesAt(row), 8 * frame.measures);
  }
}

/** @throws RangeError, PoolExhausted */
export function loadSliding(
  from: StateReader,
  frame: SlideFrame,
  groups: SlidingGroups,
  waiting: WaitingRows<SlidingGroup>,
): void {
  const lengthMs = groups.lengthMs;
  for (let left = from.u32(); left > 0; left--) {
    const key = loadKey(from);
    const dueMs = from.f64();
    const group = groups.tryMake(key, dueMs - lengthMs);
    if (group === undefined) throw noRoom();
    group.lastMs = from.f64();
    group.slide.load(from);
  }
  for (let left = from.u32(); left > 0; left--) {
    const timeMs = from.f64();
    const group = groups.get(loadKey(from));
    if (group === undefined) throw new RangeError("expected the group of a row that waits; it is not there");
    const row = group.slide.tryReserve(group.waiting + 1) ? waiting.tryPut(timeMs, group) : -1;
    if (row < 0) throw noRoom();
    group.waiting++;
    from.bytes(frame.u8, waiting.valuesAt(row), 8 * frame.measures);
  }
}

function noRoom(): PoolExhausted {
  return new PoolExhausted("there is no room for all rows of this state");
}

function saveKey(key: bigint | null, out: StateWriter): void {
  out.u8(key === null ? 0 : 1);
  if (key !== null) out.u64(key);
}

function loadKey(from: StateReader): bigint | null {
  return from.u8() === 0 ? null : from.u64();
}
