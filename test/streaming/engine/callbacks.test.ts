/** Callbacks: in order, a few at once, each with a deadline, and no error of theirs ends the stream. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../runtime/clock.ts";
import { type EngineError, StreamingEngine, TimedOut } from "../../../streaming/engine/index.ts";
import { Gate, makeSpace, quiet } from "./support.ts";

const ascending = (count: number) => Array.from({ length: count }, (_, index) => index);

function engineOf() {
  return StreamingEngine.builder<number>()
    .time((item) => item * 10)
    .windowSize(10)
    .processingTimeout(null)
    .space(makeSpace());
}

test("they begin in order, and no more at once than may", async () => {
  const gate = new Gate();
  const begun: number[] = [];
  const engine = engineOf()
    .maxConcurrency(3)
    .onWindow(({ startMs }) => {
      begun.push(startMs);
      return gate.pass();
    })
    .build();
  const ingesting = engine.ingestStream(ascending(20));
  await quiet();
  assert.deepEqual(begun, [0, 10, 20]);
  // Whichever is done first, the next one in order begins.
  for (let index = 2; gate.begun < 20 || gate.waiting.length > 0; index = (index * 7 + 1) % 3) {
    gate.open(Math.min(index, gate.waiting.length - 1));
    await quiet();
  }
  await ingesting;
  assert.equal(gate.most, 3);
  assert.deepEqual(
    begun,
    ascending(20).map((item) => item * 10),
  );
});

test("the stream ends when all are done", async () => {
  const gate = new Gate();
  let isOver = false;
  const engine = engineOf().onWindow(gate.pass).build();
  const ingesting = engine.ingestStream([1]).then(() => {
    isOver = true;
  });
  await quiet();
  assert.equal(isOver, false);
  gate.open();
  await ingesting;
  assert.ok(isOver);
});

test("what one throws or rejects with is told and counted, and the next one begins", async () => {
  const errors: EngineError[] = [];
  const fault = new Error("out of paper");
  const engine = engineOf()
    .onWindow(({ startMs }) => {
      if (startMs === 10) throw fault;
      return startMs === 20 ? Promise.reject(fault) : undefined;
    })
    .onError((error) => errors.push(error))
    .build();
  const summary = await engine.ingestStream(ascending(5));
  assert.deepEqual(
    errors.map((error) => error.kind === "window" && [error.window.startMs, error.error]),
    [
      [10, fault],
      [20, fault],
    ],
  );
  assert.equal(summary.errors, 2);
  assert.equal(summary.firstError, errors[0]);
  assert.equal(summary.windowsProcessed, 5);
  assert.equal(engine.metrics().timeouts, 0);
  assert.equal((await engine.ingestStream([9])).firstError, undefined);
});

test("an onError that fails is counted", async () => {
  const engine = engineOf()
    .onWindow(() => {
      throw new Error("first");
    })
    .onError(({ kind }) => {
      if (engine.metrics().errors > 1) return Promise.reject(new Error(kind));
      throw new Error(kind);
    })
    .build();
  await engine.ingestStream([1, 2]);
  await quiet();
  assert.equal(engine.metrics().errors, 4);
});

test("one that takes too long is told and counted, and stalls nobody", async () => {
  const clock = new VirtualClock();
  const gate = new Gate();
  const errors: EngineError[] = [];
  const engine = engineOf()
    .clock(clock)
    .maxConcurrency(1)
    .processingTimeout(1000)
    .onWindow(gate.pass)
    .onError((error) => errors.push(error))
    .build();
  const ingesting = engine.ingestStream(ascending(3));
  await quiet();
  clock.advance(999);
  await quiet();
  assert.equal(gate.begun, 1);
  clock.advance(1);
  await quiet();
  assert.equal(gate.begun, 2);
  // What is done in time has no deadline any more.
  gate.open(1);
  await quiet();
  clock.advance(999);
  gate.open(1);
  const summary = await ingesting;
  assert.equal(clock.nextDueMs(), undefined);
  assert.equal(summary.errors, 1);
  assert.equal(engine.metrics().timeouts, 1);
  assert.ok(errors[0]?.error instanceof TimedOut);
  assert.match(String(errors[0].error), /within 1000 ms/);
  // It is done after all, or fails: nobody asks any more.
  gate.open();
  await quiet();
  assert.equal(engine.metrics().errors, 1);
  assert.equal(engine.metrics().bufferSize, 0);
});

test("one that keeps the thread for too long is told and counted, too", async () => {
  const clock = new VirtualClock();
  const errors: EngineError[] = [];
  const engine = engineOf()
    .clock(clock)
    .processingTimeout(1000)
    .onWindow(({ startMs }) => clock.advance(startMs === 10 ? 1001 : 1000))
    .onError((error) => errors.push(error))
    .build();
  await engine.ingestStream(ascending(3));
  assert.deepEqual(
    errors.map((error) => error.kind === "window" && error.window.startMs),
    [10],
  );
  assert.match(String(errors[0]?.error), /took 1001 ms/);
});

test("without a deadline nothing is timed", async () => {
  const clock = new VirtualClock();
  const gate = new Gate();
  const engine = engineOf().clock(clock).processingTimeout(null).onWindow(gate.pass).build();
  const ingesting = engine.ingestStream([1]);
  await quiet();
  assert.equal(clock.nextDueMs(), undefined);
  gate.open();
  await ingesting;
});

test("an item that cannot be read is told, counted and left out", async () => {
  const errors: EngineError[] = [];
  const counts: number[] = [];
  interface Loose {
    readonly at?: unknown;
    readonly key?: unknown;
    readonly value?: unknown;
    readonly size?: unknown;
  }
  const engine = StreamingEngine.builder<Loose>()
    .filter((item) => item !== null)
    .time(({ at }) => at as number)
    .key(({ key }) => key as string)
    .measure("value", ({ value }) => value as number)
    .bytes(({ size = 1 }) => size as number)
    .space(makeSpace())
    .onWindow(({ count }) => counts.push(count))
    .onError((error) => errors.push(error))
    .build();
  const good = { at: 1, key: "a", value: 1 };
  const bad: Loose[] = [
    { ...good, at: Number.NaN },
    { ...good, at: "1" },
    { ...good, at: 1e300 },
    { ...good, key: undefined },
    { ...good, key: null },
    { ...good, value: "1" },
    { ...good, value: 1n },
    { ...good, size: -1 },
  ];
  const summary = await engine.ingestStream([good, ...bad, good]);
  assert.deepEqual(
    errors.map(({ error }) => String(error)),
    [
      "RangeError: time: expected milliseconds since the epoch; came NaN",
      "RangeError: time: expected milliseconds since the epoch; came a string",
      "RangeError: time: expected milliseconds since the epoch; came 1e+300",
      "TypeError: key: expected a string, a number or a bigint; came undefined",
      "TypeError: key: expected a string, a number or a bigint; came null",
      "TypeError: measure value: expected a number, null or undefined; came a string",
      "TypeError: measure value: expected a number, null or undefined; came a bigint",
      "RangeError: bytes: expected a number, not negative; came -1",
    ],
  );
  assert.deepEqual(
    errors.map((error) => error.kind === "item" && error.item),
    bad,
  );
  assert.deepEqual(counts, [2]);
  assert.equal(summary.itemsReceived, 10);
  assert.equal(summary.vectorsProcessed, 2);
  assert.equal(engine.position, 10);
});

test("a promise that is none, and throws, is an error of the callback like any other", async () => {
  const faults = [
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: what is looked at here
      then() {
        throw new Error("fault");
      },
    }),
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: what is looked at here
      get then(): unknown {
        throw new Error("fault");
      },
    }),
  ];
  for (const fault of faults) {
    const told: string[] = [];
    const engine = engineOf()
      .onWindow(({ startMs }) => (startMs === 0 ? fault() : undefined))
      .onError(({ kind, error }) => told.push(`${kind} ${String(error)}`))
      .build();
    const { windowsProcessed, errors } = await engine.ingestStream([0, 1, 2]);
    assert.deepEqual([windowsProcessed, errors, told], [3, 1, ["window Error: fault"]]);
  }
});
