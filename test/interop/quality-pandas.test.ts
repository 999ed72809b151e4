/** What is told of a dataset's quality, beside what pandas, numpy and scipy say of the same rows as exported. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openLocalStore } from "../../api/index.ts";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import { datasets } from "../../datasets/index.ts";
import type { Batch } from "../../runtime/batch/index.ts";
import { START_MS } from "../actors/store/log/temp-log.ts";
import { TempStore } from "../actors/store/temp-store.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

// scipy comes with scikit-learn.
const PACKAGES = ["pyarrow==26.0.1", "pandas==3.1.1", "scikit-learn==1.9.1"];
const SCRIPT = fileURLToPath(new URL("./check-quality.py", import.meta.url));
const OPTIONS = { skip: pythonSkipped(), timeout: PYTHON_TEST_TIMEOUT_MS };
const HOUR = 3_600_000;

interface Told {
  readonly rows: number;
  readonly balance: Readonly<Record<string, number>>;
  readonly imbalanced: boolean;
  readonly columns: Readonly<
    Record<
      string,
      {
        readonly missing: number;
        readonly distinct: number;
        readonly values?: Readonly<Record<string, number>>;
        readonly measure?: Readonly<Record<string, number>>;
      }
    >
  >;
}

function near(value: number | null | undefined, expected: number | undefined, what: string): void {
  assert.ok(typeof value === "number" && expected !== undefined, what);
  assert.ok(
    Math.abs(value - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${what}: ${value}, ${expected}`,
  );
}

test("a report says what pandas, numpy and scipy say", OPTIONS, async () => {
  const dataset = compressionTelemetry;
  const store = new TempStore(datasets, 11);
  const folder = mkdtempSync(join(tmpdir(), "millrace-quality-"));
  const even = store.at.batch.bind(store.at);
  store.at.batch = (...args) => withTails(even(...args));
  try {
    for (let batch = 0; batch < 6; batch++) {
      store.append(
        dataset,
        Array.from({ length: 300 }, (_, row) => START_MS + (batch * 300 + row) * 12_000),
      );
    }
    store.compact(dataset, { before: 0, hourMs: START_MS + 4 * HOUR, hourBefore: 1800 });
    store.log.close();
    const opened = openLocalStore({ dataFolder: store.at.dataFolder });
    assert.ok(opened.ok, JSON.stringify(opened));
    const { client } = opened;
    const [then, now] = [
      { from: START_MS, to: START_MS + 2 * HOUR },
      { from: START_MS + 2 * HOUR, to: START_MS + 6 * HOUR },
    ];
    const answer = await client.validate({ dataset: dataset.name, ...now, against: then });
    assert.ok(answer.ok, JSON.stringify(answer));
    const { report } = answer;
    const paths: string[] = [];
    for (const [name, span] of Object.entries({ now, then })) {
      const output = join(folder, `${name}.parquet`);
      const made = await client.exportRange({ dataset: dataset.name, format: "parquet", output, ...span });
      assert.ok(made.ok, JSON.stringify(made));
      paths.push(output);
    }
    await client.close();
    const { code, stdout, stderr } = await run(await pythonWith(PACKAGES), [
      SCRIPT,
      dataset.label!,
      ...paths,
    ]);
    assert.equal(code, 0, stderr);
    const told = JSON.parse(stdout) as Told;

    assert.equal(report.rows, told.rows);
    for (const { value, share } of report.label!.classes) near(share, told.balance[value] ?? 0, value);
    assert.equal(
      report.findings.some(({ kind }) => kind === "class-balance"),
      told.imbalanced,
    );
    let measures = 0;
    for (const column of report.columns) {
      const { name, figures, values, drift } = column;
      const python = told.columns[name]!;
      assert.deepEqual([column.missing, column.distinct], [python.missing, python.distinct], name);
      if (values !== undefined) {
        const counts = Object.fromEntries(values.map(({ value, rows }) => [value.toLowerCase(), rows]));
        assert.deepEqual(counts, python.values, name);
      }
      if (figures === undefined) continue;
      measures++;
      for (const figure of ["mean", "min", "q1", "median", "q3", "max"] as const) {
        near(figures[figure], python.measure?.[figure], `${figure} of ${name}`);
      }
      assert.equal(figures.outliers, python.measure?.["outliers"], name);
      near(drift?.ks, python.measure?.["ks"], `ks of ${name}`);
      near(drift?.psi, python.measure?.["psi"], `psi of ${name}`);
    }
    assert.ok(measures >= 15, String(measures));
    assert.ok(report.columns.some(({ figures }) => (figures?.outliers ?? 0) > 100));
  } finally {
    store.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Floats of which few are large: there are outliers. */
function withTails(batch: Batch): Batch {
  for (const column of batch.plan.publicColumns) {
    if (column.type !== "f64") continue;
    const first = batch.dataAt(column) / 8;
    for (let row = 0; row < batch.rows; row++) {
      batch.views.f64[first + row] = (batch.views.f64[first + row]! / 1e6) ** 8;
    }
  }
  return batch;
}
