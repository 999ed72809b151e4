import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { memory as memoryDataset } from "../../datasets/memory.ts";
import { process } from "../../datasets/process.ts";
import { createRowWriter, maxBatchBytes } from "../../datasets/write-rows.ts";
import { readValue, type Value } from "../fixtures/batch-cases.ts";
import { everything, fakeAnonymize, plainRow, rowOf, testedDatasets } from "../fixtures/dataset-rows.ts";
import { publicBatch, SLOT, SLOT_BYTES, sharedMemory } from "../fixtures/public-batches.ts";

const SEED = 20_260_106;

describe("the row writer", () => {
  test("writes a raw batch: every value, its times and its number", () => {
    for (const dataset of testedDatasets) {
      const writer = createRowWriter(sharedMemory(0x77), dataset);
      fc.assert(
        fc.property(fc.array(rowOf(dataset), { maxLength: 20 }), (rows) => {
          writer.write(SLOT, SLOT_BYTES, rows, 2 ** 35, 12345);
          const { batch } = writer;
          assert.deepEqual(
            [batch.state, batch.rows, batch.firstSequence, batch.endSequence, batch.writtenMs],
            ["raw", rows.length, 2 ** 35, 2 ** 35 + rows.length, 12345],
          );
          const times = rows.map((row) => row[dataset.time] as number);
          assert.deepEqual([batch.minTimeMs, batch.maxTimeMs], [Math.min(...times), Math.max(...times)]);
          for (const [name, { type }] of Object.entries(dataset.columns)) {
            const column = dataset.plan.raw(name);
            const stored = rows.map((row): Value => {
              const value = row[name] ?? null;
              if (value === null) return null;
              if (type === "f32") return Math.fround(value as number);
              return type === "u64" || type === "i64" ? BigInt(value as number) : value;
            });
            assert.deepEqual(
              rows.map((_, row) => readValue(batch, column, row)),
              stored,
            );
          }
        }),
        { seed: SEED, numRuns: 30 },
      );
    }
  });

  test("fits exactly, and not in one byte less", () => {
    fc.assert(
      fc.property(fc.array(rowOf(everything), { maxLength: 12 }), (rows) => {
        const writer = createRowWriter(sharedMemory(), everything);
        const needed = writer.batch.bytesFor(rows.length, writer.textBytesOf(rows));
        assert.ok(writer.fits(needed, rows));
        assert.ok(!writer.fits(needed - 1, rows));
        writer.write(SLOT, needed, rows, 0, 0);
        assert.throws(() => writer.write(SLOT, needed - 1, rows, 0, 0), RangeError);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  test("takes as many rows as the dataset's batch, and no more", () => {
    const writer = createRowWriter(sharedMemory(), memoryDataset);
    const rows = Array.from({ length: memoryDataset.batchRows + 1 }, () => plainRow(memoryDataset));
    assert.ok(!writer.fits(SLOT_BYTES, rows));
    assert.throws(() => writer.write(SLOT, SLOT_BYTES, rows, 0, 0), /at most 64 rows; came 65/);
    const fitting = rows.slice(1);
    assert.ok(writer.fits(maxBatchBytes(memoryDataset), fitting));
    writer.write(SLOT, SLOT_BYTES, fitting, 0, 0);
    assert.equal(writer.batch.rows, 64);
  });

  test("has a slot size that holds the longest names in every row, and not a byte more", () => {
    const rows = Array.from({ length: process.batchRows }, () => ({
      ...plainRow(process),
      name: "é".repeat(128),
    }));
    const bytes = maxBatchBytes(process);
    const writer = createRowWriter(sharedMemory(), process);
    assert.ok(writer.fits(bytes, rows) && !writer.fits(bytes - 8, rows));
  });

  test("gives the same public bytes for the same rows, whatever lay in the slot", () => {
    for (const dataset of testedDatasets) {
      fc.assert(
        fc.property(fc.array(rowOf(dataset), { maxLength: 8 }), (rows) => {
          sharedMemory(0);
          const clean = publicBatch(dataset, rows).message().slice();
          sharedMemory(0xdb);
          assert.deepEqual(publicBatch(dataset, rows).message().slice(), clean);
        }),
        { seed: SEED, numRuns: 10 },
      );
    }
  });

  test("refuses rows that no validator has seen", () => {
    const writer = createRowWriter(sharedMemory(), everything);
    const write = (row: object) => () =>
      writer.write(SLOT, SLOT_BYTES, [{ ...plainRow(everything), ...row }], 0, 0);
    assert.throws(write({ f64: null }), /row 0, column f64: expected a validated f64; came null/);
    assert.throws(write({ f64_in: "1" }), /expected a validated f64 or null; came string/);
    assert.throws(write({ u64: undefined }), /expected a validated u64; came undefined/);
    assert.throws(write({ category: "other" }), /expected a validated category; came string/);
    assert.throws(write({ bool: 1 }), /expected a validated bool; came number/);
    assert.throws(write({ name: 5 }), /expected a validated utf8; came number/);
    write({})();
  });

  test("leaves no identifier outside the raw part", () => {
    const rows = [{ ...plainRow(process), name: "canary-7431" }];
    const memory = sharedMemory();
    const writer = createRowWriter(memory, process);
    writer.write(SLOT, SLOT_BYTES, rows, 0, 0);
    const text = () => new TextDecoder().decode(new Uint8Array(memory.buffer).slice());
    assert.ok(text().includes("canary"));
    fakeAnonymize(process, writer.batch, rows);
    assert.ok(!text().includes("canary"));
  });
});
