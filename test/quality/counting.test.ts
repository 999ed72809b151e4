/**
 * What counting in bounded memory gives, against plain sets and lists. What would fail here: a value that is counted twice or not at all when
 * a table grows, a sample of other rows than those it says, an order of values that a hash does not see.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ColumnHash } from "../../quality/column-hash.ts";
import { DistinctCounter } from "../../quality/distinct-counter.ts";
import { NumberSample } from "../../quality/number-sample.ts";
import { sortSteps } from "../../quality/sort-steps.ts";
import { seededRandom } from "../../runtime/random.ts";

const SEED = 20_260_102;

/** Values as two words each; null: missing. */
type Pairs = readonly (readonly [number, number] | null)[];

function columns(pairs: Pairs): [words: Uint32Array, isThere: Uint8Array, count: number] {
  // What lies where a value is missing means nothing.
  const words = Uint32Array.from(pairs.flatMap((pair) => pair ?? [7, 7]));
  return [words, Uint8Array.from(pairs, (pair) => (pair === null ? 0 : 1)), pairs.length];
}

describe("different values", () => {
  test("are counted exactly as long as there is room", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom(0, 1, 0x8000_0000)), {
          maxLength: 400,
        }),
        (pairs) => {
          const counter = new DistinctCounter(200);
          counter.add(...columns(pairs));
          counter.add(...columns([null, ...pairs]));
          assert.equal(counter.count, new Set(pairs.map((pair) => pair.join())).size);
          assert.ok(counter.isExact);
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });

  test("are told apart to the last one that fits, over every growth of the table", () => {
    const counter = new DistinctCounter(5000);
    const values = Array.from({ length: 5000 }, (_, value) => [value, 7] as const);
    counter.add(...columns(values));
    counter.add(...columns(values));
    assert.ok(counter.isExact);
    assert.equal(counter.count, 5000);
    counter.add(...columns([[5000, 7]]));
    assert.ok(!counter.isExact);
  });

  test("beyond that are about as many, however often each comes", () => {
    const random = seededRandom(3);
    const words = () => Math.floor(random() * 2 ** 32);
    const values = Array.from({ length: 60_000 }, () => [words(), words()] as const);
    const counter = new DistinctCounter(4096);
    counter.add(...columns([...values, ...values.slice(0, 30_000)]));
    // Five standard errors of 1.2 / √4096.
    assert.ok(Math.abs(counter.count / 60_000 - 1) < 0.094, String(counter.count));
    const dense = new DistinctCounter(4096);
    dense.add(...columns(Array.from({ length: 100_000 }, (_, value) => [value, 0] as const)));
    assert.ok(Math.abs(dense.count / 100_000 - 1) < 0.094, String(dense.count));
  });
});

describe("the sample of a column", () => {
  test("is every n-th row of all, n a power of two, however they came", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }),
        fc.constantFrom(2, 8, 64),
        (sizes, most) => {
          const sample = new NumberSample(most);
          let rows = 0;
          for (const size of sizes) {
            sample.add(
              Float64Array.from({ length: size }, (_, row) => rows + row),
              size,
            );
            rows += size;
          }
          const { everyNth } = sample;
          const expected = Array.from({ length: rows }, (_, row) => row).filter(
            (row) => row % everyNth === 0,
          );
          assert.deepEqual([...sample.take()], expected);
          assert.ok(expected.length <= most);
          assert.ok(everyNth === 1 ? rows <= most : expected.length > most / 2 - 1, `${everyNth} of ${rows}`);
        },
      ),
      { seed: SEED, numRuns: 400 },
    );
  });

  test("has the same rows of every column, missing values or not, and gives only those that are there", () => {
    const whole = new NumberSample(16);
    const holey = new NumberSample(16);
    const rows = Float64Array.from({ length: 100 }, (_, row) => row);
    whole.add(rows, 100);
    holey.add(
      rows.map((row) => (row % 3 === 0 ? Number.NaN : row)),
      100,
    );
    assert.equal(holey.everyNth, whole.everyNth);
    assert.equal(whole.everyNth, 8);
    assert.deepEqual(
      [...holey.take()],
      [...whole.take()].filter((row) => row % 3 !== 0),
    );
  });
});

test("numbers are sorted in steps as at once", () => {
  const random = seededRandom(5);
  for (const length of [0, 1, 65_536, 65_537, 200_000]) {
    const values = Float64Array.from({ length }, () => Math.floor(random() * 1000) - 500);
    const expected = values.slice().sort();
    let steps = 0;
    for (const _ of sortSteps(values, new Float64Array(length))) steps++;
    assert.deepEqual(values, expected);
    if (length > 65_536) assert.ok(steps >= 2);
  }
});

describe("the hash of a column", () => {
  const hashOf = (pairs: Pairs, kind = "numbers") => {
    const hash = new ColumnHash(kind);
    // In two parts: how many come at once is no matter.
    hash.add(...columns(pairs.slice(0, 2)));
    hash.add(...columns(pairs.slice(2)));
    return hash.text();
  };

  test("is the same of the same values, and another of any other values, order or kind", () => {
    const word = fc.constantFrom(0, 1, 2, 0x8000_0000, 0xffff_ffff);
    const pairs = fc.array(fc.option(fc.tuple(word, word), { nil: null }), { maxLength: 5 });
    fc.assert(
      fc.property(pairs, pairs, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        assert.equal(hashOf(one) === hashOf(other), isSame);
      }),
      { seed: SEED, numRuns: 2000 },
    );
    assert.notEqual(hashOf([[1, 2]]), hashOf([[2, 1]]));
    assert.notEqual(hashOf([null]), hashOf([[0, 0]]));
    assert.notEqual(hashOf([[1, 0]], "numbers"), hashOf([[1, 0]], "moments"));
    assert.match(hashOf([]), /^[0-9a-f]{32}$/);
  });

  test("of many columns that differ in one value has no two alike", () => {
    const hashes = new Set<string>();
    for (let at = 0; at < 50; at++) {
      for (let bit = 0; bit < 32; bit++) {
        hashes.add(hashOf(Array.from({ length: 50 }, (_, row) => [row === at ? (1 << bit) >>> 0 : 0, 5])));
      }
    }
    assert.equal(hashes.size, 50 * 32);
  });
});
