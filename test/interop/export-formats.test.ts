/**
 * A million rows of every type through every format, read back by programs that are not ours (Python's csv, json, sqlite3 and
 * gzip, pyarrow, pandas), every value compared with the one that went in. On Deno it is a tenth of them: the bytes are the same.
 */

import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Encoder } from "../../actors/exporter/format.ts";
import { fileExtension, formatNamed } from "../../actors/exporter/formats/index.ts";
import type { Compression, ExportFormatName } from "../../actors/exporter/order.ts";
import { loadParquet } from "../../actors/store/parquet/load-parquet.ts";
import { openParquet } from "../../actors/store/parquet/open-parquet.ts";
import { lakeOptions, ParquetWriter } from "../../actors/store/parquet/parquet-writer.ts";
import { type MixedColumn, mixed, mixedBatches, mixedColumns } from "../fixtures/mixed-rows.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

const PACKAGES = ["pyarrow==26.0.1", "pandas==3.1.1"];
const SCRIPT = fileURLToPath(new URL("./check-exports.py", import.meta.url));
const OPTIONS = { skip: pythonSkipped(), timeout: PYTHON_TEST_TIMEOUT_MS };
const ROWS = "Deno" in globalThis ? 100_000 : 1_000_000;
/** Of those that are compressed, which takes longer than all the others. */
const SOME_ROWS = ROWS / 5;
const BATCH_ROWS = 1000;
/** Readers at a time. */
const PYTHONS = 2;
const NOTES = {
  dataset: "mixed",
  profile: "pseudonymous",
  fromMs: null,
  toMs: 253_402_300_800_000,
  rows: ROWS,
  suppressedRows: 0,
} as const;

/** Gives a file its rows. */
type RowSource = (encoder: Pick<Encoder, "append" | "copy">) => Promise<void>;

/** A file to be made and read. */
interface Exported {
  /** `first-<n>`, when it has only so many rows. */
  readonly name: string;
  readonly format: ExportFormatName;
  readonly compression: Compression;
  readonly rows: RowSource;
}

describe("a million rows", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-formats-"));
  const columns = mixedColumns(ROWS);
  const batches = (rows: number): RowSource => {
    return async (encoder) => {
      for (const batch of mixedBatches(columns, BATCH_ROWS)) {
        if (batch.firstSequence < rows) await encoder.append(batch, { from: 0, to: batch.rows });
      }
    };
  };
  const all = batches(ROWS);
  const exported: readonly Exported[] = [
    { name: "rows", format: "jsonl", compression: "none", rows: all },
    { name: "rows", format: "json", compression: "none", rows: all },
    { name: "rows", format: "csv", compression: "none", rows: all },
    { name: "rows", format: "sqlite", compression: "none", rows: all },
    { name: `first-${SOME_ROWS}`, format: "csv", compression: "gzip", rows: batches(SOME_ROWS) },
    { name: `first-${SOME_ROWS}`, format: "jsonl", compression: "zstd", rows: batches(SOME_ROWS) },
    { name: "rows", format: "arrow", compression: "none", rows: all },
    { name: "rows", format: "arrows", compression: "none", rows: all },
    { name: "encoded", format: "parquet", compression: "zstd", rows: all },
    { name: "copied", format: "parquet", compression: "zstd", rows: copiedFrom(folder, all) },
  ];
  /** What was found in each, which is looked for while the next are written: reading takes ten times as long. */
  const found = new Map<Exported, Promise<string>>();

  before(async () => {
    if (OPTIONS.skip !== false) return;
    writeExpected(folder, columns);
    await loadParquet();
    const python = await pythonWith(PACKAGES);
    const take = limited(PYTHONS);
    for (const one of exported) {
      const path = await writeFile(folder, one);
      const reading = take(async () => {
        const { code, stdout, stderr } = await run(python, [SCRIPT, folder, path]);
        rmSync(path);
        return code === 0 ? String(Object.values(JSON.parse(stdout))) : stderr;
      });
      reading.catch(() => {});
      found.set(one, reading);
    }
  }, OPTIONS);

  after(async () => {
    await Promise.allSettled(found.values());
    rmSync(folder, { recursive: true, force: true });
  });

  const assertRead = async (format: ExportFormatName, compression: Compression = "none", name?: string) => {
    const one = exported.find(
      (candidate) =>
        candidate.format === format &&
        candidate.compression === compression &&
        (name === undefined || candidate.name === name),
    );
    assert.ok(one);
    assert.equal(await found.get(one), "ok");
  };

  test("are what Python's csv reads", OPTIONS, () => assertRead("csv"));
  test("are what Python's json reads from an array", OPTIONS, () => assertRead("json"));
  test("are what Python's json reads line by line", OPTIONS, () => assertRead("jsonl"));
  test("come back from gzip", OPTIONS, () => assertRead("csv", "gzip"));
  test("come back from zstd", OPTIONS, () => assertRead("jsonl", "zstd"));
  test("are what Python's sqlite3 reads, from a database that is whole", OPTIONS, () => assertRead("sqlite"));
  test("are what pyarrow and pandas read from an Arrow file", OPTIONS, () => assertRead("arrow"));
  test("are what pyarrow reads from an Arrow stream", OPTIONS, () => assertRead("arrows"));
  test("are what pyarrow and pandas read from Parquet", OPTIONS, () =>
    assertRead("parquet", "zstd", "encoded"),
  );
  test("are what pyarrow and pandas read from Parquet that was copied from the lake", OPTIONS, () =>
    assertRead("parquet", "zstd", "copied"),
  );
});

