import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Dataset } from "../../../datasets/define.ts";
import { memory } from "../../../datasets/memory.ts";
import { encodeNotice, protoSchema } from "../../../datasets/records/index.ts";
import type { RowRun } from "../../../datasets/row-run.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import { everything, plainRow } from "../../fixtures/dataset-rows.ts";
import { mixed } from "../../fixtures/mixed-rows.ts";
import { publicBatch } from "../../fixtures/public-batches.ts";
import { parseSchema, readRecords } from "./protobuf-reader.ts";
import { allDatasets, asRead, encoded, forMixedRows, forRandomRows, rowsOf, valuesOf } from "./support.ts";

const OPTIONS = { format: "protobuf", framing: "raw" } as const;
const MESSAGES = parseSchema(protoSchema(allDatasets));

/** What is not there, or 0 without presence, does not stand in the bytes; columns come in the order of their numbers. */
function expected(
  dataset: Dataset,
  batch: PublicBatch,
  runs: readonly RowRun[],
  columns?: readonly string[],
) {
  return rowsOf(runs).map((row) => {
    const sequence = batch.firstSequence + row;
    const values = valuesOf(dataset, batch, row)
      .filter(([name, value]) => value !== null && (columns?.includes(name) ?? true))
      .map(([name, value]) => [name, asRead(dataset, name, value)] as const);
    return new Map<string, unknown>([
      ...(sequence === 0 ? [] : [["sequence", BigInt(sequence)] as const]),
      [dataset.name, new Map(values)],
    ]);
  });
}

describe("records as Protobuf", () => {
  test("property: say what is in the rows, by the numbers of the schema", () => {
    forRandomRows(72, (dataset, batch, runs, columns) => {
      const all = readRecords(MESSAGES, encoded(dataset, OPTIONS, batch, runs));
      assert.deepEqual(all, expected(dataset, batch, runs));
      const some = readRecords(MESSAGES, encoded(dataset, { ...OPTIONS, columns }, batch, runs));
      assert.deepEqual(some, expected(dataset, batch, runs, columns));
    });
  });

  test("say every value that a type can hold, in batches that the buffer grows for", () => {
    forMixedRows(2000, (batch) => {
      const runs = [{ from: 0, to: batch.rows }];
      assert.deepEqual(readRecords(MESSAGES, encoded(mixed, OPTIONS, batch)), expected(mixed, batch, runs));
    });
  });

  test("are these bytes, exactly so", () => {
    const row = { ...plainRow(memory), timestamp: 1_500, total_mb: 0.5, processes_count: 300 };
    const batch = publicBatch(memory, [row], 129);
    const columns = ["processes_count", "total_mb", "timestamp"];
    assert.equal(
      Buffer.from(encoded(memory, { ...OPTIONS, columns }, batch)).toString("hex"),
      [
        "1c",
        "08 8101",
        "8201 16",
        // 1 s, 500 000 000 ns.
        "0a 08 08 01 10 80cab5ee01",
        "11 000000000000e03f",
        "30 ac02",
      ]
        .join("")
        .replaceAll(" ", ""),
    );
  });

  test("keep the bits of a float that is no number", () => {
    const batch = publicBatch(everything, [plainRow(everything)]);
    const doubles = batch.dataAt(everything.plan.public("f64")) >>> 2;
    batch.views.u32.set([0x9abcdef1, 0xfff45678], doubles);
    batch.views.u32[batch.dataAt(everything.plan.public("f32")) >>> 2] = 0xffa12345;
    const hex = Buffer.from(encoded(everything, { ...OPTIONS, columns: ["f64", "f32"] }, batch)).toString(
      "hex",
    );
    assert.ok(hex.endsWith("19f1debc9a7856f4ff2d4523a1ff"), hex);
  });

  test("tell of what is missing in a record of their own", () => {
    const bytes = encodeNotice(
      { notice: "gap", dataset: "memory", rows: 0, next: 2 ** 40 },
      "protobuf",
      "raw",
    );
    const notice = new Map<string, unknown>([
      ["notice", "gap"],
      ["dataset", "memory"],
      ["next", 2n ** 40n],
    ]);
    assert.deepEqual(readRecords(MESSAGES, bytes!), [new Map([["notice", notice]])]);
  });
});
