/**
 * How fast do rows of `process` become a file? A million of them, from the store to the file under its name, through the door
 * that programs use (api/local.ts): from the log, where they lie as they were recorded, and from the lake, hour by hour.
 * Beside it, in the same run, native DuckDB's COPY of the same rows from a table in its memory, with one thread.
 *
 * The folder is in memory (/dev/shm) where there is such a thing: how fast a disk is, is not what is asked for here.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { DuckDBConnection } from "@duckdb/node-api";
import { tableFromIPC } from "apache-arrow";
import type { ExportFormatName } from "../actors/exporter/order.ts";
import { type LocalStoreClient, openLocalStore } from "../api/local.ts";
import { makeStore } from "./fixtures/export-store.ts";
import { type MarkedCase, percentile, rounded } from "./marked.ts";

/** Whole hours: the lake has no halves. */
const ROWS = 1_008_000;
const WARM_UP_ROUNDS = 1;
const ROUNDS = 5;
const MILLION = 1e6;

interface Case {
  readonly name: string;
  readonly from: "log" | "lake";
  readonly format: ExportFormatName;
  /** M rows/s that are to be reached at least. */
  readonly mark?: number;
  /** What DuckDB is told to do, from its table to a file. */
  readonly peer?: string;
}

const CASES: readonly Case[] = [
  { name: "CSV", from: "log", format: "csv", mark: 1, peer: "(FORMAT csv, HEADER)" },
  { name: "JSON", from: "log", format: "json" },
  { name: "JSON Lines", from: "log", format: "jsonl", mark: 0.6 },
  {
    name: "Parquet, zstd, encoded",
    from: "log",
    format: "parquet",
    mark: 1,
    peer: "(FORMAT parquet, COMPRESSION zstd)",
  },
  {
    name: "Parquet, zstd, copied",
    from: "lake",
    format: "parquet",
    mark: 5,
    peer: "(FORMAT parquet, COMPRESSION zstd)",
  },
  { name: "SQLite", from: "log", format: "sqlite", mark: 0.5 },
  { name: "Arrow file", from: "log", format: "arrow", mark: 10 },
  { name: "Arrow stream", from: "log", format: "arrows", mark: 10 },
  { name: "CSV, out of Parquet", from: "lake", format: "csv" },
  { name: "JSON Lines, out of Parquet", from: "lake", format: "jsonl" },
  { name: "Arrow file, out of Parquet", from: "lake", format: "arrow" },
];

/** Runs the cases and reports each. Takes a minute or two. */
export async function benchExport(report: (measured: MarkedCase) => void): Promise<void> {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "millrace-bench-"));
  const stores = new Map<Case["from"], LocalStoreClient>();
  try {
    for (const [from, rows] of [
      ["log", { lakeRows: 0, logRows: ROWS }],
      ["lake", { lakeRows: ROWS, logRows: 0 }],
    ] as const) {
      await makeStore(join(folder, from), rows);
      stores.set(from, opened(join(folder, from)));
    }
    const duckdb = await openDuckdb(folder, stores.get("log")!);
    await verify(folder, stores, duckdb);
    const samples = await measure(folder, stores, duckdb);
    for (const one of CASES) report(described(one, samples));
    duckdb.closeSync();
  } finally {
    for (const store of stores.values()) await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** For each case its samples, and those of its peer, in M rows/s. */
type Samples = ReadonlyMap<string, number[]>;

async function measure(
  folder: string,
  stores: ReadonlyMap<Case["from"], LocalStoreClient>,
  duckdb: DuckDBConnection,
): Promise<Samples> {
  const samples = new Map<string, number[]>();
  const take = async (name: string, isWarmUp: boolean, work: () => Promise<unknown>) => {
    const startMs = performance.now();
    await work();
    const rate = ROWS / (performance.now() - startMs) / (MILLION / 1000);
    if (!isWarmUp) samples.set(name, [...(samples.get(name) ?? []), rate]);
  };
  const peers = new Set(CASES.flatMap(({ peer }) => peer ?? []));
  // Rounds interleave all of them, so that a machine that slows down slows all.
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const isWarmUp = round < WARM_UP_ROUNDS;
    for (const one of CASES) {
      await take(one.name, isWarmUp, () => exported(stores.get(one.from)!, join(folder, "ours"), one.format));
    }
    for (const peer of peers)
      await take(peer, isWarmUp, () => duckdb.run(copyTo(join(folder, "theirs"), peer)));
  }
  return samples;
}

