/** Exports as who trains on them reads them: pandas, with pyarrow below it. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exportFile } from "../actors/exporter/export-client.ts";
import { RecorderHouse } from "../actors/recorder/recorder-house.ts";
import type { PlainRow } from "../actors/store/log/rows.ts";
import { TempLog } from "../actors/store/log/temp-log.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

const PACKAGES = ["pyarrow==26.0.1", "pandas==3.1.1"];
const SCRIPT = fileURLToPath(new URL("./describe-frame.py", import.meta.url));
const OPTIONS = { skip: pythonSkipped(), timeout: PYTHON_TEST_TIMEOUT_MS };

interface Frame {
  readonly rows: number;
  readonly dtypes: Readonly<Record<string, string>>;
  readonly nulls: Readonly<Record<string, number>>;
  readonly integers: Readonly<Record<string, readonly (string | null)[]>>;
  readonly categories: Readonly<Record<string, readonly string[]>>;
  readonly first: string;
}

/** What pandas makes of each column when it is told nothing. Whole numbers with gaps become doubles. */
const PROCESS_DTYPES = {
  timestamp: "datetime64[ms, UTC]",
  pid: "uint32",
  name_hash: "uint64",
  working_set_mb: "float64",
  private_bytes_mb: "float64",
  cpu_percent: "float32",
  io_read_bytes: "float64",
  io_write_bytes: "float64",
};

describe("pandas", () => {
  let at: TempLog;
  let house: RecorderHouse;

  before(async () => {
    at = new TempLog(1);
    house = await new RecorderHouse(at.dataFolder).start();
    for (const rows of [1, 700, 20]) {
      await house.publish("process", rows);
      await house.publish("optimization", rows);
    }
  });

  after(async () => {
    await house.stop();
    at.remove();
  });

  async function described(dataset: string, formats: readonly string[]): Promise<readonly Frame[]> {
    const paths: string[] = [];
    for (const format of formats) {
      const path = join(at.dataFolder, `${dataset}.${format}`);
      writeFileSync(path, await exportFile(house, { dataset, format }));
      paths.push(path);
    }
    const { code, stdout, stderr } = await run(await pythonWith(PACKAGES), [SCRIPT, ...paths]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as Frame[];
  }

  function texts(rows: readonly PlainRow[], name: string): readonly (string | null)[] {
    return rows.map((row) => (row[name] === null ? null : String(row[name])));
  }

  function assertRows(frame: Frame, rows: readonly PlainRow[]): void {
    assert.equal(frame.rows, rows.length);
    for (const [name, nulls] of Object.entries(frame.nulls)) {
      assert.equal(nulls, rows.filter((row) => row[name] === null).length, name);
    }
    for (const [name, values] of Object.entries(frame.integers))
      assert.deepEqual(values, texts(rows, name), name);
    for (const [name, values] of Object.entries(frame.categories)) {
      assert.deepEqual(values, texts(rows, name), name);
    }
    assert.match(frame.first, /^2026-01-01 00:00:00(\.000)?\+00:00$/);
  }

  test("reads processes with every bit of their pseudonyms", OPTIONS, async () => {
    const [parquet, csv] = await described("process", ["parquet", "csv"]);
    const rows = house.published.get("process")!;
    assert.deepEqual(parquet!.dtypes, PROCESS_DTYPES);
    assertRows(parquet!, rows);
    assertRows(csv!, rows);
    assert.deepEqual(Object.keys(parquet!.integers), ["name_hash", "io_read_bytes", "io_write_bytes"]);
    assert.equal(csv!.dtypes["name_hash"], "uint64");
    assert.match(csv!.dtypes["timestamp"]!, /^datetime64\[\w+, UTC\]$/);
  });

  test("reads a category as one, and a flag as a flag", OPTIONS, async () => {
    const [parquet] = await described("optimization", ["parquet"]);
    assert.equal(parquet!.dtypes["trigger"], "category");
    assert.equal(parquet!.dtypes["success"], "bool");
    assert.equal(parquet!.dtypes["duration_ms"], "uint64");
    assertRows(parquet!, house.published.get("optimization")!);
    assert.ok(parquet!.categories["trigger"]);
  });
});
