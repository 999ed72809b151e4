import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StateReader, StateWriter } from "../../windowing/state.ts";
import { TrendBook, trendOf } from "../../windowing/trend.ts";

const ascending = [10, 11, 12, 13, 14, 15, 16, 17];

function state(book: TrendBook): Uint8Array {
  const out = new StateWriter();
  book.save(out);
  return out.written.slice();
}

/** The trend that each value in turn is answered with. */
function observeAll(book: TrendBook, means: readonly number[], key: bigint | null = 1n, measure = 0) {
  return means.map((mean, i) => book.observe(key, measure, i * 1000, mean));
}

test("a series that rises, falls, stays, or jumps about", () => {
  const cases = [
    [[1, 2, 3, 4], "increasing"],
    [[4, 3, 2, 1], "decreasing"],
    [ascending, "increasing"],
    [[-4, -3, -2, -1], "increasing"],
    [[-2, -1, 0, 1, 2], "increasing"],
    [[10, 12, 11, 14, 13, 16, 15, 18], "increasing"],
    [[1, 1, 1, 1, 9, 9, 9, 9], "increasing"],
    [[5, 5, 5, 5], "stable"],
    [[0, 0, 0, 0, 0], "stable"],
    [[100, 101, 99, 100, 101, 99], "stable"],
    [[1, 9, 2, 8, 1, 9, 2], "volatile"],
    [[-1, 1, -1, 1, -1, 1], "volatile"],
    [[1, 1, 1, 1, 1, 9], "volatile"],
    [[1, 2, 3], null],
    [[], null],
    [[1, 2, Number.NaN, 4], null],
    [[1, 2, Number.POSITIVE_INFINITY, 4], null],
  ] as const;
  for (const [values, trend] of cases) assert.equal(trendOf(values), trend, `${values}`);
});

test("a drift below 5 % of the level over all windows is stable, however steady", () => {
  const drift = (share: number) => Array.from({ length: 8 }, (_, i) => 100 * (1 + (share * i) / 7));
  assert.equal(trendOf(drift(0.045)), "stable");
  assert.equal(trendOf(drift(0.06)), "increasing");
  assert.equal(trendOf(drift(-0.06)), "decreasing");
});

test("chance makes a trend of less than 5 % of all orders in either direction, and more could not be had", () => {
  // Of the 40 320 orders of eight values, 1230 have up to six inversions, so S of 16 and more: 3.1 %. With seven it would be 5.4 %.
  assert.equal(trendOf([4, 3, 2, 1, 5, 6, 7, 8]), "increasing");
  assert.notEqual(trendOf([4, 3, 2, 1, 6, 5, 7, 8]), "increasing");
  const sizes = [4, 5, 6, 7];
  for (const size of sizes) {
    const scores = new Map<number, number>();
    let all = 0;
    let rising = 0;
    for (const order of permutations(Array.from({ length: size }, (_, i) => i + 1))) {
      all++;
      const trend = trendOf(order);
      if (trend === "increasing") rising++;
      const score = kendall(order);
      scores.set(score, (scores.get(score) ?? 0) + 1);
      assert.equal(trendOf([...order].reverse()) === "decreasing", trend === "increasing", `${order}`);
    }
    assert.ok(rising / all < 0.05, `${size}: ${rising} of ${all}`);
    // The next lower score would take it past 5 %.
    const taken = [...scores].sort(([a], [b]) => b - a);
    let sum = 0;
    for (const [, times] of taken) {
      if (sum === rising) {
        assert.ok((sum + times) / all >= 0.05, `${size}: ${sum + times} of ${all}`);
        break;
      }
      sum += times;
    }
    assert.ok(sum === rising, `${size}: no score parts what is a trend from what is not`);
  }
});

test("the unit does not matter, and the sign turns the trend around", () => {
  const value = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 900, max: 1000 }));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 4, maxLength: 8 }),
      fc.integer({ min: -1000, max: 900 }),
      (values, power) => {
        const trend = trendOf(values);
        const turned = { increasing: "decreasing", decreasing: "increasing" } as const;
        assert.equal(trendOf(values.map((x) => x * 2 ** power)), trend);
        const other = trend === "increasing" || trend === "decreasing" ? turned[trend] : trend;
        assert.equal(trendOf(values.map((x) => -x)), other);
        assert.equal(trendOf([...values].reverse()), other);
      },
    ),
    { seed: 1945, numRuns: 500, endOnFailure: true },
  );
});

test("the largest doubles are no more than others, and only the last eight values count", () => {
  const largest = Number.MAX_VALUE;
  assert.equal(trendOf([0.1, 0.3, 0.6, 1].map((share) => share * largest)), "increasing");
  assert.equal(trendOf([largest, -largest, largest, -largest]), "volatile");
  assert.equal(trendOf([1, 2, 3, 4].map((n) => n * Number.MIN_VALUE)), "increasing");
  assert.equal(trendOf([900, 800, 700, 600, ...ascending]), "increasing");
});

test("a book answers from the fourth window on, each group and measure by itself", () => {
  const book = new TrendBook({ maxGroups: 10 });
  const up = "increasing";
  assert.deepEqual(observeAll(book, [1, 2, 3, 4, 5]), [null, null, null, up, up]);
  assert.deepEqual(observeAll(book, [4, 3, 2, 1], null), [null, null, null, "decreasing"]);
  assert.deepEqual(observeAll(book, [7, 7, 7, 7], 1n, 1), [null, null, null, "stable"]);
  assert.equal(book.observe(1n, 0, 5000, 6), up);
  assert.equal(book.size, 2);
});

