/** Whose memory a body that was read is given back of. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { freeBody } from "../../../http/push/read-body.ts";

test("a body is empty once its memory was given back", () => {
  const body = new Uint8Array([1, 2, 3]);
  freeBody(body);
  assert.equal(body.byteLength, 0);
  assert.equal(body.buffer.byteLength, 0);
});

test("what is a part of something larger, or shared, is left alone", () => {
  const whole = new Uint8Array([1, 2, 3, 4]);
  freeBody(whole.subarray(1));
  freeBody(whole.subarray(0, 3));
  assert.deepEqual([...whole], [1, 2, 3, 4]);
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  freeBody(shared);
  assert.equal(shared.byteLength, 2);
});
