/** Streams as Python reads them: json, msgpack, protobuf with the schema that is served, pyarrow. Every value of every record. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import type { Dataset } from "../../datasets/define.ts";
import { datasets } from "../../datasets/index.ts";
import { memory } from "../../datasets/memory.ts";
import {
  createRecordEncoder,
  encodeNotice,
  protoSchema,
  STREAM_FORMATS,
} from "../../datasets/records/index.ts";
import { concatBytes, END_OF_STREAM, type PublicBatch } from "../../runtime/batch/index.ts";
import { plainRow, rowOf } from "../fixtures/dataset-rows.ts";
import { mixed, mixedBatches, mixedColumns } from "../fixtures/mixed-rows.ts";
import { publicBatch } from "../fixtures/public-batches.ts";
import { expectedRecords, RECORD_PACKAGES } from "./expected-records.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

const SCRIPT = fileURLToPath(new URL("./read-records.py", import.meta.url));
const OPTIONS = { skip: pythonSkipped(), timeout: PYTHON_TEST_TIMEOUT_MS };
const ROWS = 10_000;
/** Rows that differ; they come again, under other numbers. */
const DISTINCT_ROWS = 2000;
const BATCH_ROWS = 500;
/** So that numbers of rows are of several lengths. */
const FIRST = 16_000;
const SEED = 20_260_401;
const ALL = [...datasets, mixed];
const FACTS = { idBefore: "", idAfter: "", subscription: 0 };

describe("Python", { ...OPTIONS }, () => {
  test("reads 10 000 records of each dataset in each format, every value equal", OPTIONS, async () => {
    const python = await pythonWith(RECORD_PACKAGES);
    const folder = mkdtempSync(join(tmpdir(), "millrace-records-"));
    try {
      writeFileSync(join(folder, "streams.proto"), protoSchema(ALL));
      writeFileSync(join(folder, "datasets.json"), JSON.stringify(ALL.map(({ name }) => name)));
      for (const dataset of ALL) writeStreams(folder, dataset);
      const { code, stdout, stderr } = await run(python, [SCRIPT, folder]);
      assert.equal(code, 0, stderr);
      const names = ALL.flatMap(({ name }) => STREAM_FORMATS.map((format) => `${name}.${format}`));
      assert.deepEqual(JSON.parse(stdout), Object.fromEntries(names.map((name) => [name, ROWS])));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("reads streams as the page on them says", OPTIONS, async () => {
    const python = await pythonWith(RECORD_PACKAGES);
    const folder = mkdtempSync(join(tmpdir(), "millrace-streams-page-"));
    try {
      writeFileSync(join(folder, "schema.proto"), protoSchema(datasets));
      const protoc = ["-m", "grpc_tools.protoc", "-I.", "--python_out=.", "schema.proto"];
      assert.equal(spawnSync(python, protoc, { cwd: folder }).status, 0);
      const shown = snippets();
      assert.deepEqual([...shown.keys()], ["jsonl", "sse", "msgpack", "protobuf", "arrow", "zeromq"]);
      for (const [word, lines] of [
        ["jsonl", 4],
        ["sse", 4],
        ["msgpack", 4],
        ["protobuf", 4],
        ["arrow", 1],
      ] as const) {
        const options = { cwd: folder, input: shortStream(word), encoding: "utf8" } as const;
        const { status, stdout, stderr } = spawnSync(python, ["-c", shown.get(word) ?? ""], options);
        assert.equal(status, 0, `${word}: ${stderr}`);
        assert.equal(stdout.trim().split("\n").length, lines, `${word}: ${stdout}`);
        if (word !== "arrow") assert.match(stdout, /16002/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** What docs/streams.md shows, each by the word that it begins with. */
function snippets(): ReadonlyMap<string, string> {
  const page = readFileSync(new URL("../../docs/streams.md", import.meta.url), "utf8");
  const blocks = page.matchAll(/```python\n(# (\w+)[\s\S]*?)```/g);
  return new Map([...blocks].map(([, code = "", word = ""]) => [word, code]));
}

/** Three records and, where it can be told, a notice, as a client has them. */
function shortStream(word: string): Uint8Array {
  const format = STREAM_FORMATS.find((name) => name === word) ?? "jsonl";
  const framing = word === "sse" ? "sse" : "raw";
  const encoder = createRecordEncoder(memory, { format, framing, columns: null });
  const batch = publicBatch(memory, Array(3).fill(plainRow(memory)), FIRST);
  const notice = encodeNotice({ notice: "gap", dataset: "memory", rows: 2, next: FIRST }, format, framing);
  const records = encoder.encode(batch, [{ from: 0, to: 3 }], FACTS);
  return concatBytes([encoder.preamble, ...(notice === undefined ? [] : [notice]), records]);
}

/** The streams of a dataset in every format, chunk by chunk, and what must be found in them. */
function writeStreams(folder: string, dataset: Dataset): void {
  const streams = STREAM_FORMATS.map((format) => {
    const path = join(folder, `${dataset.name}.${format}`);
    const encoder = createRecordEncoder(dataset, { format, framing: "raw", columns: null, datasets: ALL });
    writeFileSync(path, encoder.preamble);
    return { format, path, encoder };
  });
  for (const batch of batchesOf(dataset)) {
    // In two pieces, as after a filter.
    const runs = [
      { from: 0, to: 7 },
      { from: 7, to: batch.rows },
    ];
    for (const { path, encoder } of streams) appendFileSync(path, encoder.encode(batch, runs, FACTS));
  }
  for (const { format, path } of streams) if (format === "arrow") appendFileSync(path, END_OF_STREAM);
  const expected = expectedRecords(dataset, batchesOf(dataset));
  writeFileSync(join(folder, `${dataset.name}.expected.json`), JSON.stringify(expected));
}

function* batchesOf(dataset: Dataset): Generator<PublicBatch> {
  if (dataset === mixed) return yield* mixedBatches(mixedColumns(ROWS), BATCH_ROWS);
  const rows = fc.sample(rowOf(dataset), { seed: SEED, numRuns: DISTINCT_ROWS });
  for (let from = 0; from < ROWS; ) {
    const start = from % DISTINCT_ROWS;
    const some = rows.slice(start, start + Math.min(BATCH_ROWS, dataset.batchRows, ROWS - from));
    yield publicBatch(dataset, some, FIRST + from);
    from += some.length;
  }
}
