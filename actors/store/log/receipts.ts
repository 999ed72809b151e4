/**
 * Receipts: which rows of which request the log has, so that a request that is sent again is completed and not doubled. Kept of the
 * latest requests, by their keys; nothing of what the rows say, or of who sent them.
 *
 * As bytes, one after the other, all numbers little-endian:
 *
 *       0  16 B  request key, as its hex digits say
 *      16  u32   checksum of the request's body
 *      20  u32   dataset: index into a list of names that goes with the bytes
 *      24  u32   the first of the rows, as the request's accepted rows are counted, from 0
 *      28  u32   rows
 *      32  u32   when they were written, seconds since the epoch; 0: it is not known
 *
 * A request whose rows lie in several batches has a receipt of each; those that touch are one in what is kept.
 */

import { Buffer } from "node:buffer";
import { NO_ROWS_YET, type RowRanges, withRange } from "./row-ranges.ts";

export const RECEIPT_BYTES = 36;
/** Requests that are remembered, at the most, and for how long. */
export const MAX_RECEIPTS = 100_000;
export const RECEIPT_SECONDS = 86_400;

export interface Receipt {
  /** 32 hex digits. */
  readonly key: string;
  readonly body: number;
  /** Name of the dataset. */
  readonly dataset: string;
  readonly firstRow: number;
  readonly rows: number;
  readonly seconds: number;
}

/** What is known of a request. */
export interface RequestRows {
  readonly body: number;
  readonly dataset: string;
  readonly rows: RowRanges;
  /** When the latest of them were written. */
  readonly seconds: number;
}

export class Receipts {
  readonly #most: number;
  /** In the order of each request's first receipt. */
  readonly #byKey = new Map<string, RequestRows>();

  /** @param most requests that are remembered; the oldest go first */
  constructor(most: number = MAX_RECEIPTS) {
    this.#most = most;
  }

  get requests(): number {
    return this.#byKey.size;
  }

  get(key: string): RequestRows | undefined {
    return this.#byKey.get(key);
  }

  add({ key, body, dataset, firstRow, rows, seconds }: Receipt): void {
    const known = this.#byKey.get(key);
    const ranges = withRange(known?.rows ?? NO_ROWS_YET, firstRow, firstRow + rows);
    this.#byKey.set(key, {
      ...{ body, dataset, rows: ranges },
      seconds: Math.max(known?.seconds ?? 0, seconds),
    });
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size <= this.#most) break;
      this.#byKey.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#byKey.delete(key);
  }

  /** Forgets those of which nothing was written for a day. Of a clock that was set back it forgets nothing. */
  forgetBefore(nowMs: number): void {
    const least = Math.floor(nowMs / 1000) - RECEIPT_SECONDS;
    for (const [key, { seconds }] of this.#byKey) if (seconds < least && seconds > 0) this.#byKey.delete(key);
  }

  *[Symbol.iterator](): Generator<Receipt, void, void> {
    for (const [key, { body, dataset, rows, seconds }] of this.#byKey) {
      for (let at = 0; at < rows.length; at += 2) {
        const firstRow = rows[at]!;
        yield { key, body, dataset, firstRow, rows: rows[at + 1]! - firstRow, seconds };
      }
    }
  }
}

/** @param datasets what datasets are called by: their places in it */
export function encodeReceipts(receipts: readonly Receipt[], datasets: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(receipts.length * RECEIPT_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, { key, body, dataset, firstRow, rows, seconds }] of receipts.entries()) {
    const at = index * RECEIPT_BYTES;
    bytes.set(Buffer.from(key, "hex"), at);
    view.setUint32(at + 16, body, true);
    view.setUint32(at + 20, datasets.indexOf(dataset), true);
    view.setUint32(at + 24, firstRow, true);
    view.setUint32(at + 28, rows, true);
    view.setUint32(at + 32, seconds, true);
  }
  return bytes;
}

/** @returns undefined when these are no receipts, or of a dataset that the list does not have */
export function decodeReceipts(bytes: Uint8Array, datasets: readonly string[]): Receipt[] | undefined {
  if (bytes.byteLength % RECEIPT_BYTES !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const receipts: Receipt[] = [];
  for (let at = 0; at < bytes.byteLength; at += RECEIPT_BYTES) {
    const dataset = datasets[view.getUint32(at + 20, true)];
    if (dataset === undefined) return undefined;
    receipts.push({
      key: Buffer.from(bytes.subarray(at, at + 16)).toString("hex"),
      body: view.getUint32(at + 16, true),
      dataset,
      firstRow: view.getUint32(at + 24, true),
      rows: view.getUint32(at + 28, true),
      seconds: view.getUint32(at + 32, true),
    });
  }
  return receipts;
}
