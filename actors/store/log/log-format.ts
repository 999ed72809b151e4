/**
 * The log on disk: segments of frames.
 *
 *     data/log/00000001.log        frame, frame, …       each on a multiple of 8 bytes
 *     data/log/00000002.new        a segment being made: it gets its name when its head is on the disk
 *
 *     frame: 48 bytes of header, payload, zeros up to a multiple of 8
 *       0  u32  CRC-32C of everything after this word, padding included
 *       4  u32  payload bytes
 *       8  u32  type: 1 segment head, 2 batch, 3 counts, 4 receipts
 *      12  u32  dataset: index into the segment head's list
 *      16  u32  rows
 *      20  u32  when the batch was written, seconds since the epoch, rounded up; 0: it is not known
 *      24  f64  sequence number of the first row
 *      32  f64  smallest event time, ms
 *      40  f64  largest event time, ms
 *
 * A segment begins with its head: JSON that names the datasets, their Arrow schemas, and what was counted up to here, so
 * that the last segment alone tells where to go on. A batch's payload is an Arrow IPC record batch message: head and batches
 * of one dataset, put together, are an Arrow stream. A counts frame (JSON) carries what rows do not tell: what was rejected
 * or dropped, and why. All numbers are little-endian.
 *
 * A receipts frame (receipts.ts) says which rows of which request the log has. One with rows in its header lies right in front of the
 * batch that has these rows, and counts only with it: dataset, rows and first sequence number are the batch's. So every cut through the
 * log has both, or the batch not. Those with none, behind the head, are what was known up to here.
 */

import { Buffer } from "node:buffer";
import type { Dataset } from "../../../datasets/define.ts";
import { alignUp } from "../../../runtime/arena.ts";
import { streamPreamble } from "../../../runtime/batch/index.ts";
import type { CarriedCounts, RecoveredCounts } from "../../ledger.ts";

export const FRAME_HEADER_BYTES = 48;
export const FRAME_SEGMENT = 1;
export const FRAME_BATCH = 2;
export const FRAME_COUNTS = 3;
export const FRAME_RECEIPTS = 4;
export const LOG_FORMAT = "millrace-log";
export const LOG_VERSION = 1;

export interface SegmentDataset extends RecoveredCounts {
  readonly name: string;
  /** Arrow IPC: schema and dictionaries, in base64. */
  readonly schema: string;
}

export interface SegmentHead {
  readonly format: typeof LOG_FORMAT;
  readonly version: typeof LOG_VERSION;
  readonly createdMs: number;
  readonly datasets: readonly SegmentDataset[];
}

/** Payload of a counts frame: by dataset name. `nextSequence` tells of dropped rows that no stored row follows. */
export type CountsPayload = Readonly<Record<string, CarriedCounts & { readonly nextSequence: number }>>;

/** What a frame's header says. */
export interface FrameHeader {
  crc: number;
  payloadBytes: number;
  type: number;
  dataset: number;
  rows: number;
  writtenSeconds: number;
  firstSequence: number;
  minTimeMs: number;
  maxTimeMs: number;
}

/** Bytes that a frame with this payload takes in the file. */
export function frameBytes(payloadBytes: number): number {
  return FRAME_HEADER_BYTES + alignUp(payloadBytes, 8);
}

/** Writes a header, without its CRC, at byte `at` (a multiple of 8). */
export function writeHeader(view: DataView, at: number, header: Omit<FrameHeader, "crc">): void {
  view.setUint32(at + 4, header.payloadBytes, true);
  view.setUint32(at + 8, header.type, true);
  view.setUint32(at + 12, header.dataset, true);
  view.setUint32(at + 16, header.rows, true);
  view.setUint32(at + 20, header.writtenSeconds, true);
  view.setFloat64(at + 24, header.firstSequence, true);
  view.setFloat64(at + 32, header.minTimeMs, true);
  view.setFloat64(at + 40, header.maxTimeMs, true);
}

/** Reads the header at byte `at` into `header`. */
export function readHeader(view: DataView, at: number, header: FrameHeader): FrameHeader {
  header.crc = view.getUint32(at, true);
  header.payloadBytes = view.getUint32(at + 4, true);
  header.type = view.getUint32(at + 8, true);
  header.dataset = view.getUint32(at + 12, true);
  header.rows = view.getUint32(at + 16, true);
  header.writtenSeconds = view.getUint32(at + 20, true);
  header.firstSequence = view.getFloat64(at + 24, true);
  header.minTimeMs = view.getFloat64(at + 32, true);
  header.maxTimeMs = view.getFloat64(at + 40, true);
  return header;
}

export function emptyHeader(): FrameHeader {
  return {
    crc: 0,
    payloadBytes: 0,
    type: 0,
    dataset: 0,
    rows: 0,
    writtenSeconds: 0,
    firstSequence: 0,
    minTimeMs: 0,
    maxTimeMs: 0,
  };
}

/** Whether the frame behind a receipt is the batch that has its rows. */
export function isReceiptOf(
  receipt: Readonly<FrameHeader>,
  { type, dataset, rows, firstSequence }: FrameHeader,
): boolean {
  const isSame = receipt.dataset === dataset && receipt.rows === rows;
  return type === FRAME_BATCH && isSame && receipt.firstSequence === firstSequence;
}

const MAX_SECONDS = 2 ** 32 - 1;

/** What a frame says of when its batch was written. @param writtenMs wall time; 0: it is not known */
export function writtenSeconds(writtenMs: number): number {
  return Math.min(MAX_SECONDS, Math.max(0, Math.ceil(writtenMs / 1000)));
}

/** As who reads the log will have it: who decides by it before decides as everybody after. */
export function loggedMs(writtenMs: number): number {
  return writtenSeconds(writtenMs) * 1000;
}

/** Each is asked for with every segment that is begun or read. */
const schemas = new WeakMap<Dataset, string>();

/** How a segment head says what a dataset's batches look like. */
export function schemaOf(dataset: Dataset): string {
  let schema = schemas.get(dataset);
  if (schema === undefined) {
    schema = Buffer.from(streamPreamble(dataset.plan.publicColumns)).toString("base64");
    schemas.set(dataset, schema);
  }
  return schema;
}

/** Where a data folder keeps its log. */
export function logFolder(dataFolder: string): string {
  return `${dataFolder}/log`;
}

const SEGMENT_NAME = /^(\d{8})\.log$/;

export function segmentName(number: number): string {
  return `${String(number).padStart(8, "0")}.log`;
}

/** What a segment is called until its head is on the disk. */
export function unfinishedName(number: number): string {
  return `${String(number).padStart(8, "0")}.new`;
}

/** Numbers of the segments among these file names, ascending. */
export function segmentNumbers(names: readonly string[]): readonly number[] {
  return names
    .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
