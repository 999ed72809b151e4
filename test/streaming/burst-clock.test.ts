/**
 * What would fail here: a moment that is kept over a wait, or for longer than is said; a look for every question, or none for slow ones;
 * a rate or a window that is asked for by a moment before the work that lies in between.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BurstClock } from "../../streaming/burst-clock.ts";
import { RateCalculator, SlidingWindow, StreamingAggregator } from "../../streaming/index.ts";
import { newSpace } from "./support.ts";

function looked() {
  const host = { ms: 1000, looks: 0 };
  const clock = new BurstClock({
    nowMs: () => {
      host.looks++;
      return host.ms;
    },
  });
  return { clock, host };
}

test("in one go the clock is looked at for every 32nd question, after a few", () => {
  const { clock, host } = looked();
  for (let question = 0; question < 31; question++) clock.nowMs();
  assert.equal(host.looks, 5);
  for (let question = 0; question < 320; question++) clock.nowMs();
  assert.equal(host.looks, 15);
  host.ms++;
  const moments = Array.from({ length: 64 }, () => clock.nowMs());
  assert.deepEqual([moments[0], moments[31], moments[32], moments[63]], [1001, 1001, 1001, 1001]);
});

test("questions with much work between them are each looked at for", () => {
  const { clock, host } = looked();
  for (let question = 0; question < 1000; question++) clock.nowMs();
  // The first ones may be answered by what was seen before the work.
  for (let question = 0; question < 32; question++) {
    host.ms += 200;
    clock.nowMs();
  }
  for (let question = 0; question < 100; question++) {
    host.ms += question % 2 === 0 ? 200 : -3000;
    assert.equal(clock.nowMs(), host.ms);
  }
});

test("it is looked at again after every wait, however short", async () => {
  const { clock, host } = looked();
  for (let question = 0; question < 100; question++) clock.nowMs();
  host.ms += 5;
  await Promise.resolve();
  assert.equal(clock.nowMs(), 1005);
  for (let question = 0; question < 100; question++) clock.nowMs();
  host.ms += 5;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(clock.nowMs(), 1010);
});

test("who asks is told of now, and what is added after that is of now too", (t) => {
  const host = { ms: 1_000_000 };
  const { now } = Date;
  t.after(() => {
    Date.now = now;
  });
  Date.now = () => host.ms;
  const rates = new RateCalculator({ windowMs: 1000, panes: 1000 });
  const space = newSpace();
  using window = new SlidingWindow({ windowMs: 1000, panes: 10, space });
  using aggregator = new StreamingAggregator({ windowMs: 1000, space });
  for (let event = 0; event < 1000; event++) rates.record();
  host.ms += 100;
  assert.equal(rates.rate(), 10_000);
  for (let value = 0; value < 50; value++) window.add(value);
  host.ms += 1500;
  assert.equal(window.stats().count, 0);
  window.add(7);
  assert.deepEqual([window.stats().count, window.late], [1, 0]);
  for (let value = 0; value < 50; value++) aggregator.aggregate("m", value);
  host.ms += 1500;
  assert.equal(aggregator.stats("m"), undefined);
  assert.equal(aggregator.aggregate("m", 7), "added");
  assert.equal(aggregator.stats("m")!.count, 1);
});
