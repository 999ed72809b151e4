import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createProcessReadings, writeName } from "../../../../actors/sampler/host/process-columns.ts";

/** The obvious way: at each place ask a strict decoder for the one letter that starts there. */
function referenceName(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size =
      [1, 2, 3, 4].find((n) => at + n <= bytes.length && isOneLetter(bytes.subarray(at, at + n))) ?? 0;
    if (size === 0) out.push(0x3f);
    else out.push(...bytes.subarray(at, at + size));
    at += Math.max(size, 1);
  }
  return Uint8Array.from(out);
}

function isOneLetter(bytes: Uint8Array): boolean {
  try {
    return [...new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)].length === 1;
  } catch {
    return false;
  }
}

function nameOf(bytes: Uint8Array, maxBytes = 64): Uint8Array {
  const into = createProcessReadings(2, 64);
  writeName(into, 0, bytes, 0, bytes.length, maxBytes);
  return into.nameBytes.slice(into.nameOffsets[0], into.nameOffsets[1]);
}

test("names: equal to a strict decoder's judgement, letter by letter, for arbitrary bytes", () => {
  const edge = fc.constantFrom(
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc0,
    0xc1,
    0xc2,
    0xdf,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xf5,
  );
  const byte = fc.oneof(
    { weight: 3, arbitrary: edge },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }) },
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 24 }), (list) => {
      const bytes = Uint8Array.from(list);
      assert.deepEqual(nameOf(bytes), referenceName(bytes));
    }),
    { seed: 20260102, numRuns: 3000 },
  );
});

test("names: letters of every length are kept", () => {
  const bytes = new TextEncoder().encode("a\n)é€😀");
  assert.deepEqual(nameOf(bytes), bytes);
});

test("names: a cut within a letter leaves question marks, not half a letter", () => {
  assert.equal(new TextDecoder().decode(nameOf(new TextEncoder().encode("ab€"), 4)), "ab??");
});

test("names: rows follow one another, and a row may be written again", () => {
  const into = createProcessReadings(2, 8);
  const bytes = new TextEncoder().encode("xxfirstlast");
  writeName(into, 0, bytes, 0, 7, 8);
  writeName(into, 0, bytes, 2, 7, 8);
  writeName(into, 1, bytes, 7, 11, 8);
  assert.deepEqual([...into.nameOffsets], [0, 5, 9]);
  assert.equal(new TextDecoder().decode(into.nameBytes.subarray(0, 9)), "firstlast");
});
