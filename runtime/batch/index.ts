/** A batch: an Arrow record batch laid out in a slot. Read schema.ts, then batch.ts. */

export {
  Batch,
  type BatchOptions,
} from "./batch.ts";
export type { BatchOrigin, BatchState } from "./batch-header.ts";
export { batchBytes, type TextBytes } from "./batch-layout.ts";
export { fillElements } from "./fill-elements.ts";
export { concatBytes, END_OF_STREAM, streamPreamble } from "./ipc.ts";
export { IpcFile } from "./ipc-file.ts";
export { MessageBatch } from "./message-batch.ts";
export type { PublicBatch } from "./public-batch.ts";
export { KEY_BYTES, keyText, putKey } from "./request-key.ts";
export {
  BatchPlan,
  type BatchSchema,
  type Column,
  type ColumnType,
  ELEMENT_BYTES,
  type FieldSpec,
  type RawFieldSpec,
} from "./schema.ts";
export { type MemoryViews, readInt64, readUint64, viewsOf, writeInt64 } from "./views.ts";
