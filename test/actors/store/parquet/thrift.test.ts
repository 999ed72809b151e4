import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readStruct } from "../../../../actors/store/parquet/read-thrift.ts";
import {
  BINARY,
  BYTE,
  DOUBLE,
  fieldOf,
  I16,
  I32,
  I64,
  LIST,
  STRUCT,
  type ThriftField,
  type ThriftStruct,
  type ThriftValue,
  TRUE,
  withField,
} from "../../../../actors/store/parquet/thrift.ts";
import { writeStruct } from "../../../../actors/store/parquet/write-thrift.ts";
import { StoreDamaged } from "../../../../actors/store/store-damaged.ts";

const LARGEST = 2 ** 52 - 1;

function leaf(type: number): fc.Arbitrary<ThriftValue> {
  switch (type) {
    case TRUE:
      return fc.boolean();
    case BYTE:
      return fc.integer({ min: -128, max: 127 });
    case I16:
      return fc.integer({ min: -32_768, max: 32_767 });
    case I32:
      return fc.integer();
    case I64:
      return fc.oneof(fc.integer({ min: -LARGEST, max: LARGEST }), fc.constantFrom(0, -1, LARGEST, -LARGEST));
    case DOUBLE:
      return fc.double();
    default:
      return fc.uint8Array({ maxLength: 8 });
  }
}

const LEAVES = [TRUE, BYTE, I16, I32, I64, DOUBLE, BINARY];
const { struct } = fc.letrec<{ typed: readonly [number, ThriftValue]; struct: ThriftStruct }>((tie) => ({
  typed: fc.oneof(
    { maxDepth: 4 },
    fc
      .constantFrom(...LEAVES)
      .chain((type) => leaf(type).map((value): readonly [number, ThriftValue] => [type, value])),
    tie("struct").map((value): readonly [number, ThriftValue] => [STRUCT, value]),
    fc
      .constantFrom(...LEAVES)
      .chain((of) =>
        fc
          .array(leaf(of), { maxLength: 16 })
          .map((items): readonly [number, ThriftValue] => [LIST, { of, items }]),
      ),
    // Some with a length of the long form.
    fc
      .tuple(fc.array(tie("struct"), { maxLength: 3 }), fc.constantFrom(1, 1, 16))
      .map(([items, times]) => Array<ThriftStruct[]>(times).fill(items).flat())
      .map((items): readonly [number, ThriftValue] => [LIST, { of: STRUCT, items }]),
  ),
  struct: fc
    .array(fc.tuple(fc.integer({ min: 0, max: 40 }), tie("typed")), { maxLength: 4 })
    .map((entries): ThriftStruct => {
      // Ids go up by one and more, sometimes by more than the short form holds.
      let id = 0;
      const fields = entries.map(([step, [type, value]]): ThriftField => {
        id += step + 1;
        return { id, type, value };
      });
      return { fields };
    }),
}));

describe("a struct of Thrift's compact protocol", () => {
  test("property: is read as it was written, and written as it was read", () => {
    fc.assert(
      fc.property(struct, fc.nat(3), (given, before) => {
        const bytes = writeStruct(given);
        const placed = new Uint8Array(before + bytes.length + 2);
        placed.set(bytes, before);
        const read = readStruct(placed, before, "it");
        assert.equal(read.end, before + bytes.length);
        assert.deepEqual(plain(read.struct), plain(given));
        assert.deepEqual(writeStruct(read.struct), bytes);
      }),
      { seed: 41, numRuns: 100 },
    );
  });

  test("property: that is cut anywhere is damaged", () => {
    fc.assert(
      fc.property(struct, (given) => {
        const bytes = writeStruct(given);
        // Of a long one every few bytes: reading from the start again and again adds up.
        const step = Math.ceil(bytes.length / 500);
        for (let end = 0; end < bytes.length; end += step) {
          assert.throws(() => readStruct(bytes.subarray(0, end), 0, "it"), StoreDamaged);
        }
      }),
      { seed: 42, numRuns: 20 },
    );
  });

  test("property: of any bytes is read, and then written as they were, or damaged", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        let read: ReturnType<typeof readStruct>;
        try {
          read = readStruct(bytes, 0, "it");
        } catch (error) {
          assert.ok(error instanceof StoreDamaged);
          return;
        }
        assert.deepEqual(plain(readStruct(writeStruct(read.struct), 0, "it").struct), plain(read.struct));
      }),
      { seed: 43, numRuns: 3000 },
    );
  });

  test("that says more than it can hold is damaged before anything is made of it", () => {
    const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    for (const bytes of [
      [0x19, 0xf5, ...huge, 0],
      [0x18, ...huge, 0],
      [0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0],
      [0x16, ...Array(20).fill(0x80), 0],
      [0x16, 0x80, 0x00, 0],
      [0x1b, 0, 0],
      [...Array(100_000).fill(0x1c)],
      [...Array(100_000).fill([0x19, 0x1c]).flat()],
    ]) {
      assert.throws(() => readStruct(Uint8Array.from(bytes), 0, "it"), StoreDamaged);
    }
  });

  test("is changed field by field, in the order of their ids", () => {
    const given: ThriftStruct = {
      fields: [
        { id: 2, type: I32, value: 1 },
        { id: 9, type: TRUE, value: true },
      ],
    };
    assert.equal(fieldOf(withField(given, 2, I32, 7), 2)?.value, 7);
    assert.deepEqual(
      withField(given, 4, I32, 7).fields.map(({ id }) => id),
      [2, 4, 9],
    );
    assert.deepEqual(
      withField(given, 12, I32, 7).fields.map(({ id }) => id),
      [2, 9, 12],
    );
    assert.deepEqual(
      withField(given, 2, I32, undefined).fields.map(({ id }) => id),
      [9],
    );
    assert.equal(given.fields.length, 2);
  });
});

/** Binary values as arrays: a view is not equal to a copy of its bytes on every runtime. */
function plain(value: ThriftValue): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value !== "object") return value;
  if ("items" in value) return { of: value.items.length === 0 ? 0 : value.of, items: value.items.map(plain) };
  return value.fields.map(({ id, type, value: inner }) => [id, type, plain(inner)]);
}
