import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "../../runtime/clock.ts";
import { RateCalculator, type RateCalculatorOptions } from "../../streaming/rate-calculator.ts";

const START = Date.UTC(2026, 0, 1);

function make(options: RateCalculatorOptions = {}) {
  const clock = new VirtualClock(START);
  return { clock, rates: new RateCalculator({ clock, ...options }) };
}

/** `seconds` seconds with an event each 1000 / `perSecond` ms. */
function run(clock: VirtualClock, rates: RateCalculator, seconds: number, perSecond: number): void {
  for (let i = 0; i < seconds * perSecond; i++) {
    clock.advance(1000 / perSecond);
    rates.record();
  }
}

test("a steady stream has a steady rate, from the first second on, at any moment", () => {
  const { clock, rates } = make();
  assert.equal(rates.rate(), 0);
  run(clock, rates, 1, 10);
  for (let step = 0; step < 1500; step++) {
    run(clock, rates, 0.1, 10);
    assert.ok(Math.abs(rates.rate() - 10) <= 0.2, `${rates.rate()} after ${step}`);
  }
});

test("what is older than the window does not count, and the rate of silence is 0", () => {
  const { clock, rates } = make();
  rates.record(600);
  clock.advance(59_000);
  assert.equal(rates.count, 600);
  assert.ok(Math.abs(rates.rate() - 600 / 59) < 1e-9);
  clock.advance(1000);
  assert.equal(rates.count, 0);
  assert.equal(rates.rate(), 0);
  run(clock, rates, 70, 2);
  clock.advance(30_000);
  assert.ok(Math.abs(rates.rate() - 1) < 0.05, `${rates.rate()}`);
  clock.advance(3_600_000);
  assert.equal(rates.rate(), 0);
});

test("before a window has passed the rate is over the time since then, or by option over the window", () => {
  const elapsed = make();
  const whole = make({ atFirst: "window" });
  for (const { clock, rates } of [elapsed, whole]) {
    clock.advance(10_000);
    rates.record(100);
    clock.advance(10_000);
  }
  assert.equal(elapsed.rates.rate(), 5);
  assert.ok(Math.abs(whole.rates.rate() - 100 / 59) < 1e-9);
  elapsed.rates.reset();
  elapsed.rates.record(3);
  // Nothing has passed: a pane is the least that a rate is over.
  assert.equal(elapsed.rates.rate(), 3);
});

test("a clock that is set back neither freezes the rate nor counts anything twice", () => {
  for (const backMs of [-500, -20_000, -59_000, -86_400_000]) {
    const { clock, rates } = make();
    run(clock, rates, 120, 10);
    clock.jumpWall(backMs);
    assert.ok(Math.abs(rates.rate() - 10) <= 0.2, `${rates.rate()} at once`);
    run(clock, rates, 30, 10);
    assert.ok(Math.abs(rates.rate() - 10) <= 0.2, `${rates.rate()} while it goes on`);
    clock.advance(61_000);
    assert.equal(rates.rate(), 0, "what was before leaves in its time");
    assert.equal(rates.late, 0);
  }
});

test("a clock that is set forward empties the window by as much", () => {
  const { clock, rates } = make();
  run(clock, rates, 120, 10);
  clock.jumpWall(30_000);
  assert.ok(Math.abs(rates.rate() - 5) <= 0.3, `${rates.rate()}`);
  clock.jumpWall(86_400_000);
  assert.equal(rates.count, 0);
  run(clock, rates, 60, 10);
  assert.ok(Math.abs(rates.rate() - 10) <= 0.2, `${rates.rate()}`);
});

test("events may be given their time: in the window they count, before it they are late, after now they are now", () => {
  const { clock, rates } = make();
  clock.advance(100_000);
  const nowMs = clock.nowMs();
  rates.record(5, nowMs - 30_000);
  rates.record(7, nowMs - 60_000);
  rates.record(1, nowMs + 86_400_000);
  assert.deepEqual([rates.count, rates.late], [6, 7]);
  clock.advance(31_000);
  assert.equal(rates.count, 1);
  // By the clock, also when it was set back meanwhile.
  clock.jumpWall(-50_000);
  rates.record(2, clock.nowMs() - 10_000);
  assert.equal(rates.count, 3);
  clock.advance(51_000);
  assert.equal(rates.count, 0);
});

test("events of before it was made count from when they were", () => {
  const { clock, rates } = make();
  for (let i = 0; i < 100; i++) rates.record(1, clock.nowMs() - i * 100);
  assert.ok(Math.abs(rates.rate() - 10) <= 0.2, `${rates.rate()}`);
});

test("any number of panes: what the window has is what a list of all events has", () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 400 }),
    count: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200, size: "max" }),
      fc.constantFrom(2, 3, 10, 60),
      (steps, panes) => {
        const { clock, rates } = make({ windowMs: 3000, panes });
        const events: { readonly atMs: number; readonly count: number }[] = [];
        for (const { afterMs, count } of steps) {
          clock.advance(afterMs);
          rates.record(count);
          events.push({ atMs: clock.nowMs(), count });
          const paneMs = 3000 / panes;
          const fromMs = (Math.floor(clock.nowMs() / paneMs) - panes + 1) * paneMs;
          const expected = events.filter(({ atMs }) => atMs >= fromMs).reduce((sum, e) => sum + e.count, 0);
          assert.equal(rates.count, expected);
          const overMs = Math.max(clock.nowMs() - Math.max(fromMs, START), paneMs);
          assert.equal(rates.rate(), (expected * 1000) / overMs);
        }
      },
    ),
    { seed: 60, numRuns: 100, endOnFailure: true },
  );
});

test("what cannot be is refused, and says what can", () => {
  assert.throws(
    () => make({ windowMs: 0 }),
    /windowMs: expected a number of milliseconds, at least 1; came 0/,
  );
  assert.throws(() => make({ panes: 1 }), /panes: expected a whole number from 2 to 4096; came 1/);
  const { rates } = make();
  for (const count of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => rates.record(count), /count: expected a number of events/);
  }
  assert.throws(() => rates.record(1, Number.NaN), /timeMs: expected milliseconds/);
  assert.equal(rates.count, 0);
});
