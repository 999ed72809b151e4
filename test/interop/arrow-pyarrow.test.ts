/** Batches as another implementation reads them: pyarrow, as an Arrow stream and through parquet-wasm's Parquet. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { Compression, Table, WriterPropertiesBuilder, writeParquet } from "parquet-wasm/node";
import { process as processDataset } from "../../datasets/process.ts";
import {
  Batch,
  BatchPlan,
  type ColumnType,
  concatBytes,
  END_OF_STREAM,
  streamPreamble,
} from "../../runtime/batch/index.ts";
import {
  ALL_TYPES,
  type BatchCase,
  fieldSpec,
  textBytesOf,
  typeValue,
  type Value,
  writeCase,
} from "../fixtures/batch-cases.ts";
import { fakePseudonym, plainRow } from "../fixtures/dataset-rows.ts";
import { publicBatch } from "../fixtures/public-batches.ts";
import { PYTHON_TEST_TIMEOUT_MS, pythonSkipped, pythonWith, run } from "./python.ts";

const PACKAGES = ["pyarrow==26.0.1"];
const SCRIPT = fileURLToPath(new URL("./read-columns.py", import.meta.url));
const SEED = 20_260_110;
const SLOT = 1024;
const METADATA = new Map([["millrace.note", "größer 😀"]]);
const OPTIONS = { skip: pythonSkipped(), timeout: PYTHON_TEST_TIMEOUT_MS };

interface ReadColumn {
  readonly type: string;
  readonly nullable: boolean;
  readonly nulls: number;
  readonly values: readonly (string | boolean | null)[];
}

interface ReadTable {
  readonly rows: number;
  readonly columns: Readonly<Record<string, ReadColumn>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const ARROW_TYPES: Readonly<Record<ColumnType, string>> = {
  f64: "double",
  f32: "float",
  i32: "int32",
  u32: "uint32",
  u16: "uint16",
  u8: "uint8",
  i64: "int64",
  u64: "uint64",
  timestamp: "timestamp[ms, tz=UTC]",
  bool: "bool",
  utf8: "string",
  category: "dictionary<values=string, indices=uint8, ordered=0>",
};

/** Every type, with nulls and without. */
const plan = new BatchPlan({
  public: ALL_TYPES.flatMap((type) => [
    fieldSpec(type, type, false),
    fieldSpec(`${type}_or_null`, type, true),
  ]),
  raw: [],
});

/** What a random value should not be left out of, by type. */
const EXTREMES: Readonly<Partial<Record<ColumnType, readonly Value[]>>> = {
  f64: [Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE, 5e-324],
  f32: [Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4028234663852886e38],
  i64: [-(2n ** 63n), 2n ** 63n - 1n, -1n],
  u64: [0n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n],
  timestamp: [-8.64e15, 8.64e15, -1, 0],
  utf8: ["", "größer", "雪", "😀👩‍👩‍👧", "a\u0000b"],
};

function columnOf(type: ColumnType, nullable: boolean, rows: number, seed: number): Value[] {
  const value = nullable ? fc.option(typeValue(type), { freq: 3 }) : typeValue(type);
  const random = fc.sample(value, { seed, numRuns: rows });
  const first = nullable ? [null, ...(EXTREMES[type] ?? [])] : (EXTREMES[type] ?? []);
  return [...first, ...random].slice(0, rows);
}

/** Batches of different sizes, a multiple of 8 and none among them, joined to one stream. */
function streamOf(sizes: readonly number[]): { stream: Uint8Array; cases: BatchCase[] } {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
  const batch = new Batch(memory, plan);
  const cases = sizes.map((rows, index): BatchCase => {
    const columns = plan.publicColumns.map(
      ({ name, type, nullable }, place) =>
        [name, columnOf(type, nullable, rows, SEED + index * 100 + place)] as const,
    );
    const values = new Map(columns);
    return { plan, rows, values, textBytes: textBytesOf(plan, values) };
  });
  const messages = cases.map((given) => {
    writeCase(batch, SLOT, memory.buffer.byteLength - SLOT, given);
    batch.seal();
    return batch.message().slice();
  });
  return {
    stream: concatBytes([streamPreamble(plan.schema.public, METADATA), ...messages, END_OF_STREAM]),
    cases,
  };
}

function toParquet(stream: Uint8Array): Uint8Array {
  const properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).build();
  return writeParquet(Table.fromIPCStream(stream), properties);
}

