/**
 * Files of the lake that are no Parquet: the row groups' Arrow messages one behind the other, each after its length. For tests
 * of which rows are in which file, which write hundreds of them.
 */

import { readFileSync } from "node:fs";
import type { LakeCodec, LakeEncoder } from "../../../actors/store/lake/lake-codec.ts";
import type { ParquetFile } from "../../../actors/store/parquet/parquet-file.ts";
import { StoreDamaged } from "../../../actors/store/store-damaged.ts";
import { compactPlan, type TableShape } from "../../../datasets/shape.ts";
import { type Batch, MessageBatch } from "../../../runtime/batch/index.ts";

const HEADER_BYTES = 16;
/** As a Parquet file begins, which is what is looked at first. */
const BEGINNING = new TextEncoder().encode("PAR1    ");
const END = new TextEncoder().encode("the end.");

export const plainCodec: LakeCodec = {
  encode: (_, sink) => {
    sink(BEGINNING);
    return encoder(sink);
  },
  open: openPlain,
};

function encoder(sink: (bytes: Uint8Array) => void): LakeEncoder {
  return {
    append(batch, { from, to }) {
      const message = (batch as Batch).message();
      if (from !== 0 || to !== batch.rows) throw new Error("only whole batches are written");
      const header = new Float64Array([message.byteLength, batch.rows]);
      sink(new Uint8Array(header.buffer));
      sink(message);
    },
    end: () => sink(END),
  };
}

export function openPlain(path: string): ParquetFile {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  const bytes = new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
  const groups: { rows: number; bytes: number; at: number }[] = [];
  if (String(bytes.subarray(-END.byteLength)) !== String(END)) throw new StoreDamaged(`${path} has no end`);
  let at = BEGINNING.byteLength;
  while (at < byteLength - END.byteLength) {
    const [length, rows] = new Float64Array(bytes.buffer, at, 2) as unknown as [number, number];
    groups.push({ rows, bytes: length, at: at + HEADER_BYTES });
    at += HEADER_BYTES + length;
  }
  return {
    path,
    bytes: byteLength,
    rows: groups.reduce((sum, { rows }) => sum + rows, 0),
    groups,
    metadata: new Map(),
    readGroup(shape: TableShape, group: number) {
      // All columns were written; a shape of fewer is read from the plan that it has in common with them.
      const plan =
        shape.plan.publicColumns.length === shape.publicColumns.length ? compactPlan(shape) : shape.plan;
      const batch = new MessageBatch(plan);
      if (!batch.bind(bytes.buffer, groups[group]!.at, 0))
        throw new StoreDamaged(`${path} is of another shape`);
      return batch;
    },
    holds: () => false,
    close: () => {},
  };
}
