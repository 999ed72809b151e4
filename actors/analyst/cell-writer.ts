/**
 * Cells of a result straight into bytes, where that goes: numbers, truth values and moments, which are most of what results are made
 * of. It writes what cell-text.ts says, and leaves the rest to it.
 */

import { DataType, Precision, TimeUnit, type Vector } from "apache-arrow";
import { csvField } from "../../datasets/csv-rows.ts";
import { MOMENT_BYTES, type MomentWriter } from "../../datasets/moment-text.ts";
import {
  NUMBER_BYTES,
  putFloat32,
  putFloat64,
  putInt64,
  putInteger,
  putUint64,
} from "../../datasets/number-text.ts";
import { Literal, SLACK_BYTES, type TextSink } from "../../datasets/text-sink.ts";
import { type ColumnText, columnText } from "./cell-text.ts";

/** Appends the cell of a row, missing or not. */
export type WriteCell = (sink: TextSink, row: number) => void;

/** Writes at `at`, and returns the place after; -1: the value is for the slow way. */
type Put = (into: DataView, at: number, row: number) => number;

const ROOM = Math.max(NUMBER_BYTES, MOMENT_BYTES) + 2 + SLACK_BYTES;
const QUOTE = 0x22;
/** High words of the 64-bit integers that JavaScript's numbers hold: from -(2^53 - 1) on, of which the least is left to the slow way. */
const [LEAST_HIGH, MOST_HIGH] = [-0x200000, 0x1fffff];

/** @param moments remembers the day it wrote last: one a column, for all its batches */
export function cellWriter(vector: Vector, format: "json" | "csv", moments: MomentWriter): WriteCell {
  const isJson = format === "json";
  const text = columnText(vector);
  const slow = isJson ? jsonCell(text) : csvCell(text);
  const put = putOf(vector, isJson, moments);
  const missing = isJson ? "null" : "";
  const isNeverMissing = vector.nullCount === 0;
  return (sink, row) => {
    if (!isNeverMissing && !text.isValid(row)) {
      sink.append(missing);
      return;
    }
    if (put !== undefined) {
      sink.reserve(ROOM);
      const end = put(sink.view, sink.length, row);
      if (end >= 0) {
        sink.length = end;
        return;
      }
    }
    slow(sink, row);
  };
}

function jsonCell(text: ColumnText): WriteCell {
  return (sink, row) => sink.append(text.json(row));
}

/** A moment out of all years is missing; empty text is not. */
function csvCell(text: ColumnText): WriteCell {
  return (sink, row) => {
    const plain = text.plain(row);
    if (plain !== "" || text.json(row) !== "null") sink.append(csvField(plain));
  };
}

function putOf({ type, data }: Vector, isJson: boolean, moments: MomentWriter): Put | undefined {
  const values = data[0]?.values as unknown;
  if (DataType.isInt(type)) {
    if (type.bitWidth === 64) return put64(values as BigInt64Array, type.isSigned, isJson);
    const numbers = values as Int32Array;
    return (into, at, row) => putInteger(into, at, numbers[row]!);
  }
  if (DataType.isFloat(type)) {
    const numbers = values as Float64Array;
    const putFloat = type.precision === Precision.DOUBLE ? putFloat64 : putFloat32;
    return (into, at, row) => (Number.isFinite(numbers[row]!) ? putFloat(into, at, numbers[row]!) : -1);
  }
  if (DataType.isBool(type)) {
    const bits = values as Uint8Array;
    const first = data[0]!.offset;
    const [yes, no] = [new Literal("true"), new Literal("false")];
    return (into, at, row) => {
      const bit = first + row;
      return (((bits[bit >>> 3]! >>> (bit & 7)) & 1) === 1 ? yes : no).put(into, at);
    };
  }
  if (DataType.isTimestamp(type) && type.unit === TimeUnit.MICROSECOND) {
    return putMicros(values as BigInt64Array, isJson, moments);
  }
  return undefined;
}

function put64(values: BigInt64Array, isSigned: boolean, isJson: boolean): Put {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  if (!isSigned) {
    return (into, at, row) => {
      if (!isJson) return putUint64(into, at, words[row * 2]!, words[row * 2 + 1]!);
      into.setUint8(at, QUOTE);
      const end = putUint64(into, at + 1, words[row * 2]!, words[row * 2 + 1]!);
      into.setUint8(end, QUOTE);
      return end + 1;
    };
  }
  return (into, at, row) => {
    const [low, high] = [words[row * 2]!, words[row * 2 + 1]!];
    const signed = high | 0;
    if (isJson && (signed > MOST_HIGH || signed <= LEAST_HIGH)) return -1;
    return putInt64(into, at, low, high);
  };
}

/** Whole milliseconds that a number holds; the others have more digits, or are no moments. */
function putMicros(values: BigInt64Array, isJson: boolean, moments: MomentWriter): Put {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const quote = isJson ? 1 : 0;
  return (into, at, row) => {
    const high = words[row * 2 + 1]!;
    if (high > MOST_HIGH || high <= LEAST_HIGH) return -1;
    const micros = high * 4294967296 + (words[row * 2]! >>> 0);
    const ms = micros / 1000;
    if (!Number.isInteger(ms)) return -1;
    const end = moments.write(into, at + quote, ms);
    if (end < 0 || !isJson) return end;
    into.setUint8(at, QUOTE);
    into.setUint8(end, QUOTE);
    return end + 1;
  };
}
