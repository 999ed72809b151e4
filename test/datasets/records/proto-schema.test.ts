/**
 * The schema as it is served is a committed text: numbers that readers were compiled with keep their meaning.
 * `UPDATE_PROTO=1 bun test test/datasets/records/proto-schema.test.ts` writes it anew, which is right only when it grows.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { BY_THE_MINUTE } from "../../../datasets/by-the-minute.ts";
import { type Dataset, defineDataset } from "../../../datasets/define.ts";
import { datasets, sourceDatasets } from "../../../datasets/index.ts";
import { createRecordEncoder, protoSchema } from "../../../datasets/records/index.ts";
import { datasetField } from "../../../datasets/records/proto-schema.ts";
import { windowsOf } from "../../../datasets/windows.ts";
import { everything } from "../../fixtures/dataset-rows.ts";
import { parseSchema } from "./protobuf-reader.ts";

const FILE = new URL("./streams.proto", import.meta.url);

const added: Dataset = defineDataset({
  name: "added",
  title: "Added later",
  time: "at",
  batchRows: 1,
  slots: 2,
  columns: {
    at: { class: "moment", type: "timestamp", meaning: "When." },
    load: { class: "measure", type: "f64", unit: "1", meaning: "A figure." },
  },
  windows: [
    { ...BY_THE_MINUTE, measures: ["load"] },
    { ...BY_THE_MINUTE, label: "5m", shape: { kind: "tumbling", lengthMs: 300_000 }, measures: ["load"] },
  ],
});

describe("the Protobuf schema", () => {
  test("is the committed one", () => {
    const now = protoSchema(datasets);
    if (globalThis.process.env["UPDATE_PROTO"] === "1") writeFileSync(FILE, now);
    assert.equal(readFileSync(FILE, "utf8"), now, "the schema changed: see the head of this file");
  });

  test("keeps all its numbers when a dataset with windows is added", () => {
    const [before, after] = [
      protoSchema(datasets),
      protoSchema([...sourceDatasets, added, ...datasets.slice(sourceDatasets.length), ...windowsOf(added)]),
    ].map(parseSchema);
    for (const [name, fields] of before!) {
      for (const [number, field] of fields) assert.deepEqual(after!.get(name)?.get(number), field);
    }
    assert.deepEqual(after!.get("Record")?.get(16 + sourceDatasets.length), { type: "Added", name: "added" });
    assert.deepEqual(after!.get("Record")?.get(1016 + sourceDatasets.length), {
      type: "Added1m",
      name: "added_1m",
    });
    assert.equal(after!.get("Record")?.get(2016 + sourceDatasets.length)?.name, "added_5m");
  });

  test("names every public column of every dataset once, and all of them", () => {
    const messages = parseSchema(protoSchema(datasets));
    const record = [...messages.get("Record")!.values()];
    for (const { name, publicColumns } of datasets) {
      const type = record.find((field) => field.name === name)?.type;
      const fields = messages.get(type ?? "");
      assert.deepEqual(
        [...fields!].map(([number, field]) => [number, field.name]),
        publicColumns.map((column, index) => [index + 1, column.name]),
      );
    }
  });

  test("has no number for a dataset that is not among its own", () => {
    assert.throws(() => datasetField(everything, datasets), /everything has no number among those of memory/);
    const options = { format: "protobuf", framing: "raw", columns: null } as const;
    assert.throws(() => createRecordEncoder(everything, options), RangeError);
  });
});
