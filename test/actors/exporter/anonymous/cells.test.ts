import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { batchesOf } from "../../../../actors/exporter/anonymous/anonymous-table.ts";
import { packCells, tupleWords } from "../../../../actors/exporter/anonymous/cells.ts";
import { generalizeCells } from "../../../../actors/exporter/anonymous/generalize.ts";
import type { TableShape } from "../../../../datasets/shape.ts";
import { Batch, BatchPlan, type Column, type ColumnType } from "../../../../runtime/batch/index.ts";
import { ALL_TYPES, readValue, typeValue, type Value, writeColumn } from "../../../fixtures/batch-cases.ts";
import { everything } from "../../../fixtures/dataset-rows.ts";

const TYPES = ALL_TYPES.filter((type) => type !== "utf8");
const memory = new WebAssembly.Memory({ initial: 2 });
const bytes = memory.buffer.byteLength;

function batchOf(type: ColumnType, values: readonly Value[]) {
  const field = { name: "x", type, nullable: true, values: ["a", "b", "c"] };
  const batch = new Batch(memory, new BatchPlan({ public: [field], raw: [] }));
  batch.begin(0, bytes, values.length, { firstSequence: 0 });
  const column = batch.plan.public("x");
  writeColumn(batch, column, values);
  return { batch, column };
}

function packed(type: ColumnType, values: readonly Value[]): Uint32Array {
  const { batch, column } = batchOf(type, values);
  const words = new Uint32Array(values.length * tupleWords(1));
  packCells(batch, column, 0, values.length, words, 1, 0);
  return words;
}

function unpacked(column: Column, words: Uint32Array): readonly Value[] {
  const [dataColumn] = everything.publicColumns;
  const { name, type, nullable, values = [] } = column;
  const field = { name, type, nullable, values };
  const publicColumns = [{ ...dataColumn!, name, field }];
  const plan = new BatchPlan({ public: [field], raw: [] });
  const shape: TableShape = { name: "test", title: "", time: "at", plan, publicColumns };
  const width = tupleWords(1);
  const rows = Array.from({ length: words.length / width }, (_, index) => ({ words, at: index * width }));
  const found: Value[] = [];
  for (const batch of batchesOf(shape, rows)) {
    for (let row = 0; row < batch.rows; row++) found.push(readValue(batch, plan.public(name), row));
  }
  return found;
}

const read = (type: ColumnType, values: readonly Value[]) => {
  const { batch, column } = batchOf(type, values);
  return values.map((_, row) => readValue(batch, column, row));
};
const compareWords = (words: Uint32Array, a: number, b: number) =>
  words[a]! - words[b]! || words[a + 1]! - words[b + 1]!;

describe("a cell", () => {
  for (const type of TYPES) {
    test(`holds every ${type}, and null`, () => {
      fc.assert(
        fc.property(fc.array(fc.option(typeValue(type)), { maxLength: 20 }), (values) => {
          const { column } = batchOf(type, values);
          const expected = read(type, values).map((value) => (value === 0 ? 0 : value));
          assert.deepEqual(unpacked(column, packed(type, values)), expected);
        }),
        { numRuns: 40, seed: 5 },
      );
    });

    test(`has the order of ${type}`, () => {
      fc.assert(
        fc.property(typeValue(type), typeValue(type), (a, b) => {
          const words = packed(type, [a, b]);
          const [first, second] = type === "category" ? [words[1]!, words[4]!] : read(type, [a, b]);
          const order = compareWords(words, 0, tupleWords(1));
          if (Number.isNaN(first) || Number.isNaN(second)) return;
          assert.equal(Math.sign(order), first! < second! ? -1 : first! > second! ? 1 : 0);
        }),
        { numRuns: 200, seed: 6 },
      );
    });
  }

  test("rounds to what its type holds", () => {
    const round = (type: ColumnType, value: Value) => {
      const words = packed(type, [value]);
      generalizeCells(type, "3 digits", words, 0, 1, 1, 0);
      return unpacked(batchOf(type, [value]).column, words)[0];
    };
    assert.equal(round("i32", 2_147_483_647), 2_147_483_647);
    assert.equal(round("i32", -2_147_483_648), -2_147_483_648);
    assert.equal(round("u32", 4_294_967_295), 4_290_000_000);
    assert.equal(round("u16", 65_535), 65_500);
    assert.equal(round("u8", 255), 255);
    assert.equal(round("u64", 2n ** 64n - 1n), 18_400_000_000_000_000_000n);
    assert.equal(round("i64", -(2n ** 63n)), -9_220_000_000_000_000_000n);
    assert.equal(round("f32", 0.123456), Math.fround(0.123));
    assert.equal(round("bool", true), true);
    assert.equal(round("f64", null), null);
  });

  test("takes moments before 1970 down, not towards it", () => {
    const down = (step: "hour" | "day", ms: number) => {
      const words = packed("timestamp", [ms]);
      generalizeCells("timestamp", step, words, 0, 1, 1, 0);
      return new Date(Number(unpacked(batchOf("timestamp", [ms]).column, words)[0])).toISOString();
    };
    assert.equal(down("hour", -1), "1969-12-31T23:00:00.000Z");
    assert.equal(down("day", -1), "1969-12-31T00:00:00.000Z");
    assert.equal(down("hour", Date.UTC(2026, 1, 1, 4, 59, 59, 999)), "2026-02-01T04:00:00.000Z");
    assert.equal(down("day", Date.UTC(2026, 1, 1)), "2026-02-01T00:00:00.000Z");
  });

  test("leaves nothing of what is removed, not even that it was missing", () => {
    const words = packed("f64", [1.5, null]);
    generalizeCells("f64", "removed", words, 0, 2, 1, 0);
    assert.deepEqual([...words], [0, 0, 0, 0, 0, 0]);
  });

  test("tells zero from nothing, beyond 32 columns too", () => {
    const { batch, column } = batchOf("u8", [null, 0]);
    const words = new Uint32Array(2 * tupleWords(40));
    packCells(batch, column, 0, 2, words, 40, 35);
    assert.equal(tupleWords(40), 82);
    assert.equal(words[81], 8);
    assert.equal(words[82 + 81], 0);
  });
});
