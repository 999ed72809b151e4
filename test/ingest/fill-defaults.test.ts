import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { defineDataset } from "../../datasets/define.ts";
import type { Row } from "../../datasets/row.ts";
import { fillDefaults } from "../../ingest/fill-defaults.ts";
import { PushTable, TABLE_ROWS, tableBytes } from "../../ingest/table.ts";
import { rowOf } from "../../ingest/table-values.ts";
import { fillTable, TABLE_AT, tableMemory } from "../fixtures/table-rows.ts";

const SEED = 20_261_126;
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const BODY_AT = 4 * 2 ** 20;
const measure = { class: "measure", unit: "1", meaning: "A figure." } as const;
const memory = tableMemory(8);

const dataset = defineDataset({
  name: "defaults",
  title: "Defaults of every type",
  time: "at",
  batchRows: 64,
  slots: 4,
  columns: {
    at: { class: "moment", type: "timestamp", default: "now", meaning: "When." },
    seen: { class: "moment", type: "timestamp", nullable: true, meaning: "When it was seen." },
    f64: { ...measure, type: "f64", default: -0.5 },
    f32: { ...measure, type: "f32", default: 0.5 },
    i64: { ...measure, type: "i64", default: -(2 ** 53 - 1) },
    u64: { ...measure, type: "u64", default: 2 ** 53 - 1 },
    i32: { ...measure, type: "i32", default: -7 },
    u32: { ...measure, type: "u32", default: 4_294_967_295 },
    u16: { ...measure, type: "u16", default: 65_535 },
    u8: { ...measure, type: "u8", default: 255 },
    yes: { ...measure, type: "bool", default: true },
    no: { ...measure, type: "bool", default: false },
    must: { ...measure, type: "u8" },
  },
});
const DEFAULTS: Row = {
  ...{ at: NOW_MS, f64: -0.5, f32: 0.5, i64: -(2 ** 53 - 1), u64: 2 ** 53 - 1, i32: -7, u32: 4_294_967_295 },
  ...{ u16: 65_535, u8: 255, yes: true, no: false },
};
const given: fc.Arbitrary<Row> = fc.record(
  {
    ...{
      at: fc.constant(1),
      seen: fc.constant(2),
      f64: fc.constant(3),
      f32: fc.constant(4),
      i64: fc.constant(5),
    },
    ...{
      u64: fc.constant(6),
      i32: fc.constant(7),
      u32: fc.constant(8),
      u16: fc.constant(9),
      u8: fc.constant(10),
    },
    ...{ yes: fc.boolean(), no: fc.boolean(), must: fc.constant(11) },
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe("defaults", () => {
  test("are where nothing was given, wherever the columns lie, and nowhere else", () => {
    const table = new PushTable(memory, dataset, TABLE_AT);
    const bytes = new Uint8Array(memory.buffer);
    const names = table.columns.map(({ name }) => name);
    fc.assert(
      fc.property(
        fc.array(given, { maxLength: 40 }),
        fc.subarray(names),
        fc.integer({ min: 0, max: 255 }),
        (rows, inBody, junk) => {
          fillTable(memory, table, rows, junk);
          bytes.copyWithin(BODY_AT, TABLE_AT, TABLE_AT + tableBytes(dataset));
          for (const { name, own, place } of table.columns) {
            if (!inBody.includes(name)) continue;
            place.dataAt = own.dataAt - TABLE_AT + BODY_AT;
            place.validityAt = own.validityAt - TABLE_AT + BODY_AT;
            if (rows.every((row) => name in row)) place.validityAt = 0;
            bytes.fill(0x5a, own.dataAt, own.validityAt + TABLE_ROWS / 8);
          }
          const body = Buffer.from(bytes.slice(BODY_AT, BODY_AT + tableBytes(dataset)));
          fillDefaults(table, NOW_MS);
          for (const [row, values] of rows.entries()) {
            assert.deepEqual(rowOf(table.views, table, row), ordered({ ...DEFAULTS, ...values }));
          }
          assert.ok(body.equals(bytes.subarray(BODY_AT, BODY_AT + body.length)), "the body is as it came");
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });

  test("fill a full table, and one whose last row alone lacks something", () => {
    const table = new PushTable(memory, dataset, TABLE_AT);
    fillTable(
      memory,
      table,
      Array.from({ length: TABLE_ROWS }, () => ({})),
    );
    fillDefaults(table, NOW_MS);
    for (const row of [0, 7, 8, TABLE_ROWS - 1]) assert.deepEqual(rowOf(table.views, table, row), DEFAULTS);
    for (const rows of [1, 8, 9, TABLE_ROWS - 1, TABLE_ROWS]) {
      const last = (row: number) => (row === rows - 1 ? {} : { at: 1 });
      fillTable(
        memory,
        table,
        Array.from({ length: rows }, (_, row) => last(row)),
      );
      fillDefaults(table, NOW_MS);
      assert.equal(rowOf(table.views, table, rows - 1)["at"], NOW_MS);
      if (rows > 1) assert.equal(rowOf(table.views, table, rows - 2)["at"], 1);
    }
  });
});

function ordered(row: Row): Row {
  return Object.fromEntries(
    Object.keys(dataset.columns).flatMap((name) => (name in row ? [[name, row[name]!]] : [])),
  );
}
