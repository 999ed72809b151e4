import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Dataset } from "../../datasets/define.ts";
import { RowBuilder } from "../../ingest/row-builder.ts";
import { PushTable, TABLE_ROWS, TABLE_TEXT_BYTES, tableBytes } from "../../ingest/table.ts";
import { rowOf as tableRow } from "../../ingest/table-values.ts";
import { viewsOf } from "../../runtime/batch/index.ts";
import { everything, plainRow, rowOf } from "../fixtures/dataset-rows.ts";

const SEED = 20_261_123;
const SOURCE_AT = 0;
const TABLE_AT = 1024;
const memory = { buffer: new SharedArrayBuffer(TABLE_AT + tableBytes(everything)) };
const views = viewsOf(memory.buffer);

function open(dataset: Dataset = everything) {
  views.u8.fill(0);
  const table = new PushTable(memory, dataset, TABLE_AT);
  table.clear();
  const builder = new RowBuilder(memory, table);
  const indexOf = (name: string) => table.columns.findIndex((column) => column.name === name);
  /** Puts a text where it can be copied from. */
  const put = (text: string | readonly number[]) => {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    views.u8.set(bytes, SOURCE_AT);
    return [SOURCE_AT, SOURCE_AT + bytes.length] as const;
  };
  /** Everything that is in the table's storage. */
  const bytes = () => views.u8.slice(TABLE_AT);
  return { table, builder, indexOf, put, bytes };
}

