/** The privacy report against pyCANON, which reads the very file that the report is of. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { Anonymizing, type PrivacyReport } from "../../actors/exporter/anonymous/index.ts";
import { csv } from "../../actors/exporter/formats/csv.ts";
import type { Row } from "../../datasets/row.ts";
import { eachRun, HOUR_MS, START_MS, visits } from "../actors/exporter/anonymous/visits.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

/**
 * The last pyCANON that takes the pandas of the other tests, with what else it needs. Its anonymity module is, word for word,
 * that of 1.3.6.
 */
const PACKAGES = ["pandas==3.1.1", "pycanon==1.0.1.post2", "tabulate==0.10.0", "typer==0.29.2"];
const SCRIPT = fileURLToPath(new URL("./anonymity.py", import.meta.url));
const OPTIONS = { skip: pythonSkipped(), timeout: PYTHON_TEST_TIMEOUT_MS };
const TABLES = 10;
const ROWS = 250;

interface Judgement {
  readonly k: number;
  readonly l: Readonly<Record<string, number>>;
  readonly t: Readonly<Record<string, number>>;
}

/** A table; how many values a column has differs from table to table. Nothing is missing, which pyCANON would pass over. */
const tables = fc
  .record({
    hours: fc.nat(30),
    towns: fc.nat(3),
    weights: fc.nat(40),
    costs: fc.integer({ min: 1, max: 60 }),
  })
  .chain(({ hours, towns, weights, costs }) => {
    const row = fc.record(
      {
        at: fc.integer({ min: START_MS, max: START_MS + hours * HOUR_MS }),
        left: fc.constant(null),
        visitor: fc.nat(1000),
        town: fc.constantFrom(...["here", "there", "elsewhere", "nowhere"].slice(0, towns + 1)),
        ward: fc.constantFrom("a", "b"),
        weight: fc.nat(weights).map((value) => value * 1.37 - 20),
        illness: fc.constantFrom("flu", "flu", "flu", "cold", "none", "other"),
        cost: fc.nat(costs).map((value) => value * 12.5 - 1000),
        bill: fc.nat(1_000_000),
        change: fc.integer(),
        paid: fc.boolean(),
        kind: fc.constantFrom("x", "y"),
      },
      { noNullPrototype: true },
    );
    return fc.tuple(
      fc.array(row, { minLength: ROWS, maxLength: ROWS, size: "max" }),
      fc.integer({ min: 2, max: 12 }),
    );
  });

test("pyCANON finds the same k, l and t in the files", OPTIONS, async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-pycanon-"));
  try {
    const reports: PrivacyReport[] = [];
    const requests: unknown[] = [];
    for (const [index, [rows, k]] of fc.sample(tables, { numRuns: TABLES, seed: 4 }).entries()) {
      const path = join(folder, `${index}.csv`);
      const report = await exportTo(path, rows, k, folder);
      const isLeft = report.quasiIdentifiers.filter(({ generalization }) => generalization !== "removed");
      const quasi = isLeft.map(({ column }) => column);
      requests.push({ path, quasi, sensitive: report.sensitive.map(({ column }) => column) });
      reports.push(report);
    }
    assertVaried(reports);
    const request = join(folder, "requests.json");
    writeFileSync(request, JSON.stringify(requests));
    const { code, stdout, stderr } = await run(await pythonWith(PACKAGES), [SCRIPT, request]);
    assert.equal(code, 0, stderr);
    const judgements = JSON.parse(stdout) as Judgement[];
    assert.equal(judgements.length, TABLES);
    for (const [index, { k, l, t }] of judgements.entries()) {
      const report = reports[index]!;
      assert.equal(report.k, k);
      for (const own of report.sensitive) {
        assert.equal(own.l, l[own.column], `l of ${own.column} in table ${index}`);
        const difference = Math.abs(own.t - t[own.column]!);
        assert.ok(difference < 1e-9, `t of ${own.column} in table ${index}: ${own.t} and ${t[own.column]}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function exportTo(
  path: string,
  rows: readonly Row[],
  k: number,
  workFolder: string,
): Promise<PrivacyReport> {
  const range = { fromMs: START_MS, toMs: START_MS + 48 * HOUR_MS };
  const counting = new Anonymizing(visits, { policy: { k, maxSuppressed: 0.2 }, ...range, workFolder });
  eachRun(visits, rows, 100, (batch, _, from, to) => counting.observe(batch, { from, to }));
  const anonymous = counting.decide();
  assert.ok(anonymous.ok, anonymous.ok ? "" : anonymous.message);
  eachRun(visits, rows, 100, (batch, _, from, to) => anonymous.add(batch, { from, to }));
  const parts: Uint8Array[] = [];
  const { shape, report } = anonymous;
  const facts = { shape, profile: "anonymous", ...range, compression: "none", workFolder } as const;
  const encoder = await csv.open(facts, (bytes) => parts.push(bytes.slice()));
  for (const batch of anonymous.rows()) await encoder.append(batch, { from: 0, to: batch.rows });
  const { considered, suppressed } = report.rows;
  await encoder.end({
    dataset: visits.name,
    profile: "anonymous",
    ...range,
    rows: considered,
    suppressedRows: suppressed,
  });
  encoder.close();
  anonymous.close();
  writeFileSync(path, Buffer.concat(parts));
  return report;
}

/** That the tables ask what is to be asked: rows suppressed, columns generalized, l and t of all sizes. */
function assertVaried(reports: readonly PrivacyReport[]): void {
  const count = (has: (report: PrivacyReport) => boolean) => reports.filter(has).length;
  assert.ok(count(({ rows }) => rows.suppressed > 0) > TABLES / 4);
  for (const step of ["hour", "day", "exact", "removed", "3 digits", "1 digit"]) {
    assert.ok(
      count(({ quasiIdentifiers }) =>
        quasiIdentifiers.some(({ generalization }) => generalization === step),
      ) > 0,
      step,
    );
  }
  assert.ok(new Set(reports.map(({ k }) => k)).size > TABLES / 3);
  assert.ok(new Set(reports.flatMap(({ sensitive }) => sensitive.map(({ l }) => l))).size > 4);
}
