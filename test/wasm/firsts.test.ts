/**
 * The first row with the same string: against a Map, and what it is for, hashes made once.
 *
 * Breaks when two strings are taken for one (the pseudonym of another person), when a missing row lends its bytes, when a search runs past
 * its bound, or when a repeated hash is not the one that hashing again would give.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HMAC_STATE_BYTES } from "../../wasm/index.ts";
import { Bench, hex, utf8 } from "./support.ts";

const bench = new Bench();
const { kernels } = bench;
const CAPACITY = 1024;
const KEY = utf8("a key of thirty-two bytes or more");

/** Strings that often are alike, or alike but for an end, of every length from 0 to some blocks. */
const string = fc.oneof(
  fc.uint8Array({ min: 0, max: 1, maxLength: 3 }),
  fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2 })).map(([length, last]) => {
    return Uint8Array.from({ length: length + 1 }, (_, i) => (i === length ? last : 7));
  }),
  fc.uint8Array({ maxLength: 150 }),
);
const cells = fc.array(fc.tuple(string, fc.boolean()), { maxLength: 200 });

function place(rows: readonly (readonly [Uint8Array, boolean])[], first: number) {
  bench.reset();
  const { values, offsets } = bench.putStrings(
    rows.map(([row]) => row),
    first,
  );
  const validity = bench.putValidity(rows.map(([, bit]) => bit));
  const table = bench.put(new Uint8Array(CAPACITY * 4).fill(0x5a));
  const firsts = bench.put(new Uint8Array(rows.length * 4 + 4).fill(0x5a));
  return { values, offsets, validity, table, firsts };
}

test("each row has the first row with the same bytes; a missing one has itself", () => {
  fc.assert(
    fc.property(cells, fc.integer({ min: 0, max: 9 }), (rows, first) => {
      const { values, offsets, validity, table, firsts } = place(rows, first);
      const count = kernels.firstsOf(values, offsets, validity, rows.length, table, CAPACITY, firsts);
      const seen = new Map<string, number>();
      const expected = rows.map(([row, isValid], index) => {
        if (!isValid) return index;
        const text = hex(row);
        if (!seen.has(text)) seen.set(text, index);
        return seen.get(text);
      });
      assert.deepEqual([...new Uint32Array(bench.slice(firsts, rows.length * 4).buffer)], expected);
      assert.equal(count, seen.size);
      assert.deepEqual([...bench.slice(firsts + rows.length * 4, 4)], [0x5a, 0x5a, 0x5a, 0x5a]);
    }),
    { seed: 20_261_122, numRuns: 300 },
  );
});

/** All of one length, and alike but for one byte anywhere. */
const alike = fc.integer({ min: 1, max: 40 }).chain((length) =>
  fc.array(
    fc.integer({ min: 0, max: length - 1 }).map((odd) => {
      return Uint8Array.from({ length }, (_, i) => (i === odd ? 8 : 7));
    }),
    { minLength: 1, maxLength: 16 },
  ),
);

test("strings that differ in one byte only are told apart where all of them meet in the table", () => {
  fc.assert(
    fc.property(alike, (strings) => {
      const { values, offsets, table, firsts } = place(
        strings.map((one) => [one, true] as const),
        0,
      );
      // As many places as a search looks at: each row is compared with every other one.
      kernels.firstsOf(values, offsets, 0, strings.length, table, 16, firsts);
      const texts = strings.map(hex);
      const expected = texts.map((text) => texts.indexOf(text));
      assert.deepEqual([...new Uint32Array(bench.slice(firsts, strings.length * 4).buffer)], expected);
    }),
    { seed: 20_261_122, numRuns: 400 },
  );
});

test("a hash that is repeated is the hash, in every width", () => {
  fc.assert(
    fc.property(cells, fc.constantFrom(4, 8, 32), fc.boolean(), (rows, width, hasNulls) => {
      const { values, offsets, validity, table, firsts } = place(rows, 0);
      const bits = hasNulls ? validity : 0;
      const state = bench.place(HMAC_STATE_BYTES, 8);
      kernels.hmacKey(bench.put(KEY), KEY.length, state);
      const each = bench.put(new Uint8Array(rows.length * width).fill(0x11));
      const once = bench.put(new Uint8Array(rows.length * width).fill(0x22));
      kernels.hmacBytes(state, values, offsets, bits, rows.length, each, width);
      kernels.firstsOf(values, offsets, bits, rows.length, table, CAPACITY, firsts);
      kernels.hmacBytes(state, values, offsets, bits, rows.length, once, width, firsts);
      assert.equal(hex(bench.slice(once, rows.length * width)), hex(bench.slice(each, rows.length * width)));
    }),
    { seed: 20_261_123, numRuns: 200 },
  );
});

test("a table too full to be searched costs hashes, and is never wrong", () => {
  const rows = Array.from({ length: 300 }, (_, i): [Uint8Array, boolean] => [utf8(`row ${i % 150}`), true]);
  const { values, offsets, table, firsts } = place(rows, 0);
  const small = 64;
  const count = kernels.firstsOf(values, offsets, 0, rows.length, table, small, firsts);
  assert.ok(count >= 150 && count <= 300, `${count} first rows`);
  const found = new Uint32Array(bench.slice(firsts, rows.length * 4).buffer);
  for (const [row, first] of found.entries()) {
    assert.ok(first === row || (first < row && first % 150 === row % 150), `row ${row} has ${first}`);
  }
});
