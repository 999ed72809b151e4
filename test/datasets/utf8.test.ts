import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { characterCount, utf8Length, writeUtf8 } from "../../datasets/utf8.ts";

test("text is written as TextEncoder writes it, unpaired surrogates included", () => {
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0xd800, max: 0xdfff }),
    fc.constantFrom(0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 30 }), (units) => {
      const text = String.fromCharCode(...units);
      const expected = new TextEncoder().encode(text);
      assert.equal(utf8Length(text), expected.length);
      // A string is iterated over by its code points, and half a pair is one.
      assert.equal(characterCount(text), [...text].length);
      const bytes = new Uint8Array(expected.length + 2);
      assert.equal(writeUtf8(bytes, 1, text), expected.length + 1);
      assert.deepEqual(bytes.subarray(1, -1), expected);
      assert.deepEqual([bytes[0], bytes[expected.length + 1]], [0, 0]);
    }),
    { seed: 20_260_109, numRuns: 1000 },
  );
});