test("a mean that is no number is no window", () => {
  const book = new TrendBook({ maxGroups: 10 });
  observeAll(book, [1, 2, 3]);
  assert.equal(book.observe(1n, 0, 3000, Number.NaN), null);
  assert.equal(book.observe(1n, 0, 4000, Number.POSITIVE_INFINITY), null);
  assert.equal(book.observe(1n, 0, 5000, 4), "increasing");
  assert.equal(book.observe(2n, 0, 5000, Number.NaN), null);
  assert.equal(book.size, 1);
});

test("a correction replaces its window, and is judged by the windows up to it", () => {
  const book = new TrendBook({ maxGroups: 10 });
  const means = Array.from({ length: 16 }, (_, i) => 100 + 10 * i);
  observeAll(book, means);
  // The ninth, with its own seven before it, as if nothing had followed.
  const alone = new TrendBook({ maxGroups: 10 });
  const corrected = means.slice(0, 9).with(8, 90);
  assert.equal(book.observe(1n, 0, 8000, 90), observeAll(alone, corrected).at(-1));
  assert.equal(book.observe(1n, 0, 8000, 180), "increasing");
  // What follows sees the correction: the newest eight now fall.
  for (let i = 8; i < 16; i++) book.observe(1n, 0, i * 1000, 1000 - 20 * i);
  assert.equal(book.observe(1n, 0, 15_000, 690), "decreasing");
});

test("a window in between takes its place; one before all that are kept is ignored", () => {
  const book = new TrendBook({ maxGroups: 10 });
  for (const at of [1, 2, 4, 5]) book.observe(1n, 0, at, at);
  const before = state(book);
  assert.equal(book.observe(1n, 0, 0, 0), null);
  assert.deepEqual(state(book), before);
  assert.equal(book.observe(1n, 0, 3, 3), null, "the third one of three");
  assert.equal(book.observe(1n, 0, 6, 6), "increasing");
  book.observe(1n, 0, 3, 60);
  assert.notEqual(book.observe(1n, 0, 6, 6), "increasing");
});

test("a window that is withdrawn never was", () => {
  const book = new TrendBook({ maxGroups: 10 });
  observeAll(book, [1, 2, 90, 3]);
  book.withdraw(1n, 0, 2000);
  book.withdraw(1n, 0, 77_000);
  book.withdraw(5n, 0, 2000);
  assert.equal(book.observe(1n, 0, 4000, 4), "increasing");
  book.clear();
  assert.equal(book.observe(1n, 0, 5000, 5), null);
});

test("beyond its bound the groups that were not seen for the longest time leave", () => {
  const book = new TrendBook({ maxGroups: 3 });
  for (const key of [1n, 2n, null]) observeAll(book, [1, 2, 3], key);
  observeAll(book, [1], 1n);
  book.observe(4n, 0, 0, 1);
  assert.equal(book.size, 3);
  assert.equal(book.observe(1n, 0, 3000, 4), "increasing");
  assert.equal(book.observe(null, 0, 3000, 4), "increasing");
  assert.equal(book.observe(2n, 0, 3000, 4), null, "it left");
});

test("a book never holds more than sixteen windows of a measure", () => {
  const book = new TrendBook({ maxGroups: 1 });
  observeAll(
    book,
    Array.from({ length: 1000 }, (_, i) => i),
  );
  assert.ok(state(book).length < 16 * 16 + 64);
});

test("saved and loaded it goes on as if nothing had been, down to who leaves first", () => {
  const action = fc.record({
    key: fc.constantFrom(0n, 1n, 2n ** 64n - 1n, null),
    measure: fc.integer({ min: 0, max: 2 }),
    start: fc.integer({ min: 0, max: 30 }),
    mean: fc.integer({ min: -5, max: 50 }),
  });
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 120, size: "max" }),
      fc.array(action, { maxLength: 60 }),
      (first, second) => {
        const book = new TrendBook({ maxGroups: 3 });
        for (const { key, measure, start, mean } of first) book.observe(key, measure, start, mean);
        const bytes = state(book);
        const loaded = new TrendBook({ maxGroups: 3 });
        const reader = new StateReader(bytes);
        loaded.load(reader);
        assert.equal(reader.isAtEnd, true);
        assert.deepEqual(state(loaded), bytes);
        for (const { key, measure, start, mean } of second) {
          assert.equal(loaded.observe(key, measure, start, mean), book.observe(key, measure, start, mean));
        }
      },
    ),
    { seed: 6, numRuns: 100, endOnFailure: true },
  );
  assert.throws(
    () => new TrendBook({ maxGroups: 3 }).load(new StateReader(new Uint8Array(4).fill(1))),
    RangeError,
  );
});

function* permutations(values: readonly number[]): Generator<readonly number[]> {
  if (values.length <= 1) {
    yield values;
    return;
  }
  for (const [i, first] of values.entries()) {
    for (const rest of permutations(values.toSpliced(i, 1))) yield [first, ...rest];
  }
}

function kendall(values: readonly number[]): number {
  let score = 0;
  for (let i = 1; i < values.length; i++) {
    for (let j = 0; j < i; j++) score += Math.sign(values[i]! - values[j]!);
  }
  return score;
}
