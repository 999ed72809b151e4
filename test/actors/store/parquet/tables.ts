/** Random tables of every type that may leave, with what is odd in each; and how they are written and read in these tests. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { openParquet } from "../../../../actors/store/parquet/open-parquet.ts";
import type { ParquetFile } from "../../../../actors/store/parquet/parquet-file.ts";
import {
  lakeOptions,
  ParquetWriter,
  type ParquetWriterOptions,
} from "../../../../actors/store/parquet/parquet-writer.ts";
import type { PublicColumn } from "../../../../datasets/define.ts";
import type { TableShape } from "../../../../datasets/shape.ts";
import {
  Batch,
  BatchPlan,
  batchBytes,
  concatBytes,
  type FieldSpec,
  type PublicBatch,
} from "../../../../runtime/batch/index.ts";
import { ALL_TYPES, readValue, typeValue, type Value, writeColumn } from "../../../fixtures/batch-cases.ts";

export const TYPES = ALL_TYPES.filter((type) => type !== "utf8");

/** Texts that have to be quoted wherever there are quotes. */
export const CATEGORY_VALUES = ["plain", "", 'a "quoted" one', "two\nlines", "größer, 雪 😀", "\\"];

export interface Table {
  readonly shape: TableShape;
  /** Row by row, in the order of the shape's columns. */
  readonly rows: readonly (readonly Value[])[];
}

export function shapeOf(fields: readonly FieldSpec[]): TableShape {
  const publicColumns = fields.map(
    (field): PublicColumn => ({
      name: field.name,
      source: field.name,
      field,
      spec: { class: "measure", type: "f64", unit: "1", meaning: "A figure." },
    }),
  );
  const plan = new BatchPlan({ public: fields, raw: [] });
  return { name: "table", title: "A table", time: "timestamp_0", plan, publicColumns };
}

export function fieldOf(name: string, type: FieldSpec["type"], nullable: boolean): FieldSpec {
  return type === "category" ? { name, type, nullable, values: CATEGORY_VALUES } : { name, type, nullable };
}

export function anyValue({ type, nullable, values }: FieldSpec): fc.Arbitrary<Value> {
  const value = type === "category" ? fc.constantFrom(...(values ?? [])) : typeValue(type);
  return nullable ? fc.option(value, { freq: 3 }) : value;
}

/** A table of up to twelve columns; its rows may be few enough for one bitmap byte, or hundreds that repeat. */
export function table(): fc.Arbitrary<Table> {
  const column = fc.tuple(fc.constantFrom(...TYPES), fc.boolean());
  return fc.array(column, { minLength: 1, maxLength: 12 }).chain((columns) => {
    const fields = columns.map(([type, nullable], index) => fieldOf(`${type}_${index}`, type, nullable));
    const row = fc.tuple(...fields.map(anyValue));
    const few = fc.array(row, { minLength: 1, maxLength: 20 });
    const many = fc
      .tuple(few, fc.integer({ min: 2, max: 40 }))
      .map(([rows, times]) => Array(times).fill(rows).flat());
    return fc.oneof(few, many).map((rows): Table => ({ shape: shapeOf(fields), rows }));
  });
}

/** The rows as a batch of the shape's plan, in memory of its own. */
export function batchOf({ shape, rows }: Table, firstSequence = 0): Batch {
  const bytes = batchBytes(shape.plan, rows.length);
  const batch = new Batch({ buffer: new ArrayBuffer(bytes) }, shape.plan);
  batch.begin(0, bytes, rows.length, { firstSequence });
  for (const [index, { name }] of shape.publicColumns.entries()) {
    writeColumn(
      batch,
      shape.plan.public(name),
      rows.map((row) => row[index]!),
    );
  }
  batch.seal();
  return batch;
}

/** What a batch says, row by row. */
export function rowsOf(shape: TableShape, batch: PublicBatch): (readonly Value[])[] {
  const columns = shape.publicColumns.map(({ name }) => shape.plan.public(name));
  return Array.from({ length: batch.rows }, (_, row) =>
    columns.map((column) => readValue(batch, column, row)),
  );
}

/** The bytes of a file of the tables' rows, a row group each. */
export function written(
  shape: TableShape,
  parts: readonly Table["rows"][],
  options: ParquetWriterOptions = lakeOptions(shape),
): Uint8Array<ArrayBuffer> {
  return fileOf(shape, options, (writer) => {
    for (const rows of parts) writer.append(batchOf({ shape, rows }), { from: 0, to: rows.length });
  });
}

export function fileOf(
  shape: TableShape,
  options: ParquetWriterOptions,
  write: (writer: ParquetWriter) => void,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const writer = new ParquetWriter(shape, (bytes) => parts.push(bytes), options);
  write(writer);
  writer.end(new Map([["millrace", "{}"]]));
  return concatBytes(parts);
}

/** Files that are gone with the folder. */
export class ParquetFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "millrace-parquet-"));
  #files = 0;

  write(bytes: Uint8Array): string {
    const path = join(this.folder, `${this.#files++}.parquet`);
    writeFileSync(path, bytes);
    return path;
  }

  /** Opens a file of these bytes, for as long as `use` takes. */
  with<T>(bytes: Uint8Array, use: (file: ParquetFile) => T, checksums = true): T {
    const path = this.write(bytes);
    try {
      const file = openParquet(path, { checksums });
      try {
        return use(file);
      } finally {
        file.close();
      }
    } finally {
      rmSync(path);
    }
  }

  /** All rows of a file, by our own reader. */
  rows(bytes: Uint8Array, shape: TableShape, checksums = true): (readonly Value[])[] {
    return this.with(
      bytes,
      (file) => file.groups.flatMap((_, group) => rowsOf(shape, file.readGroup(shape, group))),
      checksums,
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** All rows of a file, by a reader that shares no code with ours. */
export async function foreignRows(bytes: Uint8Array, shape: TableShape): Promise<(readonly Value[])[]> {
  const compressors = {
    ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)),
    GZIP: (input: Uint8Array) => new Uint8Array(gunzipSync(input)),
  };
  const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer, compressors });
  return rows.map((row) =>
    shape.publicColumns.map(({ name }) => {
      const value = row[name] ?? null;
      return value instanceof Date ? value.getTime() : (value as Value);
    }),
  );
}
