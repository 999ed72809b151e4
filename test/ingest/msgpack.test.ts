/** What MessagePack leaves open, one by one; row-formats.test.ts compares whole rows with the validator. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Dataset } from "../../datasets/define.ts";
import { msgpackBody } from "../../ingest/msgpack.ts";
import { TABLE_ROWS } from "../../ingest/table.ts";
import { everything, plainRow } from "../fixtures/dataset-rows.ts";
import { msgpackBytes, Packed } from "../fixtures/push-bodies.ts";
import { PushPipeline } from "../fixtures/push-pipeline.ts";

const pipeline = new PushPipeline();
const run = (body: Uint8Array, dataset: Dataset = everything) => pipeline.run(dataset, msgpackBody, body);
const joined = (...values: readonly unknown[]) =>
  Uint8Array.from(values.flatMap((value) => [...msgpackBytes(value)]));
const good = plainRow(everything);

/** What becomes of a plain row with these values; of the refusals, row, column and reason. */
function outcomeOf(changes: Readonly<Record<string, unknown>>) {
  const { accepted, rejections, fault } = run(msgpackBytes([{ ...good, ...changes }]));
  assert.equal(fault, undefined);
  const [refused] = rejections;
  return refused === undefined ? accepted.get(0) : [refused.row, refused.column, refused.reason];
}

