/** What CSV leaves open, one by one; row-formats.test.ts compares whole rows with the validator. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { csvHeader, csvRows } from "../../datasets/csv-rows.ts";
import type { Dataset } from "../../datasets/define.ts";
import { defineDataset } from "../../datasets/define.ts";
import { TextSink } from "../../datasets/text-sink.ts";
import { csvBody } from "../../ingest/csv.ts";
import { TABLE_ROWS } from "../../ingest/table.ts";
import { publicBatch } from "../fixtures/public-batches.ts";
import { PushPipeline } from "../fixtures/push-pipeline.ts";

const small: Dataset = defineDataset({
  name: "small",
  title: "A small one",
  time: "at",
  batchRows: 64,
  slots: 4,
  columns: {
    at: { class: "moment", type: "timestamp", default: "now", meaning: "When." },
    name: { class: "identifier", type: "utf8", kind: "thing", maxBytes: 16, nullable: true, meaning: "Who." },
    load: { class: "measure", type: "f64", unit: "1", nullable: true, meaning: "How much." },
    count: { class: "measure", type: "u64", unit: "1", nullable: true, meaning: "How many." },
    good: { class: "measure", type: "bool", unit: "1", nullable: true, meaning: "Whether." },
  },
} as never);

const pipeline = new PushPipeline();
const run = (body: string | Uint8Array) =>
  pipeline.run(small, csvBody, typeof body === "string" ? new TextEncoder().encode(body) : body);
const rowsOf = (body: string) => {
  const { accepted, rejections, fault } = run(body);
  assert.deepEqual([rejections, fault], [[], undefined]);
  return [...accepted.values()];
};
/** The one refusal there is: its row, column, reason and what came. */
const refusalOf = (body: string | Uint8Array) => {
  const { rejections, fault } = run(body);
  assert.equal(fault, undefined);
  assert.equal(rejections.length, 1);
  const [{ row, column, reason, got }] = rejections as [(typeof rejections)[number]];
  return [row, column, reason, got];
};
const faultOf = (body: string | Uint8Array) => {
  const { fault } = run(body);
  return [fault?.got, fault?.at];
};