function described({ name, from, mark, peer }: Case, samples: Samples): MarkedCase {
  const ours = samples.get(name)!;
  const theirs = peer === undefined ? undefined : samples.get(peer)!;
  const median = (of: readonly number[]) => rounded(percentile(of, 0.5));
  const spread = (of: readonly number[]) => [rounded(Math.min(...of)), rounded(Math.max(...of))] as const;
  const duckdb = "DuckDB COPY, one thread";
  return {
    result: {
      bench: "export",
      case: name,
      unit: "M rows/s",
      ours: median(ours),
      peers: theirs === undefined ? {} : { [duckdb]: median(theirs) },
      ratio: theirs === undefined ? null : rounded(percentile(ours, 0.5) / percentile(theirs, 0.5)),
    },
    payload: `${ROWS} rows of 8 columns from the ${from}, median of ${ROUNDS}`,
    spread: { ours: spread(ours), ...(theirs === undefined ? {} : { [duckdb]: spread(theirs) }) },
    mark,
    least: true,
  };
}

/** Every file holds all rows; those that DuckDB reads, the same figures as its table. */
async function verify(
  folder: string,
  stores: ReadonlyMap<Case["from"], LocalStoreClient>,
  duckdb: DuckDBConnection,
): Promise<void> {
  const facts = async (from: string) => {
    const reader = await duckdb.runAndReadAll(
      `SELECT count(*), count(cpu_percent), sum(pid), sum(io_read_bytes), sum(private_bytes_mb)::DECIMAL(38, 6) FROM ${from}`,
    );
    return String(reader.getRows());
  };
  const expected = await facts("process");
  for (const { name, from, format } of CASES) {
    const path = join(folder, `ours.${format}`);
    const { copiedRows } = await exported(stores.get(from)!, join(folder, "ours"), format);
    if (name.includes("copied") !== copiedRows > 0)
      throw new Error(`${name}: ${copiedRows} rows were copied`);
    const came =
      format === "csv" || format === "parquet"
        ? await facts(`read_${format}('${path}')`)
        : `${rowsOf(format, path)}${expected.slice(expected.indexOf(","))}`;
    if (came !== expected) throw new Error(`${name} from the ${from}: expected ${expected}, came ${came}`);
    rmSync(path);
  }
}

function rowsOf(format: ExportFormatName, path: string): number {
  switch (format) {
    case "arrow":
    case "arrows":
      return tableFromIPC(readFileSync(path)).numRows;
    case "sqlite": {
      const database = new DatabaseSync(path, { readOnly: true });
      const counted = database.prepare("SELECT count(*) AS rows FROM process").get();
      database.close();
      return Number(counted?.["rows"]);
    }
    default:
      // An object a line; of an array, its brackets have lines of their own.
      return readFileSync(path).reduce(
        (lines, byte) => lines + (byte === 10 ? 1 : 0),
        format === "json" ? -2 : 0,
      );
  }
}

function opened(dataFolder: string): LocalStoreClient {
  const store = openLocalStore({ dataFolder });
  if (!store.ok) throw new Error(store.message);
  return store.client;
}

async function exported(store: LocalStoreClient, base: string, format: ExportFormatName) {
  const output = `${base}.${format}`;
  const made = await store.exportRange({ dataset: "process", format, output, force: true });
  if (!made.ok) throw new Error(made.message);
  if (made.stats.rows !== ROWS) throw new Error(`${format}: expected ${ROWS} rows, came ${made.stats.rows}`);
  return made.stats;
}

/** With all rows in a table of its own, in memory. */
async function openDuckdb(folder: string, log: LocalStoreClient): Promise<DuckDBConnection> {
  const { DuckDBInstance } = createRequire(import.meta.url)(
    "@duckdb/node-api",
  ) as typeof import("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  await exported(log, join(folder, "rows"), "parquet");
  await connection.run(`CREATE TABLE process AS FROM read_parquet('${join(folder, "rows.parquet")}')`);
  return connection;
}

function copyTo(base: string, how: string): string {
  return `COPY process TO '${base}.${how.includes("csv") ? "csv" : "parquet"}' ${how}`;
}
