import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GROUP_ENTRY_BYTES } from "../../wasm/index.ts";
import { Bench, randomFrom } from "./support.ts";

const bench = new Bench(4 << 20);
const { kernels } = bench;

function emptyTable(capacity: number): number {
  const entries = bench.place(capacity * GROUP_ENTRY_BYTES);
  kernels.wipe(entries, capacity * GROUP_ENTRY_BYTES);
  return entries;
}

function putU32(values: readonly number[]): number {
  return bench.put(new Uint8Array(new Uint32Array(values).buffer));
}

// Few enough that they meet again, at both ends of what a key can be.
const key = fc.oneof(
  fc.bigInt({ min: 0n, max: 30n }),
  fc.bigInt({ min: 2n ** 64n - 8n, max: 2n ** 64n - 1n }),
);

test("puts, deletes and gets are those of a map, in a table that is nearly full", () => {
  const step = fc.oneof(
    fc.record({ put: key, value: fc.integer({ min: 1, max: 2 ** 32 - 1 }) }),
    fc.record({ drop: key }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      bench.reset();
      const capacity = 16;
      const entries = emptyTable(capacity);
      const model = new Map<bigint, number>();
      for (const entry of steps) {
        if ("put" in entry) {
          if (model.size === capacity - 1 && !model.has(entry.put)) continue;
          const isNew = kernels.groupsPut(entries, capacity, entry.put, entry.value);
          assert.equal(isNew, model.has(entry.put) ? 0 : 1);
          model.set(entry.put, entry.value);
        } else {
          assert.equal(kernels.groupsDelete(entries, capacity, entry.drop), model.delete(entry.drop) ? 1 : 0);
        }
        for (let probe = 0n; probe <= 30n; probe++) {
          assert.equal(kernels.groupsGet(entries, capacity, probe) >>> 0, model.get(probe) ?? 0);
        }
      }
      // What was moved to another table is what was in this one.
      const larger = emptyTable(64);
      kernels.groupsMove(entries, capacity, larger, 64);
      for (const [probe, value] of model) {
        assert.equal(kernels.groupsGet(larger, 64, probe) >>> 0, value);
        kernels.groupsDelete(entries, capacity, probe);
      }
      // Nothing is left behind, not even in part.
      assert.ok(bench.slice(entries, capacity * GROUP_ENTRY_BYTES).every((byte) => byte === 0));
    }),
    { seed: 1973, numRuns: 150, endOnFailure: true },
  );
});

test("rows get the values of their keys, up to the first whose key is not there", () => {
  const widths = [
    [1, (keys: readonly number[]) => bench.put(keys)],
    [4, putU32],
    [8, (keys: readonly number[]) => bench.put(new Uint8Array(new BigUint64Array(keys.map(BigInt)).buffer))],
  ] as const;
  fc.assert(
    fc.property(fc.array(fc.nat(12), { maxLength: 30 }), fc.nat(8), (keys, skip) => {
      const from = Math.min(skip, keys.length);
      for (const [width, put] of widths) {
        bench.reset();
        const entries = emptyTable(32);
        for (let known = 0; known < 12; known++) kernels.groupsPut(entries, 32, BigInt(known), known + 100);
        const out = putU32(keys.map(() => 7));
        const absent = keys.indexOf(12, from);
        const expected = absent === -1 ? keys.length : absent;
        assert.equal(kernels.groupsFind(entries, 32, put(keys), width, from, keys.length, out), expected);
        keys.forEach((known, row) => {
          const isWritten = row >= from && row < expected;
          assert.equal(bench.u32(out + 4 * row), isWritten ? known + 100 : 7, `row ${row}`);
        });
      }
    }),
    { seed: 8, numRuns: 150, endOnFailure: true },
  );
});

test("key 0 is a key like others", () => {
  bench.reset();
  const entries = emptyTable(16);
  const keys = putU32([0, 0]);
  assert.equal(kernels.groupsFind(entries, 16, keys, 4, 0, 2, putU32([0, 0])), 0);
  kernels.groupsPut(entries, 16, 0n, 5);
  assert.equal(kernels.groupsFind(entries, 16, keys, 4, 0, 2, putU32([0, 0])), 2);
});

test("a table that keys come to and leave for long stays whole", () => {
  bench.reset();
  const random = randomFrom(21);
  const capacity = 256;
  const entries = emptyTable(capacity);
  const kept: bigint[] = [];
  for (let turn = 0; turn < 20_000; turn++) {
    const fresh = BigInt(turn) << 20n;
    kernels.groupsPut(entries, capacity, fresh, turn + 1);
    kept.push(fresh);
    if (kept.length <= 160) continue;
    const [leaving] = kept.splice(Math.floor(random() * kept.length), 1);
    assert.equal(kernels.groupsDelete(entries, capacity, leaving!), 1);
  }
  for (const known of kept) {
    assert.equal(kernels.groupsGet(entries, capacity, known), Number(known >> 20n) + 1);
  }
});
