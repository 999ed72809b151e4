/**
 * Where a log ends, for who goes on writing it: its last segment is read frame by frame, and tells all that there is to know. What follows the
 * last whole frame is what a crash within a write has left, and no row that was acknowledged is behind it. A receipt that has lost its
 * batch goes with it.
 */

import { LogDamaged } from "./bind-frame.ts";
import { SegmentReader } from "./frame-reader.ts";
import type { LogCounts } from "./log-counts.ts";
import {
  type CountsPayload,
  FRAME_BATCH,
  FRAME_COUNTS,
  FRAME_RECEIPTS,
  type FrameHeader,
  frameBytes,
  isReceiptOf,
  type SegmentHead,
  segmentName,
} from "./log-format.ts";
import { type LogSource, readHead } from "./log-reader.ts";
import { decodeReceipts, type Receipt, type Receipts } from "./receipts.ts";

export interface RecoveredSegment {
  readonly head: SegmentHead;
  /** Bytes of the file, and those of them that are to stay. */
  readonly fileBytes: number;
  readonly goodBytes: number;
  readonly rows: number;
  /** Receipts of requests before the segment. */
  readonly carriedBytes: number;
}

/** A receipt frame whose batch has to be the next one. */
interface Awaited {
  readonly receipt: Receipt;
  readonly header: FrameHeader;
  readonly fileOffset: number;
}

/**
 * Reads a segment into `counts` and `receipts`.
 * @throws LogDamaged when it has no head that can be read
 */
export function recoverSegment(
  folder: string,
  number: number,
  { kernels, window }: Pick<LogSource, "kernels" | "window">,
  counts: LogCounts,
  receipts: Receipts,
): RecoveredSegment {
  const name = segmentName(number);
  const reader = new SegmentReader(`${folder}/${name}`, kernels, window);
  try {
    const head = readHead(reader);
    if (head === undefined) {
      // A segment has its name only once its head is on the disk: no crash leaves this.
      throw new LogDamaged(
        `log segment ${name} does not begin with a readable head; ` +
          "bring it back from a copy, or move it away to go on without the rows in it",
      );
    }
    for (const dataset of head.datasets) counts.setHead(dataset);
    return { head, ...readFrames(reader, head, counts, receipts) };
  } finally {
    reader.close();
  }
}

function readFrames(
  reader: SegmentReader,
  { datasets }: SegmentHead,
  counts: LogCounts,
  receipts: Receipts,
): Omit<RecoveredSegment, "head"> {
  const names = datasets.map(({ name }) => name);
  let rowsOfAll = 0;
  let carriedBytes = 0;
  let awaited: Awaited | undefined;
  for (let frame = reader.next(() => true); frame !== undefined; frame = reader.next(() => true)) {
    const { header, fileOffset } = frame;
    const { type, dataset, rows, firstSequence, maxTimeMs, payloadBytes } = header;
    if (awaited !== undefined && isReceiptOf(awaited.header, header)) receipts.add(awaited.receipt);
    awaited = undefined;
    if (type === FRAME_BATCH) {
      rowsOfAll += rows;
      counts.add(names[dataset] ?? "", rows, firstSequence + rows, maxTimeMs);
    } else if (type === FRAME_COUNTS) {
      counts.carry(JSON.parse(reader.text(frame)) as CountsPayload);
    } else if (type === FRAME_RECEIPTS) {
      const [receipt, ...others] = decodeReceipts(reader.bytes(frame), names) ?? [];
      if (receipt === undefined) continue;
      if (rows > 0) {
        awaited = { receipt, header: { ...header }, fileOffset };
        continue;
      }
      for (const carried of [receipt, ...others]) receipts.add(carried);
      carriedBytes += frameBytes(payloadBytes);
    }
  }
  const { goodBytes, fileBytes } = reader.end();
  return { fileBytes, goodBytes: awaited?.fileOffset ?? goodBytes, rows: rowsOfAll, carriedBytes };
}
