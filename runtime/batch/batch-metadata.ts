/** Writes the Arrow metadata of a batch into its slot: the plan's template, and this batch's numbers in their places. */

import { bufferAt, bufferLength } from "./batch-layout.ts";
import { countSet } from "./bits.ts";
import type { RecordBatchTemplate } from "./ipc.ts";
import type { BatchPlan } from "./schema.ts";
import { type MemoryViews, writeInt64 } from "./views.ts";

/** A batch in its slot: offsets in the memory of the slot, of the message, and of what is behind the message. */
export interface PlacedMessage {
  readonly slot: number;
  readonly messageAt: number;
  readonly endAt: number;
}

export function writeMetadata(
  { i32, u8 }: MemoryViews,
  { slot, messageAt, endAt }: PlacedMessage,
  plan: BatchPlan,
  template: RecordBatchTemplate,
  rows: number,
): void {
  const bodyAt = messageAt + template.bytes.byteLength;
  u8.set(template.bytes, messageAt);
  const put = (at: number, value: number) => writeInt64(i32, (messageAt + at) >>> 2, value);
  put(template.rowsAt, rows);
  put(template.bodyBytesAt, endAt - bodyAt);
  let node = template.nodesAt;
  let buffer = template.buffersAt;
  for (const column of plan.publicColumns) {
    const { validity } = column;
    put(node, rows);
    put(node + 8, validity < 0 ? 0 : rows - countSet(u8, bufferAt(i32, slot, validity), rows));
    node += 16;
    // Every field has a validity buffer in the metadata; that of a field that is never null has length 0.
    const indexes = [validity, column.data];
    if (column.type === "utf8") indexes.push(column.text);
    for (const index of indexes) {
      if (index >= 0) {
        put(buffer, bufferAt(i32, slot, index) - bodyAt);
        put(buffer + 8, bufferLength(i32, slot, index));
      }
      buffer += 16;
    }
  }
}
