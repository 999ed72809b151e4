/** `millrace validate` on the store of a stopped Millrace, and what it ends with. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { datasets } from "../../datasets/index.ts";
import { process } from "../../datasets/process.ts";
import type { AgreementReport, QualityReport } from "../../quality/report.ts";
import { TempStore } from "../actors/store/temp-store.ts";
import { runCli } from "./run-cli.ts";

const TIMEOUT = { timeout: 120_000 };
const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

const store = new TempStore(datasets);
store.append(
  process,
  Array.from({ length: 600 }, (_, row) => START + row * MINUTE),
);
store.compact(process, { before: 0, hourMs: START + 4 * 60 * MINUTE, hourBefore: 600 });
store.log.close();
const folder = mkdtempSync(join(tmpdir(), "millrace-validate-"));
after(() => {
  for (const path of [store.at.dataFolder, folder]) rmSync(path, { recursive: true, force: true });
});

const validate = (...args: readonly string[]) =>
  runCli(["validate", "--dataset", "process", "--data", store.at.dataFolder, ...args], { cwd: folder });
const DAY = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z"];

test("rows that pass end with 0, and are told of in a table", TIMEOUT, async () => {
  const ended = await validate(...DAY);
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  assert.match(ended.stdout, /^process: 600 rows from 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z$/m);
  assert.match(ended.stdout, /^column +missing +different +least +q1 +median +q3 +most +mean +outliers$/m);
  assert.match(ended.stdout, /^pid +0 +600$/m);
  assert.match(ended.stdout, /\n\npassed\n$/);
  assert.equal(ended.stderr, "");
});

test("rows that do not pass end with 4: what failed is told, and one line says so", TIMEOUT, async () => {
  const ended = await validate(...DAY, "--min-rows", "601", "--max-missing", "1");
  assert.equal(ended.code, 4, ended.stderr);
  assert.match(ended.stdout, /^failed {2}too-few-rows: expected at least 601 rows; came 600$/m);
  assert.equal(ended.stderr, "not passed: 1 finding failed\n");
});

test(
  "values of columns that may be missing fail nothing, whatever the settings say, until a bound is given",
  TIMEOUT,
  async () => {
    const args = ["validate", "--dataset", "process", "--data", store.at.dataFolder, ...DAY];
    const strict = { cwd: folder, env: { MILLRACE_QUALITY_MAX_MISSING: "0" } };
    const passed = await runCli(args, strict);
    assert.equal(passed.code, 0, passed.stdout + passed.stderr);
    assert.match(
      passed.stdout,
      /^warned {2}missing of io_read_bytes: expected at most 0 % of the values to be missing; [\d.]+ % are \(\d+ of 600\), which its dataset allows$/m,
    );
    const failed = await runCli([...args, "--max-missing", "0"], strict);
    assert.equal(failed.code, 4, failed.stdout + failed.stderr);
    assert.match(failed.stdout, /^failed {2}missing of io_read_bytes: /m);
  },
);

test(
  "the settings' thresholds count where none is given, and the report comes as JSON",
  TIMEOUT,
  async () => {
    const ended = await runCli(
      ["validate", "--dataset", "process", "--data", store.at.dataFolder, ...DAY, "--json", "--max-psi", "9"],
      { cwd: folder, env: { MILLRACE_QUALITY_MAX_MISSING: "0.99", MILLRACE_QUALITY_MAX_PSI: "5" } },
    );
    assert.equal(ended.code, 0, ended.stderr);
    const report = JSON.parse(ended.stdout) as QualityReport;
    assert.deepEqual([report.rules.maxMissing, report.rules.maxPsi, report.rules.maxKs], [0.99, 9, 0.1]);
    assert.equal(report.rows, 600);
    assert.equal(report.against, null);
    assert.equal((report as QualityReport & { agreement?: unknown }).agreement, null);
  },
);

test(
  "of a dataset with a shadow the agreement is told beside, of the share of traffic that is configured",
  TIMEOUT,
  async () => {
    const args = ["validate", "--dataset", "compression_telemetry", "--data", store.at.dataFolder];
    const half = { cwd: folder, env: { MILLRACE_SHADOW_FRACTION: "0.5" } };
    const text = await runCli([...args, ...DAY, "--min-rows", "0"], half);
    assert.equal(text.code, 0, text.stderr);
    assert.match(
      text.stdout,
      /\n\nactual_algorithm is oracle_algorithm: no rows of 50 % of the requests say both\n\npassed\n$/,
    );
    const json = await runCli([...args, ...DAY, "--min-rows", "0", "--json"], half);
    const { agreement } = JSON.parse(json.stdout) as { agreement: AgreementReport };
    assert.deepEqual([agreement.fraction, agreement.all.compared], [0.5, 0]);
  },
);

test("an earlier time is compared with", TIMEOUT, async () => {
  const span = ["--from", "2026-01-01T05:00:00Z", "--to", "2026-01-01T10:00:00Z"];
  const ended = await validate(...span, "--against-hours", "5", "--max-missing", "1", "--json");
  const { against, columns } = JSON.parse(ended.stdout) as QualityReport;
  assert.deepEqual(against, { fromMs: START, toMs: START + 300 * MINUTE, rows: 300 });
  assert.equal(columns.filter(({ drift }) => drift !== null).length, 5);
});

for (const [what, args, said] of [
  ["a bad earlier time", ["--against-hours", "0"], /^--against-hours: expected a number above 0/],
  [
    "a threshold that is no number",
    ["--max-missing", "few"],
    /^--max-missing: expected a number; came "few"/,
  ],
  ["a threshold beyond its bounds", ["--max-missing", "2"], /maxMissing to be a number from 0 to 1; came 2/],
  ["an option that is not known", ["--max-mising", "1"], /did you mean --max-missing\?/],
] as const) {
  test(`${what} ends with 2, and is named on one line`, TIMEOUT, async () => {
    const ended = await validate(...args);
    assert.equal(ended.code, 2, ended.stdout + ended.stderr);
    assert.match(ended.stderr, said);
    assert.equal(ended.stderr.trimEnd().split("\n").length, 1, ended.stderr);
    assert.equal(ended.stdout, "");
  });
}
