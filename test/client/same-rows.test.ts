/** What the client writes is to the server what the same rows are as JSON: taken or refused, value by value. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RowBuffer } from "../../client/row-buffer.ts";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import type { Dataset } from "../../datasets/define.ts";
import { msgpackBody } from "../../ingest/msgpack.ts";
import { ndjsonBody } from "../../ingest/ndjson.ts";
import { everything, rowOf } from "../fixtures/dataset-rows.ts";
import { PushPipeline, verdictsOf } from "../fixtures/push-pipeline.ts";
import { unpacked } from "./unpack.ts";

type Row = Record<string, unknown>;

const SEED = 20_261_122;
/** Half a pair, as JSON writes it. */
const LONELY = /\\ud[89a-f][0-9a-f]{2}/g;
const pipeline = new PushPipeline();

/** The body that the client makes of rows, all of which it takes. */
function written(rows: readonly object[]): Uint8Array {
  const buffer = new RowBuffer(rows.length + 1, 1e6, 2 ** 30);
  for (const row of rows) assert.equal(buffer.add(row), "added");
  return buffer.take()?.body ?? new Uint8Array(0);
}

function linesOf(rows: readonly object[]): string[] {
  return rows.map((row) =>
    JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  );
}

class Sample {
  readonly kind = "own";
  get inherited(): number {
    return 1;
  }
}

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, false, "", "1", "HDE", "2026-01-31T12:00:00Z", Symbol("s")),
  fc.constantFrom(0, -0, 127, 128, -1, 0.5, 1e21, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32),
  fc.constantFrom(2 ** 53 - 1, 2 ** 53, 2 ** 62, 2 ** 64, -(2 ** 63), 5e-324, 1e300, Number.NaN, -Infinity),
  fc.constantFrom<unknown>(0n, 2n ** 53n, 2n ** 64n - 1n, -(2n ** 63n), 10n ** 30n),
  fc.constantFrom<unknown>(new Date(1_767_225_600_123), new Date(-1), new Date(Number.NaN)),
  fc.constantFrom<unknown>([], [1, [2n, "x"]], {}, { a: { b: [null] } }, () => 1, Object(5), Object("text")),
  fc.constantFrom<unknown>({ toJSON: () => "HDE" }, new Sample(), "\ud800", "a\udc00b", "\u0000"),
  fc.constantFrom(31, 32, 63, 64, 65, 255, 256, 70_000).map((length) => "x".repeat(length)),
  fc.constantFrom(10, 11, 64, 65, 300).map((length) => "é".repeat(length)),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.double(),
  fc.integer(),
);
const oddName = fc.constantFrom("", "surprise", "__proto__", "größe", "n".repeat(40), "n".repeat(300), "7");

function oddRows(dataset: Dataset): fc.Arbitrary<object[]> {
  const column = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...Object.keys(dataset.columns)) },
    oddName,
  );
  const row = fc
    .tuple(rowOf(dataset), fc.array(fc.tuple(column, oddValue), { maxLength: 3 }), fc.nat(9))
    .map(([good, changes, form]) => {
      const made = Object.fromEntries([...Object.entries(good), ...changes]);
      // Other orders and prototypes of the same.
      if (form === 0) return Object.fromEntries(Object.entries(made).reverse());
      if (form === 1) return Object.assign(Object.create(null) as Row, made);
      return form === 2 ? Object.assign(new Sample(), made) : made;
    });
  return fc.array(row, { maxLength: 5 });
}

for (const dataset of [everything, compressionTelemetry as Dataset]) {
  describe(`what the client writes of ${dataset.name}`, () => {
    const check = (rows: readonly object[]) => {
      const came = pipeline.run(dataset, msgpackBody, written(rows));
      const text = new TextEncoder().encode(linesOf(rows).join("\n"));
      assert.deepEqual(verdictsOf(came), verdictsOf(pipeline.run(dataset, ndjsonBody, text)));
      return came;
    };

    test("is taken as JSON is", () => {
      fc.assert(
        fc.property(fc.array(rowOf(dataset), { minLength: 1, maxLength: 4 }), (rows) => {
          assert.equal(check(rows).accepted.size, rows.length);
        }),
        { seed: SEED, numRuns: 60 },
      );
    });

    test("is refused as JSON is, and in the same words", () => {
      let [accepted, rejected] = [0, 0];
      fc.assert(
        fc.property(oddRows(dataset), (rows) => {
          const came = check(rows);
          accepted += came.accepted.size;
          rejected += came.rejections.length;
        }),
        { seed: SEED + 1, numRuns: 200 },
      );
      assert.ok(accepted > 40 && rejected > 40, `${accepted} accepted, ${rejected} refused`);
    });
  });
}