async function writeFile(folder: string, { name, format, compression, rows }: Exported): Promise<string> {
  const made = formatNamed(format)!;
  const path = join(folder, `${name}.${fileExtension(made, compression)}`);
  const file = openSync(path, "w");
  try {
    const facts = {
      shape: mixed,
      profile: NOTES.profile,
      fromMs: Number.NEGATIVE_INFINITY,
      toMs: NOTES.toMs,
    };
    const encoder = await made.open({ ...facts, compression, workFolder: folder }, (bytes) =>
      writeAll(file, bytes),
    );
    await rows(encoder);
    while ((await encoder.end(NOTES)) === "more");
    encoder.close();
  } finally {
    closeSync(file);
  }
  return path;
}

/** Row groups of a file as the lake has them, none of which is read. */
function copiedFrom(folder: string, rows: RowSource): RowSource {
  return async (encoder) => {
    const path = join(folder, "lake.parquet");
    const file = openSync(path, "w");
    const writer = new ParquetWriter(mixed, (bytes) => writeAll(file, bytes), lakeOptions(mixed));
    await rows({ append: (batch, run) => writer.append(batch, run) });
    writer.end();
    closeSync(file);
    const stored = openParquet(path);
    for (const [group, { rows: count }] of stored.groups.entries()) {
      const read = () => assert.fail("a whole row group is not read to be copied");
      const isCopied = encoder.copy?.({
        kind: "group",
        file: stored,
        group,
        rows: count,
        isWhole: true,
        read,
      });
      assert.equal(isCopied, true);
    }
    stored.close();
  };
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at);
}

/** Runs what it is given, so many at a time, in their order. */
function limited(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const last = Array.from({ length: most }, () => Promise.resolve());
  let next = 0;
  return (work) => {
    const place = next++ % most;
    const result = last[place]!.then(work);
    last[place] = result.then(
      () => {},
      () => {},
    );
    return result;
  };
}

/** What check-exports.py compares with. */
function writeExpected(folder: string, columns: readonly MixedColumn[]): void {
  for (const { name, elements, isThere } of columns) {
    writeFileSync(join(folder, `${name}.bin`), elements);
    if (isThere !== undefined) writeFileSync(join(folder, `${name}.there`), isThere);
  }
  const told = columns.map(({ name, type, isName, values, isThere }) => ({
    name,
    type,
    isName,
    values,
    nullable: isThere !== undefined,
  }));
  writeFileSync(join(folder, "expected.json"), JSON.stringify({ rows: ROWS, notes: NOTES, columns: told }));
}
