/** State as bytes: what is written is read, wherever the writer has to grow. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StateReader, StateWriter } from "../../windowing/state.ts";

test("what is written is read in the same order, whichever write the bytes no longer fit at", () => {
  for (let before = 4080; before <= 4100; before++) {
    for (const tail of [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(20_000).fill(7)]) {
      const out = new StateWriter();
      for (let i = 0; i < before; i++) out.u8(i & 255);
      out.u32(0xffff_fffe);
      out.f64(Number.NEGATIVE_INFINITY);
      out.u64(0xffff_ffff_ffff_fffdn);
      out.bytes(tail, 0, tail.length);
      out.f64(-0);
      const from = new StateReader(out.written);
      for (let i = 0; i < before; i++) assert.equal(from.u8(), i & 255);
      assert.equal(from.u32(), 0xffff_fffe);
      assert.equal(from.f64(), Number.NEGATIVE_INFINITY);
      assert.equal(from.u64(), 0xffff_ffff_ffff_fffdn);
      const read = new Uint8Array(tail.length);
      from.bytes(read, 0, tail.length);
      assert.deepEqual(read, tail);
      assert.equal(from.f64(), -0);
      assert.equal(from.isAtEnd, true);
    }
  }
});

test("a read past the end is refused, and takes nothing", () => {
  const from = new StateReader(Uint8Array.of(1, 2, 3));
  assert.throws(() => from.u32(), /expected 4 more bytes of state; there are 3/);
  assert.equal(from.u8(), 1);
  assert.throws(() => from.bytes(new Uint8Array(8), 0, 3), RangeError);
  assert.equal(from.isAtEnd, false);
});
