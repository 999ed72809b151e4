import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Dataset, defineDataset } from "../../datasets/define.ts";
import { PLACES } from "../../datasets/places.ts";
import type { Rejection } from "../../datasets/rejection.ts";
import type { Row, RowValue } from "../../datasets/row.ts";
import { createRowValidator } from "../../datasets/validate.ts";
import { createColumnChecker } from "../../ingest/check-columns.ts";
import type { RawRow } from "../../ingest/decoder.ts";
import { PushTable, TABLE_ROWS } from "../../ingest/table.ts";
import type { ColumnType } from "../../runtime/batch/index.ts";
import { compileKernels, instantiateKernels } from "../../wasm/index.ts";
import { everything, plainRow } from "../fixtures/dataset-rows.ts";
import { fillTable, TABLE_AT, tableMemory } from "../fixtures/table-rows.ts";

const SEED = 20_261_123;
const memory = tableMemory(16);
const kernels = instantiateKernels(compileKernels(), memory);

const measure = { class: "measure", unit: "1", meaning: "A figure." } as const;
const identifier = { class: "identifier", kind: "thing", type: "utf8", meaning: "A thing." } as const;

/** What everything does not have: open bounds, lengths in characters, columns that may be left out. */
const bounded = defineDataset({
  name: "bounded",
  title: "Bounds of every kind",
  time: "at",
  batchRows: 64,
  slots: 4,
  derivations: [{ fills: ["derived"], derive: () => {} }],
  columns: {
    at: { class: "moment", type: "timestamp", default: "now", meaning: "When." },
    f64_above: { ...measure, type: "f64", above: 0 },
    f64_both: { ...measure, type: "f64", min: 0, max: 100 },
    f32_above: { ...measure, type: "f32", above: 0.5, nullable: true },
    i64_least: { ...measure, type: "i64", min: 1 },
    tier: { ...measure, type: "u8", min: 1, max: 3 },
    port: { ...measure, type: "u16", min: 1024, max: 65_534, nullable: true },
    count: { ...measure, type: "i32", min: -5, max: 2_000_000_000 },
    many: { ...measure, type: "u32", min: 3, max: 4_000_000_000 },
    derived: { ...measure, type: "f64", max: 10 },
    defaulted: { ...measure, type: "f64", min: 0, max: 1, default: 1 },
    flag: { ...measure, type: "bool" },
    in_bytes: { ...identifier, maxBytes: 8 },
    in_characters: { ...identifier, maxCharacters: 3, nullable: true },
    region: { class: "place", type: "category", values: PLACES, meaning: "Where." },
  },
});

function goodRow(dataset: Dataset): Row {
  return { ...plainRow(dataset), ...(dataset === bounded ? { in_characters: "€€€", region: "us-*" } : {}) };
}

/** What a column of that type can hold, mostly what lies around its bounds. */
function held(type: ColumnType, spec: Dataset["columns"][string]): fc.Arbitrary<RowValue> {
  const edges = [0, 1, 2, 3, 4, 10, 11, 100, 101, 255, 1000, 1001, 1023, 1024, 65_534, 65_535].flatMap(
    (edge) => [edge, 0 - edge],
  );
  const floats = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    5e-324,
    0.5,
    -0.5,
    100.00000000000001,
  ];
  const big = [
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 53n,
    2n ** 53n - 1n,
    253_402_300_799_999n,
    253_402_300_800_000n,
  ];
  const moments = [
    -62_167_219_200_000n,
    -62_167_219_200_001n,
    5_000_000_000n,
    5_000_000_001n,
    -5_000_000_001n,
  ];
  const asHeld = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
  switch (type) {
    case "f64":
      return fc.oneof(fc.constantFrom(...edges, ...floats), fc.double());
    case "f32":
      return fc.oneof(fc.constantFrom(...edges, ...floats), fc.double()).map(Math.fround);
    case "i32":
      return fc.constantFrom(...edges, 2_000_000_000, 2_000_000_001, -(2 ** 31), 2 ** 31 - 1);
    case "u32":
      return fc.constantFrom(...edges, 4_000_000_000, 4_000_000_001, 2 ** 32 - 1).map((value) => value >>> 0);
    case "u16":
      return fc.constantFrom(...edges).map((value) => value & 0xffff);
    case "u8":
      return fc.integer({ min: 0, max: 255 });
    case "u64":
      return fc
        .constantFrom(...edges.map((edge) => BigInt(edge)), ...big, ...moments)
        .map((value) => asHeld(BigInt.asUintN(64, value)));
    case "i64":
      return fc.constantFrom(...edges.map((edge) => BigInt(edge)), ...big, ...moments).map(asHeld);
    case "timestamp":
      // Held as a number wherever they lie: those beyond 2^53 are far from being moments, rounded or not.
      return fc
        .constantFrom(...edges.map((edge) => BigInt(edge)), ...big, ...moments)
        .map(Number)
        .filter((ms) => ms < 2 ** 63);
    case "bool":
      return fc.boolean();
    case "category":
      return fc.constantFrom(...(spec.type === "category" ? spec.values : []));
    case "utf8":
      return fc.string({ unit: fc.constantFrom("a", "é", "€", "😀", "\u{feff}"), maxLength: 6 });
  }
}

