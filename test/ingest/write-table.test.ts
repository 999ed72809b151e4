import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { memory as memoryDataset } from "../../datasets/memory.ts";
import type { Row } from "../../datasets/row.ts";
import { createRowWriter } from "../../datasets/write-rows.ts";
import { PushTable, tableBytes } from "../../ingest/table.ts";
import { createTableWriter } from "../../ingest/write-table.ts";
import { everything, plainRow, rowOf, testedDatasets } from "../fixtures/dataset-rows.ts";
import { fillTable, TABLE_AT, tableMemory, withBatchRows } from "../fixtures/table-rows.ts";

const SEED = 20_261_122;
const memory = tableMemory();
const SLOT_BYTES = 64 * 1024;
const SLOT = TABLE_AT + 16 * 2 ** 20;
const OTHER = SLOT + SLOT_BYTES;

/** The slot's bytes, up to the end of what the batch takes. */
function slotBytes(slot: number, length: number): Uint8Array {
  return new Uint8Array(memory.buffer).slice(slot, slot + length);
}

/** Rows, which of them are bad, and what lies under their missing values. */
function tableOf(row: fc.Arbitrary<Row>, maxLength = 40) {
  return fc.record({
    rows: fc.array(
      fc.tuple(
        row,
        fc.integer({ min: 0, max: 3 }).map((of) => of === 0),
      ),
      { maxLength },
    ),
    junk: fc.integer({ min: 0, max: 255 }),
  });
}

