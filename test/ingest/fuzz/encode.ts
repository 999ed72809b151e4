/** Rows as bodies of each format, as far as the format can say what is in them. */

import {
  Uint8 as ArrowUint8,
  Bool,
  type DataType,
  Dictionary,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  Table,
  TimestampMillisecond,
  tableToIPC,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import type { Dataset } from "../../../datasets/define.ts";
import type { PushFormat } from "../../../ingest/decoder.ts";
import type { ColumnType } from "../../../runtime/batch/index.ts";
import { csvText, msgpackBytes, type PlainRow, protobufBytes } from "../../fixtures/push-bodies.ts";
import type { Random } from "./random.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
/** JSON has no NaN, and writes it as null. */
const json = (row: PlainRow) =>
  JSON.stringify(row, (_, value) => (typeof value === "bigint" ? String(value) : value));

export function encodeBody(
  format: PushFormat,
  dataset: Dataset,
  rows: readonly PlainRow[],
  random: Random,
): Uint8Array {
  switch (format) {
    case "ndjson":
      return utf8(rows.map((row) => `${json(row)}${random.oneIn(8) ? "\r\n" : "\n"}`).join(""));
    case "json":
      return utf8(
        rows.length === 1 && random.oneIn(2)
          ? json(rows[0]!)
          : `[${rows.map(json).join(random.pick([",", " ,\n"]))}]`,
      );
    case "csv": {
      const names = Object.keys(dataset.columns);
      if (random.oneIn(2)) names.reverse();
      const lineEnd = random.pick(["\n", "\r\n"]);
      return utf8(csvText(rows, { names, lineEnd, quoteAll: false }));
    }
    case "msgpack":
      return random.oneIn(2)
        ? msgpackBytes(rows)
        : Uint8Array.from(rows.flatMap((row) => [...msgpackBytes(row)]));
    case "protobuf":
      return protobufBytes(
        dataset,
        rows.map((row) => protobufRow(dataset, row)),
      );
    case "arrow":
      return arrowStream(dataset, rows, random);
  }
}

/** What is no value of its field's type is left out. */
function protobufRow({ columns }: Dataset, row: PlainRow): PlainRow {
  const said = Object.entries(row).filter(([name, value]) => {
    const type = columns[name]?.type;
    if (type === "utf8" || type === "category") return typeof value === "string";
    if (type === "bool") return typeof value === "boolean";
    if (type === "f64" || type === "f32") return typeof value === "number";
    return typeof value === "number" && Number.isInteger(value);
  });
  return Object.fromEntries(said);
}

function arrowStream(dataset: Dataset, rows: readonly PlainRow[], random: Random): Uint8Array {
  const columns = Object.entries(dataset.columns).map(([name, { type }]) => {
    const values = rows.map((row) => arrowValue(type, row[name]));
    return [name, vectorFromArray(values, arrowType(type, random) as Utf8)] as const;
  });
  return tableToIPC(new Table(Object.fromEntries(columns)), "stream");
}

function arrowType(type: ColumnType, random: Random): DataType {
  switch (type) {
    case "f64":
      return new Float64();
    case "f32":
      return new Float32();
    case "u8":
      return new ArrowUint8();
    case "u16":
      return new Uint16();
    case "u32":
      return new Uint32();
    case "i32":
      return new Int32();
    case "u64":
      return new Uint64();
    case "i64":
      return new Int64();
    case "timestamp":
      return new TimestampMillisecond("UTC");
    case "bool":
      return new Bool();
    case "utf8":
      return new Utf8();
    case "category":
      return random.oneIn(2)
        ? new Dictionary(new Utf8(), random.oneIn(2) ? new Int32() : new Int8())
        : new Utf8();
  }
}

/** What is no value of the column's type is missing. */
function arrowValue(type: ColumnType, value: unknown): unknown {
  if (type === "utf8" || type === "category") return typeof value === "string" ? value : null;
  if (type === "bool") return typeof value === "boolean" ? value : null;
  if (typeof value !== "number") return null;
  if (type === "f64" || type === "f32") return value;
  if (!Number.isInteger(value)) return null;
  if (type === "u64") return BigInt.asUintN(64, BigInt(value));
  if (type === "i64") return BigInt.asIntN(64, BigInt(value));
  return value;
}
