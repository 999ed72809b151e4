/** What every format promises, in one place: the same cases for each of them. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import type { Encoder, ExportNotes, Format } from "../../../../actors/exporter/format.ts";
import { RECORD_BATCH_ROWS } from "../../../../actors/exporter/formats/arrow.ts";
import {
  contentTypeOf,
  FORMATS,
  fileExtension,
  formatNamed,
} from "../../../../actors/exporter/formats/index.ts";
import { PIECE_BYTES } from "../../../../actors/exporter/formats/pieces.ts";
import { type Compression, EXPORT_FORMATS } from "../../../../actors/exporter/order.ts";
import { loadParquet } from "../../../../actors/store/parquet/load-parquet.ts";
import type { Row } from "../../../../datasets/row.ts";
import { chooseColumns, type TableShape } from "../../../../datasets/shape.ts";
import type { Value } from "../../../fixtures/batch-cases.ts";
import { everything, publicValues, rowOf } from "../../../fixtures/dataset-rows.ts";
import { mixed, mixedBatches, mixedColumns } from "../../../fixtures/mixed-rows.ts";
import { openFilesIn } from "../../../fixtures/open-files.ts";
import { publicBatch } from "../../../fixtures/public-batches.ts";
import { readFormat, unwrapped } from "./read-formats.ts";

const SEED = 20_260_121;
const FROM_MS = Date.UTC(2026, 0, 1);
const KNOWN = { dataset: "everything", profile: "pseudonymous", fromMs: FROM_MS, toMs: null } as const;
/** What CSV, JSON and JSON Lines have no place for. */
const WITHOUT_NOTES: readonly string[] = ["csv", "json", "jsonl"];
const workFolder = mkdtempSync(join(tmpdir(), "millrace-formats-"));
const rows: readonly Row[] = fc.sample(rowOf(everything), { seed: SEED, numRuns: 400 });

interface Made {
  readonly encoder: Encoder;
  readonly pieces: Uint8Array[];
  bytes(): Uint8Array;
}

async function open(format: Format, compression: Compression, shape: TableShape): Promise<Made> {
  const pieces: Uint8Array[] = [];
  const facts = { shape, profile: KNOWN.profile, fromMs: FROM_MS, toMs: Number.POSITIVE_INFINITY };
  const encoder = await format.open({ ...facts, compression, workFolder }, (bytes) => pieces.push(bytes));
  return { encoder, pieces, bytes: () => new Uint8Array(Buffer.concat(pieces)) };
}

/** Hands rows over in batches of so many, each of them in runs of so many. */
async function append(
  encoder: Encoder,
  of: readonly Row[],
  batchRows: number,
  runRows = batchRows,
): Promise<void> {
  for (let first = 0; first < of.length; first += batchRows) {
    const batch = publicBatch(everything, of.slice(first, first + batchRows), first);
    for (let from = 0; from < batch.rows; from += runRows) {
      await encoder.append(batch, { from, to: Math.min(batch.rows, from + runRows) });
    }
    await encoder.flush();
  }
}

async function end(encoder: Encoder, count: number): Promise<ExportNotes> {
  const notes = { ...KNOWN, rows: count, suppressedRows: 3, privacy: { k: 5 } };
  while ((await encoder.end(notes)) === "more") await encoder.flush();
  encoder.close();
  return notes;
}

async function fileOf(
  [format, compression]: readonly [Format, Compression],
  of: readonly Row[],
  {
    shape = everything,
    batchRows = 100,
    runRows = batchRows,
  }: Partial<{ shape: TableShape; batchRows: number; runRows: number }> = {},
): Promise<Uint8Array> {
  const made = await open(format, compression, shape);
  await append(made.encoder, of, batchRows, runRows);
  await end(made.encoder, of.length);
  return made.bytes();
}

/** What is read from a file of the format: SQLite has no −0. */
function expectedRows(format: Format, shape: TableShape, of: readonly Row[]): Value[][] {
  return of.map((row) => {
    const values = publicValues(everything, row);
    return shape.publicColumns.map(({ name }) => {
      const value = values[name] ?? null;
      return format.name === "sqlite" && value === 0 ? 0 : value;
    });
  });
}

await loadParquet();
after(() => rmSync(workFolder, { recursive: true }));

test("every name there is has a format, with an extension and a type of its own", () => {
  assert.deepEqual(
    FORMATS.map(({ name }) => name),
    EXPORT_FORMATS,
  );
  for (const format of FORMATS) assert.equal(formatNamed(format.name), format);
  assert.equal(formatNamed("xlsx"), undefined);
  const all = FORMATS.flatMap((format) =>
    format.compressions.map((compression) => [
      fileExtension(format, compression),
      contentTypeOf(format, compression),
    ]),
  );
  assert.deepEqual(all, [
    ["csv", "text/csv; charset=utf-8; header=present"],
    ["csv.gz", "application/gzip"],
    ["csv.zst", "application/zstd"],
    ["json", "application/json"],
    ["json.gz", "application/gzip"],
    ["json.zst", "application/zstd"],
    ["jsonl", "application/jsonl"],
    ["jsonl.gz", "application/gzip"],
    ["jsonl.zst", "application/zstd"],
    ["parquet", "application/vnd.apache.parquet"],
    ["parquet", "application/vnd.apache.parquet"],
    ["parquet", "application/vnd.apache.parquet"],
    ["sqlite", "application/vnd.sqlite3"],
    ["arrow", "application/vnd.apache.arrow.file"],
    ["arrows", "application/vnd.apache.arrow.stream"],
  ]);
});

