import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { defineDataset } from "../../datasets/define.ts";
import { memory as memoryDataset } from "../../datasets/memory.ts";
import type { Row } from "../../datasets/row.ts";
import { arrowBody } from "../../ingest/arrow/index.ts";
import type { BodyFault } from "../../ingest/decoder.ts";
import { concatBytes, END_OF_STREAM, type FieldSpec, streamPreamble } from "../../runtime/batch/index.ts";
import { type ArrowColumn, arrowStream } from "../fixtures/arrow-bodies.ts";
import {
  type BatchParts,
  batchMessage,
  bigEndianSchema,
  bytesOf,
  streamOf,
  textBuffers,
} from "../fixtures/arrow-messages.ts";
import { plainRow } from "../fixtures/dataset-rows.ts";
import { publicBatch } from "../fixtures/public-batches.ts";
import { PushPipeline, verdictsOf } from "../fixtures/push-pipeline.ts";

const pipeline = new PushPipeline();

const tiny = defineDataset({
  name: "tiny",
  title: "A few columns",
  time: "at",
  batchRows: 64,
  slots: 4,
  columns: {
    at: { class: "moment", type: "timestamp", meaning: "When." },
    figure: { class: "measure", type: "f64", unit: "1", nullable: true, meaning: "A figure." },
    name: { class: "identifier", type: "utf8", kind: "thing", nullable: true, meaning: "A thing." },
    kind: { class: "category", type: "category", values: ["a", "b"], nullable: true, meaning: "A kind." },
  },
});
const FIGURE: FieldSpec = tiny.plan.public("figure");
const NAME: FieldSpec = { name: "name", type: "utf8", nullable: true };
const KIND: FieldSpec = tiny.plan.public("kind");

const NONE = { bytes: new Uint8Array() };

function run(body: Uint8Array, guard?: number) {
  return pipeline.run(tiny, arrowBody, body, guard);
}

function faultOf(body: Uint8Array): BodyFault {
  const { fault } = run(body);
  assert.ok(fault !== undefined, "the body is good");
  return fault;
}

/** A body of one column and one record batch, that differs from a good one in what is given. */
function floats(parts: Partial<BatchParts>): Uint8Array {
  const good: BatchParts = {
    rows: 3,
    nodes: [[3, 0]],
    buffers: [NONE, { bytes: bytesOf(Float64Array.of(1, 2, 3)) }],
  };
  return streamOf([FIGURE], [batchMessage({ ...good, ...parts })]);
}

function texts(offsets: readonly number[], text = "abcdef", rows = offsets.length - 1): Uint8Array {
  const buffers = [
    NONE,
    { bytes: bytesOf(Int32Array.from(offsets)) },
    { bytes: new TextEncoder().encode(text) },
  ];
  return streamOf([NAME], [batchMessage({ rows, nodes: [[rows, 0]], buffers })]);
}

const SAMPLE_COLUMNS: readonly ArrowColumn[] = [
  { name: "at", type: "nanoseconds", values: [1n, 2n, null, 4n, 5n] },
  { name: "figure", type: "f64", values: [0.5, null, 2, Number.NaN, 4] },
  { name: "name", type: "utf8", values: ["one", "zwölf", null, "", "five"] },
  { name: "kind", type: "utf8", index: "i8", values: ["a", "b", null, "c", "a"] },
];
const SAMPLE = arrowStream(SAMPLE_COLUMNS, [3, 2]);