describe("MessagePack", () => {
  test("numbers come in any width that holds them", () => {
    const widths: readonly (readonly [number[], number])[] = [
      [[0x05], 5],
      [[0xcc, 5], 5],
      [[0xcd, 0, 5], 5],
      [[0xce, 0, 0, 0, 5], 5],
      [[0xcf, 0, 0, 0, 0, 0, 0, 0, 5], 5],
      [[0xd0, 5], 5],
      [[0xd1, 0, 5], 5],
      [[0xd2, 0, 0, 0, 5], 5],
      [[0xd3, 0, 0, 0, 0, 0, 0, 0, 5], 5],
      [[0xca, 0x40, 0xa0, 0, 0], 5],
      [[0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0], 5],
      [[0xfd], -3],
      [[0xd0, 0xfd], -3],
      [[0xd1, 0xff, 0xfd], -3],
      [[0xd2, 0xff, 0xff, 0xff, 0xfd], -3],
      [[0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd], -3],
    ];
    for (const [bytes, value] of widths) {
      const packed = new Packed(...bytes);
      const columns =
        value < 0
          ? ["f64", "f32", "i64", "i32"]
          : ["f64", "f32", "i64", "i32", "u64", "u32", "u16", "u8", "at"];
      const row = outcomeOf(Object.fromEntries(columns.map((name) => [name, packed])));
      assert.ok(row !== undefined && !Array.isArray(row), bytes.join());
      for (const name of columns)
        assert.equal((row as Record<string, unknown>)[name], value, `${name}: ${bytes.join()}`);
    }
  });

  test("identifiers of 64 bits keep all of them, and measures end at 2^53", () => {
    const id64 = (outcomeOf({ id64: 2n ** 64n - 1n }) as Record<string, unknown>)["id64"];
    assert.equal(id64, 2n ** 64n - 1n);
    assert.deepEqual(outcomeOf({ u64: 2n ** 53n }), [0, "u64", "bound"]);
    assert.deepEqual(outcomeOf({ i64: -(2n ** 53n) }), [0, "i64", "bound"]);
    assert.deepEqual(outcomeOf({ i32: 2n ** 64n - 1n }), [0, "i32", "bound"]);
    assert.equal((outcomeOf({ f64: 2n ** 64n - 1n }) as Record<string, unknown>)["f64"], 2 ** 64);
    assert.equal(
      (outcomeOf({ id64: "18446744073709551615" }) as Record<string, unknown>)["id64"],
      2n ** 64n - 1n,
    );
  });

  test("moments are milliseconds, text, or the timestamp extension in each of its forms", () => {
    const at = (value: unknown) => {
      const row = outcomeOf({ at: value });
      return Array.isArray(row) ? row : (row as Record<string, unknown>)["at"];
    };
    for (const ms of [
      0, 1_767_225_600_123, 1_767_225_600_000, -1, -62_167_219_200_000, 253_402_300_799_999,
    ]) {
      assert.equal(at(ms), ms);
      assert.equal(at(new Date(ms)), ms);
      assert.equal(at(new Date(ms).toISOString()), ms);
    }
    // Below a millisecond is cut off.
    assert.equal(at(new Packed(0xd7, 0xff, 0xee, 0x6b, 0x27, 0xfc, 0, 0, 0, 1)), 1999);
    const refused = [0, "at", "type"];
    // A thousand million nanoseconds are a second.
    assert.deepEqual(at(new Packed(0xd7, 0xff, 0xee, 0x6b, 0x28, 0, 0, 0, 0, 1)), refused);
    assert.deepEqual(at(new Packed(0xd6, 0xfe, 0, 0, 0, 1)), refused);
    assert.deepEqual(at(new Packed(0xd5, 0xff, 0, 1)), refused);
    assert.deepEqual(at(new Packed(0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0)), [
      0,
      "at",
      "bound",
    ]);
    assert.deepEqual(outcomeOf({ f64: new Date(0) }), [0, "f64", "type"]);
  });

  test("binary, nested and other values are of the wrong type, however deep they go", () => {
    const deep = [...Array(20_000).fill(0x91), 0xc0];
    for (const value of [
      ...[Uint8Array.of(1, 2), [], [1, [2]], {}, { a: { b: 1 } }],
      ...[new Packed(0xc4, 0), new Packed(0xd4, 1, 2), new Packed(...deep)],
    ]) {
      assert.deepEqual(outcomeOf({ name: value }), [0, "name", "type"]);
      assert.deepEqual(outcomeOf({ u8: value }), [0, "u8", "type"]);
    }
    const { rejections } = run(msgpackBytes([{ ...good, name: [1, [2], 3] }]));
    assert.equal(rejections[0]?.got, "a list of 3");
  });

  test("of a key that comes twice the last one counts, and null takes it back", () => {
    const twice = (...pairs: readonly (readonly [string, unknown])[]) => {
      const all = [...Object.entries(good), ...pairs];
      const body = [
        0xde,
        0,
        all.length,
        ...all.flatMap(([key, value]) => [...msgpackBytes(key), ...msgpackBytes(value)]),
      ];
      return run(Uint8Array.from(body));
    };
    const { accepted } = twice(
      ["name", "longer than"],
      ["name", "x"],
      ["bool", true],
      ["bool", false],
      ["u8", null],
    );
    const { name, bool, u8 } = accepted.get(0) ?? {};
    assert.deepEqual([name, bool, u8], ["x", false, undefined]);
    assert.deepEqual(twice(["u16", null]).rejections[0]?.reason, "missing");
  });

  test("keys that are no names are refused, and those beside that row are read", () => {
    const row = (key: unknown) => new Packed(0x81, ...msgpackBytes(key), 1);
    const { accepted, rejections } = run(
      joined(
        good,
        row(5),
        row(null),
        row(["f64"]),
        row(new Packed(0xa1, 0xff)),
        row("host"),
        row("a name!"),
        row("__proto__"),
        good,
      ),
    );
    assert.deepEqual([...accepted.keys()], [0, 8]);
    assert.deepEqual(
      rejections.map(({ column, reason }) => [column, reason]),
      [
        ...Array(4).fill([null, "malformed"]),
        ["host", "unknown-column"],
        [null, "unknown-column"],
        ["__proto__", "unknown-column"],
      ],
    );
  });

  test("text that is not UTF-8 is refused where it is, if the column is one of ours", () => {
    const odd = new Packed(0xa2, 0xc3, 0x28);
    assert.deepEqual(outcomeOf({ name: odd }), [0, "name", "malformed"]);
    assert.deepEqual(outcomeOf({ category: odd }), [0, "category", "malformed"]);
    assert.deepEqual(outcomeOf({ "alice smith": odd }), [0, null, "malformed"]);
  });

  test("what is no map is no row, but for one array around all", () => {
    const { accepted, rejections, fault } = run(joined(good, 1, "x", [good], null, good));
    assert.equal(fault, undefined);
    assert.deepEqual([...accepted.keys()], [0, 5]);
    assert.deepEqual(
      rejections.map(({ row, reason, got }) => [row, reason, got]),
      [
        [1, "not-an-object", "a number"],
        [2, "not-an-object", "text of 1 characters"],
        [3, "not-an-object", "a list of 1"],
        [4, "not-an-object", "null"],
      ],
    );
    assert.deepEqual([...run(msgpackBytes([good, good])).accepted.keys()], [0, 1]);
    assert.deepEqual([run(msgpackBytes([])).fault, run(new Uint8Array()).fault], [undefined, undefined]);
    const many = Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [`k${index}`, index]));
    assert.deepEqual(run(msgpackBytes([many])).rejections[0]?.reason, "malformed");
  });

  test("a body that ends too early or goes on too long is at fault, at any byte", () => {
    const whole = msgpackBytes([good, { ...good, name: [1, { a: 2 }], at: new Date(1) }]);
    for (let length = 1; length < whole.length; length++) {
      const { fault } = run(whole.subarray(0, length));
      assert.deepEqual([fault?.got, fault?.at], ["the end of the body", length]);
    }
    assert.deepEqual(run(joined([good], 1)).fault?.got, "1 bytes more");
    const at = (fault: ReturnType<typeof run>["fault"]) => [fault?.expected, fault?.at];
    assert.deepEqual(at(run(joined(good, new Packed(0xc1))).fault), [
      "a MessagePack value",
      msgpackBytes(good).length,
    ]);
    // Lengths of which nothing is there.
    for (const head of [0xdb, 0xc6, 0xc9, 0xdd, 0xdf]) {
      const body = Uint8Array.of(head, 0xff, 0xff, 0xff, 0xff, 0x01);
      assert.equal(run(body).fault?.got, "the end of the body", head.toString(16));
      assert.equal(
        run(Uint8Array.of(0x91, 0x81, 0xa3, 0x66, 0x36, 0x34, ...body)).fault?.got,
        "the end of the body",
      );
    }
  });

  test("rows that are no rows are not all looked at in one go", () => {
    const body = new Uint8Array(TABLE_ROWS * 2 + 1);
    assert.equal(run(body).rejections.length, body.length);
  });
});