describe("CSV", () => {
  test("columns come in any order, and those that do not come are missing", () => {
    assert.deepEqual(rowsOf("load,name\n1.5,a\n,b\n2,\n"), [
      { name: "a", load: 1.5 },
      { name: "b" },
      { load: 2 },
    ]);
  });

  test("lines end in either way, and the last one need not; empty lines are no rows; a mark is passed over", () => {
    const rows = [{ name: "a" }, { name: "b" }];
    for (const body of [
      ...["name\na\nb\n", "name\r\na\r\nb\r\n", "name\na\nb", "name\r\na\nb\r\n", "\ufeffname\na\nb\n"],
      ...['\ufeff"name"\n"a"\n"b"', "name\n\na\n\r\n\nb\n\n\r\n", '"name"\r\n"a"\r\n"b"\r\n'],
    ]) {
      assert.deepEqual(rowsOf(body), rows, JSON.stringify(body));
    }
    assert.deepEqual(rowsOf("name\n"), []);
    assert.deepEqual(rowsOf("name"), []);
    // A carriage return by itself ends nothing.
    assert.deepEqual(rowsOf("name\na\rb\n"), [{ name: "a\rb" }]);
  });

  test("an empty field is missing, an empty text in quotes is not; quotes hold commas, quotes and line breaks", () => {
    assert.deepEqual(rowsOf('name,load\n,\n"",\n'), [{}, { name: "" }]);
    assert.deepEqual(rowsOf('name,load\n"a,b",1\n"say ""hi""",2\n"two\r\nlines",3\n"""",4\n'), [
      { name: "a,b", load: 1 },
      { name: 'say "hi"', load: 2 },
      { name: "two\r\nlines", load: 3 },
      { name: '"', load: 4 },
    ]);
    assert.deepEqual(refusalOf('name,load\na,""\n'), [0, "load", "type", "text of 0 characters"]);
  });

  test("numbers, moments and truth are what their columns are, quoted or not", () => {
    assert.deepEqual(
      rowsOf('at,load,count,good\n1,"1e3","9007199254740991","True"\n1970-01-01T00:00:01Z,-0.5,5.0,false\n'),
      [
        { at: 1, load: 1000, count: 9007199254740991, good: true },
        { at: 1000, load: -0.5, count: 5, good: false },
      ],
    );
    for (const [field, column, reason] of [
      ["0x10", "load", "type"],
      [" 1", "load", "type"],
      ["1_000", "load", "type"],
      ["+1", "load", "type"],
      [".5", "load", "type"],
      ["1e999", "load", "bound"],
      ["nan", "load", "type"],
      ["inf", "load", "bound"],
      ["-inf", "load", "bound"],
      ["1.5", "count", "type"],
      ["-1", "count", "bound"],
      ["9007199254740993", "count", "bound"],
      ["99999999999999999999999", "count", "bound"],
      ["TRUE", "good", "type"],
      ["1", "good", "type"],
      ["truE", "good", "type"],
      ["2026-02-30T00:00:00Z", "at", "type"],
      ["1.5", "at", "type"],
      ["99999999999999999", "at", "bound"],
      ["0123456789abcdefg", "name", "length"],
    ] as const) {
      assert.deepEqual(
        refusalOf(`${column}\n${field}\n`).slice(0, 3),
        [0, column, reason],
        `${column} ${field}`,
      );
    }
  });

  test("a row that is none is refused, and those beside it are read", () => {
    const { accepted, rejections, raw } = run(
      'name,load\na,1\nb\nc,2,3\nd"e,4\n"f"g,5\n"h" ,6\n\n"i\nj",7\n,,,,,,\nk,8',
    );
    assert.deepEqual(
      [...accepted],
      [
        [0, { name: "a", load: 1 }],
        [6, { name: "i\nj", load: 7 }],
        [8, { name: "k", load: 8 }],
      ],
    );
    assert.deepEqual(
      rejections.map(({ row, column, reason, got }) => [row, column, reason, got]),
      [
        [1, null, "malformed", "1"],
        [2, null, "malformed", "3"],
        [3, "name", "malformed", "a quote within a field"],
        [4, "name", "malformed", "a quote within a field"],
        [5, "name", "malformed", "a quote within a field"],
        [7, null, "malformed", "7"],
      ],
    );
    assert.ok(raw.every((row) => row === undefined));
  });

  test("bytes that are not UTF-8 are refused where they are", () => {
    const bytes = (...parts: (string | number[])[]) =>
      Uint8Array.from(
        parts.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : part)),
      );
    const body = bytes("name\n", [0xc3, 0x28], "\nb\n");
    assert.deepEqual(refusalOf(body), [0, "name", "malformed", "bytes that are not UTF-8"]);
    assert.equal(run(body).accepted.get(1)?.["name"], "b");
    assert.deepEqual(faultOf(bytes([0xff], "\na\n")), ["bytes that are not UTF-8", 0]);
  });

  test("a header that is none, or a quote that is never closed, is a fault of the body, which repeats no odd name", () => {
    assert.deepEqual(faultOf(""), ["an empty line", 0]);
    assert.deepEqual(faultOf("\nname\n"), ["an empty line", 0]);
    assert.deepEqual(faultOf("name,host\n"), ["a column host", 0]);
    assert.deepEqual(faultOf("name,load,name\n"), ["the column name twice", 0]);
    assert.deepEqual(faultOf("alice smith,1\n"), ["a name of 11 characters", 0]);
    assert.deepEqual(faultOf("name,\na,b\n"), ["a column without a name, as of a table's index", 0]);
    assert.deepEqual(faultOf('na"me\n'), ["a quote within a name", 0]);
    assert.deepEqual(faultOf('"name\na'), ["the end of the body", 0]);
    assert.deepEqual(faultOf('name,load\na,1\n"b,2\n'), ["the end of the body", 14]);
    assert.deepEqual(faultOf('name\n"a""'), ["the end of the body", 5]);
  });

  test("more rows than a table has room for come in the next ones, numbered on", () => {
    const count = TABLE_ROWS * 2 + 3;
    const lines = Array.from({ length: count }, (_, index) => (index % 700 === 5 ? "x" : String(index)));
    const { accepted, rejections } = run(`load\n${lines.join("\n")}`);
    assert.equal(accepted.size + rejections.length, count);
    assert.deepEqual(
      rejections.map(({ row }) => row),
      [...lines.keys()].filter((index) => index % 700 === 5),
    );
    for (const [row, { load }] of accepted) assert.equal(load, row);
  });

  test("our own export of measures reads back", () => {
    const measures: Dataset = defineDataset({
      ...small,
      name: "measures",
      columns: Object.fromEntries(Object.entries(small.columns).filter(([name]) => name !== "name")),
    } as never);
    const rows = [
      { at: 1_767_225_600_123, load: 0.1 + 0.2, count: 2 ** 53 - 1, good: true },
      { at: -1, load: null, count: null, good: null },
      { at: 0, load: -1e-300, count: 0, good: false },
    ];
    const sink = new TextSink();
    sink.append(csvHeader(measures));
    csvRows(measures).append(sink, publicBatch(measures, rows, 0), 0, rows.length);
    const { accepted, rejections, fault } = pipeline.run(measures, csvBody, sink.take());
    assert.deepEqual([rejections, fault], [[], undefined]);
    const there = (row: object) =>
      Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
    assert.deepEqual([...accepted.values()], rows.map(there));
  });
});
