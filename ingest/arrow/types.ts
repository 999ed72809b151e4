/**
 * Which Arrow types are read, and into which columns. A value means what the same value means in JSON: whole numbers may come as floats, 64-bit
 * numbers and moments also as text, a moment also as whole milliseconds. What a column can never hold, whatever its values are, is a
 * fault of the body: it would be one of every row.
 */

import type { ColumnType } from "../../runtime/batch/index.ts";
import type { FlatBuffer } from "./flat-buffer.ts";

const INTEGERS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"] as const;
export type IntegerType = (typeof INTEGERS)[number];
/** Moments, by their unit. One without a zone is taken for UTC. */
export type MomentType = "seconds" | "milliseconds" | "microseconds" | "nanoseconds";
/** `large_utf8`: with offsets of 64 bits. */
export type TextType = "utf8" | "large_utf8";
export type SourceType = IntegerType | MomentType | TextType | "f32" | "f64" | "bool" | "null";

/** Bytes of an element; 0 for what is a bit, has offsets, or nothing. */
export const SOURCE_BYTES: Readonly<Record<SourceType, number>> = {
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  f32: 4,
  f64: 8,
  seconds: 8,
  milliseconds: 8,
  microseconds: 8,
  nanoseconds: 8,
  utf8: 0,
  large_utf8: 0,
  bool: 0,
  null: 0,
};

/** A type that is not read, by what it is called. */
export class Unread {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** By the number that the union Type has for them. */
const TYPE_NAMES: readonly string[] = [
  ...[
    "none",
    "null",
    "int",
    "floating point",
    "binary",
    "utf8",
    "bool",
    "decimal",
    "date",
    "time",
    "timestamp",
  ],
  ...["interval", "list", "struct", "union", "fixed size binary", "fixed size list", "map", "duration"],
  ...["large binary", "large_utf8", "large list", "run-end encoded", "binary view", "utf8_view", "list view"],
  "large list view",
];
const NULL = 1;
const INT = 2;
const FLOATING_POINT = 3;
const UTF8 = 5;
const BOOL = 6;
const TIMESTAMP = 10;
const LARGE_UTF8 = 20;

/** Slots of the tables Int, FloatingPoint and Timestamp. */
const BIT_WIDTH = 4;
const IS_SIGNED = 6;
const PRECISION = 4;
const UNIT = 4;

/** @param kind number in the union Type, @param type its table */
export function sourceType(flat: FlatBuffer, kind: number, type: number): SourceType | Unread {
  switch (kind) {
    case NULL:
      return "null";
    case INT:
      return integerType(flat, type);
    case FLOATING_POINT: {
      const precision = flat.i16(type, PRECISION);
      if (precision === 1) return "f32";
      return precision === 2 ? "f64" : new Unread("float16");
    }
    case UTF8:
      return "utf8";
    case BOOL:
      return "bool";
    case TIMESTAMP: {
      const units: readonly MomentType[] = ["seconds", "milliseconds", "microseconds", "nanoseconds"];
      return units[flat.i16(type, UNIT)] ?? new Unread("timestamp of an unknown unit");
    }
    case LARGE_UTF8:
      return "large_utf8";
    default:
      return new Unread(TYPE_NAMES[kind] ?? `type ${kind}`);
  }
}

/** Of a table Int. */
export function integerType(flat: FlatBuffer, type: number): IntegerType | Unread {
  const name = `${flat.u8(type, IS_SIGNED) === 0 ? "u" : "i"}${flat.i32(type, BIT_WIDTH)}`;
  return INTEGERS.find((known) => known === name) ?? new Unread("int of an unknown width");
}

export function isText(type: SourceType): type is TextType {
  return type === "utf8" || type === "large_utf8";
}

export function isMoment(type: SourceType): type is MomentType {
  return type.endsWith("seconds");
}

/** Whether there are values of `source` that a column of that type holds. */
export function canHold(column: ColumnType, source: SourceType): boolean {
  if (source === "null") return true;
  const isNumber = source === "f32" || source === "f64" || INTEGERS.some((type) => type === source);
  switch (column) {
    case "bool":
      return source === "bool";
    case "utf8":
    case "category":
      return isText(source);
    case "timestamp":
      return isMoment(source) || isText(source) || isNumber;
    case "i64":
    case "u64":
      return isText(source) || isNumber;
    default:
      return isNumber;
  }
}

/** What is said of a column that came with a type that it cannot hold. */
export const EXPECTED_TYPES: Readonly<Record<ColumnType, string>> = {
  f64: "a number type",
  f32: "a number type",
  i32: "a number type",
  u32: "a number type",
  u16: "a number type",
  u8: "a number type",
  i64: "a number type, or text",
  u64: "a number type, or text",
  timestamp: "a timestamp, a number type (milliseconds), or text",
  bool: "bool",
  utf8: "utf8, large_utf8, or a dictionary of them",
  category: "utf8, large_utf8, or a dictionary of them",
};
