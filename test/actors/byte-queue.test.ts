import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ByteQueue } from "../../actors/byte-queue.ts";

describe("a byte queue", () => {
  test("gives out what it was given, in order, in pieces of at most what is asked", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (parts, sizes) => {
          const queue = new ByteQueue();
          for (const part of parts) queue.push(part);
          const all = Buffer.concat(parts);
          assert.equal(queue.byteLength, all.byteLength);
          const taken: Uint8Array[] = [];
          for (let turn = 0; queue.byteLength > 0; turn++) {
            const before = queue.byteLength;
            const size = sizes[turn % sizes.length]!;
            const piece = queue.take(size);
            assert.ok(piece.byteLength > 0 && piece.byteLength <= size);
            assert.equal(piece.byteLength, piece.buffer.byteLength);
            assert.equal(queue.byteLength, before - piece.byteLength);
            taken.push(piece);
          }
          assert.ok(Buffer.concat(taken).equals(all));
          assert.equal(queue.take(10).byteLength, 0);
        },
      ),
      { seed: 20260101, numRuns: 300 },
    );
  });

  test("passes a piece on without a copy when it is as large as may be", () => {
    const queue = new ByteQueue();
    const [piece, part] = [new Uint8Array(100), new Uint8Array(200).subarray(0, 100)];
    queue.push(piece);
    queue.push(part);
    assert.equal(queue.take(100), piece);
    assert.equal(queue.take(100).buffer.byteLength, 100);
    const shared = new Uint8Array(new SharedArrayBuffer(8));
    queue.push(shared);
    assert.notEqual(queue.take(8), shared);
  });

  test("joins small pieces rather than sending each", () => {
    const queue = new ByteQueue();
    for (let count = 0; count < 50; count++) queue.push(new Uint8Array(10));
    assert.equal(queue.take(300).byteLength, 300);
    assert.equal(queue.takeAll().length, 20);
    assert.equal(queue.byteLength, 0);
  });
});
