/** Reads what was exported back, by readers that share no code with the writers. */

import { zstdDecompressSync } from "node:zlib";
import { type FileMetaData, parquetMetadata, parquetReadObjects } from "hyparquet";
import type { Dataset } from "../../../datasets/define.ts";
import type { ColumnType } from "../../../runtime/batch/index.ts";
import type { PlainRow, Value } from "../store/log/rows.ts";

/** Rows of CSV without quoted fields, each value read as its column's type says. */
export function readCsv(dataset: Dataset, bytes: Uint8Array): PlainRow[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  if (lines.pop() !== "") throw new Error("the last line does not end");
  const names = lines.shift()?.split(",") ?? [];
  return lines.map((line) => {
    const fields = line.split(",");
    if (fields.length !== names.length) throw new Error(`a line of ${fields.length} fields: ${line}`);
    return Object.fromEntries(names.map((name, index) => [name, csvValue(dataset, name, fields[index]!)]));
  });
}

function csvValue(dataset: Dataset, name: string, text: string): Value {
  // Of a single column, where an empty line would be none.
  if (text === "" || text === '""') return null;
  return valueFromText(dataset.plan.public(name).type, text);
}

/** A value from the text that CSV, and JSON and SQLite for some types, have it as. */
export function valueFromText(type: ColumnType, text: string): bigint | number | string | boolean {
  switch (type) {
    case "u64":
    case "i64":
      return BigInt(text);
    case "timestamp":
      return Date.parse(text);
    case "bool":
      if (text !== "true" && text !== "false") throw new Error(`a flag of ${text}`);
      return text === "true";
    case "category":
      return text;
    case "f32":
      return Math.fround(Number(text));
    default:
      return Number(text);
  }
}

export async function readParquet(dataset: Dataset, bytes: Uint8Array): Promise<PlainRow[]> {
  const rows = await parquetReadObjects({ file: fileOf(bytes), compressors: { ZSTD: unzstd } });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        dataset.plan.public(name);
        return [name, value instanceof Date ? value.getTime() : value];
      }),
    ),
  );
}

export function parquetFacts(bytes: Uint8Array): FileMetaData {
  return parquetMetadata(fileOf(bytes));
}

function fileOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function unzstd(input: Uint8Array): Uint8Array {
  return new Uint8Array(zstdDecompressSync(input));
}
