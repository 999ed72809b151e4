/** The same bytes through apache-arrow: in place, and as an IPC stream. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Data, type RecordBatch, tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { Batch, concatBytes, END_OF_STREAM, streamPreamble } from "../../runtime/batch/index.ts";
import { type BatchCase, batchCase, type Value, writeCase } from "../fixtures/batch-cases.ts";
import { arrowSchema, publicArrow, rawArrow } from "./arrow-view.ts";

const SEED = 20_260_102;
const SLOT = 2048;
const SLOT_BYTES = 32768;

const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });

function written(given: BatchCase): Batch {
  new Uint8Array(memory.buffer).fill(0x3c);
  const batch = new Batch(memory, given.plan);
  writeCase(batch, SLOT, SLOT_BYTES, given);
  return batch;
}

function valuesOf(batch: RecordBatch, name: string): Value[] {
  const vector = batch.getChild(name);
  assert.ok(vector, `column ${name} is there`);
  return Array.from({ length: batch.numRows }, (_, row) => vector.get(row) as Value);
}

function assertInPlace(view: RecordBatch, memory: ArrayBufferLike): void {
  for (const data of view.data.children as Data[]) {
    assert.equal((data.values as Uint8Array).buffer, memory, "elements lie in the slot");
    if (data.valueOffsets) assert.equal(data.valueOffsets.buffer, memory, "offsets lie in the slot");
    if (data.nullable && data.nullBitmap && data.nullBitmap.length > 0) {
      assert.equal(data.nullBitmap.buffer, memory, "validity lies in the slot");
    }
  }
}

describe("a batch through apache-arrow", () => {
  test("has its public view in place, with every value and null", () => {
    fc.assert(
      fc.property(batchCase(), (given) => {
        const batch = written(given);
        const view = publicArrow(batch);
        assert.equal(view.numRows, given.rows);
        assertInPlace(view, batch.views.buffer);
        assert.deepEqual(
          view.schema.fields.map(({ name, nullable }) => [name, nullable]),
          given.plan.publicColumns.map(({ name, nullable }) => [name, nullable]),
        );
        for (const { name } of given.plan.publicColumns) {
          const values = given.values.get(name) ?? [];
          assert.deepEqual(valuesOf(view, name), values);
          assert.equal(view.getChild(name)?.nullCount, values.filter((value) => value === null).length);
        }
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test("has its raw view in place, under the names of the source", () => {
    fc.assert(
      fc.property(batchCase(), (given) => {
        const batch = written(given);
        const view = rawArrow(batch);
        assertInPlace(view, batch.views.buffer);
        assert.deepEqual(
          view.schema.fields.map(({ name }) => name),
          given.plan.schema.raw.map(({ name }) => name),
        );
        for (const { name } of given.plan.schema.raw) {
          const own = given.values.get(name.replace(/^raw_/, ""));
          assert.deepEqual(valuesOf(view, name), own);
        }
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test("is an IPC stream between preamble and end, of one batch, none or several", () => {
    fc.assert(
      fc.property(batchCase(), fc.integer({ min: 0, max: 3 }), (given, times) => {
        const batch = written(given);
        batch.seal();
        const messages = Array.from({ length: times }, () => batch.message());
        const metadata = new Map([["millrace.test", "ä = 1"]]);
        const preamble = streamPreamble(given.plan.schema.public, metadata);
        assert.equal(preamble.byteLength % 8, 0);
        const table = tableFromIPC(concatBytes([preamble, ...messages, END_OF_STREAM]));
        assert.equal(table.numRows, given.rows * times);
        assert.deepEqual(table.schema.metadata, metadata);
        assert.deepEqual(
          table.schema.fields.map(String),
          arrowSchema(given.plan.schema.public).fields.map(String),
          "the preamble's schema is that of the view in place",
        );
        // apache-arrow makes a stream of no batch one empty batch.
        for (const read of times === 0 ? [] : table.batches) {
          for (const { name } of given.plan.publicColumns) {
            assert.deepEqual(valuesOf(read, name), given.values.get(name));
          }
        }
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test("counts its nulls in its metadata", () => {
    fc.assert(
      fc.property(batchCase(), (given) => {
        const batch = written(given);
        batch.seal();
        const stream = concatBytes([
          streamPreamble(given.plan.schema.public),
          batch.message(),
          END_OF_STREAM,
        ]);
        const children = tableFromIPC(stream).batches[0]?.data.children ?? [];
        given.plan.publicColumns.forEach(({ name }, index) => {
          const nulls = (given.values.get(name) ?? []).filter((value) => value === null).length;
          // The count that was sent, not one that is made from the bitmap.
          const { _nullCount: sent } = children[index] as unknown as { _nullCount: number };
          assert.equal(sent, nulls);
        });
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});
