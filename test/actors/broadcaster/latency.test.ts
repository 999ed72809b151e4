import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyRing } from "../../../actors/broadcaster/latency.ts";

test("percentiles are by nearest rank, over the latest 1024", () => {
  const ring = new LatencyRing();
  assert.equal(ring.summary(), null);
  for (let ms = 1; ms <= 100; ms++) ring.add(ms);
  assert.deepEqual(ring.summary(), { p50Ms: 50, p99Ms: 99, maxMs: 100 });
  for (let count = 0; count < 1024; count++) ring.add(7);
  assert.deepEqual(ring.summary(), { p50Ms: 7, p99Ms: 7, maxMs: 7 });
});

test("a clock that was set back makes no negative latency", () => {
  const ring = new LatencyRing();
  ring.add(-5000);
  assert.deepEqual(ring.summary(), { p50Ms: 0, p99Ms: 0, maxMs: 0 });
});
