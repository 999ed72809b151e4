/** Rows of a snapshot as Arrow streams of a bounded size, only the columns that a query needs. */

import type { Dataset } from "../../datasets/define.ts";
import { RowGatherer } from "../../datasets/row-gatherer.ts";
import { chooseColumns } from "../../datasets/shape.ts";
import { concatBytes, END_OF_STREAM, streamPreamble } from "../../runtime/batch/index.ts";
import { type Refused, refuse } from "../refused.ts";
import type { Snapshot } from "../store/snapshot.ts";
import type { StoredRows } from "../store/stored-rows.ts";
import type { TableNeed } from "./duck-protocol.ts";
import type { ReadFacts } from "./protocol.ts";

/** Rows of one stream: DuckDB takes them in within some tens of milliseconds. */
const STREAM_ROWS = 32_768;

/** What was read of a table so far. */
export interface TableRead {
  readonly need: TableNeed;
  rows: number;
  /** Of the Arrow streams. */
  bytes: number;
  /** Row groups of the lake. */
  groups: number;
}

/**
 * Reads the snapshot, which was taken with the need's columns and times, and counts into `read`. Gives undefined now and then, so
 * that others may have their turn.
 */
export function* readTable(
  dataset: Dataset,
  snapshot: Snapshot,
  read: TableRead,
): Generator<Uint8Array<ArrayBuffer> | undefined, void, void> {
  const shape = chooseColumns(dataset, read.need.columns);
  const gatherer = new RowGatherer(shape, STREAM_ROWS);
  const preamble = streamPreamble(gatherer.plan.publicColumns);
  const taken = () => {
    read.rows += gatherer.rows;
    const stream = concatBytes([preamble, gatherer.take(), END_OF_STREAM]);
    read.bytes += stream.byteLength;
    return stream;
  };
  for (const part of snapshot.parts()) {
    if (part?.kind === "group") read.groups++;
    const rows = part?.kind === "group" ? part.read() : part;
    // All of it at once: while a stream is handed over, others may read to where its rows lie.
    if (rows !== undefined) yield* [...gather(gatherer, rows, taken)];
    if (part?.kind !== "rows") yield undefined;
  }
  if (gatherer.rows > 0) yield taken();
}

export function readFacts(reads: readonly TableRead[]): ReadFacts {
  const total = (count: (read: TableRead) => number) => reads.reduce((sum, read) => sum + count(read), 0);
  return {
    rows: total(({ rows }) => rows),
    bytes: total(({ bytes }) => bytes),
    groups: total(({ groups }) => groups),
    tables: reads.map(({ need: { table, columns, fromMs, toMs }, rows }) => ({
      table,
      columns,
      from: momentOf(fromMs),
      to: momentOf(toMs),
      rows,
    })),
  };
}

export function tooLarge(reads: readonly TableRead[], maxBytes: number): Refused<"too-large"> {
  const tables = reads.map(({ need, rows }) => `${rows} rows of ${need.table} (${need.columns.join(", ")})`);
  const table = reads.at(-1)!.need.table;
  return refuse(
    "too-large",
    `the query reads more than ${maxBytes / 2 ** 20} MiB: it stopped after ${tables.join(" and ")}; narrow the time (WHERE ${table}.timestamp >= now() - INTERVAL 1 HOUR) or name fewer columns`,
  );
}

function* gather(
  gatherer: RowGatherer,
  { batch, runs }: StoredRows,
  taken: () => Uint8Array<ArrayBuffer>,
): Generator<Uint8Array<ArrayBuffer>, void, void> {
  for (const { from, to } of runs) {
    for (let at = from; at < to; ) {
      at = gatherer.add(batch, at, to);
      if (gatherer.isFull) yield taken();
    }
  }
}

function momentOf(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}
