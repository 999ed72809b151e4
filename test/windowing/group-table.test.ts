import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BlockPool, GROUP_ENTRY_BYTES, PoolExhausted } from "../../wasm/index.ts";
import { GroupTable } from "../../windowing/group-table.ts";
import { Bench } from "../wasm/support.ts";

const POOL_BYTES = 1 << 20;
const bench = new Bench(4 << 20);
const { kernels } = bench;
const poolAt = bench.place(POOL_BYTES);

/** Over memory that others have written to. */
function dirtyPool(bytes = POOL_BYTES): BlockPool {
  bench.bytes.fill(0x5a, poolAt, poolAt + bytes);
  return new BlockPool(poolAt, bytes);
}

const key = fc.oneof(
  fc.bigInt({ min: 0n, max: 200n }),
  fc.bigInt({ min: 2n ** 63n - 60n, max: 2n ** 63n + 60n }),
);

test("a table is a map, however large it becomes; its entries come by key, unsigned", () => {
  const step = fc.record({
    key,
    value: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    isDeleted: fc.integer({ min: 0, max: 3 }).map((x) => x === 0),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 250, size: "max" }), (steps) => {
      const pool = dirtyPool();
      const table = new GroupTable(kernels, pool);
      const model = new Map<bigint, number>();
      for (const { key: group, value, isDeleted } of steps) {
        if (isDeleted) {
          table.delete(group);
          model.delete(group);
        } else {
          assert.ok(table.insert(group, value));
          model.set(group, value);
        }
        assert.equal(table.get(group), model.get(group) ?? 0);
        assert.equal(table.size, model.size);
      }
      const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
      assert.deepEqual(
        table.entries(),
        expected.map(([group, value]) => ({ key: group, value })),
      );
      table.clear();
      assert.deepEqual([table.size, table.entries(), table.get(steps[0]?.key ?? 0n)], [0, [], 0]);
      table.free();
      assert.equal(pool.usedBytes, 0);
    }),
    { seed: 16, numRuns: 100, endOnFailure: true },
  );
});

test("rows find their groups after every growth, and the key of the row that has none is told", () => {
  const table = new GroupTable(kernels, dirtyPool());
  const rows = 3000;
  const keys = BigUint64Array.from({ length: rows }, (_, row) => 2n ** 64n - 1n - BigInt(row % 1000));
  const at = bench.put(new Uint8Array(keys.buffer));
  const out = bench.place(rows * 4);
  const column = { width: 8, at } as const;
  let made = 0;
  for (let row = 0; ; ) {
    row = table.find(column, row, rows, out);
    if (row === rows) break;
    assert.equal(row, made, "a row before has no group, or this one has");
    assert.equal(table.keyOf(column, row), keys[row]);
    assert.ok(table.insert(table.keyOf(column, row), ++made));
  }
  assert.equal(made, 1000);
  for (let row = 0; row < rows; row++) assert.equal(bench.u32(out + 4 * row), (row % 1000) + 1);
});

test("keys of one and four bytes are the number they are", () => {
  const table = new GroupTable(kernels, dirtyPool());
  table.insert(200n, 1);
  table.insert(2n ** 32n - 1n, 2);
  const out = bench.place(16);
  const bytes = { width: 1, at: bench.put([200, 200, 7]) } as const;
  assert.deepEqual([table.find(bytes, 0, 3, out), bench.u32(out + 4), table.keyOf(bytes, 2)], [2, 1, 7n]);
  const words = { width: 4, at: bench.put([255, 255, 255, 255, 200, 0, 0, 0]) } as const;
  assert.equal(table.find(words, 0, 2, out), 2);
  assert.deepEqual([bench.u32(out), bench.u32(out + 4)], [2, 1]);
  assert.equal(table.keyOf(words, 0), 2n ** 32n - 1n);
});

test("without keys all rows are of group 0", () => {
  const table = new GroupTable(kernels, dirtyPool());
  const out = bench.place(32);
  assert.equal(table.find(undefined, 2, 6, out), 2);
  assert.equal(table.keyOf(undefined, 2), 0n);
  table.insert(0n, 77);
  bench.bytes.fill(0, out, out + 32);
  assert.equal(table.find(undefined, 2, 6, out), 6);
  const written = Array.from({ length: 8 }, (_, row) => bench.u32(out + 4 * row));
  assert.deepEqual(written, [0, 0, 77, 77, 77, 77, 0, 0]);
});

test("a table that has no room to grow refuses a new key and keeps the others", () => {
  const pool = dirtyPool(64 * GROUP_ENTRY_BYTES);
  const table = new GroupTable(kernels, pool);
  let known = 0n;
  while (table.insert(known, 1)) known++;
  // 32 entries beside the 16 before them were the last there was room for.
  assert.equal(known, 20n);
  assert.equal(table.size, 20);
  assert.ok(table.insert(5n, 9), "a key that is there needs no room");
  assert.equal(table.get(5n), 9);
  assert.equal(table.get(known), 0);
  table.delete(0n);
  assert.ok(table.insert(known, 1));
  table.free();
  assert.equal(pool.usedBytes, 0);
  assert.throws(() => new GroupTable(kernels, new BlockPool(poolAt, 128)), PoolExhausted);
});
