import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import { defineDataset } from "../../datasets/define.ts";
import type { Rejection } from "../../datasets/rejection.ts";
import type { Row } from "../../datasets/row.ts";
import type { DerivingRows } from "../../datasets/spec.ts";
import type { RawRow } from "../../ingest/decoder.ts";
import { createDeriver } from "../../ingest/derive.ts";
import { PushTable, TABLE_ROWS, tableBytes } from "../../ingest/table.ts";
import { rowOf } from "../../ingest/table-values.ts";
import { measuredRow, without } from "../fixtures/compression-rows.ts";
import { derived } from "../fixtures/deriving-rows.ts";
import { fillTable, TABLE_AT, tableMemory } from "../fixtures/table-rows.ts";

const SEED = 20_261_125;
const ARRIVED_MS = Date.UTC(2026, 0, 2);
const memory = tableMemory(16);
const table = new PushTable(memory, compressionTelemetry, TABLE_AT);
/** Behind the table: what stands for a body that its columns lie in. */
const BODY_AT = 8 * 2 ** 20;

interface Refused {
  readonly rejection: Rejection;
  readonly row: RawRow;
}

function derive(of: PushTable = table, elapsedMs: () => number = () => 0): readonly Refused[] {
  const refused: Refused[] = [];
  const rejected = {
    reject: (rejection: Rejection, row: () => RawRow) => refused.push({ rejection, row: row() }),
  };
  createDeriver({ dataset: of.dataset, rejected }, elapsedMs)(of, ARRIVED_MS);
  return refused;
}

const stored: Row = { ...measuredRow, region: "us-*" };
const changes = fc.record(
  {
    timestamp: fc.constantFrom(0, ARRIVED_MS, ARRIVED_MS + 400_000),
    hde_latency_ms: fc.constantFrom(0, 1, 2.5, 40),
    amst_cpu_usage: fc.constantFrom(0, 1, 100),
    amst_stream_count: fc.constantFrom(1, 2_147_483_647),
    bandwidth_available_mbps: fc.constantFrom(1, 400, 1e308),
    oracle_algorithm: fc.constantFrom("HDE", "AMST"),
    oracle_utility_score: fc.constantFrom(0, 1600 / 2.000001),
    oracle_computation_time_ms: fc.constant(4),
    is_training_candidate: fc.boolean(),
    quality_score: fc.constantFrom(0, 0.5),
  },
  { noNullPrototype: true },
);
const GIVEN = [
  ...["timestamp", "hde_latency_ms", "amst_cpu_usage", "amst_stream_count", "bandwidth_available_mbps"],
  ...["oracle_algorithm", "oracle_utility_score", "oracle_computation_time_ms", "is_training_candidate"],
  "quality_score",
];
const left = fc.subarray([
  ...["hde_latency_ms", "hde_cpu_usage", "amst_stream_count", "amst_transfer_rate_mbps", "amst_latency_ms"],
  ...["entropy_estimate", "repetition_score", "session_id", "hde_compression_ratio", "hde_delta_hit_rate"],
]);
const someRow = fc
  .tuple(changes, fc.subarray(GIVEN, { maxLength: 3 }), left)
  .map(([given, chosen, names]) => ({
    ...without(stored, ...names),
    ...without(given, ...GIVEN.filter((name) => !chosen.includes(name))),
  }));

/** What a table has of its good rows. */
function goodRows(of: PushTable): readonly Row[] {
  return Array.from({ length: of.rows }, (_, row) => row)
    .filter((row) => of.bad[row] === 0)
    .map((row) => rowOf(of.views, of, row) as Row);
}

/** Rows that are good, without what is missing, and refusals by the number of the row: as plain objects have it. */
function expected(rows: readonly Row[], numberOf: (row: number) => number) {
  let ms = 0;
  const plain = derived(compressionTelemetry, rows, ARRIVED_MS, () => ms++);
  const refused = plain.refusals.map(({ row, ...refusal }) => ({
    rejection: { row: numberOf(row), reason: "derived" as const, ...refusal },
    row: Object.fromEntries(
      Object.keys(compressionTelemetry.columns).flatMap((name) =>
        name in rows[row]! ? [[name, rows[row]![name]]] : [],
      ),
    ),
  }));
  const good = plain.rows
    .filter((_, row) => plain.refusals.every((refusal) => refusal.row !== row))
    .map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)));
  return { refused: refused.sort((one, other) => one.rejection.row - other.rejection.row), good };
}

