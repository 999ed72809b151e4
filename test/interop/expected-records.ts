/** What read-records.py compares with: each value of a dataset's rows, as text that loses nothing. */

import { Buffer } from "node:buffer";
import type { Dataset } from "../../datasets/define.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import { readValue, type Value } from "../fixtures/batch-cases.ts";

/** What read-records.py needs. */
export const RECORD_PACKAGES = [
  "pyarrow==26.0.1",
  "msgpack==1.2.4",
  "protobuf==7.36.2",
  "grpcio-tools==1.85.1",
] as const;

export interface ExpectedRecords {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Number of the first row. */
  readonly first: number | undefined;
  /** Column by column. */
  readonly values: Readonly<Record<string, readonly (string | boolean | null)[]>>;
}

/** Looks at every value of the batches, which follow each other. */
export function expectedRecords(dataset: Dataset, batches: Iterable<PublicBatch>): ExpectedRecords {
  const values: Record<string, (string | boolean | null)[]> = {};
  for (const { name } of dataset.publicColumns) values[name] = [];
  let first: number | undefined;
  for (const batch of batches) {
    first ??= batch.firstSequence;
    for (const { name } of dataset.publicColumns) {
      const column = batch.plan.public(name);
      for (let row = 0; row < batch.rows; row++) {
        values[name]!.push(printed(column.type, readValue(batch, column, row)));
      }
    }
  }
  return {
    first,
    columns: dataset.publicColumns.map(({ name, field }) => ({ name, type: field.type })),
    values,
  };
}

/** NaN is the one that Python makes of any. */
function printed(type: string, value: Value): string | boolean | null {
  if (value === null || typeof value === "boolean") return value;
  if (type !== "f64" && type !== "f32") return String(value);
  const bytes = new DataView(new ArrayBuffer(type === "f64" ? 8 : 4));
  if (type === "f64") bytes.setFloat64(0, Number(value));
  else bytes.setFloat32(0, Number(value));
  return Buffer.from(bytes.buffer).toString("hex");
}
