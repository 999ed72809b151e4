import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { copyBits } from "../../runtime/batch/bits.ts";
import { copyElements } from "../../runtime/batch/copy-elements.ts";
import { viewsOf } from "../../runtime/batch/index.ts";

describe("copied bits", () => {
  test("property: are those of the source, and those around them stay", () => {
    const bytes = fc.uint8Array({ minLength: 8, maxLength: 8 });
    const at = fc.integer({ min: 0, max: 64 });
    fc.assert(
      fc.property(bytes, bytes, at, at, at, (from, to, fromBit, toBit, length) => {
        const count = Math.min(length, 64 - fromBit, 64 - toBit);
        const bit = (source: Uint8Array, index: number) => (source[index >>> 3]! >>> (index & 7)) & 1;
        const expected = Array.from({ length: 64 }, (_, index) =>
          index >= toBit && index < toBit + count ? bit(from, fromBit + index - toBit) : bit(to, index),
        );
        const copied = to.slice();
        copyBits(from, fromBit, copied, toBit, count);
        assert.deepEqual(
          Array.from({ length: 64 }, (_, index) => bit(copied, index)),
          expected,
        );
      }),
      { seed: 52, numRuns: 2000 },
    );
  });
});

describe("copied elements", () => {
  test("property: are those of the source, few or many of them, and those around them stay", () => {
    const bytes = fc.uint8Array({ minLength: 256, maxLength: 256 });
    const width = fc.constantFrom(1, 2, 4, 8);
    fc.assert(
      fc.property(
        bytes,
        bytes,
        width,
        fc.nat(31),
        fc.nat(31),
        fc.nat(31),
        (from, to, size, first, at, most) => {
          const count = Math.min(most, 256 / size - Math.max(first, at));
          const expected = to.slice();
          expected.set(from.subarray(first * size, (first + count) * size), at * size);
          const [read, write] = [viewsOf(from.slice().buffer), viewsOf(to.slice().buffer)];
          copyElements(read, first * size, write, at * size, size, count);
          assert.deepEqual(write.u8, expected);
        },
      ),
      { seed: 53, numRuns: 1000 },
    );
  });
});
