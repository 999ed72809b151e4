/**
 * SQLite: a database of one table, named as the dataset, and the table `millrace (key, value)`, which says what the export is.
 *
 * | column              | declared | what is in it                                                               |
 * |---------------------|----------|-----------------------------------------------------------------------------|
 * | f64, f32            | REAL     | the number; NaN, which SQLite does not have, is NULL; −0 is read back as 0  |
 * | 8 to 32 bits, i64   | INTEGER  | the number                                                                  |
 * | u64, a measure      | INTEGER  | the number; above 2^63 − 1, which no validator lets in, the nearest REAL    |
 * | u64, a pseudonym    | TEXT     | its decimal digits: it is a name, and half of them have no signed 64 bits   |
 * | moment              | TEXT     | RFC 3339 in UTC with milliseconds: SQLite's date functions take it, and it sorts as it is |
 * | bool                | INTEGER  | 0 or 1                                                                      |
 * | category            | TEXT     | the value                                                                   |
 *
 * What is missing is NULL. A database is no stream: its first page is written last. So it is made in the work folder, in one
 * transaction that nothing is undone of (no journal, no sync: a crash leaves no file that anybody sees), and read from there
 * piece by piece. SQLite's page cache (2 MB) and one piece are all that is held. No compression: a database that cannot be
 * opened where it lies is none.
 */

import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { RowRun } from "../../../datasets/row-run.ts";
import type { PublicBatch } from "../../../runtime/batch/index.ts";
import type { ByteSink, Encoder, ExportFacts, ExportNotes, Format } from "../format.ts";
import { type CellReader, sqliteColumns } from "./sqlite-cells.ts";

/** Rows that one statement inserts: a call costs as much as several rows. */
const STATEMENT_ROWS = 16;
/** Bytes that are read from the database at once. */
const PIECE_BYTES = 2 ** 18;
/** Pieces of one step of `end`. */
const STEP_PIECES = 4;
/** Where a database says which version of SQLite wrote it last. */
const VERSION_AT = 96;
const VERSION_BYTES = 4;

/** SQLite's codes of failures that are the disk's, and what the system calls them. */
const DISK_FAILURES: ReadonlyMap<number, string> = new Map([
  [10, "EIO"],
  [13, "ENOSPC"],
  [14, "EACCES"],
]);

export const sqlite: Format = {
  name: "sqlite",
  extension: "sqlite",
  contentType: "application/vnd.sqlite3",
  compressions: ["none"],
  open: (facts, sink) => asDiskFailure(() => new SqliteFile(facts, sink)),
};

class SqliteFile implements Encoder {
  readonly #path: string;
  readonly #sink: ByteSink;
  readonly #cells: readonly CellReader[];
  readonly #insertMany: StatementSync;
  readonly #insertOne: StatementSync;
  /** Values of the rows that wait for a whole statement, row by row. */
  readonly #values: SQLInputValue[];
  #waiting = 0;
  #database: DatabaseSync | undefined;
  /** The file, when the database is whole, and where it is read on. */
  #file: number | undefined;
  #at = 0;

  constructor({ shape, workFolder }: ExportFacts, sink: ByteSink) {
    const { cells, declarations } = sqliteColumns(shape);
    this.#sink = sink;
    this.#cells = cells;
    this.#path = `${workFolder}/export.sqlite`;
    // Made here, so that it is nobody else's to read.
    closeSync(openSync(this.#path, "wx", 0o600));
    const database = new DatabaseSync(this.#path);
    this.#database = database;
    const table = quoted(shape.name);
    database.exec(
      `PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
       BEGIN;
       CREATE TABLE ${table} (${declarations.map(({ name, type }) => `${quoted(name)} ${type}`).join(", ")});
       CREATE TABLE millrace (key TEXT NOT NULL PRIMARY KEY, value);`,
    );
    const row = `(${cells.map(() => "?").join(", ")})`;
    const insert = (rows: number) =>
      database.prepare(`INSERT INTO ${table} VALUES ${Array.from({ length: rows }, () => row).join(", ")}`);
    this.#insertMany = insert(STATEMENT_ROWS);
    this.#insertOne = insert(1);
    this.#values = Array.from({ length: STATEMENT_ROWS * cells.length }, () => null);
  }

  append(batch: PublicBatch, { from, to }: RowRun): void {
    const cells = this.#cells;
    for (let row = from; row < to; ) {
      const rows = Math.min(to - row, STATEMENT_ROWS - this.#waiting);
      for (let index = 0; index < cells.length; index++) {
        cells[index]!(batch, row, rows, this.#values, this.#waiting * cells.length + index);
      }
      row += rows;
      this.#waiting += rows;
      if (this.#waiting === STATEMENT_ROWS) {
        asDiskFailure(() => this.#insertMany.run(...this.#values));
        this.#waiting = 0;
      }
    }
  }

  flush(): void {}

  end(notes: ExportNotes): "more" | undefined {
    if (this.#database !== undefined) asDiskFailure(() => this.#finish(notes));
    this.#file ??= openSync(this.#path, "r");
    for (let piece = 0; piece < STEP_PIECES; piece++) {
      const bytes = new Uint8Array(PIECE_BYTES);
      const read = readSync(this.#file, bytes, 0, PIECE_BYTES, this.#at);
      if (read === 0) return undefined;
      // The library's version tells nothing of the rows, and runtimes bring different ones.
      if (this.#at === 0) bytes.fill(0, VERSION_AT, VERSION_AT + VERSION_BYTES);
      this.#at += read;
      this.#sink(bytes.subarray(0, read));
    }
    return "more";
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#path, { force: true });
  }

  #finish(notes: ExportNotes): void {
    const { length } = this.#cells;
    for (let row = 0; row < this.#waiting; row++) {
      this.#insertOne.run(...this.#values.slice(row * length, (row + 1) * length));
    }
    this.#waiting = 0;
    const note = this.#database!.prepare("INSERT INTO millrace VALUES (?, ?)");
    for (const [key, value] of Object.entries(notes)) {
      note.run(key, typeof value === "object" && value !== null ? JSON.stringify(value) : value);
    }
    this.#database!.exec("COMMIT");
    this.#database!.close();
    this.#database = undefined;
  }
}

/** Failures of the disk, under the names that the system has for them: whoever asked is told, and it is no error of ours. */
function asDiskFailure<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = DISK_FAILURES.get(((error as { errcode?: number }).errcode ?? 0) & 0xff);
    if (code === undefined) throw error;
    throw Object.assign(
      new Error(`the database of an export could not be written: ${code}`, { cause: error }),
      {
        code,
      },
    );
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
