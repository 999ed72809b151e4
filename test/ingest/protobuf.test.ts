/** What Protobuf leaves open, one by one; row-formats.test.ts compares whole rows with the validator. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sourceDatasets } from "../../datasets/index.ts";
import { protoSchema } from "../../ingest/proto-schema.ts";
import { protobufBody } from "../../ingest/protobuf.ts";
import { everything, plainRow } from "../fixtures/dataset-rows.ts";
import { protobufBytes, protobufRow, varint, withLength } from "../fixtures/push-bodies.ts";
import { PushPipeline } from "../fixtures/push-pipeline.ts";

const pipeline = new PushPipeline();
const run = (body: Uint8Array | readonly number[]) =>
  pipeline.run(everything, protobufBody, Uint8Array.from(body));
const good = plainRow(everything);
const row = protobufRow(everything, good);
const fieldOf = (name: string) => Object.keys(everything.columns).indexOf(name) + 1;
const tag = (field: number, wireType: number) => varint((BigInt(field) << 3n) | BigInt(wireType));
const rowsOf = (...rows: readonly (readonly number[])[]) =>
  rows.flatMap((bytes) => [0x0a, ...withLength(bytes)]);
const refusalsOf = (body: readonly number[]) => {
  const { rejections, fault } = run(body);
  assert.equal(fault, undefined);
  return rejections.map(({ row: number, column, reason }) => [number, column, reason]);
};

describe("Protobuf", () => {
  test("an empty body is no rows, an empty row lacks its columns, and zero is not missing", () => {
    assert.deepEqual(run([]), { accepted: new Map(), rejections: [], raw: [], fault: undefined });
    assert.deepEqual(refusalsOf(rowsOf([])), [[0, "at", "missing"]]);
    const zeros = run(
      protobufBytes(everything, [{ ...good, u8: 0, bool_or: false, name_or: "" }]),
    ).accepted.get(0);
    assert.deepEqual([zeros?.["u8"], zeros?.["bool_or"], zeros?.["name_or"]], [0, false, ""]);
  });

  test("the last of two values counts, also across text that is shorter", () => {
    const twice = [
      ...protobufRow(everything, { ...good, name: "longer than" }),
      ...protobufRow(everything, { ...good, name: "x", u16: 7 }),
    ];
    const { name, u16 } = run(rowsOf(twice)).accepted.get(0) ?? {};
    assert.deepEqual([name, u16], ["x", 7]);
  });

  test("fields of unknown numbers are passed over, groups among them, around and within rows", () => {
    const unknown = [
      ...[
        ...tag(500, 0),
        0xff,
        0x01,
        ...tag(501, 1),
        ...Array(8).fill(1),
        ...tag(502, 2),
        3,
        1,
        2,
        3,
        ...tag(503, 5),
        1,
        2,
        3,
        4,
      ],
      ...[...tag(504, 3), ...tag(1, 0), 5, ...tag(505, 3), ...tag(505, 4), ...tag(504, 4)],
    ];
    const body = [...unknown, ...rowsOf([...unknown, ...row, ...unknown]), ...unknown, ...rowsOf(row)];
    assert.equal(run(body).accepted.size, 2);
    // Also when a row has to be read the slow way.
    const odd = protobufRow(everything, { ...good, i32: 2 ** 40 });
    assert.deepEqual(refusalsOf(rowsOf([...unknown, ...odd, ...unknown])), [[0, "i32", "bound"]]);
  });

  test("a row that is none is refused, and those beside it are read", () => {
    const broken: readonly (readonly [string | null, readonly number[]])[] = [
      ["f64", [...row, ...tag(fieldOf("f64"), 0), 1]],
      ["name", [...row, ...tag(fieldOf("name"), 0), 1]],
      ["u8", [...row, ...tag(fieldOf("u8"), 2), 1, 1]],
      ["f64", [...row, ...tag(fieldOf("f64"), 1), 1, 2, 3]],
      ["name", [...row, ...tag(fieldOf("name"), 2), 5, 0x61]],
      ["name", [...row, ...tag(fieldOf("name"), 2), 2, 0xc3, 0x28]],
      ["category", [...row, ...tag(fieldOf("category"), 2), 1, 0xff]],
      ["u64", [...row, ...tag(fieldOf("u64"), 0), ...Array(10).fill(0xff), 1]],
      ["u64", [...row, ...tag(fieldOf("u64"), 0), ...Array(9).fill(0xff), 2]],
      [null, [...row, 0x00]],
      [null, [...row, 0xff]],
      [null, [...row, ...tag(500, 3), ...tag(501, 4)]],
      [null, [...row, ...tag(500, 3)]],
      [null, [...row, ...tag(500, 4)]],
      [null, [...row, ...tag(500, 7)]],
      [null, [...row, ...tag(500, 2), 0xff, 0xff, 0xff, 0xff, 0x0f]],
      [
        null,
        [
          ...row,
          ...Array.from({ length: 101 }, () => tag(500, 3)).flat(),
          ...Array.from({ length: 101 }, () => tag(500, 4)).flat(),
        ],
      ],
    ];
    const body = rowsOf(row, ...broken.map(([, bytes]) => bytes), row);
    const { accepted, rejections } = run(body);
    assert.deepEqual([...accepted.keys()], [0, broken.length + 1]);
    assert.deepEqual(
      rejections.map(({ row: number, column, reason }) => [number, column, reason]),
      broken.map(([column], index) => [index + 1, column, "malformed"]),
    );
  });

  test("a number that is too large for its column is refused, and not cut to what is left of it", () => {
    const said = (name: string, value: bigint) =>
      refusalsOf(rowsOf([...row, ...tag(fieldOf(name), 0), ...varint(value)]));
    assert.deepEqual(said("u32", 2n ** 32n), [[0, "u32", "bound"]]);
    assert.deepEqual(said("i32", 2n ** 32n - 1n), [[0, "i32", "bound"]]);
    assert.deepEqual(said("u64", 2n ** 53n), [[0, "u64", "bound"]]);
    assert.deepEqual(said("i64", 2n ** 63n), [[0, "i64", "bound"]]);
    assert.deepEqual(said("at", 2n ** 60n), [[0, "at", "bound"]]);
    // Any number but 0 is true, as official readers have it.
    const isTrue = run(rowsOf([...row, ...tag(fieldOf("bool_or"), 0), ...varint(2n ** 40n)]));
    assert.equal(isTrue.accepted.get(0)?.["bool_or"], true);
    const wide = run(rowsOf([...row, ...tag(fieldOf("id64"), 0), ...varint(2n ** 64n - 1n)]));
    assert.equal(wide.accepted.get(0)?.["id64"], 2n ** 64n - 1n);
  });

  test("a body of which rows cannot be told apart is at fault, where it is", () => {
    const first = rowsOf(row);
    for (const [rest, at] of [
      [[0x0a, 5, 1], 0],
      [[0x0a], 0],
      [[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 0],
      [[0x08, 1], 0],
      [[0x00], 0],
      [[0x80], 0],
      [[...tag(7, 0), 1, ...tag(7, 1), 1], 2],
    ] as const) {
      const { fault } = run([...first, ...rest]);
      assert.equal(fault?.at, first.length + at, String(rest));
    }
    for (let length = 1; length < first.length; length++)
      assert.ok(run(first.slice(0, length)).fault !== undefined);
  });

  test("the schema has a message of rows and one of a row for each dataset, a number for each column in its order", () => {
    const datasets = [...sourceDatasets, everything];
    const schema = protoSchema(datasets);
    for (const dataset of datasets) {
      const [, fields = ""] =
        new RegExp(`message ${messageName(dataset.name)}Row {\n([^}]*)}`).exec(schema) ?? [];
      const found = [...fields.matchAll(/^ {2}optional (\w+) (\w+) = (\d+);$/gm)].map(
        ([, , name, number]) => [name, Number(number)],
      );
      assert.deepEqual(
        found,
        Object.keys(dataset.columns).map((name, index) => [name, index + 1]),
      );
      assert.ok(
        schema.includes(
          `message ${messageName(dataset.name)}Push {\n  repeated ${messageName(dataset.name)}Row rows = 1;\n}`,
        ),
      );
    }
    assert.match(schema, /optional int64 at = 1;/);
    assert.equal(protoSchema(datasets), schema);
  });
});

function messageName(dataset: string): string {
  return dataset
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
