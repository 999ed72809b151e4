/**
 * Blocks against a list of what is given out.
 *
 * What would fail here: two that overlap, one outside, memory that is lost between sizes, or a count of it that is wrong.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlockPool, PoolExhausted } from "../../wasm/index.ts";

const SEED = 20_261_122;
const AT = 4096;
const BYTES = 64 * 1024;

interface Block {
  readonly at: number;
  readonly bytes: number;
}

function tryAllocate(pool: BlockPool, bytes: number): number | undefined {
  try {
    return pool.allocate(bytes);
  } catch (error) {
    assert.ok(error instanceof PoolExhausted);
    return undefined;
  }
}

test("blocks never overlap, and lie within the pool", () => {
  const step = fc.record({ size: fc.integer({ min: 3, max: 14 }), free: fc.integer({ min: 0, max: 99 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const pool = new BlockPool(AT, BYTES);
      const given: Block[] = [];
      for (const { size, free } of steps) {
        if (free < 40 && given.length > 0) {
          const [block] = given.splice(free % given.length, 1);
          pool.free(block!.at, block!.bytes);
        } else {
          const bytes = 2 ** size;
          const at = tryAllocate(pool, bytes);
          if (at !== undefined) {
            assert.equal(at % 8, 0);
            assert.ok(at >= AT && at + bytes <= AT + BYTES);
            for (const other of given) assert.ok(at + bytes <= other.at || other.at + other.bytes <= at);
            given.push({ at, bytes });
          }
        }
        assert.equal(
          pool.usedBytes,
          given.reduce((sum, { bytes }) => sum + bytes, 0),
        );
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test("what was given out in small blocks is there for large ones, and the other way round", () => {
  const pool = new BlockPool(AT, BYTES);
  for (let round = 0; round < 3; round++) {
    for (const bytes of [256, 32 * 1024, 8, BYTES]) {
      const blocks: number[] = [];
      for (let at = tryAllocate(pool, bytes); at !== undefined; at = tryAllocate(pool, bytes))
        blocks.push(at);
      assert.equal(blocks.length, BYTES / bytes, `blocks of ${bytes} in round ${round}`);
      for (const at of blocks) pool.free(at, bytes);
    }
  }
});

test("where something lies between, only what lies side by side is put together", () => {
  const pool = new BlockPool(AT, BYTES);
  const blocks = Array.from({ length: 64 }, () => pool.allocate(1024));
  for (const [index, block] of blocks.entries()) if (index % 2 === 0) pool.free(block, 1024);
  assert.equal(tryAllocate(pool, 2048), undefined);
  for (let n = 0; n < 32; n++)
    assert.ok(tryAllocate(pool, 1024) !== undefined, `the ${n}th of the same size`);
  assert.equal(tryAllocate(pool, 8), undefined);
});
