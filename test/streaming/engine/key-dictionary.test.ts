/** Keys are forgotten when no window can be of them any more, and not before. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../runtime/random.ts";
import { KeyDictionary } from "../../../streaming/engine/key-dictionary.ts";
import { StateReader, StateWriter } from "../../../windowing/state.ts";

const KEPT_MS = 100;
const DISORDER_MS = 30;

const make = (limit: number) => new KeyDictionary({ limit, keptMs: KEPT_MS, disorderMs: DISORDER_MS });

test("a key is known until its windows are out, and gone when twice that has passed", () => {
  const random = seededRandom(3);
  const keys = make(1000);
  /** Latest item of each number. */
  const latest = new Map<number, { key: string; atMs: number }>();
  let now = 0;
  let most = 0;
  for (let item = 0; item < 20_000; item++) {
    now += Math.floor(random() * 4);
    const atMs = now - Math.floor(random() * (DISORDER_MS + 1));
    const key = `key ${Math.floor(now / 50 + random() * 3)}`;
    keys.see(atMs);
    const number = keys.numberOf(key);
    assert.ok(number > 0);
    assert.ok((latest.get(number)?.key ?? key) === key, "a number is given out once");
    latest.set(number, { key, atMs: Math.max(atMs, latest.get(number)?.atMs ?? 0) });
    if (item % 17 !== 0) continue;
    // A batch goes into the windows.
    for (const [other, { key: name, atMs: lastMs }] of latest) {
      if (lastMs + KEPT_MS > now - DISORDER_MS) assert.equal(keys.keyOf(other), name);
    }
    keys.pass(now - DISORDER_MS);
    for (const [other, { atMs: lastMs }] of latest) {
      if (lastMs + 2 * (KEPT_MS + DISORDER_MS) + 10 >= now - DISORDER_MS) continue;
      assert.throws(() => keys.keyOf(other), { message: /was forgotten/ });
      latest.delete(other);
    }
    most = Math.max(most, latest.size);
  }
  assert.ok(most < 30, `${most} keys were there at once`);
});

test("there is room for so many", () => {
  const keys = make(3);
  keys.see(0);
  assert.deepEqual(
    ["a", "b", "c", "d", "a"].map((key) => keys.numberOf(key)),
    [1, 2, 3, 0, 1],
  );
  // They grow old, and those that come again are young.
  keys.see(200);
  assert.deepEqual(
    ["b", "d"].map((key) => keys.numberOf(key)),
    [2, 0],
  );
  keys.see(400);
  assert.deepEqual(
    ["b", "d", "e", "a"].map((key) => keys.numberOf(key)),
    [2, 4, 5, 0],
  );
  keys.clear();
  assert.equal(keys.numberOf("a"), 6);
});

test("event time that begins anew lets the old keys go", () => {
  const keys = make(4);
  keys.see(1_000_000);
  const old = keys.numberOf("a");
  keys.see(50);
  const young = keys.numberOf("b");
  keys.beginAnew(50);
  assert.equal(keys.keyOf(old), "a");
  keys.see(300);
  keys.numberOf("c");
  keys.pass(300 - DISORDER_MS);
  assert.throws(() => keys.keyOf(old));
  assert.throws(() => keys.keyOf(young));
});

test("saved and loaded, it is the same", () => {
  const keys = make(10);
  keys.see(0);
  keys.numberOf("a");
  keys.see(500);
  keys.numberOf(1);
  keys.numberOf(1n);
  keys.see(1000);
  keys.numberOf("1");
  const out = new StateWriter();
  keys.save(out);
  const loaded = make(10);
  loaded.load(new StateReader(out.written));
  const again = new StateWriter();
  loaded.save(again);
  assert.deepEqual(again.written, out.written);
  for (const dictionary of [keys, loaded]) {
    assert.deepEqual(
      [1, 2, 3, 4].map((number) => dictionary.keyOf(number)),
      ["a", 1, 1n, "1"],
    );
    assert.equal(dictionary.numberOf("new"), 5);
    dictionary.see(5000);
    dictionary.see(9000);
    dictionary.pass(9000);
    assert.throws(() => dictionary.keyOf(5));
  }
});
