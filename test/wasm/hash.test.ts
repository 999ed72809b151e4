import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type HashWidth, HMAC_STATE_BYTES } from "../../wasm/index.ts";
import { hmacSha256, sha256 } from "./reference/sha256.ts";
import { Bench, fromHex, hex, utf8 } from "./support.ts";

const bench = new Bench();
const { kernels } = bench;

/** Hashes a column by the kernel; without a key, SHA-256. */
function hashColumn(
  rows: readonly Uint8Array[],
  key?: Uint8Array,
  width: HashWidth = 32,
  valid?: readonly boolean[],
  first = 0,
): Uint8Array[] {
  bench.reset();
  const state = bench.place(HMAC_STATE_BYTES, 8);
  const { values, offsets } = bench.putStrings(rows, first);
  const validity = valid === undefined ? 0 : bench.putValidity(valid);
  const out = bench.put(new Uint8Array(rows.length * width + 1).fill(0x5a));
  if (key === undefined) {
    kernels.sha256Init(state);
    kernels.sha256Bytes(state, values, offsets, validity, rows.length, out, width);
  } else {
    kernels.hmacKey(bench.put(key), key.length, state);
    kernels.hmacBytes(state, values, offsets, validity, rows.length, out, width);
  }
  assert.equal(bench.bytes[out + rows.length * width], 0x5a, "wrote past the end of the output");
  return rows.map((_, i) => bench.slice(out + i * width, width));
}

const ascending = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);