/** Moves the columns into the body, each without its bitmap where it is whole; gives what the body then holds. */
function moveToBody(names: readonly string[]): Buffer {
  const bytes = new Uint8Array(memory.buffer);
  const all = tableBytes(compressionTelemetry);
  bytes.copyWithin(BODY_AT, TABLE_AT, TABLE_AT + all);
  for (const column of table.columns) {
    if (!names.includes(column.name)) continue;
    const { own, place } = column;
    const isWhole = Array.from({ length: table.rows }, (_, row) => row).every((row) =>
      table.isThere(column, row),
    );
    place.dataAt = own.dataAt - TABLE_AT + BODY_AT;
    place.validityAt = isWhole ? 0 : own.validityAt - TABLE_AT + BODY_AT;
    // What is left of it in the table's own storage means nothing.
    bytes.fill(0x5a, own.dataAt, own.validityAt + TABLE_ROWS / 8);
  }
  return Buffer.from(bytes.slice(BODY_AT, BODY_AT + all));
}

describe("the deriver", () => {
  test("does to a table what the derivations do to plain objects, wherever its columns lie", () => {
    const numbers = table.columns.filter(({ type }) => type !== "utf8").map(({ name }) => name);
    let [good, bad] = [0, 0];
    fc.assert(
      fc.property(
        fc.array(someRow, { maxLength: 30 }),
        fc.subarray(numbers),
        fc.integer({ min: 0, max: 255 }),
        (rows, inBody, junk) => {
          fillTable(memory, table, rows, junk);
          for (let row = 0; row < rows.length; row++) table.rowNumbers[row] = 500 + row * 2;
          const body = moveToBody(inBody);
          let ms = 0;
          const refused = [...derive(table, () => ms++)];
          const plain = expected(rows, (row) => 500 + row * 2);
          assert.deepEqual(
            refused.sort((one, other) => one.rejection.row - other.rejection.row),
            plain.refused,
          );
          assert.deepEqual(goodRows(table), plain.good);
          assert.ok(
            body.equals(new Uint8Array(memory.buffer, BODY_AT, body.length)),
            "the body is as it came",
          );
          good += plain.good.length;
          bad += plain.refused.length;
        },
      ),
      { seed: SEED, numRuns: 150 },
    );
    assert.ok(good > 500 && bad > 100, `${good} good and ${bad} bad`);
  });

  test("fills the last row of a full table as it does the first", () => {
    const rows = Array.from({ length: TABLE_ROWS }, () => stored);
    fillTable(memory, table, rows);
    assert.deepEqual(derive(), []);
    const good = goodRows(table);
    assert.deepEqual(good.at(-1), good[0]);
    assert.deepEqual({ ...good[0], oracle_computation_time_ms: 1 }, expected([stored], (row) => row).good[0]);
    assert.equal(good.length, TABLE_ROWS);
  });

  test("passes over rows that are refused already", () => {
    const wrong = { ...stored, oracle_algorithm: "AMST" };
    fillTable(memory, table, [wrong, stored, wrong]);
    table.bad[0] = 1;
    assert.deepEqual(
      derive().map(({ rejection }) => [rejection.row, rejection.column]),
      [[2, "oracle_algorithm"]],
    );
    assert.deepEqual([...table.bad.subarray(0, 3)], [1, 0, 1]);
  });

  test("has nothing left of the table before", () => {
    const run = createDeriver(
      { dataset: compressionTelemetry, rejected: { reject: () => assert.fail("nothing is refused") } },
      () => 0,
    );
    fillTable(memory, table, [{ ...stored, oracle_algorithm: "HDE", quality_score: 0.5 }]);
    run(table, ARRIVED_MS);
    fillTable(memory, table, [{ ...stored, amst_latency_ms: 1 }]);
    run(table, ARRIVED_MS);
    const [row] = goodRows(table);
    assert.deepEqual([row?.["oracle_algorithm"], row?.["quality_score"]], ["AMST", 1]);
    table.rows = 0;
    run(table, ARRIVED_MS);
  });

  test("does nothing where nothing is derived", () => {
    const plain = defineDataset({
      ...{ name: "plain", title: "Plain", time: "at", batchRows: 1, slots: 2 },
      columns: { at: { class: "moment", type: "timestamp", meaning: "When." } },
    });
    const of = new PushTable(memory, plain, TABLE_AT);
    fillTable(memory, of, [{ at: 5 }]);
    assert.deepEqual(derive(of), []);
    assert.deepEqual(goodRows(of), [{ at: 5 }]);
  });
});

