import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, hex } from "./support.ts";

const bench = new Bench();
const { kernels } = bench;

test("hexEncode writes every byte value, at every length around the vector width", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 64, 256]) {
    bench.reset();
    const src = bench.put(all.subarray(256 - length));
    const dst = bench.place(2 * length + 1);
    bench.bytes.fill(0x2e, dst, dst + 2 * length + 1);
    kernels.hexEncode(src, length, dst);
    assert.equal(
      new TextDecoder().decode(bench.slice(dst, 2 * length + 1)),
      `${hex(all.subarray(256 - length))}.`,
    );
  }
});

test("wipe zeroes exactly the bytes it is told to", () => {
  for (const length of [0, 1, 15, 16, 17, 1000]) {
    bench.reset();
    const ptr = bench.put(new Uint8Array(length + 2).fill(7));
    kernels.wipe(ptr + 1, length);
    assert.deepEqual(bench.slice(ptr, length + 2), Uint8Array.of(7, ...new Uint8Array(length), 7));
  }
});
