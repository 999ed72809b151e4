/** Bodies that Python wrote, with msgpack, protobuf and the schema that is served, pandas and csv: every row is taken, every value as it was. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import type { Dataset } from "../../datasets/define.ts";
import { pushedDatasets } from "../../datasets/index.ts";
import { csvBody } from "../../ingest/csv.ts";
import type { DecoderFactory } from "../../ingest/decoder.ts";
import { msgpackBody } from "../../ingest/msgpack.ts";
import { protoName, protoSchema } from "../../ingest/proto-schema.ts";
import { protobufBody } from "../../ingest/protobuf.ts";
import type { PlainRow } from "../fixtures/push-bodies.ts";
import { PushPipeline, referenceOutcome } from "../fixtures/push-pipeline.ts";
import { Random } from "../ingest/fuzz/random.ts";
import { TELEMETRY } from "../ingest/fuzz/rows.ts";
import { RECORD_PACKAGES } from "./expected-records.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

const SCRIPT = fileURLToPath(new URL("./make-push-bodies.py", import.meta.url));
const OPTIONS = { skip: pythonSkipped(), timeout: PYTHON_TEST_TIMEOUT_MS };
const PACKAGES = [...RECORD_PACKAGES, "pandas==3.1.1"];
const ROWS = 500;
const SEED = 20_261_125;

const dataset = compressionTelemetry as Dataset;
const bodies: readonly (readonly [file: string, factory: DecoderFactory])[] = [
  ["list.msgpack", msgpackBody],
  ["stream.msgpack", msgpackBody],
  ["push.protobuf", protobufBody],
  ["frame.csv", csvBody],
  ["quoted.csv", csvBody],
];

/** Rows with all columns there are, and none that is text and empty: CSV of pandas cannot tell that from a missing one. */
function makeRows(): PlainRow[] {
  const random = new Random(SEED);
  return Array.from({ length: ROWS }, () => {
    const row: Record<string, unknown> = { ...TELEMETRY.good(random), region: "eu-central-1" };
    for (const name of Object.keys(dataset.columns)) row[name] ??= null;
    return row;
  });
}

describe("what Python pushes", { ...OPTIONS }, () => {
  test("is read from each of its formats, every value as it was", OPTIONS, async () => {
    const python = await pythonWith(PACKAGES);
    const folder = mkdtempSync(join(tmpdir(), "millrace-push-"));
    try {
      const rows = makeRows();
      writeFileSync(join(folder, "schema.proto"), protoSchema(pushedDatasets));
      const told = { message: protoName(dataset.name), moments: ["timestamp"], rows };
      writeFileSync(join(folder, "rows.json"), JSON.stringify(told));
      const { code, stderr } = await run(python, [SCRIPT, folder]);
      assert.equal(code, 0, stderr);
      const { accepted } = referenceOutcome(dataset, rows);
      assert.equal(accepted.size, ROWS);
      const pipeline = new PushPipeline();
      for (const [file, factory] of bodies) {
        const came = pipeline.run(dataset, factory, readFileSync(join(folder, file)));
        assert.deepEqual([came.fault, came.rejections], [undefined, []], file);
        assert.deepEqual(came.accepted, accepted, file);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