for (const format of FORMATS) {
  for (const compression of format.compressions) {
    const kind = [format, compression] as const;
    const read = (shape: TableShape, bytes: Uint8Array) =>
      readFormat(format.name, shape, unwrapped(format.name, compression, bytes));

    describe(`a file of ${format.name}, compression ${compression}`, () => {
      test("holds what was written, of every type", async () => {
        const file = await read(everything, await fileOf(kind, rows));
        assert.deepEqual(
          file.columns,
          everything.publicColumns.map(({ name }) => name),
        );
        assert.deepEqual(file.rows, expectedRows(format, everything, rows));
      });

      test("of no rows, and of one, is whole", async () => {
        for (const some of [[], rows.slice(0, 1)]) {
          const file = await read(everything, await fileOf(kind, some));
          assert.deepEqual(
            file.columns,
            everything.publicColumns.map(({ name }) => name),
          );
          assert.deepEqual(file.rows, expectedRows(format, everything, some));
        }
      });

      test("has the columns that were chosen, in their order", async () => {
        for (const names of [["category_or", "at", "id64"], ["f32_in"], ["bool_or", "name_hash"]]) {
          const shape = chooseColumns(everything, names);
          const file = await read(shape, await fileOf(kind, rows, { shape }));
          assert.deepEqual(file.columns, names);
          assert.deepEqual(file.rows, expectedRows(format, shape, rows));
        }
      });

      test("is the same bytes however its rows come", async () => {
        const whole = await fileOf(kind, rows, { batchRows: 400 });
        for (const [batchRows, runRows] of [
          [400, 7],
          [33, 33],
          [64, 1],
          [1, 1],
        ] as const) {
          const other = await fileOf(kind, rows, { batchRows, runRows });
          assert.ok(
            Buffer.from(other).equals(Buffer.from(whole)),
            `batches of ${batchRows}, runs of ${runRows}`,
          );
        }
      });

      test("says what it is, where it has a place for it", async () => {
        const made = await open(format, compression, everything);
        await append(made.encoder, rows, 100);
        const notes = await end(made.encoder, rows.length);
        const file = await read(everything, made.bytes());
        if (WITHOUT_NOTES.includes(format.name)) assert.equal(file.notes, undefined);
        else assert.deepEqual(file.notes, format.name === "arrows" ? KNOWN : notes);
      });

      test("leaves nothing when it is given up, wherever that is", async () => {
        for (const stage of ["opened", "appended", "ended", "closed"]) {
          const made = await open(format, compression, everything);
          if (stage !== "opened") await append(made.encoder, rows, 100);
          if (stage === "ended") await made.encoder.end({ ...KNOWN, rows: 400, suppressedRows: 0 });
          made.encoder.close();
          const handed = made.pieces.length;
          if (stage === "closed") made.encoder.close();
          // The compressor works on a thread of its own.
          await new Promise((resolve) => setImmediate(resolve));
          assert.equal(made.pieces.length, handed, `nothing comes after it was given up when ${stage}`);
          assert.deepEqual(readdirSync(workFolder), []);
          assert.deepEqual(openFilesIn(workFolder) ?? [], []);
        }
      });

      test("keeps what it handed on: nothing is written over", async () => {
        const made = await open(format, compression, everything);
        const copies: Uint8Array[] = [];
        for (let round = 0; round < 3; round++) {
          await append(made.encoder, rows, 400);
          while (copies.length < made.pieces.length) copies.push(made.pieces[copies.length]!.slice());
        }
        await end(made.encoder, 1200);
        for (const [index, copy] of copies.entries()) {
          assert.ok(Buffer.from(copy).equals(Buffer.from(made.pieces[index]!)));
        }
      });
    });
  }
}

test("the same rows are the same bytes on every runtime", async () => {
  const columns = mixedColumns(5000);
  const digests: Record<string, string> = {};
  for (const name of Object.keys(DIGESTS)) {
    const made = await open(formatNamed(name)!, "none", mixed);
    for (const batch of mixedBatches(columns, 1000))
      await made.encoder.append(batch, { from: 0, to: batch.rows });
    await end(made.encoder, 5000);
    digests[name] = createHash("sha256").update(made.bytes()).digest("hex");
  }
  assert.deepEqual(digests, DIGESTS);
});