describe("the table writer", () => {
  test("writes the good rows byte for byte as the row writer does", () => {
    for (const dataset of testedDatasets) {
      const table = new PushTable(memory, dataset, TABLE_AT);
      assert.ok(TABLE_AT + tableBytes(dataset) <= SLOT);
      const writer = createTableWriter(memory, dataset);
      const reference = createRowWriter(memory, dataset);
      fc.assert(
        fc.property(tableOf(rowOf(dataset)), ({ rows, junk }) => {
          new Uint8Array(memory.buffer, SLOT, 2 * SLOT_BYTES).fill(0x77);
          fillTable(
            memory,
            table,
            rows.map(([row]) => row),
            junk,
          );
          for (const [index, [, isBad]] of rows.entries()) table.bad[index] = isBad ? 1 : 0;
          const good = rows.filter(([, isBad]) => !isBad).map(([row]) => row);
          const parts = writer.parts(table, SLOT_BYTES);
          let done = 0;
          for (const part of parts) {
            const same = good.slice(done, done + part.rows);
            reference.write(OTHER, SLOT_BYTES, same, 2 ** 35 + done, 777);
            const batch = writer.write(table, part, SLOT, SLOT_BYTES, 2 ** 35 + done, 777);
            assert.deepEqual([batch.slot, batch.rows, batch.state], [SLOT, part.rows, "raw"]);
            assert.deepEqual(slotBytes(SLOT, SLOT_BYTES), slotBytes(OTHER, SLOT_BYTES));
            done += part.rows;
          }
          assert.equal(done, good.length);
        }),
        { seed: SEED, numRuns: 25 },
      );
    }
  });

  test("writes zeros under values that are missing over stretches of rows", () => {
    for (const dataset of testedDatasets) {
      const nullable = Object.entries(dataset.columns).flatMap(([name, spec]) =>
        "nullable" in spec && spec.nullable === true ? [name] : [],
      );
      const table = new PushTable(memory, dataset, TABLE_AT);
      const writer = createTableWriter(memory, dataset);
      const reference = createRowWriter(memory, dataset);
      const stretches = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 40 })), {
        maxLength: 3,
      });
      fc.assert(
        fc.property(fc.array(rowOf(dataset), { minLength: 8, maxLength: 60 }), stretches, (whole, gaps) => {
          const isGap = (row: number) => gaps.some(([from, count]) => row >= from && row < from + count);
          const none = Object.fromEntries(nullable.map((name) => [name, null]));
          const rows = whole.map((row, index) => (isGap(index) ? { ...row, ...none } : row));
          new Uint8Array(memory.buffer, SLOT, 2 * SLOT_BYTES).fill(0x77);
          fillTable(memory, table, rows, 0xa5);
          let done = 0;
          for (const part of writer.parts(table, SLOT_BYTES)) {
            reference.write(OTHER, SLOT_BYTES, rows.slice(done, done + part.rows), done, 777);
            writer.write(table, part, SLOT, SLOT_BYTES, done, 777);
            assert.deepEqual(slotBytes(SLOT, SLOT_BYTES), slotBytes(OTHER, SLOT_BYTES));
            done += part.rows;
          }
          assert.equal(done, rows.length);
        }),
        { seed: SEED, numRuns: 25 },
      );
    }
  });

  test("cuts as late as rows and text allow, and takes every good row once", () => {
    const dataset = withBatchRows(everything, 8);
    const table = new PushTable(memory, dataset, TABLE_AT);
    const writer = createTableWriter(memory, dataset);
    const reference = createRowWriter(memory, dataset);
    const needed = (rows: readonly Row[]) =>
      reference.batch.bytesFor(rows.length, reference.textBytesOf(rows));
    const oneRow = reference.batch.bytesFor(1, { name: 80, name_or: 80 });
    fc.assert(
      fc.property(
        tableOf(rowOf(dataset)),
        fc.integer({ min: oneRow, max: oneRow + 700 }),
        ({ rows, junk }, bytes) => {
          fillTable(
            memory,
            table,
            rows.map(([row]) => row),
            junk,
          );
          for (const [index, [, isBad]] of rows.entries()) table.bad[index] = isBad ? 1 : 0;
          const good = rows.filter(([, isBad]) => !isBad).map(([row]) => row);
          let done = 0;
          for (const part of writer.parts(table, bytes)) {
            const taken = good.slice(done, done + part.rows);
            assert.ok(part.rows >= 1 && part.rows <= 8 && needed(taken) <= bytes);
            const oneMore = good.slice(done, done + part.rows + 1);
            assert.ok(oneMore.length === part.rows || oneMore.length > 8 || needed(oneMore) > bytes);
            reference.write(OTHER, bytes, taken, done, 1);
            writer.write(table, part, SLOT, bytes, done, 1);
            assert.deepEqual(slotBytes(SLOT, needed(taken)), slotBytes(OTHER, needed(taken)));
            done += part.rows;
          }
          assert.equal(done, good.length);
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  test("reads columns where they point, at any row, and takes no bitmap for all valid", () => {
    const table = new PushTable(memory, memoryDataset, TABLE_AT);
    const writer = createTableWriter(memory, memoryDataset);
    const reference = createRowWriter(memory, memoryDataset);
    const rows = Array.from({ length: 9 }, (_, index) => ({ ...plainRow(memoryDataset), timestamp: index }));
    fillTable(memory, table, rows);
    for (const { place } of table.columns) {
      const elsewhere = TABLE_AT + 8 * 2 ** 20 + (place.dataAt - TABLE_AT);
      new Uint8Array(memory.buffer).copyWithin(elsewhere, place.dataAt, place.dataAt + 9 * 8);
      Object.assign(place, { dataAt: elsewhere, validityAt: 0 });
    }
    const [part] = writer.parts(table, SLOT_BYTES);
    assert.ok(part);
    writer.write(table, part, SLOT, SLOT_BYTES, 0, 1);
    reference.write(OTHER, SLOT_BYTES, rows as Row[], 0, 1);
    assert.deepEqual(slotBytes(SLOT, 4096), slotBytes(OTHER, 4096));
  });

  test("refuses to write a row that has no value where there always is one", () => {
    const table = new PushTable(memory, memoryDataset, TABLE_AT);
    const writer = createTableWriter(memory, memoryDataset);
    const rows = Array.from({ length: 20 }, () => plainRow(memoryDataset) as Row);
    const { timestamp: _, ...without } = rows[0]!;
    fillTable(memory, table, [...rows, without]);
    const [part] = writer.parts(table, SLOT_BYTES);
    assert.ok(part);
    assert.throws(() => writer.write(table, part, SLOT, SLOT_BYTES, 0, 1), /no value in column timestamp/);
    table.bad[20] = 1;
    assert.equal(writer.write(table, writer.parts(table, SLOT_BYTES)[0]!, SLOT, SLOT_BYTES, 0, 1).rows, 20);
  });

  test("says that a slot is too small for one row", () => {
    const table = new PushTable(memory, memoryDataset, TABLE_AT);
    fillTable(memory, table, [plainRow(memoryDataset) as Row]);
    const writer = createTableWriter(memory, memoryDataset);
    assert.throws(() => writer.parts(table, 64), RangeError);
    table.bad[0] = 1;
    assert.deepEqual(writer.parts(table, 64), []);
  });
});
