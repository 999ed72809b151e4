/** The arena's promises: aligned, apart, zeroed, and a sentence when it is full. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Arena, ArenaFull, alignUp, CACHE_PAIR_BYTES } from "../../runtime/arena.ts";
import { makeMemory } from "../fixtures/lane-setup.ts";

test("regions are aligned, lie one after another and inside the memory, whatever is asked for", () => {
  // Fails when the alignment is of the size and not of the offset, and when a region starts before the last one's end.
  const memory = makeMemory(2 * 65_536);
  fc.assert(
    fc.property(
      fc.nat(5000),
      fc.array(fc.tuple(fc.nat(3000), fc.constantFrom(undefined, 1, 4, 8, 64, 128, 4096)), {
        maxLength: 30,
        size: "max",
      }),
      (fromByte, wishes) => {
        new Uint8Array(memory.buffer).fill(0);
        const arena = new Arena(memory, fromByte);
        let end = fromByte;
        for (const [bytes, alignBytes] of wishes) {
          const before = arena.freeBytes;
          let offset: number;
          try {
            offset = arena.allocate(bytes, "wish", alignBytes);
          } catch (error) {
            assert.ok(error instanceof ArenaFull);
            assert.equal(arena.freeBytes, before, "a refusal takes nothing");
            assert.ok(alignUp(end, alignBytes ?? CACHE_PAIR_BYTES) + bytes > memory.buffer.byteLength);
            continue;
          }
          assert.equal(offset % (alignBytes ?? CACHE_PAIR_BYTES), 0);
          assert.ok(offset >= end);
          end = offset + bytes;
          assert.ok(end <= memory.buffer.byteLength);
          assert.equal(arena.freeBytes, memory.buffer.byteLength - end);
        }
      },
    ),
    { seed: 7, numRuns: 200 },
  );
});

test("the last byte can be handed out, and not one more", () => {
  const arena = new Arena(makeMemory(65_536), 65_536 - 256);
  assert.equal(arena.allocate(256, "the rest"), 65_536 - 256);
  assert.equal(arena.freeBytes, 0);
  assert.equal(arena.allocate(0, "nothing"), 65_536);
  assert.throws(
    () => arena.allocate(1, "one more"),
    (error) =>
      error instanceof ArenaFull &&
      error.message ===
        "no room for one more: it takes 1 bytes, 0 of 65536 are left; give the shared memory more bytes or the lanes fewer slots",
  );
});

test("what is left is told as it is after alignment, and never below zero", () => {
  const arena = new Arena(makeMemory(65_536), 65_536 - 256);
  arena.allocate(156, "most of it");
  assert.equal(arena.freeBytes, 100);
  assert.throws(() => arena.allocate(64, "too late"), /takes 64 bytes, 0 of 65536 are left/);
  assert.throws(() => arena.allocate(64, "too wide", 4096), /takes 64 bytes, 0 of 65536 are left/);
  assert.equal(arena.allocate(64, "still room", 4), 65_536 - 100);
});

for (const bytes of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`a region of ${bytes} bytes is refused`, () => {
    const arena = new Arena(makeMemory(65_536), 0);
    assert.throws(
      () => arena.allocate(bytes, "odd"),
      /odd: expected a whole number of bytes from 0 on; came/,
    );
    assert.equal(arena.allocate(0, "next"), 0, "the arena is as it was");
  });
}

test("memory that is not shared is refused", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  assert.throws(() => new Arena(memory, 0), /needs a shared WebAssembly.Memory; came one that is not shared/);
});