/** They change with the formats, and with nothing else: a new version of SQLite that lays pages out otherwise would be one. */
const DIGESTS: Readonly<Record<string, string>> = {
  csv: "b21b1d5a4408cc5760559d722b3bac7d19058e609f2c3e4cff3e178ba1eabb8f",
  json: "c7893ec1eaa2ffbd78a0d7a85bd5c906956173e540ea6b30ffdd3129cd3b8190",
  jsonl: "19aa7b6c6573052526215da676be988445f03bf8250e36c48eb2488a634e5055",
  sqlite: "6456490c6738fbf16ad65ceb4b7a41fcf557659cd92acce84d987c87fb867479",
  arrow: "5e469160d411f5fbc2c130f843925977fedac9374b71dea9f6c1c53dcfc75a18",
  arrows: "4d8454beaa8756158e991d2ff7677e3caf974be4fcca946b1d467739b43436a6",
};

describe("a file that is longer than a piece", () => {
  const many = Array.from({ length: 12 }, () => rows).flat();

  test("leaves in pieces, while it is made", async () => {
    for (const name of ["csv", "json", "jsonl"] as const) {
      const format = formatNamed(name)!;
      const made = await open(format, "none", everything);
      const batch = publicBatch(everything, rows);
      for (let round = 0; round < 12; round++) await made.encoder.append(batch, { from: 0, to: 400 });
      assert.ok(made.pieces.length >= 2, `${name} hands on before it is told to`);
      assert.ok(made.pieces.every(({ byteLength }) => byteLength === PIECE_BYTES));
      await end(made.encoder, 4800);
      assert.ok(made.pieces.at(-1)!.byteLength <= PIECE_BYTES, `${name} keeps no more than a piece`);
    }
  });

  test("has record batches of one size, each in bytes of its own", async () => {
    for (const name of ["arrow", "arrows"] as const) {
      const made = await open(formatNamed(name)!, "none", everything);
      const [given, batch] = [3 * RECORD_BATCH_ROWS + 1, publicBatch(everything, rows)];
      for (let left = given; left > 0; left -= 400) {
        await made.encoder.append(batch, { from: 0, to: Math.min(left, 400) });
      }
      await end(made.encoder, given);
      const table = tableFromIPC(made.bytes());
      assert.deepEqual(
        table.batches.map(({ numRows }) => numRows),
        [RECORD_BATCH_ROWS, RECORD_BATCH_ROWS, RECORD_BATCH_ROWS, 1],
      );
      const times = table.getChild("at")!;
      for (let row = 0; row < given; row += 61) assert.equal(Number(times.get(row)), rows[row % 400]!["at"]);
    }
  });

  test("is read back from a database step by step", async () => {
    const made = await open(formatNamed("sqlite")!, "none", everything);
    await append(made.encoder, many, 400);
    assert.equal(made.pieces.length, 0, "a database is whole before it is read");
    let steps = 0;
    let before = 0;
    for (let rest = await made.encoder.end({ ...KNOWN, rows: many.length, suppressedRows: 0 }); ; steps++) {
      const bytes = made.pieces.slice(before).reduce((sum, { byteLength }) => sum + byteLength, 0);
      assert.ok(bytes <= 4 * PIECE_BYTES);
      before = made.pieces.length;
      if (rest !== "more") break;
      rest = await made.encoder.end({ ...KNOWN, rows: many.length, suppressedRows: 0 });
    }
    assert.ok(steps >= 1);
    made.encoder.close();
    const file = await readFormat("sqlite", everything, made.bytes());
    assert.deepEqual(file.rows, expectedRows(formatNamed("sqlite")!, everything, many));
  });

  test("waits for its compressor", async () => {
    for (const compression of ["gzip", "zstd"] as const) {
      const made = await open(formatNamed("jsonl")!, compression, everything);
      const batch = publicBatch(everything, rows);
      let waited = 0;
      for (let round = 0; round < 40; round++) {
        const pending = made.encoder.append(batch, { from: 0, to: 400 });
        if (pending !== undefined) waited++;
        await pending;
      }
      assert.ok(waited >= 2, `${compression} was waited for ${waited} times`);
      await end(made.encoder, 16_000);
      const text = unwrapped("jsonl", compression, made.bytes());
      const once = await fileOf([formatNamed("jsonl")!, "none"], rows);
      assert.equal(text.byteLength, 40 * once.byteLength);
      assert.ok(Buffer.from(text.subarray(-once.byteLength)).equals(Buffer.from(once)));
    }
  });
});

test("a work folder that is not there is told by the name that the system has for it", async () => {
  const sqlite = formatNamed("sqlite")!;
  const facts = {
    shape: everything,
    profile: KNOWN.profile,
    fromMs: 0,
    toMs: 1,
    compression: "none",
  } as const;
  assert.throws(
    () => sqlite.open({ ...facts, workFolder: join(workFolder, "not-there") }, () => {}),
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );
});