// FIPS 180-4's examples (as NIST publishes them), and the first of CAVS' SHA256ShortMsg.
const SHA256: readonly (readonly [Uint8Array, string])[] = [
  [utf8(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  [utf8("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    utf8("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  [new Uint8Array(1_000_000).fill(0x61), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
  [fromHex("d3"), "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"],
  [fromHex("11af"), "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"],
  [fromHex("b4190e"), "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"],
];

// RFC 4231, 4.2 to 4.8.
const HMAC: readonly (readonly [Uint8Array, Uint8Array, string])[] = [
  [
    new Uint8Array(20).fill(0x0b),
    utf8("Hi There"),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    utf8("Jefe"),
    utf8("what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    new Uint8Array(20).fill(0xaa),
    new Uint8Array(50).fill(0xdd),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ],
  [
    Uint8Array.from({ length: 25 }, (_, i) => i + 1),
    new Uint8Array(50).fill(0xcd),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  ],
  [new Uint8Array(20).fill(0x0c), utf8("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"],
  [
    new Uint8Array(131).fill(0xaa),
    utf8("Test Using Larger Than Block-Size Key - Hash Key First"),
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
  [
    new Uint8Array(131).fill(0xaa),
    utf8(
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
    ),
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  ],
];

test("sha256Bytes gives the published digests, each in each lane", () => {
  for (const [message, digest] of SHA256) {
    for (let lane = 0; lane < 4; lane++) {
      const rows = Array.from({ length: 4 }, (_, i) => (i === lane ? message : utf8("else")));
      assert.equal(hex(hashColumn(rows)[lane]!), digest);
    }
  }
});

test("hmacBytes gives the codes of RFC 4231", () => {
  for (const [key, message, code] of HMAC) {
    assert.equal(hex(hashColumn([message], key)[0]!).slice(0, code.length), code);
    assert.equal(hex(hmacSha256(key, message)).slice(0, code.length), code);
  }
});

const LENGTHS = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 121, 128,
];

test("every pair of lengths around a block's edge shares a group without disturbing the other", () => {
  const key = ascending(32);
  for (const a of LENGTHS) {
    for (const b of LENGTHS) {
      const rows = [ascending(a), ascending(b), ascending(a), ascending(b), ascending(b)];
      const got = hashColumn(rows, key).map(hex);
      const expected = [a, b].map((length) => hex(hmacSha256(key, ascending(length))));
      assert.deepEqual(
        got,
        [expected[0], expected[1], expected[0], expected[1], expected[1]],
        `lengths ${a} and ${b}`,
      );
    }
  }
});

test("a group whose lanes differ by many blocks holds the ones that end early", () => {
  const rows = [5 * 64, 5 * 64 + 60, 6 * 64, 6 * 64 + 55, 9 * 64, 11 * 64, 12 * 64 + 56, 0].map(ascending);
  assert.deepEqual(
    hashColumn(rows).map(hex),
    rows.map((row) => hex(sha256(row))),
  );
});

test("any column of strings hashes as row by row, keys of every length, nulls as zeros", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.boolean()), { maxLength: 23 }),
      fc.uint8Array({ maxLength: 150 }),
      fc.integer({ min: 0, max: 9 }),
      (cells, key, first) => {
        const rows = cells.map(([row]) => row);
        const valid = cells.map(([, bit]) => bit);
        const expected = cells.map(([row, bit]) => (bit ? hex(hmacSha256(key, row)) : "00".repeat(32)));
        assert.deepEqual(hashColumn(rows, key, 32, valid, first).map(hex), expected);
      },
    ),
    { seed: 4231, numRuns: 200 },
  );
});

test("eight bytes are the first sixteen hex digits as a number, four the first eight", () => {
  const rows = Array.from({ length: 9 }, (_, i) => ascending(i * 9));
  const key = ascending(32);
  const digests = rows.map((row) => hex(hmacSha256(key, row)));
  for (const [width, digits] of [[8, 16] as const, [4, 8] as const]) {
    const got = hashColumn(rows, key, width).map((bytes) => hex(bytes.reverse()));
    assert.deepEqual(
      got,
      digests.map((digest) => digest.slice(0, digits)),
    );
  }
});

test("numbers hash as their little-endian bytes, any number of rows, nulls as zeros", () => {
  const key = ascending(32);
  for (const valueBytes of [4, 8] as const) {
    for (let rows = 0; rows <= 9; rows++) {
      bench.reset();
      const state = bench.place(HMAC_STATE_BYTES);
      const content = ascending(rows * valueBytes);
      const values = bench.put(content);
      const valid = Array.from({ length: rows }, (_, i) => i % 3 !== 1);
      const validity = bench.putValidity(valid);
      const out = bench.place(rows * 32);
      const row = (i: number) => content.slice(i * valueBytes, (i + 1) * valueBytes);
      const written = () => Array.from({ length: rows }, (_, i) => hex(bench.slice(out + i * 32, 32)));

      kernels.hmacKey(bench.put(key), key.length, state);
      kernels.hmacNumbers(state, values, valueBytes, validity, rows, out, 32);
      assert.deepEqual(
        written(),
        valid.map((bit, i) => (bit ? hex(hmacSha256(key, row(i))) : "00".repeat(32))),
      );

      kernels.sha256Init(state);
      kernels.sha256Numbers(state, values, valueBytes, 0, rows, out, 32);
      assert.deepEqual(
        written(),
        valid.map((_, i) => hex(sha256(row(i)))),
      );
    }
  }
});

test("rows that end at the memory's last byte are hashed, and nothing past it is read", () => {
  for (const length of [1, 15, 16, 17, 63, 64, 65, 130]) {
    bench.reset();
    const state = bench.place(HMAC_STATE_BYTES);
    const offsets = bench.put(new Uint8Array(Int32Array.of(0, length, 2 * length).buffer));
    const out = bench.place(64);
    const values = bench.bytes.length - 2 * length;
    bench.bytes.set(ascending(2 * length), values);
    kernels.sha256Init(state);
    kernels.sha256Bytes(state, values, offsets, 0, 2, out, 32);
    assert.equal(hex(bench.slice(out, 32)), hex(sha256(bench.slice(values, length))));
    assert.equal(hex(bench.slice(out + 32, 32)), hex(sha256(bench.slice(values + length, length))));
  }
});

test("a state keeps neither key nor identifier", () => {
  bench.reset();
  const state = bench.place(HMAC_STATE_BYTES);
  const secret = utf8("a-secret-key-a-secret-key-a-secr");
  const key = bench.put(secret);
  kernels.hmacKey(key, secret.length, state);
  const { values, offsets } = bench.putStrings([utf8("an-identifier-of-a-person")]);
  kernels.hmacBytes(state, values, offsets, 0, 1, bench.place(32), 32);
  assert.ok(bench.slice(state + 64, HMAC_STATE_BYTES - 64).every((byte) => byte === 0));
});