/** Rows that their columns hold, some with values that they do not take, some with values missing. */
function heldRows(dataset: Dataset): fc.Arbitrary<Row[]> {
  const good = goodRow(dataset);
  const cells = Object.entries(dataset.columns).map(([name, spec]) =>
    fc.tuple(
      fc.constant(name),
      fc.oneof(
        { weight: 6, arbitrary: fc.constant(good[name] as RowValue) },
        { weight: 2, arbitrary: held(dataset.plan.raw(name).type, spec) },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
    ),
  );
  const row = fc
    .tuple(...cells)
    .map((values) =>
      Object.fromEntries(values.filter((cell): cell is [string, RowValue] => cell[1] !== undefined)),
    );
  return fc.array(row, { maxLength: 70 });
}

interface Refused {
  readonly rejection: Rejection;
  readonly row: RawRow;
}

function checked(dataset: Dataset, table: PushTable): readonly Refused[] {
  const refused: Refused[] = [];
  const rejected = {
    reject: (rejection: Rejection, row: () => RawRow) => refused.push({ rejection, row: row() }),
  };
  createColumnChecker({ kernels, dataset, rejected })(table);
  return refused;
}

describe("the column checker", () => {
  test("says of every row what the validator says", () => {
    for (const dataset of [everything, bounded]) {
      const table = new PushTable(memory, dataset, TABLE_AT);
      const validate = createRowValidator(dataset);
      let refusals = 0;
      fc.assert(
        fc.property(heldRows(dataset), fc.integer({ min: 0, max: 255 }), (rows, junk) => {
          fillTable(memory, table, rows, junk);
          for (let row = 0; row < rows.length; row++) table.rowNumbers[row] = 1000 + row * 3;
          const expected = rows.flatMap((row, index) => {
            const verdict = validate(row, 1000 + index * 3);
            return verdict.ok ? [] : [{ rejection: verdict.rejection, row }];
          });
          refusals += expected.length;
          assert.deepEqual(checked(dataset, table), expected);
          const bad = rows.map((_, index) =>
            expected.some(({ rejection }) => rejection.row === 1000 + index * 3),
          );
          assert.deepEqual([...table.bad.subarray(0, rows.length)].map(Boolean), bad);
        }),
        { seed: SEED, numRuns: 150 },
      );
      assert.ok(refusals > 500);
    }
  });

  test("finds the one bad row of a full table, wherever it is, and nothing behind the last row", () => {
    const table = new PushTable(memory, bounded, TABLE_AT);
    const good = goodRow(bounded);
    const faults: readonly (readonly [string, RowValue | undefined])[] = [
      ["f64_above", 0],
      ["f64_both", 100.5],
      ["i64_least", 0],
      ["tier", 4],
      ["tier", undefined],
      ["count", -6],
      ["in_bytes", "123456789"],
      ["at", 253_402_300_800_000],
    ];
    for (const [index, [name, value]] of faults.entries()) {
      for (const at of [0, 1, 7, 8, 63, 64, 1000 + index, TABLE_ROWS - 9, TABLE_ROWS - 1]) {
        const rows = Array.from({ length: TABLE_ROWS }, () => good);
        const { [name]: _, ...without } = good;
        rows[at] = value === undefined ? without : { ...good, [name]: value };
        fillTable(memory, table, rows);
        assert.deepEqual(
          checked(bounded, table).map(({ rejection }) => [rejection.row, rejection.column]),
          [[at, name]],
        );
        table.bad.fill(0);
        table.rows = at;
        assert.deepEqual(checked(bounded, table), []);
      }
    }
  });

  test("leaves rows alone that are refused already, and looks at those that a bitmap leaves out of none", () => {
    const table = new PushTable(memory, bounded, TABLE_AT);
    const bad: Row = { ...goodRow(bounded), tier: 9 };
    fillTable(memory, table, [bad, bad, bad]);
    table.bad[1] = 1;
    for (const { place } of table.columns) place.validityAt = 0;
    assert.deepEqual(
      checked(bounded, table).map(({ rejection }) => rejection.row),
      [0, 2],
    );
  });

  test("says that a decoder wrote a code there is no value for", () => {
    const table = new PushTable(memory, bounded, TABLE_AT);
    fillTable(memory, table, [{ ...goodRow(bounded), region: 200 }]);
    assert.throws(() => checked(bounded, table), /wrote the code 200/);
  });
});
