import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Dataset } from "../../../datasets/define.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { encodeNotice } from "../../../datasets/records/index.ts";
import type { RowRun } from "../../../datasets/row-run.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import { everything, plainRow } from "../../fixtures/dataset-rows.ts";
import { mixed } from "../../fixtures/mixed-rows.ts";
import { publicBatch } from "../../fixtures/public-batches.ts";
import { readMsgpack } from "./msgpack-reader.ts";
import { asRead, encoded, forMixedRows, forRandomRows, rowsOf, valuesOf } from "./support.ts";

const OPTIONS = { format: "msgpack", framing: "raw" } as const;

function expected(
  dataset: Dataset,
  batch: PublicBatch,
  runs: readonly RowRun[],
  columns?: readonly string[],
) {
  return rowsOf(runs).map(
    (row) =>
      new Map<string, unknown>([
        ["dataset", dataset.name],
        ["sequence", BigInt(batch.firstSequence + row)],
        ...valuesOf(dataset, batch, row, columns).map(
          ([name, value]) => [name, asRead(dataset, name, value)] as const,
        ),
      ]),
  );
}

describe("records as MessagePack", () => {
  test("property: say what is in the rows, in the order of the columns", () => {
    forRandomRows(71, (dataset, batch, runs, columns) => {
      const all = readMsgpack(encoded(dataset, OPTIONS, batch, runs));
      assert.deepEqual(all, expected(dataset, batch, runs));
      const some = readMsgpack(encoded(dataset, { ...OPTIONS, columns }, batch, runs)) as Map<
        string,
        unknown
      >[];
      assert.deepEqual(some, expected(dataset, batch, runs, columns));
      assert.deepEqual([...some[0]!.keys()], ["dataset", "sequence", ...columns]);
    });
  });

  test("say every value that a type can hold, in batches that the buffer grows for", () => {
    forMixedRows(2000, (batch) => {
      const runs = [{ from: 0, to: batch.rows }];
      assert.deepEqual(readMsgpack(encoded(mixed, OPTIONS, batch)), expected(mixed, batch, runs));
    });
  });

  test("are these bytes, exactly so", () => {
    const row = {
      ...plainRow(optimization),
      timestamp: 1_767_225_600_007,
      before_available_mb: 0.5,
      processes_trimmed: 300,
      duration_ms: 70_000,
    };
    const batch = publicBatch(optimization, [row], 129);
    const columns = [
      "timestamp",
      "trigger",
      "before_available_mb",
      "processes_trimmed",
      "duration_ms",
      "success",
    ];
    const key = (name: string) => (0xa0 + name.length).toString(16) + Buffer.from(name).toString("hex");
    assert.equal(
      Buffer.from(encoded(optimization, { ...OPTIONS, columns }, batch)).toString("hex"),
      [
        "88",
        key("dataset") + key("optimization"),
        `${key("sequence")}cc81`,
        // 7 000 000 ns in the upper 30 bits, 1 767 225 600 s in the lower 34.
        `${key("timestamp")}d7ff${((7_000_000n << 34n) | 1_767_225_600n).toString(16).padStart(16, "0")}`,
        key("trigger") + key("manual"),
        `${key("before_available_mb")}cb3fe0000000000000`,
        `${key("processes_trimmed")}cd012c`,
        `${key("duration_ms")}ce00011170`,
        `${key("success")}c3`,
      ].join(""),
    );
  });

  test("write whole numbers as short as they go, and pseudonyms as wide as they are", () => {
    const lengths = (name: string, values: readonly number[], bytesBefore: number) =>
      values.map((value) => {
        const batch = publicBatch(everything, [{ ...plainRow(everything), [name]: value }]);
        return encoded(everything, { ...OPTIONS, columns: [name] }, batch).length - bytesBefore;
      });
    // The map, and each text with a byte before it; the number of the row is 0.
    const frame = (name: string) => `{_dataset_everything_sequence0_${name}`.length;
    const unsigned = [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32];
    assert.deepEqual(lengths("u64", unsigned, frame("u64")), [1, 1, 2, 2, 3, 3, 5, 5, 9]);
    const signed = [-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31)];
    assert.deepEqual(lengths("i32", signed, frame("i32")), [1, 1, 2, 2, 3, 3, 5, 5]);
    assert.deepEqual(lengths("i64", [...signed, -(2 ** 31) - 1], frame("i64")), [1, 1, 2, 2, 3, 3, 5, 5, 9]);
    const batch = publicBatch(everything, [plainRow(everything)]);
    for (const [name, bytes] of [
      ["name_hash", 9],
      ["id32", 5],
    ] as const) {
      const column = everything.plan.public(name);
      const at = batch.dataAt(column);
      batch.views.u8.fill(0, at, at + bytes - 1);
      const chunk = encoded(everything, { ...OPTIONS, columns: [name] }, batch);
      assert.equal(chunk.length - frame(name), bytes);
    }
  });

  test("keep the bits of a float that is no number", () => {
    const batch = publicBatch(everything, [plainRow(everything)]);
    const doubles = batch.dataAt(everything.plan.public("f64")) >>> 2;
    batch.views.u32.set([0x9abcdef1, 0xfff45678], doubles);
    batch.views.u32[batch.dataAt(everything.plan.public("f32")) >>> 2] = 0xffa12345;
    const hex = Buffer.from(encoded(everything, { ...OPTIONS, columns: ["f64", "f32"] }, batch)).toString(
      "hex",
    );
    assert.ok(hex.endsWith("cbfff456789abcdef1a3663332caffa12345"), hex);
  });

  test("tell of what is missing in a map of their own", () => {
    const bytes = encodeNotice(
      { notice: "dropped", dataset: "memory", rows: 300, next: 2 ** 40 },
      "msgpack",
      "raw",
    );
    assert.deepEqual(readMsgpack(bytes!), [
      new Map<string, unknown>([
        ["notice", "dropped"],
        ["dataset", "memory"],
        ["rows", 300n],
        ["next", 2n ** 40n],
      ]),
    ]);
  });
});
