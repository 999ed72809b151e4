import assert from "node:assert/strict";
import { test } from "node:test";
import { DistinctCounter, type DistinctValue } from "../../streaming/distinct-counter.ts";
import { createSpace } from "../../streaming/space.ts";
import { BlockPool, HLL_STANDARD_ERROR } from "../../wasm/index.ts";

const shared = createSpace(2 << 20);
const memoryStart = 65536;

/** A space of its own over the same memory. */
function spaceOf(bytes = 2 << 20) {
  return { ...shared, pool: new BlockPool(memoryStart, bytes) };
}

function counterOf(values: Iterable<DistinctValue>, space = spaceOf()): DistinctCounter {
  const counter = new DistinctCounter({ space });
  for (const value of values) counter.add(value);
  return counter;
}

function assertNear(counter: DistinctCounter, exact: number): void {
  const estimate = counter.estimate();
  assert.equal(Number.isInteger(estimate), true);
  assert.ok(Math.abs(estimate / exact - 1) <= 4 * HLL_STANDARD_ERROR, `${estimate} for ${exact}`);
}

const KINDS: Record<string, (i: number) => DistinctValue> = {
  numbers: (i) => i,
  fractions: (i) => i / 8 - 1000,
  "big integers": (i) => 2n ** 70n + BigInt(i),
  texts: (i) => `user-${i}@example.org`,
  digits: (i) => String(i),
  "texts that differ at the front": (i) => `${i}/index.html?session=00000000`,
  "letters beyond ASCII": (i) => String.fromCodePoint(0x4e00 + (i % 20_000)) + (i % 3),
};

for (const [name, make] of Object.entries(KINDS)) {
  test(`${name}: exact while they are few, near when they are many, however often they come`, () => {
    const few = counterOf(Array.from({ length: 900 }, (_, i) => make(i % 300)));
    assert.equal(few.estimate(), 300);
    const many = Array.from({ length: 50_000 }, (_, i) => make(i));
    const exact = new Set(many).size;
    const counter = counterOf(many);
    assertNear(counter, exact);
    const before = counter.estimate();
    for (const value of many.slice(0, 5000)) counter.add(value);
    assert.equal(counter.estimate(), before);
  });
}

test("values are different when a Set would say so; NaN is none", () => {
  const values = [
    5,
    5n,
    "5",
    0,
    -0,
    Number.NaN,
    "",
    "NaN",
    Number.POSITIVE_INFINITY,
    "Infinity",
    5,
    -5n,
    "-5",
  ];
  const expected = new Set(values.filter((value) => !Number.isNaN(value))).size;
  assert.equal(counterOf(values).estimate(), expected);
  assert.equal(counterOf([]).estimate(), 0);
});

test("merging is adding the values of both", () => {
  const space = spaceOf();
  const numbers = Array.from({ length: 3000 }, (_, i) => i);
  for (const [from, to, length] of [
    [0, 200, 100],
    [0, 3000, 1000],
    [2900, 3000, 10],
  ] as const) {
    const merged = counterOf(numbers.slice(0, length), space);
    const other = counterOf(numbers.slice(from, to), space);
    const before = other.estimate();
    merged.merge(other);
    const union = counterOf([...numbers.slice(0, length), ...numbers.slice(from, to)], space);
    assert.equal(merged.estimate(), union.estimate());
    assert.equal(other.estimate(), before);
  }
  const elsewhere = counterOf([1]);
  assert.throws(() => elsewhere.merge(counterOf([2])), /same space/);
});

test("reset begins anew, and what was before does not show", () => {
  const counter = counterOf(Array.from({ length: 5000 }, (_, i) => i));
  counter.reset();
  assert.equal(counter.estimate(), 0);
  for (let i = 0; i < 300; i++) counter.add(`${i}`);
  assert.equal(counter.estimate(), 300);
});

test("freed, it gives everything back", () => {
  const space = spaceOf(1 << 14);
  for (let i = 0; i < 100; i++) {
    using counter = counterOf(
      Array.from({ length: 2000 }, (_, value) => value),
      space,
    );
    assert.equal(counter.missed, 0);
  }
});

test("without room to grow, what does not fit is counted, and what is there is told", () => {
  const space = spaceOf(2048 + 64 + 128);
  const counter = counterOf(
    Array.from({ length: 1000 }, (_, i) => i),
    space,
  );
  const kept = counter.estimate();
  assert.ok(kept >= 18 && kept <= 21, `${kept}`);
  assert.equal(counter.missed, 1000 - kept);
  counter.reset();
  assert.equal(counter.missed, 0);
  assert.throws(() => new DistinctCounter({ space }), /left/);
  counter.free();
  new DistinctCounter({ space }).free();
});

test("given back twice, its memory is not anybody else's twice", () => {
  const space = spaceOf();
  const freed = counterOf([1, 2, 3], space);
  freed.free();
  freed.free();
  assert.equal(space.pool.usedBytes, 0);
  const [one, other] = [counterOf([1], space), counterOf([2, 3], space)];
  assert.deepEqual([one.estimate(), other.estimate()], [1, 2]);
});