async function readByPyarrow(bytes: Uint8Array, extension: "arrows" | "parquet"): Promise<ReadTable> {
  const python = await pythonWith(PACKAGES);
  const folder = mkdtempSync(join(tmpdir(), "millrace-interop-"));
  try {
    const file = join(folder, `table.${extension}`);
    writeFileSync(file, bytes);
    const { code, stdout, stderr } = await run(python, [SCRIPT, file]);
    assert.equal(code, 0, `pyarrow could not read it:\n${stderr}`);
    return JSON.parse(stdout) as ReadTable;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A value as read-columns.py prints it. */
function printed(type: ColumnType, value: Value): string | boolean | null {
  if (value === null || typeof value === "boolean") return value;
  if (type !== "f64" && type !== "f32") return String(value);
  if (Number.isNaN(value)) return "nan";
  const bytes = new DataView(new ArrayBuffer(type === "f64" ? 8 : 4));
  if (type === "f64") bytes.setFloat64(0, Number(value));
  else bytes.setFloat32(0, Number(value));
  return Buffer.from(bytes.buffer).toString("hex");
}

/** Any NaN is a NaN: which of its many bit patterns it is means nothing. */
function withoutNanBits(type: ColumnType, values: ReadColumn["values"]): ReadColumn["values"] {
  if (type !== "f64" && type !== "f32") return values;
  const nan = type === "f64" ? /^[7f]ff[89a-f]/ : /^[7f]f[c-f]/;
  return values.map((value) => (typeof value === "string" && nan.test(value) ? "nan" : value));
}

function assertSame(
  read: ReadTable,
  cases: readonly BatchCase[],
  types: Readonly<Record<ColumnType, string>>,
) {
  assert.equal(
    read.rows,
    cases.reduce((rows, given) => rows + given.rows, 0),
  );
  assert.deepEqual(
    Object.keys(read.columns),
    plan.publicColumns.map(({ name }) => name),
  );
  for (const { name, type, nullable } of plan.publicColumns) {
    const column = read.columns[name];
    assert.ok(column);
    const values = cases.flatMap((given) => given.values.get(name) ?? []);
    assert.deepEqual(
      withoutNanBits(type, column.values),
      values.map((value) => printed(type, value)),
      name,
    );
    assert.deepEqual([column.type, column.nullable], [types[type], nullable], name);
    assert.equal(column.nulls, values.filter((value) => value === null).length, name);
  }
}

describe("pyarrow", () => {
  test("reads a stream of every type, valid to the last check", OPTIONS, async () => {
    const { stream, cases } = streamOf([30, 8, 0, 1, 65]);
    const read = await readByPyarrow(stream, "arrows");
    assertSame(read, cases, ARROW_TYPES);
    assert.deepEqual(read.metadata, Object.fromEntries(METADATA));
  });

  test("reads a stream of no batch", OPTIONS, async () => {
    const { stream, cases } = streamOf([]);
    assertSame(await readByPyarrow(stream, "arrows"), cases, ARROW_TYPES);
  });

  test("reads the Parquet that parquet-wasm makes of it, with the same types", OPTIONS, async () => {
    const { stream, cases } = streamOf([30, 8, 65]);
    const read = await readByPyarrow(toParquet(stream), "parquet");
    const category = read.columns["category"]?.type ?? "";
    assert.match(category, /^(string|dictionary<values=string, .*>)$/);
    assertSame(read, cases, { ...ARROW_TYPES, category });
  });

  test("reads the process dataset from Parquet as ProcessRecord, name_hash as uint64", OPTIONS, async () => {
    const names = ["bash", "größer", "x".repeat(250)];
    const rows = names.map((name, pid) => ({ ...plainRow(processDataset), name, pid, cpu_percent: null }));
    const message = publicBatch(processDataset, rows).message().slice();
    const stream = concatBytes([streamPreamble(processDataset.plan.schema.public), message, END_OF_STREAM]);
    const { columns } = await readByPyarrow(toParquet(stream), "parquet");
    assert.deepEqual(
      Object.entries(columns).map(([name, { type }]) => `${name} ${type}`),
      [
        "timestamp timestamp[ms, tz=UTC]",
        "pid uint32",
        "name_hash uint64",
        "working_set_mb double",
        "private_bytes_mb double",
        "cpu_percent float",
        "io_read_bytes uint64",
        "io_write_bytes uint64",
      ],
    );
    assert.deepEqual(
      columns["name_hash"]?.values,
      names.map((name) => String(fakePseudonym(name, 64))),
    );
    assert.deepEqual(columns["cpu_percent"]?.values, [null, null, null]);
  });
});

test("the tests that need Python are skipped only where somebody asks for it, and never where CI=true", () => {
  assert.equal(pythonSkipped({}), false);
  assert.equal(pythonSkipped({ MILLRACE_SKIP_PYTHON: "1", CI: "true" }), false);
  assert.equal(pythonSkipped({ CI: "false" }), false);
  assert.equal(pythonSkipped({ MILLRACE_SKIP_PYTHON: "1" }), "MILLRACE_SKIP_PYTHON=1");
});
