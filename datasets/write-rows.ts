/**
 * Writes validated rows into a slot as a raw batch: columns in place, identifiers into the raw part. What the anonymizer
 * derives, the pseudonym columns of the public part, it leaves as it finds it.
 *
 * The way in for rows that came one by one (pushed over HTTP); a sampler fills its columns itself. Column by column, so
 * that each loop does one thing, and nothing is allocated per value.
 */

import { alignUp } from "../runtime/arena.ts";
import { Batch, BatchPlan, batchBytes, type Column, type TextBytes } from "../runtime/batch/index.ts";
import type { Dataset } from "./define.ts";
import { maxTextBytes } from "./define.ts";
import type { Row } from "./row.ts";
import { utf8Length, writeUtf8 } from "./utf8.ts";

export interface RowWriter {
  /** Stands on the batch written last. */
  readonly batch: Batch;
  /**
   * Lays out a batch of the rows in the slot and leaves it in state RAW, its event times set. No rows make an empty batch.
   * @param rows validated, at most the dataset's `batchRows`
   * @param firstSequence number of the first row in its dataset
   * @param writtenMs wall time in milliseconds
   * @throws RangeError when the rows do not fit, which `fits` tells beforehand; TypeError for a row that was not validated
   */
  write(
    slot: number,
    slotBytes: number,
    rows: readonly Row[],
    firstSequence: number,
    writtenMs: number,
  ): void;
  /** Bytes of UTF-8 in each text column of the rows, as `Batch.begin` wants them. */
  textBytesOf(rows: readonly Row[]): TextBytes;
  /** Whether a slot of `slotBytes` takes the rows as one batch. */
  fits(slotBytes: number, rows: readonly Row[]): boolean;
}

type ColumnWriter = (batch: Batch, rows: readonly Row[]) => void;

const TWO_32 = 4294967296;
const LOW_32 = 0xffffffffn;

/** Makes a writer over the memory that holds the slots. One a thread: it has a batch of its own. */
export function createRowWriter(memory: WebAssembly.Memory, dataset: Dataset): RowWriter {
  const { plan, batchRows, time } = dataset;
  const batch = new Batch(memory, plan);
  const names = Object.keys(dataset.columns);
  const textNames = names.filter((name) => plan.raw(name).type === "utf8");
  const writers = names.map((name) => columnWriter(name, plan.raw(name)));

  const textBytesOf = (rows: readonly Row[]): TextBytes => {
    const bytes: Record<string, number> = {};
    for (const name of textNames) {
      let sum = 0;
      for (const row of rows) {
        const text = row[name];
        if (typeof text === "string") sum += utf8Length(text);
      }
      bytes[name] = sum;
    }
    return bytes;
  };

  return {
    batch,
    textBytesOf,
    fits: (slotBytes, rows) =>
      rows.length <= batchRows && batch.bytesFor(rows.length, textBytesOf(rows)) <= slotBytes,
    write(slot, slotBytes, rows, firstSequence, writtenMs) {
      if (rows.length > batchRows) {
        throw new RangeError(
          `a batch of ${dataset.name} holds at most ${batchRows} rows; came ${rows.length}: write them as several batches`,
        );
      }
      batch.begin(slot, slotBytes, rows.length, { firstSequence, textBytes: textBytesOf(rows) });
      for (const write of writers) write(batch, rows);
      let minMs = Number.POSITIVE_INFINITY;
      let maxMs = Number.NEGATIVE_INFINITY;
      for (const row of rows) {
        const ms = row[time] as number;
        if (ms < minMs) minMs = ms;
        if (ms > maxMs) maxMs = ms;
      }
      batch.setTimes(minMs, maxMs, writtenMs);
    },
  };
}

/**
 * Bytes of a slot of the dataset: `batchRows` rows, each with the longest text it may have; or as much text as a slot is to have
 * room for, so that rows with longer ones take more slots.
 */