test("says what JSON says, whatever the row is", () => {
  const values = fc.array(fc.tuple(fc.oneof(fc.string(), oddName), oddValue), { maxLength: 6 });
  fc.assert(
    fc.property(
      fc.array(
        values.map((entries) => Object.fromEntries(entries)),
        { maxLength: 6 },
      ),
      (rows) => {
        const plain = linesOf(rows).map((line) => JSON.parse(line.replaceAll(LONELY, "\ufffd")));
        assert.deepEqual(unpacked(written(rows)), plain);
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

test("names that are alike but for their order, or their end, are told apart", () => {
  const rows = [{ a: 1, b: 2 }, { b: 3, a: 4 }, { a: 5 }, { a: 6, b: 7, c: 8 }, {}, { a: undefined, b: 9 }];
  const many = Array.from({ length: 300 }, (_, row) => ({ [`n${row % 70}`]: row, last: "x" }));
  assert.deepEqual(unpacked(written([...rows, ...many])), JSON.parse(`[${linesOf([...rows, ...many])}]`));
});

test("what objects inherit is not theirs", () => {
  const polluted = Object.prototype as unknown as Row;
  polluted["inherited"] = 1;
  try {
    const [flat, ofClass] = unpacked(written([{ a: 1 }, new Sample()])) as Row[];
    assert.deepEqual([Object.keys(flat!), Object.keys(ofClass!)], [["a"], ["kind"]]);
  } finally {
    delete polluted["inherited"];
  }
});

test("a row that throws, or is too long, leaves nothing behind", () => {
  const buffer = new RowBuffer(10, 10, 2 ** 30);
  const thrower = {
    a: 1,
    get b(): never {
      throw new Error("a getter");
    },
  };
  assert.equal(buffer.add({ a: 1 }), "added");
  assert.throws(() => buffer.add(thrower), /a getter/);
  assert.equal(buffer.add({ a: "x".repeat(2 ** 20) }), "bad");
  assert.equal(buffer.add({ a: "é".repeat(2 ** 19) }), "bad");
  assert.equal(buffer.add({ a: 1, b: { c: "x".repeat(2 ** 20) } }), "bad");
  assert.equal(buffer.add({ a: 2 }), "added");
  assert.deepEqual(unpacked(buffer.take()!.body), [{ a: 1 }, { a: 2 }]);
});

test("a row from within another's getter is refused, and harms neither that one nor the next", () => {
  const buffer = new RowBuffer(10, 10, 2 ** 30);
  const inner: string[] = [];
  const outer = {
    a: 1,
    get b(): number {
      inner.push(buffer.add({ inner: 1 }));
      assert.equal(buffer.take(), undefined);
      return 2;
    },
  };
  assert.equal(buffer.add(outer), "added");
  assert.equal(buffer.add({ a: 3 }), "added");
  assert.ok(inner.length > 0 && inner.every((said) => said === "bad"), inner.join());
  assert.deepEqual(unpacked(buffer.take()!.body), [{ a: 1, b: 2 }, { a: 3 }]);
});

test("values within values end somewhere", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 3000; level++) deep = [deep];
  assert.equal(unpacked(written([{ deep }])).length, 1);
});

test("nothing of a value is lost where the memory ends that was made for the first rows", () => {
  // The end comes at any place of a row.
  for (let shift = 0; shift < 100; shift++) {
    const row = { a: 1.5, text: "y".repeat(60), b: -7 };
    const rows = [{ shift: "x".repeat(shift) }, ...Array.from({ length: 200 }, () => row)];
    assert.deepEqual(unpacked(written(rows)), rows);
  }
});
