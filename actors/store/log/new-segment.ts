/**
 * Makes a segment of the log: its head, and behind it what was known of requests up to here. It has its name only once all of that is on the
 * disk, so that no crash leaves one that does not tell where to go on.
 */

import { closeSync, renameSync, rmSync } from "node:fs";
import { type FrameStage, jsonBytes } from "./frame-stage.ts";
import { type LogDisk, syncFolder } from "./log-disk.ts";
import {
  FRAME_RECEIPTS,
  FRAME_SEGMENT,
  frameBytes,
  type SegmentHead,
  segmentName,
  unfinishedName,
} from "./log-format.ts";
import { encodeReceipts, type Receipt, type Receipts } from "./receipts.ts";

/** Receipts of one frame. */
const RECEIPTS_AT_ONCE = 1000;

export interface SegmentPlace {
  readonly disk: LogDisk;
  readonly folder: string;
  readonly number: number;
}

export interface NewSegment {
  /** Open for writing. */
  readonly fd: number;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Of these, receipts. */
  readonly carriedBytes: number;
}

/** @param stage empty, before and after @throws what the disk says; then there is no such segment */
export function makeSegment(
  { disk, folder, number }: SegmentPlace,
  stage: FrameStage,
  head: SegmentHead,
  receipts: Receipts,
): NewSegment {
  const unfinished = `${folder}/${unfinishedName(number)}`;
  const path = `${folder}/${segmentName(number)}`;
  const fd = disk.openSync(unfinished, "w", 0o600);
  let bytes = 0;
  let carriedBytes = 0;
  const write = () => {
    stage.writeTo(disk, fd, bytes);
    bytes += stage.bytes;
    stage.clear();
  };
  const add = (type: number, payload: Uint8Array) => {
    if (stage.tryAdd(type, payload)) return;
    write();
    stage.tryAdd(type, payload);
  };
  try {
    add(FRAME_SEGMENT, jsonBytes(head));
    const names = head.datasets.map(({ name }) => name);
    for (const some of pieces(receipts)) {
      const payload = encodeReceipts(some, names);
      add(FRAME_RECEIPTS, payload);
      carriedBytes += frameBytes(payload.byteLength);
    }
    write();
    disk.fdatasyncSync(fd);
    renameSync(unfinished, path);
    syncFolder(folder);
  } catch (error) {
    stage.clear();
    closeSync(fd);
    // A segment by that name would be taken for the log's end, and we go on in the one before.
    rmSync(unfinished, { force: true });
    rmSync(path, { force: true });
    throw error;
  }
  return { fd, bytes, carriedBytes };
}

function* pieces(receipts: Receipts): Generator<readonly Receipt[], void, void> {
  let piece: Receipt[] = [];
  for (const receipt of receipts) {
    if (piece.push(receipt) < RECEIPTS_AT_ONCE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