export function maxBatchBytes(dataset: Dataset): number {
  const { plan, batchRows, maxRowTextBytes, slotTextBytes } = dataset;
  const texts = Object.entries(dataset.columns).filter(([, { type }]) => type === "utf8");
  if (slotTextBytes === undefined || slotTextBytes >= maxRowTextBytes * batchRows) {
    const longest = texts.map(([name, column]) => [name, maxTextBytes(column) * batchRows] as const);
    return batchBytes(plan, batchRows, Object.fromEntries(longest));
  }
  // However it is divided among the columns: each begins on a multiple of 8.
  return batchBytes(plan, batchRows) + alignUp(slotTextBytes, 8) + texts.length * 8;
}

/** Bytes of the public part of any batch of the dataset, and what is in front of it: what a frame of the log may have to hold. */
export function maxPublicBytes({ plan, batchRows }: Dataset): number {
  return batchBytes(new BatchPlan({ public: plan.schema.public, raw: [] }), batchRows);
}

function columnWriter(name: string, column: Column): ColumnWriter {
  switch (column.type) {
    case "f64":
      return numberWriter(name, column, "f64", 3);
    case "f32":
      return numberWriter(name, column, "f32", 2);
    case "u32":
      return numberWriter(name, column, "u32", 2);
    case "i32":
      return numberWriter(name, column, "i32", 2);
    case "u16":
      return numberWriter(name, column, "u16", 1);
    case "u8":
      return numberWriter(name, column, "u8", 0);
    case "u64":
    case "i64":
    case "timestamp":
      return integer64Writer(name, column);
    case "bool":
      return boolWriter(name, column);
    case "category":
      return categoryWriter(name, column);
    case "utf8":
      return textWriter(name, column);
  }
}

function numberWriter(
  name: string,
  column: Column,
  view: "f64" | "f32" | "u32" | "i32" | "u16" | "u8",
  shift: number,
): ColumnWriter {
  return (batch, rows) => {
    const elements = batch.views[view];
    const first = batch.dataAt(column) >>> shift;
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row]![name];
      if (typeof value === "number") elements[first + row] = value;
      else writeNull(batch, column, row, value);
    }
  };
}

function integer64Writer(name: string, column: Column): ColumnWriter {
  return (batch, rows) => {
    const { i32 } = batch.views;
    const first = batch.dataAt(column) >>> 2;
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row]![name];
      const word = first + row * 2;
      if (typeof value === "number") {
        const high = Math.floor(value / TWO_32);
        i32[word] = value - high * TWO_32;
        i32[word + 1] = high;
      } else if (typeof value === "bigint") {
        i32[word] = Number(value & LOW_32);
        i32[word + 1] = Number(value >> 32n);
      } else {
        writeNull(batch, column, row, value);
      }
    }
  };
}

function boolWriter(name: string, column: Column): ColumnWriter {
  return (batch, rows) => {
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row]![name];
      if (value === true) batch.setTrue(column, row);
      else if (value !== false) writeNull(batch, column, row, value);
    }
  };
}

function categoryWriter(name: string, column: Column): ColumnWriter {
  const codes = new Map<unknown, number>(column.values?.map((value, code) => [value, code]));
  return (batch, rows) => {
    const { u8 } = batch.views;
    const first = batch.dataAt(column);
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row]![name];
      const code = codes.get(value);
      if (code !== undefined) u8[first + row] = code;
      else writeNull(batch, column, row, value);
    }
  };
}

function textWriter(name: string, column: Column): ColumnWriter {
  return (batch, rows) => {
    const { u8, i32 } = batch.views;
    const offsets = batch.dataAt(column) >>> 2;
    const first = batch.textAt(column);
    let at = first;
    for (let row = 0; row < rows.length; row++) {
      const value = rows[row]![name];
      if (typeof value === "string") at = writeUtf8(u8, at, value);
      else writeNull(batch, column, row, value);
      i32[offsets + row + 1] = at - first;
    }
  };
}

/** Marks what is null, and refuses what no validator would have let through: the batch is not published then. */
function writeNull(batch: Batch, column: Column, row: number, value: unknown): void {
  if (value !== null || column.validity < 0) {
    throw new TypeError(
      `row ${row}, column ${column.name}: expected a validated ${column.type}${column.validity < 0 ? "" : " or null"}; ` +
        `came ${value === null ? "null" : typeof value}`,
    );
  }
  batch.setNull(column, row);
}
