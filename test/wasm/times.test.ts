import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bench } from "./support.ts";

const bench = new Bench(1 << 20);
const { kernels } = bench;

function putTimes(times: readonly bigint[]): number {
  return bench.put(new Uint8Array(new BigInt64Array(times).buffer));
}

test("the first row outside the bounds is found, at every place around the vector width", () => {
  const small = fc.integer({ min: -40, max: 40 });
  const bound = fc.oneof(
    small,
    fc.integer({ min: -80, max: 80 }).map((half) => half / 2),
    fc.constantFrom(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  );
  fc.assert(
    fc.property(fc.array(small, { maxLength: 40 }), fc.nat(10), bound, bound, (times, skip, low, high) => {
      bench.reset();
      const from = Math.min(skip, times.length);
      const at = putTimes(times.map(BigInt));
      const outside = times.findIndex((time, row) => row >= from && (time < low || time >= high));
      const expected = outside === -1 ? times.length : outside;
      assert.equal(kernels.timesWithin(at, from, times.length, low, high), expected);
    }),
    { seed: 64, numRuns: 1000 },
  );
});

test("a run of rows within is passed over up to the one that is not", () => {
  for (let outside = 0; outside <= 35; outside++) {
    for (const time of [99n, 200n]) {
      bench.reset();
      const at = putTimes(Array.from({ length: 35 }, (_, row) => (row === outside ? time : 150n)));
      assert.equal(kernels.timesWithin(at, 0, 35, 100, 200), outside);
      assert.equal(kernels.timesWithin(at, 0, outside, 100, 200), outside, "read behind the end");
    }
  }
});

test("bounds and times at the ends of what there is", () => {
  const most = 2n ** 63n - 1n;
  const at = putTimes([-(2n ** 63n), 0n, most]);
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  assert.equal(kernels.timesWithin(at, 0, 3, low, high), 3);
  assert.equal(kernels.timesWithin(at, 0, 3, low, 2 ** 63), 3);
  assert.equal(kernels.timesWithin(at, 0, 3, low, 2 ** 62), 2);
  assert.equal(kernels.timesWithin(at, 0, 3, -(2 ** 62), high), 0);
  assert.equal(kernels.timesWithin(at, 1, 3, high, high), 1);
  assert.equal(kernels.timesWithin(at, 0, 3, low, low), 0);
});

test("times that no double can tell apart are told apart from bounds", () => {
  // 2^53 + 1 would be rounded to 2^53.
  const at = putTimes([2n ** 53n, 2n ** 53n + 1n]);
  assert.equal(kernels.timesWithin(at, 0, 2, 0, 2 ** 53 + 2), 2);
  assert.equal(kernels.timesWithin(at, 0, 2, 2 ** 53, 2 ** 54), 2);
});
