/**
 * Values of a result as text, for JSON and CSV alike (datasets/json-rows.ts and datasets/csv-rows.ts say the same of exports):
 *
 * - UBIGINT is a string in JSON always, as the pseudonyms of exports are; every other integer and decimal is a number as long as
 *   JavaScript's numbers hold it exactly (whole: ±2^53; with decimals: 15 digits), else a string. CSV has the digits.
 * - Moments are RFC 3339 in UTC with milliseconds, or more digits where they have more; those that no year of four digits can say
 *   are missing. DATE and TIME as ISO 8601 writes them, INTERVAL as its durations (P1M2DT3.5S).
 * - NaN and ±∞ are null in JSON; nan, inf and -inf in CSV.
 * - BLOB is hexadecimal. LIST, ARRAY, STRUCT and MAP are JSON, in CSV too; a MAP is a list of { key, value }.
 */

import { DataType, type Decimal, Precision, type Struct, TimeUnit, Type, Vector } from "apache-arrow";
import { shortestFloat } from "../../datasets/number-text.ts";

/** Text of the cells of one column of one batch. Ask only for rows that are valid. */
export interface CellText {
  /** As JSON. */
  json(row: number): string;
  /** As CSV has it, before quoting. */
  plain(row: number): string;
}

export interface ColumnText extends CellText {
  isValid(row: number): boolean;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const EXACT_DIGITS = 15;

export function columnText(vector: Vector): ColumnText {
  const { json, plain } = cellText(vector);
  const data = vector.data[0];
  return { json, plain, isValid: (row) => data?.getValid(row) === true };
}

/** The type in DuckDB's words, as near as Arrow tells it. */
export function typeName(type: DataType): string {
  if (DataType.isInt(type)) {
    const name = { 8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT" }[type.bitWidth];
    return type.isSigned ? name : `U${name}`;
  }
  if (DataType.isFloat(type)) return type.precision === Precision.DOUBLE ? "DOUBLE" : "FLOAT";
  if (DataType.isDecimal(type)) {
    return type.scale === 0 && type.precision === 38 ? "HUGEINT" : `DECIMAL(${type.precision},${type.scale})`;
  }
  if (DataType.isTimestamp(type)) return type.timezone ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP";
  if (DataType.isList(type)) return `${typeName(type.children[0]!.type)}[]`;
  if (DataType.isFixedSizeList(type)) return `${typeName(type.children[0]!.type)}[${type.listSize}]`;
  if (DataType.isStruct(type)) return `STRUCT(${members(type).join(", ")})`;
  if (DataType.isMap(type)) return `MAP(${members(type.children[0]!.type as Struct, false).join(", ")})`;
  return PLAIN_NAMES[type.typeId] ?? String(type).toUpperCase();
}

const PLAIN_NAMES: Readonly<Partial<Record<Type, string>>> = {
  [Type.Null]: "NULL",
  [Type.Bool]: "BOOLEAN",
  [Type.Utf8]: "VARCHAR",
  [Type.Binary]: "BLOB",
  [Type.FixedSizeBinary]: "UHUGEINT",
  [Type.Date]: "DATE",
  [Type.Time]: "TIME",
  [Type.Interval]: "INTERVAL",
  [Type.Dictionary]: "ENUM",
  [Type.Union]: "UNION",
};

function members(type: Struct, named = true): readonly string[] {
  return type.children.map(({ name, type: own }) => `${named ? `${name} ` : ""}${typeName(own)}`);
}

function cellText(vector: Vector): CellText {
  const { type } = vector;
  const data = vector.data[0];
  const values = data?.values as never;
  if (DataType.isBool(type)) return same((row) => String(vector.get(row)));
  if (DataType.isInt(type)) {
    if (type.bitWidth !== 64) return same((row) => String(vector.get(row)));
    const at = (row: number) => vector.get(row) as bigint;
    return type.isSigned ? whole(at) : quoted((row) => String(at(row)));
  }
  if (DataType.isFloat(type)) {
    const isDouble = type.precision === Precision.DOUBLE;
    return float((row) => vector.get(row) as number, isDouble ? (value) => value : shortestFloat);
  }
  if (DataType.isDecimal(type)) return decimal(values as Uint32Array, type);
  if (DataType.isFixedSizeBinary(type)) {
    return whole((row) => littleEndian((vector.get(row) as Uint8Array) ?? new Uint8Array()));
  }
  if (DataType.isDate(type)) return moment((row) => BigInt(Number(vector.get(row))) * 1_000_000n, 0, 10);
  if (DataType.isTime(type)) {
    const nanos = (row: number) => BigInt(vector.get(row) as bigint | number) * NANOS[type.unit];
    return moment(nanos, 11, 23, false);
  }
  if (DataType.isTimestamp(type)) {
    // Not by `get`, which rounds to milliseconds.
    const ticks = values as BigInt64Array;
    return moment((row) => ticks[row]! * NANOS[type.unit], 0, 23);
  }
  if (DataType.isInterval(type)) return quoted((row) => duration(vector.get(row) as Int32Array));
  if (DataType.isUtf8(type)) return quoted((row) => vector.get(row) as string);
  if (DataType.isBinary(type)) return quoted((row) => hex(vector.get(row) as Uint8Array));
  if (DataType.isMap(type)) {
    const entries = columnText(new Vector([data!.children[0]!]));
    const offsets = data!.valueOffsets as Int32Array;
    return same((row) => jsonList(entries, offsets[row]!, offsets[row + 1]!));
  }
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    return same((row) => {
      const items = vector.get(row) as Vector;
      return jsonList(columnText(items), 0, items.length);
    });
  }
  if (DataType.isStruct(type)) return struct(vector, type);
  return quoted((row) => String(vector.get(row)));
}

function same(text: (row: number) => string): CellText {
  return { json: text, plain: text };
}

function quoted(plain: (row: number) => string): CellText {
  return { json: (row) => JSON.stringify(plain(row)), plain };
}

function whole(at: (row: number) => bigint): CellText {
  const json = (row: number) => {
    const value = at(row);
    return value <= MAX_SAFE && value >= -MAX_SAFE ? String(value) : `"${value}"`;
  };
  return { json, plain: (row) => String(at(row)) };
}

function float(at: (row: number) => number, shortest: (value: number) => number): CellText {
  const finite = (value: number) => (Object.is(value, -0) ? "-0" : String(shortest(value)));
  return {
    json: (row) => (Number.isFinite(at(row)) ? finite(at(row)) : "null"),
    plain(row) {
      const value = at(row);
      if (Number.isFinite(value)) return finite(value);
      return value > 0 ? "inf" : value < 0 ? "-inf" : "nan";
    },
  };
}

function decimal(words: Uint32Array, { scale }: Decimal): CellText {
  const unscaled = (row: number) => {
    let value = 0n;
    for (let word = 3; word >= 0; word--) value = (value << 32n) | BigInt(words[row * 4 + word]!);
    return BigInt.asIntN(128, value);
  };
  if (scale === 0) return whole(unscaled);
  const plain = (row: number) => {
    const value = unscaled(row);
    const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
    return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  };
  const json = (row: number) => {
    const text = plain(row);
    const digits = text.replace(/^-?0*\.?0*|\./g, "");
    return digits.length <= EXACT_DIGITS ? text : `"${text}"`;
  };
  return { json, plain };
}

/** Nanoseconds since the epoch as a part of the RFC 3339 text, with more than milliseconds where there are more. */
function moment(nanos: (row: number) => bigint, from: number, to: number, hasZone = to > 10): CellText {
  const plain = (row: number): string | undefined => {
    const all = nanos(row);
    const rest = ((all % 1_000_000n) + 1_000_000n) % 1_000_000n;
    const ms = Number((all - rest) / 1_000_000n);
    if (!(ms >= MIN_MS && ms < MAX_MS)) return undefined;
    const text = new Date(ms).toISOString();
    const more = to < 23 || rest === 0n ? "" : String(rest).padStart(6, "0").replace(/000$/, "");
    return `${text.slice(from, to)}${more}${hasZone ? "Z" : ""}`;
  };
  return {
    json: (row) => JSON.stringify(plain(row) ?? null),
    plain: (row) => plain(row) ?? "",
  };
}

function struct(vector: Vector, type: Struct): CellText {
  const fields = type.children.map(({ name }, index) => ({
    name: JSON.stringify(name),
    text: columnText(vector.getChildAt(index)!),
  }));
  return same((row) => {
    const parts = fields.map(({ name, text }) => `${name}:${text.isValid(row) ? text.json(row) : "null"}`);
    return `{${parts.join(",")}}`;
  });
}

function jsonList(items: ColumnText, from: number, to: number): string {
  const parts: string[] = [];
  for (let row = from; row < to; row++) parts.push(items.isValid(row) ? items.json(row) : "null");
  return `[${parts.join(",")}]`;
}

function duration([months, days, low, high]: Int32Array): string {
  const nanos = (BigInt(high ?? 0) << 32n) | BigInt((low ?? 0) >>> 0);
  const magnitude = nanos < 0n ? -nanos : nanos;
  const fraction = String(magnitude % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const seconds = `${nanos < 0n ? "-" : ""}${magnitude / 1_000_000_000n}${fraction && `.${fraction}`}`;
  const date = `${months ? `${months}M` : ""}${days ? `${days}D` : ""}`;
  if (nanos === 0n) return date === "" ? "PT0S" : `P${date}`;
  return `P${date}T${seconds}S`;
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const MIN_MS = -62_167_219_200_000;
const MAX_MS = 253_402_300_799_999 + 1;
const NANOS: Readonly<Record<TimeUnit, bigint>> = {
  [TimeUnit.SECOND]: 1_000_000_000n,
  [TimeUnit.MILLISECOND]: 1_000_000n,
  [TimeUnit.MICROSECOND]: 1000n,
  [TimeUnit.NANOSECOND]: 1n,
};
