/** What CSV, JSON and JSON Lines have in common: rows become text in a buffer of a bounded size, which leaves in pieces. */

import type { RowRun } from "../../../datasets/row-run.ts";
import type { RowText } from "../../../datasets/row-text.ts";
import { TextSink } from "../../../datasets/text-sink.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import type { ByteSink, Encoder, ExportFacts } from "../format.ts";
import type { Compression } from "../order.ts";
import { openPieces, PIECE_BYTES } from "./pieces.ts";

/** Rows that are written before it is looked whether a piece is full. */
const ROWS_AT_ONCE = 512;

export const TEXT_COMPRESSIONS: readonly Compression[] = ["none", "gzip", "zstd"];

export interface TextFile {
  readonly head: string;
  readonly rows: RowText;
  readonly tail: string;
  /** Bytes at the front of the first row that are left out: what separates it from the one before. Default 0. */
  readonly skip?: number;
}

export function openTextFile(
  { head, rows, tail, skip = 0 }: TextFile,
  facts: ExportFacts,
  out: ByteSink,
): Encoder {
  const pieces = openPieces(facts.compression, out);
  const text = new TextSink(PIECE_BYTES * 2);
  text.append(head);
  let isFirst = true;

  /** Hands on whole pieces, and waits where the compressor says so. */
  function give(): Promise<void> | undefined {
    while (text.length >= PIECE_BYTES) {
      const pending = pieces.give(text.takeFirst(PIECE_BYTES));
      if (pending !== undefined) return pending.then(give);
    }
    return undefined;
  }

  function append(batch: PublicBatch, { from, to }: RowRun): Promise<void> | undefined {
    let row = from;
    if (isFirst && row < to) {
      isFirst = false;
      const start = text.length;
      rows.append(text, batch, row, ++row);
      text.cut(start, skip);
    }
    while (row < to) {
      const end = Math.min(to, row + ROWS_AT_ONCE);
      rows.append(text, batch, row, end);
      row = end;
      const pending = give();
      if (pending !== undefined) return pending.then(() => append(batch, { from: row, to }));
    }
    return undefined;
  }

  return {
    append,
    flush() {
      // Compressed, a piece has one size; else there is no reason to let the reader wait.
      if (facts.compression === "none" && text.length > 0) out(text.take());
      return pieces.flush();
    },
    async end() {
      text.append(tail);
      await give();
      if (text.length > 0) await pieces.give(text.take());
      await pieces.end();
    },
    close() {
      pieces.close();
      text.clear();
    },
  };
}
