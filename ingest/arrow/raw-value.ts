/** Single values of Arrow columns as plain ones, for rows that go through the validator. */

import { type MemoryViews, readInt64 } from "../../runtime/batch/index.ts";
import type { BodyBytes } from "../body-bytes.ts";
import type { SourcePlace } from "./record-batch.ts";
import type { SourceType } from "./types.ts";

/** Stands for text that is none, not being UTF-8, or no entry of its dictionary, or too long to be looked at: no column takes it. */
export class NoText {
  /** What is said of it. */
  readonly got: string;

  constructor(got = "bytes that are not UTF-8") {
    this.got = got;
  }
}

const NANOSECONDS_PER_MS = 1_000_000n;

/**
 * The value of a row, which is there. A 64-bit number that no double holds is a bigint; a moment its milliseconds, what lies below them
 * cut off.
 */
export function rawValue(
  views: MemoryViews,
  bytes: BodyBytes,
  type: SourceType,
  { dataAt, textAt }: SourcePlace,
  row: number,
): unknown {
  const { view } = bytes;
  switch (type) {
    case "i8":
      return view.getInt8(dataAt + row);
    case "u8":
      return view.getUint8(dataAt + row);
    case "i16":
      return view.getInt16(dataAt + row * 2, true);
    case "u16":
      return view.getUint16(dataAt + row * 2, true);
    case "i32":
      return view.getInt32(dataAt + row * 4, true);
    case "u32":
      return view.getUint32(dataAt + row * 4, true);
    case "i64":
      return plainOrBig(view.getBigInt64(dataAt + row * 8, true));
    case "u64":
      return plainOrBig(view.getBigUint64(dataAt + row * 8, true));
    case "f32":
      return view.getFloat32(dataAt + row * 4, true);
    case "f64":
      return view.getFloat64(dataAt + row * 8, true);
    case "bool":
      return ((views.u8[dataAt + (row >>> 3)]! >>> (row & 7)) & 1) === 1;
    case "seconds":
      return Number(view.getBigInt64(dataAt + row * 8, true) * 1000n);
    case "milliseconds":
      return Number(view.getBigInt64(dataAt + row * 8, true));
    case "microseconds":
      return floored(view.getBigInt64(dataAt + row * 8, true) * 1000n);
    case "nanoseconds":
      return floored(view.getBigInt64(dataAt + row * 8, true));
    case "utf8":
      return textOf(
        bytes,
        textAt + view.getInt32(dataAt + row * 4, true),
        textAt + view.getInt32(dataAt + row * 4 + 4, true),
      );
    case "large_utf8": {
      const word = (dataAt >>> 2) + row * 2;
      return textOf(bytes, textAt + readInt64(views.i32, word), textAt + readInt64(views.i32, word + 2));
    }
    case "null":
      return undefined;
  }
}

export function textOf(bytes: BodyBytes, from: number, to: number): string | NoText {
  return bytes.text(from, to) ?? new NoText();
}

function plainOrBig(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function floored(nanoseconds: bigint): number {
  const ms = nanoseconds / NANOSECONDS_PER_MS;
  return Number(ms * NANOSECONDS_PER_MS > nanoseconds ? ms - 1n : ms);
}
