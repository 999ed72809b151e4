import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compileKernels, createKernelMemory, instantiateKernels } from "../../wasm/index.ts";

const SEED = 20_261_125;
const memory = createKernelMemory({ bytes: 2 ** 20 });
const kernels = instantiateKernels(compileKernels(), memory);
const u8 = new Uint8Array(memory.buffer);
const i32 = new Int32Array(memory.buffer);
const i64 = new BigInt64Array(memory.buffer);
const DATA = 65_536;
const TEXT = 131_072;
const OUT = 262_144;

/** Lays texts, or what is none, side by side. */
function layTexts(texts: readonly Uint8Array[]): void {
  let end = 0;
  i32[DATA / 4] = 0;
  for (const [row, text] of texts.entries()) {
    u8.set(text, TEXT + end);
    end += text.length;
    i32[DATA / 4 + row + 1] = end;
  }
}

function isWhole(text: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(text);
    return true;
  } catch {
    return false;
  }
}

/** Bytes that are nearly UTF-8: of its forms, and of what is just beside them. */
const nearlyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        0x61,
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
        0xe1,
        0xed,
        0xef,
        0xf0,
        0xf1,
        0xf4,
        0xf5,
        0xff,
      ),
      fc.constant(0x80),
    ),
    { maxLength: 5 },
  )
  .map((bytes) => Uint8Array.from(bytes));
const anyText = fc.oneof(
  nearlyText,
  fc.string({ unit: "binary", maxLength: 40 }).map((text) => new TextEncoder().encode(text)),
);

describe("kernels that look at text", () => {
  test("checkUtf8 says what TextDecoder says of each value by itself", () => {
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 12 }), fc.nat(11), (texts, start) => {
        layTexts(texts);
        const from = Math.min(start, texts.length);
        const bad = texts.findIndex((text, row) => row >= from && !isWhole(text));
        assert.equal(kernels.checkUtf8(DATA, TEXT, from, texts.length), bad < 0 ? texts.length : bad);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  test("checkOffsets finds what goes down or out, however long the good ones are", () => {
    const good = Array.from({ length: 100 }, (_, index) => index * 3);
    for (let at = 0; at < good.length; at++) {
      for (const [value, bytes, expected] of [
        [good[at]!, 297, -1],
        [-1, 297, at],
        [2 ** 31 - 1, 297, at === 99 ? 99 : at + 1],
      ] as const) {
        for (const [index, offset] of good.entries()) i32[DATA / 4 + index] = index === at ? value : offset;
        assert.equal(kernels.checkOffsets(DATA, 99, bytes), expected);
      }
    }
    for (const [index, offset] of good.entries()) i32[DATA / 4 + index] = offset;
    assert.equal(kernels.checkOffsets(DATA, 99, 296), 99);
    assert.equal(kernels.checkOffsets(DATA, 99, 100), 34);
  });

  test("checkLengths counts bytes and characters of what is there", () => {
    layTexts(["abc", "éé", "😀", "abcd"].map((text) => new TextEncoder().encode(text)));
    u8[OUT] = 0b0111;
    assert.equal(kernels.checkLengths(DATA, TEXT, 0, 0, 4, 4, 4), 4);
    assert.equal(kernels.checkLengths(DATA, TEXT, 0, 0, 4, 3, 4), 1);
    assert.equal(kernels.checkLengths(DATA, TEXT, 0, 0, 4, 100, 3), 3);
    assert.equal(kernels.checkLengths(DATA, TEXT, OUT, 0, 4, 100, 3), 4);
    assert.equal(kernels.checkLengths(DATA, TEXT, 0, 1, 4, 100, 1), 1);
    assert.equal(kernels.checkLengths(DATA, TEXT, 0, 2, 4, 100, 1), 3);
  });
});

test("checkMissing finds the first bit that is not set, from any row to any other", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(299), { maxLength: 4 }),
      fc.nat(300),
      fc.nat(300),
      (missing, one, other) => {
        u8.fill(0xff, DATA, DATA + 40);
        for (const row of missing) u8[DATA + (row >>> 3)]! &= ~(1 << (row & 7));
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const within = missing.filter((row) => row >= from && row < to);
        assert.equal(kernels.checkMissing(DATA, from, to), within.length === 0 ? to : Math.min(...within));
        assert.equal(kernels.checkMissing(0, from, to), to);
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

test("timesToMs rounds down, also before 1970, and seconds beyond the last millisecond become the last", () => {
  const edges = [
    0n,
    1n,
    -1n,
    999n,
    1000n,
    -1000n,
    -1001n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    9_223_372_036_854_775n,
    -9_223_372_036_854_775n,
  ];
  const floor = (value: bigint, by: bigint) => (value - (((value % by) + by) % by)) / by;
  for (const [perMs, made] of [
    [
      0,
      (value: bigint) =>
        value * 1000n > 2n ** 63n - 1n
          ? 2n ** 63n - 1n
          : value * 1000n < -(2n ** 63n)
            ? -(2n ** 63n)
            : value * 1000n,
    ],
    [1, (value: bigint) => value],
    [1000, (value: bigint) => floor(value, 1000n)],
    [1_000_000, (value: bigint) => floor(value, 1_000_000n)],
  ] as const) {
    for (const [row, edge] of edges.entries()) i64[DATA / 8 + row] = edge;
    i64[OUT / 8 + edges.length] = 77n;
    kernels.timesToMs(DATA, OUT, edges.length, perMs);
    assert.deepEqual(
      edges.map((_, row) => i64[OUT / 8 + row]),
      edges.map(made),
    );
    assert.equal(i64[OUT / 8 + edges.length], 77n);
  }
});
