import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Table, tableFromIPC } from "apache-arrow";
import type { Dataset } from "../../../datasets/define.ts";
import { memory } from "../../../datasets/memory.ts";
import { process } from "../../../datasets/process.ts";
import { createRecordEncoder } from "../../../datasets/records/index.ts";
import { concatBytes, END_OF_STREAM, MessageBatch, type PublicBatch } from "../../../runtime/batch/index.ts";
import type { Value } from "../../fixtures/batch-cases.ts";
import { everything, plainRow } from "../../fixtures/dataset-rows.ts";
import { mixed } from "../../fixtures/mixed-rows.ts";
import { publicBatch } from "../../fixtures/public-batches.ts";
import { encoded, FACTS, forMixedRows, forRandomRows, rowsOf, valuesOf } from "./support.ts";

const RAW = { format: "arrow", framing: "raw" } as const;

/** A raw stream of chunks, as a client has it that stayed to the end. */
function streamOf(dataset: Dataset, columns: readonly string[] | null, chunks: readonly Uint8Array[]): Table {
  const { preamble } = createRecordEncoder(dataset, { ...RAW, columns });
  return tableFromIPC(concatBytes([preamble, ...chunks, END_OF_STREAM]));
}

function rowsOfTable(table: Table): [name: string, value: Value][][] {
  const names = table.schema.fields.map(({ name }) => name);
  return Array.from({ length: table.numRows }, (_, row) =>
    names.map((name): [string, Value] => [name, table.getChild(name)?.get(row)]),
  );
}

function expected(
  dataset: Dataset,
  batch: PublicBatch,
  rows: readonly number[],
  columns?: readonly string[],
) {
  return rows.map((row) => valuesOf(dataset, batch, row, columns));
}

describe("records as Arrow", () => {
  test("property: are the rows' values, of a whole batch, of some rows, of some columns", () => {
    forRandomRows(76, (dataset, batch, runs, columns) => {
      const whole = encoded(dataset, RAW, batch);
      const some = encoded(dataset, RAW, batch, runs);
      const all = rowsOf([{ from: 0, to: batch.rows }]);
      assert.deepEqual(rowsOfTable(streamOf(dataset, null, [whole, some])), [
        ...expected(dataset, batch, all),
        ...expected(dataset, batch, rowsOf(runs)),
      ]);
      const chosen = encoded(dataset, { ...RAW, columns }, batch, runs);
      assert.deepEqual(
        rowsOfTable(streamOf(dataset, columns, [chosen])),
        expected(dataset, batch, rowsOf(runs), columns),
      );
    });
  });

  test("say every value that a type can hold, whichever rows are taken", () => {
    forMixedRows(2000, (batch) => {
      // Runs of one row, of a few, and of many.
      const runs = [
        ...Array.from({ length: 40 }, (_, index) => ({ from: index * 2 + 1, to: index * 2 + 2 })),
        ...Array.from({ length: 20 }, (_, index) => ({ from: 90 + index * 7, to: 90 + index * 7 + 5 })),
        { from: 241, to: batch.rows },
      ];
      const table = streamOf(mixed, null, [encoded(mixed, RAW, batch, runs)]);
      assert.deepEqual(rowsOfTable(table), expected(mixed, batch, rowsOf(runs)));
    });
  });

  test("of a whole batch are its own bytes, wherever it lies", () => {
    const batch = publicBatch(process, [plainRow(process), { ...plainRow(process), pid: 4 }], 17);
    const chunk = encoded(process, RAW, batch);
    assert.deepEqual(chunk, new Uint8Array(batch.message()));
    const read = new MessageBatch(process.plan);
    assert.ok(read.bind(batch.views.buffer, batch.message().byteOffset, 17));
    assert.deepEqual(encoded(process, RAW, read), chunk);
  });

  test("of a whole batch that lies in no message are gathered", () => {
    const batch = publicBatch(process, [plainRow(process), { ...plainRow(process), pid: 4 }], 17);
    const { plan, rows, firstSequence, views } = batch;
    const decoded: PublicBatch = {
      ...{ plan, rows, firstSequence, views, writtenMs: 0 },
      dataAt: (column) => batch.dataAt(column),
      textAt: (column) => batch.textAt(column),
      // As one has it that was read from a file: without a bitmap where nothing is missing.
      validityAt: () => 0,
      isValid: (column, row) => batch.isValid(column, row),
    };
    const table = streamOf(process, null, [encoded(process, RAW, decoded)]);
    assert.deepEqual(rowsOfTable(table), expected(process, batch, [0, 1]));
  });

  test("of some rows have the same bytes, whatever was encoded before", () => {
    const rows = Array.from({ length: 10 }, (_, pid) => ({ ...plainRow(everything), u8: pid, bool: false }));
    const runs = [
      { from: 1, to: 2 },
      { from: 4, to: 10 },
    ];
    const first = encoded(everything, RAW, publicBatch(everything, rows), runs);
    const other = rows.map((row) => ({ ...row, u8: 255, bool: true, f64: -1 }));
    encoded(everything, RAW, publicBatch(everything, [...other, ...other]), [{ from: 0, to: 19 }]);
    assert.deepEqual(encoded(everything, RAW, publicBatch(everything, rows), runs), first);
  });

  test("say in the schema which dataset they are of", () => {
    const { metadata } = streamOf(memory, ["used_percent"], []).schema;
    assert.deepEqual(JSON.parse(metadata.get("millrace") ?? ""), { dataset: "memory", title: memory.title });
  });

  test("of a message are a stream by itself", () => {
    const batch = publicBatch(memory, [plainRow(memory), plainRow(memory)], 5);
    const message = encoded(memory, { format: "arrow", framing: "message" }, batch, undefined, FACTS);
    const payload = message.subarray(message.indexOf(0x0a) + 1);
    assert.deepEqual(payload.subarray(-8), END_OF_STREAM);
    assert.deepEqual(rowsOfTable(tableFromIPC(payload)), expected(memory, batch, [0, 1]));
  });
});
