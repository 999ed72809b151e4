/**
 * One tap: encodes the batches of its dataset and hands the chunks to its readers.
 *
 * What one drain of the lane brings is put together where it can be: every chunk costs each client something, whatever its
 * size, and copying a few kilobytes costs less. A `message` says which rows it has, so it stays as it was encoded.
 */

import type { RowRun } from "../../datasets/row-run.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { Chunk, TapSpec } from "./protocol.ts";
import type { Reader } from "./reader.ts";
import type { TapEncoding } from "./tap-encoding.ts";

/** Chunks are put together up to this size. */
const TOGETHER_BYTES = 32 * 1024;
const NOTHING = new Uint8Array(0);

/** What stands in an event's id around the row's number. */
export interface IdParts {
  readonly idBefore: string;
  readonly idAfter: string;
}

interface Pending {
  readonly first: number;
  next: number;
  rows: number;
  readonly writtenMs: number;
  readonly parts: Uint8Array<ArrayBuffer>[];
  bytes: number;
}

export interface TapOptions {
  readonly number: number;
  readonly spec: TapSpec;
  readonly encoding: TapEncoding;
}

export class Tap {
  readonly number: number;
  readonly spec: TapSpec;
  readonly preamble: Uint8Array<ArrayBuffer>;
  readonly readers = new Set<Reader>();
  readonly #encoding: TapEncoding;
  readonly #isWhole: boolean;
  #pending: Pending | undefined;

  constructor({ number, spec, encoding }: TapOptions) {
    this.number = number;
    this.spec = spec;
    this.#encoding = encoding;
    this.preamble = encoding.encoder.preamble;
    this.#isWhole = spec.framing === "message";
  }

  /** Encodes a batch of at least one row. @returns the rows and bytes that came of it */
  add(
    batch: PublicBatch & { readonly writtenMs: number },
    ids: IdParts,
  ): { readonly rows: number; readonly bytes: number } {
    const { firstSequence: first, rows: covered, writtenMs } = batch;
    const runs = this.#encoding.wanted(batch, { from: 0, to: covered });
    const rows = countRows(runs);
    const facts = { ...ids, subscription: this.number };
    const bytes = rows === 0 ? NOTHING : this.#encoding.encoder.encode(batch, runs, facts);
    const pending = this.#pending;
    if (pending !== undefined && this.#fits(pending, first, bytes.byteLength)) {
      pending.next = first + covered;
      pending.rows += rows;
      if (rows > 0) pending.parts.push(bytes);
      pending.bytes += bytes.byteLength;
    } else {
      this.flush();
      const parts = rows === 0 ? [] : [bytes];
      this.#pending = { first, next: first + covered, rows, writtenMs, parts, bytes: bytes.byteLength };
    }
    return { rows, bytes: bytes.byteLength };
  }

  /** Hands over what was put together. */
  flush(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    const { first, next, rows, writtenMs } = pending;
    const { dataset } = this.spec;
    const chunk: Chunk = { dataset, first, next, rows, bytes: joined(pending), writtenMs };
    const tapped = { ...chunk, tap: this.number };
    for (const reader of this.readers) reader.push(tapped);
  }

  /** Chunks without a hole between them, both small or one of them empty. */
  #fits(pending: Pending, first: number, bytes: number): boolean {
    if (pending.next !== first) return false;
    if (this.#isWhole && (pending.bytes > 0 || bytes > 0)) return false;
    return pending.bytes === 0 || bytes === 0 || pending.bytes + bytes <= TOGETHER_BYTES;
  }
}

function countRows(runs: readonly RowRun[]): number {
  let rows = 0;
  for (const { from, to } of runs) rows += to - from;
  return rows;
}

function joined({ parts, bytes }: Pending): Uint8Array<ArrayBuffer> {
  const [only] = parts;
  if (only === undefined) return NOTHING;
  if (parts.length === 1) return only;
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
