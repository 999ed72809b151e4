/** From a frame of the log to its rows as their dataset is declared today, whatever it was when they were stored. */

import type { Dataset } from "../../../datasets/define.ts";
import { BatchPlan, MessageBatch, type PublicBatch } from "../../../runtime/batch/index.ts";
import { StoreDamaged } from "../store-damaged.ts";
import type { Frame } from "./frame-reader.ts";
import { type SegmentDataset, schemaOf } from "./log-format.ts";
import { readSchema } from "./read-schema.ts";
import { Refit } from "./refit.ts";

/** What to do about a column that cannot be had. */
const ANOTHER_WAY = "read it without that column, or from a later time on";

/** The rows of a frame, until the next frame is bound or read. @throws LogDamaged when they cannot be had */
export type BindFrame = (buffer: ArrayBufferLike, frame: Frame) => PublicBatch;

/** The log cannot be read on: what lies there is damaged, and where. */
export class LogDamaged extends StoreDamaged {}

/**
 * @param segment name of the segment that the frames are of
 * @param then what its head says of the dataset
 * @param columns public columns that are read; the time is always one. Default: all
 */
export function bindFrames(
  segment: string,
  dataset: Dataset,
  then: SegmentDataset,
  columns: readonly string[] = dataset.publicColumns.map(({ name }) => name),
): BindFrame {
  const fields = then.schema === schemaOf(dataset) ? undefined : readSchema(then.schema);
  const plan = fields === undefined ? dataset.plan : new BatchPlan({ public: fields, raw: [] });
  const refit = fields === undefined ? undefined : Refit.make(dataset, [dataset.time, ...columns], plan);
  const batch = new MessageBatch(plan);
  return (buffer, { payloadAt, fileOffset, header }) => {
    const place = `log segment ${segment} holds ${dataset.name} in another schema at byte ${fileOffset}`;
    const { firstSequence, writtenSeconds } = header;
    if (!batch.bind(buffer, payloadAt, firstSequence, writtenSeconds * 1000)) throw new LogDamaged(place);
    if (refit === undefined) return batch;
    const rows = typeof refit === "string" ? refit : refit.rows(batch);
    if (typeof rows === "string") throw new LogDamaged(`${place}: ${rows}; ${ANOTHER_WAY}`);
    return rows;
  };
}
