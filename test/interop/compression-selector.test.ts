/**
 * From samples to a model, by the programs that people use for it: Python pushes 120 000 samples, Millrace labels, validates and exports
 * them, pandas reads them, scikit-learn learns from them. What would fail here: a label or a utility that is not, to the last bit, what
 * Python computes; a row that is not a candidate and is exported all the same; an order that is not newest first; a row too many.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { AgreementReport, QualityReport } from "../../quality/report.ts";
import { Server } from "../e2e/server.ts";
import { temporaryFolder } from "../e2e/support.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

const SCRIPT = fileURLToPath(new URL("./compression-selector.py", import.meta.url));
const CLI = fileURLToPath(new URL("../../cli.ts", import.meta.url));
const PACKAGES = ["pyarrow==26.0.1", "pandas==3.1.1", "scikit-learn==1.9.1"];
const GOOD = 120_000;
const TRAINING_ROWS = 100_000;
const LEAST_ACCURACY = 0.98;

const COLUMNS = [
  "timestamp",
  "link_type",
  "region",
  "network_tier",
  "bandwidth_available_mbps",
  "bandwidth_utilization",
  "rtt_ms",
  "payload_size",
  "payload_type",
  "entropy_estimate",
  "repetition_score",
  "has_baseline",
  "hde_compression_ratio",
  "hde_delta_hit_rate",
  "hde_latency_ms",
  "hde_cpu_usage",
  "amst_stream_count",
  "amst_transfer_rate_mbps",
  "amst_latency_ms",
  "amst_cpu_usage",
  "oracle_algorithm",
];

test("a forest that learns from the training export of 120 000 samples chooses right 98 times in 100", {
  timeout: PYTHON_TEST_TIMEOUT_MS,
  skip: pythonSkipped(),
}, async (t) => {
  const python = await pythonWith(PACKAGES);
  const folder = temporaryFolder(t);
  const data = join(folder, "data");
  const server = new Server(t, ["--port", "0", "--data", data]);
  const url = await server.ready();
  const truth = join(folder, "truth.json");
  const pushed = await python3(python, "push", `${url}/v1/ingest/compression_telemetry`, truth);
  assert.deepEqual(pushed, { accepted: GOOD + 3000, rejected: 1000, reasons: { bound: 1000 } });

  const quality = await validated(data);
  assert.equal(quality.rows, GOOD + 3000);
  assert.deepEqual(
    quality.findings.filter(({ severity }) => severity === "failed"),
    [],
  );
  const agreement = (await (
    await fetch(`${url}/v1/datasets/compression_telemetry/agreement?hours=48`)
  ).json()) as AgreementReport;

  const [all, training] = [join(folder, "all.parquet"), join(folder, "training.csv")];
  const dataset = ["--dataset", "compression_telemetry", "--data", data];
  await cli("export", ...dataset, "--hours", "48", "--output", all);
  await cli("export", "--training", ...dataset, "--output", training);

  const told = await python3(python, "train", truth, all, training);
  assert.equal(told.matched, GOOD);
  assert.equal(told.labels_equal, GOOD, "labels differ from an independent computation");
  assert.equal(told.utilities_equal, GOOD, "utilities differ from an independent computation");
  assert.equal(told.rows, TRAINING_ROWS);
  assert.deepEqual(told.columns, COLUMNS);
  assert.ok(told.newest_first);
  assert.equal(told.oldest_ms, told.expected_oldest_ms, "not the newest rows");
  assert.equal(told.held_out, TRAINING_ROWS / 5);
  assert.ok(told.accuracy >= LEAST_ACCURACY, `expected at least ${LEAST_ACCURACY}; came ${told.accuracy}`);
  assert.equal(agreement.all.compared, GOOD);
  assert.ok(Math.abs((agreement.all.rate ?? 0) - told.agreement) < 1e-12);
  t.diagnostic?.(`accuracy ${told.accuracy}, classes ${JSON.stringify(told.balance)}`);
});

interface Told {
  readonly accepted: number;
  readonly rejected: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly matched: number;
  readonly labels_equal: number;
  readonly utilities_equal: number;
  readonly rows: number;
  readonly columns: readonly string[];
  readonly newest_first: boolean;
  readonly oldest_ms: number;
  readonly expected_oldest_ms: number;
  readonly balance: Readonly<Record<string, number>>;
  readonly agreement: number;
  readonly accuracy: number;
  readonly held_out: number;
}

async function python3(python: string, ...args: readonly string[]): Promise<Told> {
  const { code, stdout, stderr } = await run(python, [SCRIPT, ...args]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Told;
}

async function validated(data: string): Promise<QualityReport> {
  const args = ["validate", "--dataset", "compression_telemetry", "--data", data, "--hours", "48", "--json"];
  return JSON.parse(await cli(...args)) as QualityReport;
}

/** Runs a command to its end. @throws AssertionError when it does not end with 0 */
async function cli(...args: readonly string[]): Promise<string> {
  const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A"];
  const { code, stdout, stderr } = await run(process.execPath, [...runtime, CLI, ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}