describe("a hostile Arrow stream", () => {
  test("cut off at any byte has the rows of whole record batches, or a fault", () => {
    const whole = run(SAMPLE);
    assert.ok(whole.fault === undefined && whole.accepted.size === 3);
    let faults = 0;
    for (let bytes = 0; bytes < SAMPLE.length; bytes++) {
      const { accepted, fault } = run(SAMPLE.slice(0, bytes));
      for (const [row, values] of accepted) assert.deepEqual(values, whole.accepted.get(row));
      if (fault === undefined) continue;
      faults++;
      assert.ok(fault.at === null || (fault.at >= 0 && fault.at <= bytes));
    }
    // It is good behind the schema and each message after it, and without what says that it ends.
    assert.equal(SAMPLE.length - faults, 4);
  });

  test("with any byte changed is read or refused, and what lies around it changes nothing", () => {
    for (let at = 0; at < SAMPLE.length; at++) {
      const body = SAMPLE.slice();
      body[at]! ^= [1 << (at % 8), 0x80, 0xff][at % 3]!;
      const inside = verdictsOf(run(body, 0x00));
      assert.deepEqual(verdictsOf(run(body, 0xff)), inside);
    }
  });

  test("is refused for lengths and places that are not in its body", () => {
    assert.equal(run(floats({})).accepted.size, 0);
    assert.equal(run(floats({})).rejections.length, 3);
    const eight = { bytes: bytesOf(Float64Array.of(1)) };
    const cases: readonly (readonly [Partial<BatchParts>, RegExp])[] = [
      [{ rows: -1, nodes: [[-1, 0]] }, /at most \d+ rows/],
      [{ rows: 2 ** 40, nodes: [[2 ** 40, 0]] }, /at most \d+ rows/],
      [{ rows: 4 }, /4 values in column figure/],
      [{ rows: 4, nodes: [[4, 0]] }, /at least 32 bytes in column figure/],
      [{ nodes: [] }, /a length for column figure/],
      [
        {
          nodes: [
            [3, 0],
            [3, 0],
          ],
        },
        /as many columns/,
      ],
      [{ buffers: [NONE] }, /all buffers of column figure/],
      [{ buffers: [NONE, eight, eight, eight] }, /at least 24 bytes/],
      [{ buffers: [NONE, { ...eight, length: 24 }] }, /within 8 bytes/],
      [{ buffers: [NONE, { ...eight, at: -8, length: 24 }] }, /within 8 bytes/],
      [{ buffers: [NONE, { ...eight, at: 8, length: 24 }] }, /within 8 bytes/],
      [{ buffers: [NONE, { ...eight, length: -24 }] }, /within 8 bytes/],
      [{ buffers: [NONE, { ...eight, at: 2 ** 62, length: 2 ** 62 }] }, /within 8 bytes/],
      [{ buffers: [NONE, { bytes: new Uint8Array(40), at: 4, length: 24 }] }, /multiples of 8/],
      [{ nodes: [[3, 1]] }, /at least 1 bytes in column figure/],
      [{ isCompressed: true }, /not compressed; pack the whole body with gzip or zstd/],
    ];
    for (const [parts, expected] of cases) assert.match(faultOf(floats(parts)).expected, expected);
  });

  test("is refused for offsets that go down, or out of its text, even where nobody would look", () => {
    assert.equal(run(texts([0, 3, 6])).fault, undefined);
    for (const offsets of [
      [0, 3, 7],
      [0, 4, 3],
      [-1, 0, 1],
      [0, 2 ** 31 - 1, 6],
      [7, 7, 7],
    ]) {
      assert.match(faultOf(texts(offsets)).expected, /offsets that go up, within 6 bytes/, `${offsets}`);
    }
    assert.match(faultOf(texts([0, 1], "ab", 2)).expected, /at least 12 bytes/);
    assert.equal(run(texts([0], "", 0)).fault, undefined);
  });

  test("is refused for an index that leads to no entry, unless the value is missing", () => {
    const indexes = (values: Uint8Array, bitmap?: Uint8Array) => {
      const nulls = bitmap === undefined ? 0 : 1;
      const buffers = [bitmap === undefined ? NONE : { bytes: bitmap }, { bytes: values }];
      return streamOf(
        [KIND],
        [batchMessage({ rows: values.length, nodes: [[values.length, nulls]], buffers })],
      );
    };
    assert.equal(run(indexes(Uint8Array.of(0, 1))).fault, undefined);
    assert.match(
      faultOf(indexes(Uint8Array.of(0, 2))).expected,
      /indexes of 2 dictionary entries in column kind/,
    );
    assert.equal(run(indexes(Uint8Array.of(0, 2), Uint8Array.of(1))).fault, undefined);
  });

  test("takes dictionaries anew, and deltas behind them, and no entries beyond what there can be", () => {
    const fields = [KIND];
    const entries = (values: readonly string[], isDelta?: boolean) =>
      batchMessage(
        { rows: values.length, nodes: [[values.length, 0]], buffers: textBuffers(values) },
        { id: 0, ...(isDelta ? { isDelta } : {}) },
      );
    const rows = (...codes: number[]) =>
      batchMessage({
        rows: codes.length,
        nodes: [[codes.length, 0]],
        buffers: [NONE, { bytes: Uint8Array.from(codes) }],
      });
    // Without a moment rows are refused, and said to be as they came.
    const kinds = (messages: readonly Uint8Array[]) =>
      run(streamOf(fields, messages)).raw.map((row) => row?.["kind"]);
    assert.deepEqual(kinds([rows(0, 1), entries(["b", "a"]), rows(0, 1)]), ["a", "b", "b", "a"]);
    assert.deepEqual(kinds([entries(["b"]), rows(0), entries(["a", "b"], true), rows(0, 1, 2)]), [
      "b",
      "b",
      "a",
      "b",
    ]);
    const other = batchMessage({ rows: 1, nodes: [[1, 0]], buffers: textBuffers(["a"]) }, { id: 7 });
    assert.match(faultOf(streamOf(fields, [other])).expected, /dictionaries of columns that the schema has/);
  });

  test("does not read a long entry again for every row that refers to it", () => {
    const entries = (field: FieldSpec, texts: readonly string[], indexes: Uint8Array) =>
      run(
        streamOf(
          [field],
          [
            batchMessage(
              { rows: texts.length, nodes: [[texts.length, 0]], buffers: textBuffers(texts) },
              { id: 0 },
            ),
            batchMessage({
              rows: indexes.length,
              nodes: [[indexes.length, 0]],
              buffers: [NONE, { bytes: indexes }],
            }),
          ],
        ),
      );
    // What is said of the row is not of this column; the row is not made an object of, as it would be read for that.
    const read = (length: number) => entries(KIND, ["x".repeat(length)], Uint8Array.of(0)).raw[0]?.["kind"];
    assert.equal(read(4096), "x".repeat(4096));
    assert.equal(read(4097), undefined);
  });

  test("keeps what texts come to when entries come behind, one by one", () => {
    const entry = (text: string, isDelta: boolean) =>
      batchMessage({ rows: 1, nodes: [[1, 0]], buffers: textBuffers([text]) }, { id: 0, isDelta });
    const row = (index: number) =>
      batchMessage({ rows: 1, nodes: [[1, 0]], buffers: [NONE, { bytes: Uint8Array.of(index) }] });
    const kinds = ["a", "b", "b", "a", "a", "b", "a"];
    const messages = kinds.flatMap((kind, index) => [entry(kind, index > 0), row(index), row(0)]);
    const { raw, fault } = run(streamOf([KIND], messages));
    assert.equal(fault, undefined);
    assert.deepEqual(
      raw.map((values) => values?.["kind"]),
      kinds.flatMap((kind) => [kind, "a"]),
    );
    const behind = run(streamOf([KIND], [...messages, row(kinds.length)]));
    assert.match(behind.fault?.expected ?? "", /indexes of 7 dictionary entries in column kind/);
  });

  test("is refused for what cannot be right in any row", () => {
    const column = (given: Partial<ArrowColumn>): ArrowColumn => ({
      name: "figure",
      type: "f64",
      values: [1],
      ...given,
    });
    const cases: readonly (readonly [readonly ArrowColumn[], RegExp, RegExp])[] = [
      [
        [column({ name: "other" })],
        /only the columns at, figure, name, kind/,
        /a column other that is not declared/,
      ],
      [[column({ name: "12-3 4\n" })], /only the columns/, /^a column with another name$/],
      [
        ["at", "figure", "name", "kind", "fifth"].map((name) => column({ name })),
        /only the columns/,
        /a column fifth/,
      ],
      [[column({}), column({})], /each column once/, /column figure twice/],
      [[column({ type: "utf8", values: ["1"] })], /a number type in column figure/, /utf8/],
      [[column({ type: "bool", values: [true] })], /a number type in column figure/, /bool/],
      [[column({ name: "name" })], /utf8, large_utf8, or a dictionary of them in column name/, /f64/],
      [[column({ type: "milliseconds", values: [1n] })], /a number type in column figure/, /milliseconds/],
    ];
    for (const [columns, expected, got] of cases) {
      const fault = faultOf(arrowStream(columns));
      assert.match(fault.expected, expected);
      assert.match(fault.got, got);
    }
  });

  test("is refused for other formats, and for what stands where nothing should", () => {
    const other = new TextEncoder();
    assert.match(faultOf(new Uint8Array()).got, /nothing/);
    assert.match(faultOf(other.encode("ARROW1\0\0")).got, /an Arrow IPC file; send it in the stream format/);
    assert.match(faultOf(other.encode('{"figure": 1}')).expected, /begins with FF FF FF FF/);
    assert.match(faultOf(bigEndianSchema()).expected, /little-endian/);
    assert.match(
      faultOf(SAMPLE.slice(streamPreamble([]).length)).expected,
      /a schema as the first message|FF FF FF FF/,
    );
    assert.match(faultOf(concatBytes([SAMPLE, SAMPLE])).expected, /nothing behind the end of the stream/);
    const twice = concatBytes([streamPreamble([FIGURE]), streamPreamble([FIGURE]), END_OF_STREAM]);
    assert.match(faultOf(twice).expected, /record batches and dictionaries behind the schema/);
  });

  test("that is none reads what a lane has written", () => {
    const rows = Array.from(
      { length: 5 },
      (_, index) => ({ ...plainRow(memoryDataset), timestamp: 1000 + index }) as Row,
    );
    const batch = publicBatch(memoryDataset, rows);
    const body = concatBytes([
      streamPreamble(memoryDataset.plan.publicColumns),
      batch.message().slice(),
      END_OF_STREAM,
    ]);
    const { accepted, fault } = pipeline.run(memoryDataset, arrowBody, body);
    assert.equal(fault, undefined);
    assert.deepEqual([...accepted.values()], rows);
  });
});