describe("the row builder", () => {
  test("holds every validated row as it was", () => {
    fc.assert(
      fc.property(fc.array(rowOf(everything), { maxLength: 20 }), (rows) => {
        const { table, builder } = open();
        for (const [index, row] of rows.entries()) assert.ok(builder.append(row, index * 3));
        assert.equal(table.rows, rows.length);
        for (const [index, row] of rows.entries()) {
          assert.equal(table.rowNumbers[index], index * 3);
          const there = Object.entries(row).filter(([, value]) => value !== null);
          const held = there.map(([name, value]) => {
            const isFloat = everything.columns[name]?.type === "f32";
            return [name, isFloat ? Math.fround(value as number) : value];
          });
          assert.deepEqual(tableRow(views, table, index), Object.fromEntries(held));
        }
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  test("leaves no byte of a row that is rewound, nor of a text that is written over", () => {
    const { table, builder, indexOf, put, bytes } = open();
    builder.append(plainRow(everything), 0);
    const data = new Set(["bool", "bool_or"]);
    const before = bytes();
    assert.ok(builder.begin(1));
    for (const [index, column] of table.columns.entries()) {
      if (column.type === "utf8") assert.ok(builder.setText(index, ...put("an identifier")));
      else if (data.has(column.name)) assert.ok(builder.setBool(index, false));
    }
    assert.ok(builder.setText(indexOf("name"), ...put("short")));
    builder.rewind();
    assert.deepEqual(bytes(), before);

    assert.ok(builder.begin(1));
    builder.setText(indexOf("name"), ...put("an identifier"));
    builder.setText(indexOf("name"), ...put("id"));
    builder.setText(indexOf("name_or"), ...put("another"));
    builder.setMissing(indexOf("name_or"));
    builder.commit();
    assert.deepEqual(tableRow(views, table, 1), { name: "id" });
    const text = (name: string) => {
      const { own } = table.column(name);
      return views.u8.slice(own.textAt, own.textAt + 40).filter((byte) => byte !== 0).length;
    };
    assert.equal(text("name"), "a name".length + "id".length);
    assert.equal(text("name_or"), "a name".length);
  });

  test("refuses numbers that a column does not hold as they are, and takes those at the edges", () => {
    const { table, builder, indexOf } = open();
    const cases: readonly (readonly [string, readonly number[], readonly number[]])[] = [
      ["u8", [0, 255, -0], [-1, 256, 0.5]],
      ["u16", [0, 65_535], [-1, 65_536, 1.5]],
      ["u32", [0, 2 ** 32 - 1], [-1, 2 ** 32, 0.1]],
      ["i32", [-(2 ** 31), 2 ** 31 - 1], [-(2 ** 31) - 1, 2 ** 31, 0.1]],
      ["u64", [0, 2 ** 53 - 1], [-1, 2 ** 53, 0.5]],
      ["i64", [-(2 ** 53) + 1, 2 ** 53 - 1], [-(2 ** 53), 2 ** 53, 0.5]],
      ["at", [-62_167_219_200_000, 253_402_300_799_999], [-62_167_219_200_001, 253_402_300_800_000, 0.5]],
      ["f64", [Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324], [Number.POSITIVE_INFINITY, Number.NaN]],
      [
        "f32_in",
        [0.123456789, -3.4028234663852886e38],
        [0.12345679, -3.5e38, Number.NEGATIVE_INFINITY, Number.NaN],
      ],
      ["bool", [], [0, 1]],
      ["category", [], [0]],
      ["name", [], [0]],
    ];
    assert.ok(builder.begin(0));
    for (const [name, taken, refused] of cases) {
      const index = indexOf(name);
      for (const value of refused) assert.equal(builder.setNumber(index, value), false, `${name} ${value}`);
      assert.equal(table.isThere(table.columns[index]!, 0), false, `${name} is not there`);
      for (const value of taken) assert.equal(builder.setNumber(index, value), true, `${name} ${value}`);
    }
    for (const [name, isTaken] of [
      ["id64", true],
      ["u64", false],
      ["i64", false],
      ["at", false],
    ] as const) {
      assert.equal(builder.setWide(indexOf(name), 0xffffffff, 0xfffffffe), isTaken, name);
    }
    assert.equal(builder.setBool(indexOf("u8"), true), false);
    assert.equal(builder.setCode(indexOf("u8"), 1), false);
    builder.commit();
    assert.equal(tableRow(views, table, 0)["id64"], 2n ** 64n - 2n);
  });

  test("takes texts of as many bytes as are declared, in UTF-8 alone", () => {
    const { builder, indexOf, put } = open();
    assert.ok(builder.begin(0));
    const name = indexOf("name");
    assert.ok(builder.setText(name, ...put("x".repeat(16))));
    assert.equal(builder.setText(name, ...put("x".repeat(17))), false);
    assert.equal(builder.isFull, false);
    assert.equal(builder.setText(name, ...put([0x61, 0xff])), false);
    assert.equal(builder.setText(indexOf("f64"), ...put("1")), false);
    builder.rewind();
    assert.throws(() => builder.append({ ...plainRow(everything), name: "x".repeat(17) }, 0), TypeError);
    assert.throws(() => builder.append({ ...plainRow(everything), category: "none of them" }, 0), TypeError);
  });

  test("is full behind the last row, and when a column has no room for a text", () => {
    const { table, builder } = open();
    const row = { ...plainRow(everything), name_or: null };
    for (let index = 0; index < TABLE_ROWS; index++) assert.ok(builder.append(row, index));
    assert.equal(builder.append(row, TABLE_ROWS), false);
    assert.ok(builder.isFull);
    assert.equal(table.rows, TABLE_ROWS);
    table.clear();
    const long = { ...row, name_or: "y".repeat(256) };
    const room = TABLE_TEXT_BYTES / 256;
    for (let index = 0; index < room; index++) assert.ok(builder.append(long, index));
    assert.equal(builder.append(long, room), false);
    assert.ok(builder.isFull);
    assert.equal(table.rows, room);
    // One without that text still goes in, as if nothing had been tried.
    assert.ok(builder.append(row, room));
    assert.equal(tableRow(views, table, room)["name_or"], undefined);
  });

  test("refuses to serve a column whose one text could be longer than a table has room for", () => {
    const spec = { ...everything.columns["name"]!, maxBytes: TABLE_TEXT_BYTES + 1 };
    const wide = { ...everything, columns: { ...everything.columns, name: spec } } as Dataset;
    assert.throws(() => new RowBuilder(memory, new PushTable(memory, wide, TABLE_AT)), RangeError);
  });
});
