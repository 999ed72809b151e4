import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { crc32c } from "./reference/crc32c.ts";
import { Bench, fromHex, utf8 } from "./support.ts";

const bench = new Bench();
const { kernels } = bench;

function kernelCrc(content: Uint8Array, skew = 0): number {
  bench.reset();
  return kernels.crc32c(bench.put(content, skew), content.length);
}

// RFC 3720, B.4 writes the CRC's bytes in the order they are sent; these are the same as numbers.
const PUBLISHED: readonly (readonly [string, Uint8Array, number])[] = [
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(255), 0x62a8ab43],
  ["32 ascending", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ["32 descending", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  [
    "an iSCSI read command",
    fromHex(
      "01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000",
    ),
    0xd9963a56,
  ],
  ["the check value", utf8("123456789"), 0xe3069283],
  ["nothing", new Uint8Array(0), 0],
];

for (const [name, content, expected] of PUBLISHED) {
  test(`crc32c of ${name}, as published`, () => {
    assert.equal(kernelCrc(content), expected);
    assert.equal(crc32c(content), expected);
  });
}

test("crc32c equals the reference at every length up to 300 and every alignment", () => {
  const content = Uint8Array.from({ length: 300 }, (_, i) => (i * 167 + 13) & 255);
  for (let length = 0; length <= 300; length++) {
    assert.equal(kernelCrc(content.subarray(0, length), length % 16), crc32c(content.subarray(0, length)));
  }
});

test("a CRC continued over any cut is the CRC of the whole", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.nat(), (content, cut) => {
      const at = cut % (content.length + 1);
      bench.reset();
      const ptr = bench.put(content);
      const first = kernels.crc32c(ptr, at);
      assert.equal(kernels.crc32cContinue(first, ptr + at, content.length - at), crc32c(content));
    }),
    { seed: 3720, numRuns: 300 },
  );
});

test("crc32c reads up to the last byte of the memory and no further", () => {
  for (let length = 0; length < 40; length++) {
    const ptr = bench.bytes.length - length;
    assert.equal(kernels.crc32c(ptr, length), crc32c(bench.slice(ptr, length)));
  }
});
