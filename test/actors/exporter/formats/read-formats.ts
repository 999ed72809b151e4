/** Reads a file of any format back to values, by readers that share no code with the writers. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { tableFromIPC } from "apache-arrow";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import type { Compression, ExportFormatName } from "../../../../actors/exporter/order.ts";
import type { PublicColumn } from "../../../../datasets/define.ts";
import type { TableShape } from "../../../../datasets/shape.ts";
import type { Value } from "../../../fixtures/batch-cases.ts";
import { valueFromText } from "../read-files.ts";

export interface ReadFile {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
  /** What the file says of itself; undefined where the format has no place for it. */
  readonly notes: unknown;
}

/** Undoes what is around the file. Parquet compresses within. */
export function unwrapped(format: ExportFormatName, compression: Compression, bytes: Uint8Array): Uint8Array {
  if (format === "parquet" || compression === "none") return bytes;
  return new Uint8Array(compression === "gzip" ? gunzipSync(bytes) : zstdDecompressSync(bytes));
}

/** Values as batches have them: 64-bit numbers as bigint, moments in milliseconds. */
export async function readFormat(
  format: ExportFormatName,
  shape: TableShape,
  bytes: Uint8Array,
): Promise<ReadFile> {
  switch (format) {
    case "csv":
      return readCsv(shape, new TextDecoder().decode(bytes));
    case "json":
      return ofObjects(shape, JSON.parse(exactly(shape, bytes)) as object[]);
    case "jsonl": {
      const lines = exactly(shape, bytes).split("\n");
      if (lines.pop() !== "") throw new Error("the last line does not end");
      return ofObjects(
        shape,
        lines.map((line) => JSON.parse(line) as object),
      );
    }
    case "parquet":
      return readParquet(shape, bytes);
    case "sqlite":
      return readSqlite(shape, bytes);
    case "arrow":
    case "arrows":
      return readArrow(shape, bytes);
  }
}

/** RFC 4180, character by character; lines end in "\n". */
function readCsv(shape: TableShape, csv: string): ReadFile {
  const lines = [...csv.matchAll(/(?:[^"\n]|"(?:[^"]|"")*")*\n/g)].map(([line]) =>
    [...`,${line.slice(0, -1)}`.matchAll(/,("(?:[^"]|"")*"|[^",]*)/g)].map(([, field]) => field ?? ""),
  );
  const [header = [], ...rows] = lines;
  const value = (field: string, column: PublicColumn): Value => {
    if (field === "" || (field === '""' && shape.publicColumns.length === 1)) return null;
    return valueFromText(
      column.field.type,
      field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field,
    );
  };
  return {
    columns: header,
    rows: rows.map((fields) => {
      if (fields.length !== header.length) throw new Error(`a line of ${fields.length} fields`);
      return fields.map((field, index) => value(field, shape.publicColumns[index]!));
    }),
    notes: undefined,
  };
}

/** JSON.parse rounds whole numbers of more than 53 bits: 64-bit measures are put in quotes before it. */
function exactly(shape: TableShape, bytes: Uint8Array): string {
  let text = new TextDecoder().decode(bytes);
  for (const { name, field, spec } of shape.publicColumns) {
    if ((field.type !== "u64" && field.type !== "i64") || spec.class !== "measure") continue;
    text = text.replaceAll(new RegExp(`("${name}":)(-?\\d+)([,}])`, "g"), '$1"$2"$3');
  }
  return text;
}

function ofObjects(shape: TableShape, objects: readonly object[]): ReadFile {
  const names = shape.publicColumns.map(({ name }) => name);
  return {
    columns: names,
    rows: objects.map((object) => {
      if (Object.keys(object).join() !== names.join()) throw new Error(`an object of ${Object.keys(object)}`);
      return Object.values(object).map((given: unknown, index): Value => {
        if (given === null) return null;
        const column = shape.publicColumns[index]!;
        if (typeof given === "string") return valueFromText(column.field.type, given);
        return column.field.type === "f32" ? Math.fround(given as number) : (given as Value);
      });
    }),
    notes: undefined,
  };
}

async function readParquet(shape: TableShape, bytes: Uint8Array): Promise<ReadFile> {
  const file = new Uint8Array(bytes).buffer;
  const metadata = parquetMetadata(file);
  const decompress = (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input));
  const objects = await parquetReadObjects({
    file,
    compressors: { ZSTD: decompress, GZIP: (input) => new Uint8Array(gunzipSync(input)) },
  });
  const told = metadata.key_value_metadata?.find(({ key }) => key === "millrace")?.value;
  return {
    columns: metadata.schema.slice(1).map(({ name }) => name),
    rows: objects.map((row) =>
      shape.publicColumns.map(({ name }): Value => {
        const value: unknown = row[name];
        return value instanceof Date ? value.getTime() : ((value ?? null) as Value);
      }),
    ),
    notes: told === undefined ? undefined : JSON.parse(told),
  };
}

function readSqlite(shape: TableShape, bytes: Uint8Array): ReadFile {
  const folder = mkdtempSync(join(tmpdir(), "millrace-sqlite-"));
  const path = join(folder, "read.sqlite");
  writeFileSync(path, bytes);
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const all = (sql: string) => {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      return statement.all() as Record<string, unknown>[];
    };
    const check = all("PRAGMA integrity_check").map((row) => row["integrity_check"]);
    if (check.join() !== "ok") throw new Error(`integrity_check: ${check}`);
    const columns = all(`PRAGMA table_info("${shape.name}")`).map(({ name }) => String(name));
    const rows = all(`SELECT * FROM "${shape.name}" ORDER BY rowid`);
    const notes = all("SELECT key, value FROM millrace ORDER BY rowid").map(({ key, value }) => [
      key,
      plain(value),
    ]);
    return {
      columns,
      rows: rows.map((row) =>
        shape.publicColumns.map((column) => sqliteValue(column, row[column.name] as Value)),
      ),
      notes: Object.fromEntries(notes),
    };
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

function sqliteValue(column: PublicColumn, value: Value): Value {
  if (value === null) return null;
  const { type } = column.field;
  if (type === "bool") return Number(value) === 1;
  if (type === "u64" || type === "i64") return BigInt(value);
  return typeof value === "string" ? valueFromText(column.field.type, value) : Number(value);
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "string" && value.startsWith("{") ? JSON.parse(value) : value;
}

function readArrow(shape: TableShape, bytes: Uint8Array): ReadFile {
  const table = tableFromIPC(bytes);
  const columns = table.schema.fields.map(({ name }) => name);
  const vectors = columns.map((name) => table.getChild(name));
  const told = table.schema.metadata.get("millrace");
  return {
    columns,
    rows: Array.from({ length: table.numRows }, (_, row) =>
      vectors.map((vector, index): Value => {
        const value = vector?.get(row) as Value | Date;
        if (shape.publicColumns[index]?.field.type === "timestamp" && value !== null) return Number(value);
        return value as Value;
      }),
    ),
    notes: told === undefined ? undefined : JSON.parse(told),
  };
}