describe("a derivation", () => {
  const measure = { class: "measure", unit: "1", meaning: "A figure." } as const;
  const declare = (run: (rows: DerivingRows) => void, ...fills: string[]) =>
    defineDataset({
      ...{ name: "derived", title: "Derived", time: "at", batchRows: 64, slots: 2 },
      derivations: [{ fills, derive: run }],
      columns: {
        at: { class: "moment", type: "timestamp", meaning: "When." },
        id: { class: "identifier", type: "utf8", kind: "thing", meaning: "A thing." },
        f64: { ...measure, type: "f64", nullable: true },
        f32: { ...measure, type: "f32", nullable: true },
        i64: { ...measure, type: "i64", nullable: true },
        u64: { ...measure, type: "u64", nullable: true },
        i32: { ...measure, type: "i32", nullable: true },
        u32: { ...measure, type: "u32", nullable: true },
        u16: { ...measure, type: "u16", nullable: true },
        u8: { ...measure, type: "u8", nullable: true },
        bool: { ...measure, type: "bool", nullable: true },
        category: {
          class: "category",
          type: "category",
          values: ["a", "b"],
          meaning: "A kind.",
          nullable: true,
        },
        owed: { ...measure, type: "f64" },
      },
    });
  const most: Row = {
    ...{
      at: ARRIVED_MS,
      id: "x",
      f64: 0.1,
      f32: 0.5,
      i64: -(2 ** 53 - 1),
      u64: 2 ** 53 - 1,
      i32: -(2 ** 31),
    },
    ...{ u32: 2 ** 32 - 1, u16: 65_535, u8: 255, bool: true, category: "b", owed: 1 },
  };

  test("reads and fills columns of every type", () => {
    const names = Object.keys(most).filter((name) => !["at", "id"].includes(name));
    // Takes each value of row 0 over into the others.
    const dataset = declare(
      (rows) => {
        for (const name of names) {
          const cells = rows.cells(name);
          assert.equal(cells.isWhole, false);
          for (let row = 1; row < rows.rows; row++) {
            assert.equal(cells.isThere(row), false);
            cells.set(row, cells.get(0));
            assert.ok(cells.isThere(row) && cells.get(row) === cells.get(0));
          }
        }
        assert.ok(rows.cells("at").isWhole && rows.cells("at").get(0) === ARRIVED_MS);
        assert.equal(rows.arrivedMs, ARRIVED_MS);
      },
      ...names,
    );
    const of = new PushTable(memory, dataset, TABLE_AT);
    for (const count of [2, 8, 9, 17]) {
      const bare = { at: ARRIVED_MS, id: "x" };
      fillTable(memory, of, [most, ...Array.from({ length: count - 1 }, () => bare)], 0xff);
      assert.deepEqual(derive(of), []);
      assert.deepEqual(
        goodRows(of),
        Array.from({ length: count }, () => most),
      );
    }
  });

  test("that does not fill what must be there has its row refused", () => {
    const dataset = declare((rows) => rows.cells("owed").set(1, 5), "owed", "f64");
    const of = new PushTable(memory, dataset, TABLE_AT);
    const { owed: _, ...bare } = most;
    fillTable(memory, of, [bare, bare, most]);
    assert.deepEqual(
      derive(of).map(({ rejection, row }) => [
        rejection.row,
        rejection.column,
        rejection.reason,
        row?.["owed"],
      ]),
      [[0, "owed", "derived", undefined]],
    );
    assert.deepEqual(goodRows(of), [{ ...bare, owed: 5 }, most]);
  });

  test("refuses a row once, and has no text to derive from", () => {
    const twice = declare((rows) => {
      rows.refuse(0, "f64", "more", "less");
      rows.refuse(0, "f32", "more", "less");
    });
    const of = new PushTable(memory, twice, TABLE_AT);
    fillTable(memory, of, [most]);
    const refused = derive(of);
    assert.deepEqual(refused, [
      { rejection: { row: 0, column: "f64", reason: "derived", expected: "more", got: "less" }, row: most },
    ]);
    for (const name of ["id", "none"]) {
      const wrong = new PushTable(
        memory,
        declare((rows) => rows.cells(name)),
        TABLE_AT,
      );
      fillTable(memory, wrong, [most]);
      assert.throws(() => derive(wrong), new RegExp(name));
    }
  });
});
