import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { hashOf, TupleTable } from "../../../../actors/exporter/anonymous/tuple-table.ts";

describe("the tuple table", () => {
  test("counts what a Map of strings counts", () => {
    const word = fc.oneof(fc.nat(3), fc.constantFrom(0, 0xffffffff, 0x80000000));
    const step = fc.tuple(fc.array(word, { minLength: 3, maxLength: 3 }), fc.nat(4), fc.nat(1));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new TupleTable(3, 2);
        const reference = new Map<string, [number, number]>();
        for (const [tuple, by, counter] of steps) {
          const index = table.add(Uint32Array.from([9, ...tuple]), 1, by, counter);
          const counts = reference.get(tuple.join()) ?? [0, 0];
          counts[counter] = counts[counter]! + by;
          reference.set(tuple.join(), counts);
          assert.equal([...reference.keys()].indexOf(tuple.join()), index);
        }
        assertSame(table, reference);
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  test("keeps apart what has one hash, and grows", () => {
    // 30 000 tuples of 32-bit hashes: those that share the last 16 bits fall upon each other from the start.
    const table = new TupleTable(2);
    const reference = new Map<string, [number, number]>();
    for (let number = 0; reference.size < 3000; number++) {
      const tuple = Uint32Array.of(number, number >>> 3);
      if ((hashOf(tuple, 0, 2) & 0x1f) !== 0) continue;
      for (let times = 0; times <= number % 3; times++) table.add(tuple, 0);
      reference.set(tuple.join(), [(number % 3) + 1, 0]);
    }
    assertSame(table, reference);
    assert.equal(table.find(Uint32Array.of(1, 1), 0), -1);
  });

  test("takes two tuples of the very same hash for two", () => {
    const seen = new Map<number, Uint32Array>();
    let pair: readonly Uint32Array[] = [];
    for (let number = 0; pair.length === 0 && number < 1_000_000; number++) {
      const tuple = Uint32Array.of(number, Math.imul(number, 0x9e3779b1));
      const hash = hashOf(tuple, 0, 2);
      const before = seen.get(hash);
      if (before !== undefined) pair = [before, tuple];
      seen.set(hash, tuple);
    }
    assert.equal(pair.length, 2);
    const table = new TupleTable(2);
    assert.deepEqual(
      pair.map((tuple) => table.add(tuple, 0)),
      [0, 1],
    );
    assert.deepEqual(
      pair.map((tuple) => table.find(tuple, 0)),
      [0, 1],
    );
  });
});

function assertSame(table: TupleTable, reference: ReadonlyMap<string, readonly [number, number]>): void {
  assert.equal(table.size, reference.size);
  let index = 0;
  for (const [text, counts] of reference) {
    const tuple = table.words.subarray(index * table.width, (index + 1) * table.width);
    assert.equal(tuple.join(), text);
    assert.equal(table.find(Uint32Array.from(tuple), 0), index);
    assert.deepEqual(
      table.counts.map((counter) => counter[index]),
      counts.slice(0, table.counts.length),
    );
    index++;
  }
}
