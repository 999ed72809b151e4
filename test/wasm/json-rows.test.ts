/** The kernel that reads rows of JSON: what it takes, where it stops, and that a row that it left is not in the table in any part. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import { type Dataset, defineDataset } from "../../datasets/define.ts";
import { JsonPlan } from "../../ingest/json-plan.ts";
import { PushTable, TABLE_ROWS, tableBytes } from "../../ingest/table.ts";
import { rowOf } from "../../ingest/table-values.ts";
import { viewsOf } from "../../runtime/batch/index.ts";
import { JSON_END, JSON_FAULT, JSON_FULL, JSON_ROW } from "../../wasm/index.ts";
import { everything, plainRow } from "../fixtures/dataset-rows.ts";
import { Bench, utf8 } from "./support.ts";

const bench = new Bench(8 << 20);
const views = viewsOf(bench.memory.buffer);
const bodyAt = bench.place(2 << 20);

interface Came {
  readonly answer: number;
  readonly rows: number;
  /** Byte of the body. */
  readonly at: number;
}

/** A dataset's table, and the kernel on bodies for it. */
class Reading {
  readonly table: PushTable;
  readonly #plan: JsonPlan;
  readonly #at: number;

  constructor(dataset: Dataset) {
    this.#at = Math.ceil(bench.place(tableBytes(dataset) + 64) / 64) * 64;
    this.table = new PushTable(bench.memory, dataset, this.#at);
    this.#plan = new JsonPlan(bench.kernels, this.table);
    bench.bytes.fill(0, this.#at, this.table.jsonAt);
    this.table.clear();
  }

  /** Goes on behind the rows that the table has. */
  read(text: string, options: { isArray?: boolean; from?: number; isBehind?: boolean } = {}): Came {
    const body = utf8(text);
    bench.bytes.set(body, bodyAt);
    this.#plan.set(bodyAt + (options.from ?? 0), this.table.rows, options.isArray ?? false);
    const answer = bench.kernels.jsonRows(this.#plan.at, bodyAt + body.length, options.isBehind ?? false);
    this.table.rows = this.#plan.rows;
    return { answer, rows: this.#plan.rows, at: this.#plan.place - bodyAt };
  }

  get row(): Record<string, unknown> {
    return rowOf(views, this.table, this.table.rows - 1) as Record<string, unknown>;
  }

  /** All bytes of the table but those of the plan, and where the text of the next row ends, which means nothing yet. */
  get bytes(): Uint8Array {
    const bytes = bench.slice(this.#at, this.table.jsonAt - this.#at);
    for (const { own, type } of this.table.columns) {
      const end = own.dataAt - this.#at + (this.table.rows + 1) * 4;
      if (type === "utf8") bytes.fill(0, end, end + 4);
    }
    return bytes;
  }
}

const columns = Object.keys(everything.columns);
const good = Object.entries({
  ...plainRow(everything),
  name: "n123456789",
  name_or: "x".repeat(40),
  id64: "18446744073709551615",
});
const line = (members: readonly (readonly [string, unknown])[]): string =>
  `{${members.map(([name, value]) => `"${name}":${typeof value === "string" && value.startsWith("@") ? value.slice(1) : JSON.stringify(value)}`).join(",")}}`;

test("a row that the kernel leaves leaves nothing in the table, whichever column it stops at", () => {
  const reading = new Reading(everything);
  // Behind rows whose bits share the bytes of its own.
  for (let rows = 0; rows < 10; rows++) {
    const before = reading.bytes;
    for (let stop = 0; stop <= columns.length; stop++) {
      const odd = [...good.slice(0, stop), ["at", '@"\\u0061"'] as const, ...good.slice(stop)];
      for (const text of [line(odd), `${line(good.slice(0, stop)).slice(0, -1)}`, `${line(good)} x`]) {
        assert.deepEqual(reading.read(`${text}\n`), { answer: JSON_ROW, rows, at: 0 });
        assert.ok(Buffer.compare(reading.bytes, before) === 0);
      }
    }
    assert.equal(reading.read(`${line(good)}\n`).rows, rows + 1);
    assert.equal(reading.row["name_or"], "x".repeat(40));
  }
});

test("so does one that there is no room for", () => {
  const reading = new Reading(everything);
  const long = line(good.map(([name, value]) => [name, name === "name_or" ? "y".repeat(256) : value]));
  for (let rows = 0; rows < 1024; rows++) assert.equal(reading.read(long).rows, rows + 1);
  const before = reading.bytes;
  assert.deepEqual(reading.read(long), { answer: JSON_FULL, rows: 1024, at: 0 });
  assert.ok(Buffer.compare(reading.bytes, before) === 0);
  // One without the text still goes in.
  assert.equal(reading.read(line(good.filter(([name]) => name !== "name_or"))).rows, 1025);
});

describe("the kernel says where it stopped, and why", () => {
  const row = line(good);
  const odd = row.replace('"at"', '"\\u0061t"');

  test("of lines", () => {
    const reading = new Reading(everything);
    assert.deepEqual(reading.read(""), { answer: JSON_END, rows: 0, at: 0 });
    assert.deepEqual(reading.read(" \r\n\n\t"), { answer: JSON_END, rows: 0, at: 5 });
    for (let blanks = 0; blanks < 50; blanks++) {
      for (const blank of [" ", "\t", "\r", "\n", "\n "]) {
        const text = blank.repeat(blanks);
        const at = text.lastIndexOf("\n") + 1;
        assert.deepEqual(reading.read(text), { answer: JSON_END, rows: 0, at: text.length });
        assert.deepEqual(reading.read(`${text}x`), { answer: JSON_ROW, rows: 0, at });
        assert.deepEqual(reading.read(`${text}\v`), { answer: JSON_ROW, rows: 0, at });
      }
    }
    assert.deepEqual(reading.read(`\n${row}\r\n \n${odd}\n${row}`), {
      answer: JSON_ROW,
      rows: 1,
      at: row.length + 5,
    });
    assert.deepEqual(reading.read(row), { answer: JSON_END, rows: 2, at: row.length });
    assert.deepEqual(reading.read(`${row}${row}`), { answer: JSON_ROW, rows: 2, at: 0 });
    assert.deepEqual(reading.read(`${row}\n`.repeat(TABLE_ROWS)), {
      answer: JSON_FULL,
      rows: TABLE_ROWS,
      at: (TABLE_ROWS - 2) * (row.length + 1),
    });
    // Full or not, what is no row is none.
    assert.deepEqual(reading.read(" \n"), { answer: JSON_END, rows: TABLE_ROWS, at: 2 });
  });

  test("of a list", () => {
    const reading = new Reading(everything);
    const list = { isArray: true, from: 1 };
    assert.deepEqual(reading.read(`[${row} ]x`, list), { answer: JSON_END, rows: 1, at: row.length + 3 });
    assert.deepEqual(reading.read(`[${row},\n1]`, list), { answer: JSON_ROW, rows: 2, at: row.length + 3 });
    assert.deepEqual(reading.read("[1 ]", { isArray: true, from: 2, isBehind: true }), {
      answer: JSON_END,
      rows: 2,
      at: 4,
    });
    assert.deepEqual(reading.read(`[${row}`, list), { answer: JSON_FAULT, rows: 3, at: row.length + 1 });
    assert.deepEqual(reading.read(`[${row}}`, list), { answer: JSON_FAULT, rows: 4, at: row.length + 1 });
    assert.deepEqual(reading.read(`[${row},]`, list), { answer: JSON_ROW, rows: 5, at: row.length + 2 });
    assert.deepEqual(reading.read("[", list), { answer: JSON_ROW, rows: 5, at: 1 });
  });
});

test("the element of a list ends at the next comma or bracket that is not within it", () => {
  const { kernels } = bench;
  const ends: readonly (readonly [text: string, end: number])[] = [
    ["1,2", 1],
    ['{"a":[1,2],"b":{}}]', 18],
    ['"a,]\\",\\\\",', 10],
    ['"\\\\"]', 4],
    ["[[[],[]],[]] ,", 13],
    ["]", 0],
    [`"${"long,".repeat(20)}",`, 102],
  ];
  for (const [text, end] of ends) {
    bench.bytes.set(utf8(text), bodyAt);
    assert.equal(kernels.jsonElementEnd(bodyAt, bodyAt + text.length) - bodyAt, end, text);
  }
  for (const text of ["", "1", '"a', '"a\\', '"a\\"', "[1,2", '{"a":"b"', "[1]"]) {
    bench.bytes.set(utf8(`${text}",]]]]`), bodyAt);
    assert.equal(kernels.jsonElementEnd(bodyAt, bodyAt + text.length), 0, text);
  }
});

test("rows as programs write them do not go the slow way", () => {
  const members = good.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const reading = new Reading(everything);
  const rows = [
    line(good),
    line([...good].reverse()),
    `{${members.join(", ")}}`,
    `{\t${members.join(" ,\t")} }`,
    line(good.filter((_, index) => index % 2 === 0)),
    line(good.map(([name]) => [name, null])),
    "{}",
    line(
      [...good, ["u32", 7]].filter(([name], index) => name !== "u32" || index >= good.length) as [
        string,
        unknown,
      ][],
    ),
    '{"at":"2026-01-31T12:00:00.123456789Z","seen":"2026-01-31T12:00:00+00:00","u64":1e3,"i64":-5.0,"name":"größe 😀"}',
    '{"category":"","name":"","name_or":""}',
  ];
  assert.deepEqual(reading.read(rows.join("\n")), {
    answer: JSON_END,
    rows: rows.length,
    at: utf8(rows.join("\n")).length,
  });
  const compression = new Reading(compressionTelemetry as Dataset);
  const texts = [
    '{"region":"eu-west-1","payload_type":"nobody knows"}',
    '{"region":"Munich","link_type":"dc"}',
    '{"region":"AFRICA-x"}',
  ];
  assert.equal(compression.read(texts.join("\n")).answer, JSON_END);
  assert.equal(compression.row["region"], "africa-*");
});

test("a key is itself, and none that is like it", () => {
  const names = [
    "a",
    "aa",
    "ab",
    "sixteen_letters_",
    "sixteen_letters_x",
    "sixteen_letters_y",
    "a_name_of_more_than_32_characters_1",
    "a_name_of_more_than_32_characters_2",
  ];
  const measure = { class: "measure", type: "u32", unit: "1", nullable: true, meaning: "A figure." } as const;
  const dataset = defineDataset({
    ...{ name: "alike", title: "Names alike", time: "time", batchRows: 8, slots: 4 },
    columns: {
      time: { class: "moment", type: "timestamp", meaning: "When." },
      ...Object.fromEntries(names.map((name) => [name, measure])),
    },
  });
  const reading = new Reading(dataset as Dataset);
  for (const order of [names, [...names].reverse(), [...names.slice(3), ...names.slice(0, 3)]]) {
    reading.read(line(order.map((name) => [name, names.indexOf(name)])));
    assert.deepEqual(reading.row, Object.fromEntries(names.map((name, index) => [name, index])));
  }
  const { rows } = reading.table;
  for (const name of [
    "",
    "b",
    "aaa",
    "sixteen_letters",
    "sixteen_letters_z",
    "a_name_of_more_than_32_characters_",
    "a_name_of_more_than_32_character_11",
  ]) {
    assert.deepEqual(reading.read(line([[name, 1]])), { answer: JSON_ROW, rows, at: 0 }, name);
  }
});
