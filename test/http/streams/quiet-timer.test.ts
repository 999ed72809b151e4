import assert from "node:assert/strict";
import { test } from "node:test";
import { QuietTimer } from "../../../http/streams/quiet-timer.ts";
import { VirtualClock } from "../../../runtime/clock.ts";

function quiet(quietMs: number) {
  const clock = new VirtualClock();
  const heard: number[] = [];
  const timer = new QuietTimer(clock, quietMs, (sinceMs) => heard.push(sinceMs));
  return { clock, heard, timer };
}

test("it tells of each time that passes without a touch, counted from the last one", () => {
  const { clock, heard, timer } = quiet(100);
  clock.advance(99);
  assert.deepEqual(heard, []);
  clock.advance(1);
  clock.advance(100);
  assert.deepEqual(heard, [100, 200]);
  timer.touch();
  clock.advance(99);
  assert.deepEqual(heard, [100, 200]);
  clock.advance(1);
  assert.deepEqual(heard, [100, 200, 100]);
});

test("a touch puts off what was due, to the moment", () => {
  const { clock, heard, timer } = quiet(100);
  for (let count = 0; count < 10; count++) {
    clock.advance(70);
    timer.touch();
  }
  assert.deepEqual(heard, []);
  clock.advance(99);
  assert.deepEqual(heard, []);
  clock.advance(1);
  assert.deepEqual(heard, [100]);
});

test("stopped, it tells nothing and holds no timer, also when it is stopped while it tells", () => {
  const { clock, heard, timer } = quiet(100);
  timer.stop();
  assert.equal(clock.nextDueMs(), undefined);
  clock.advance(1000);
  assert.deepEqual(heard, []);
  let calls = 0;
  const self = new QuietTimer(clock, 10, () => {
    calls++;
    self.stop();
  });
  clock.advance(100);
  assert.equal(calls, 1);
  assert.equal(clock.nextDueMs(), undefined);
});
