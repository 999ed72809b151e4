/** How an engine treats its source: held when there is no room, and never kept waiting for a batch. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamingEngine } from "../../../streaming/engine/index.ts";
import { CountingSource, Gate, makeSpace, PushSource, quiet } from "./support.ts";

const ascending = (count: number) => Array.from({ length: count }, (_, index) => index);

/** A window for each item: item n is out when item n + 1 has come. */
function engineOf() {
  return StreamingEngine.builder<number>()
    .time((item) => item * 10)
    .windowSize(10)
    .processingTimeout(null)
    .space(makeSpace());
}

test("the source is held when the buffer is full, and goes on when there is room", async () => {
  const gate = new Gate();
  const source = new CountingSource(ascending(100));
  const engine = engineOf().batchSize(4).maxBufferSize(10).maxConcurrency(2).onWindow(gate.pass).build();
  const ingesting = engine.ingestStream(source);
  await quiet();
  assert.equal(gate.begun, 2);
  // Ten in the buffer, and one whose window is open.
  assert.equal(source.pulled, 11);
  assert.equal(engine.metrics().bufferSize, 10);
  const { backpressureEvents } = engine.metrics();
  assert.equal(backpressureEvents, 1);
  for (let done = 1; done <= 5; done++) {
    gate.open();
    await quiet();
    assert.equal(source.pulled, 11 + done);
    assert.equal(engine.metrics().bufferSize, 10);
  }
  assert.equal(engine.metrics().backpressureEvents, 6);
  while (gate.waiting.length > 0) {
    gate.open();
    await quiet();
    assert.ok(source.pulled - gate.begun + gate.waiting.length <= 11);
  }
  const { ended, windowsProcessed } = await ingesting;
  assert.deepEqual({ ended, windowsProcessed }, { ended: "end", windowsProcessed: 100 });
  assert.equal(gate.begun, 100);
  assert.equal(gate.most, 2);
  assert.equal(engine.metrics().peakBufferSize, 10);
  assert.equal(engine.metrics().bufferSize, 0);
});

test("a batch that closes more than there is room for is held in the middle", async () => {
  const gate = new Gate();
  const engine = StreamingEngine.builder<number>()
    .time((item) => (item < 50 ? 0 : 1000))
    .key((item) => item)
    .windowSize(10)
    .batchSize(100)
    .maxBufferSize(60)
    .onWindow(gate.pass)
    .space(makeSpace())
    .build();
  const source = new CountingSource(ascending(90));
  const ingesting = engine.ingestStream(source);
  await quiet();
  // The first fifty are a window of fifty groups.
  assert.equal(gate.begun, 4);
  while (gate.waiting.length > 0) {
    gate.open();
    await quiet();
    assert.ok(engine.metrics().bufferSize <= 60);
  }
  await ingesting;
  assert.equal(gate.begun, 90);
  assert.ok(engine.metrics().peakBufferSize <= 60);
});

test("what came goes into windows when the source has nothing ready, however large a batch may be", async () => {
  const out: number[] = [];
  const source = new PushSource<number>();
  const engine = engineOf()
    .batchSize(1000)
    .onWindow(({ startMs }) => out.push(startMs))
    .build();
  const ingesting = engine.ingestStream(source);
  source.push(0, 1, 2);
  await quiet();
  assert.deepEqual(out, [0, 10]);
  source.push(3);
  await quiet();
  assert.deepEqual(out, [0, 10, 20]);
  source.end();
  await ingesting;
  assert.deepEqual(out, [0, 10, 20, 30]);
});

test("an item that comes while windows are held waits for them", async () => {
  const gate = new Gate();
  const source = new PushSource<number>();
  const engine = engineOf().batchSize(8).maxBufferSize(4).maxConcurrency(1).onWindow(gate.pass).build();
  const ingesting = engine.ingestStream(source);
  source.push(0, 1, 2);
  await quiet();
  source.push(3, 4, 5, 6, 7, 8);
  while (gate.begun < 9) {
    await quiet();
    if (gate.waiting.length > 0) gate.open();
    else source.end();
    assert.ok(engine.metrics().bufferSize <= 4, `${engine.metrics().bufferSize} wait`);
  }
  gate.open();
  assert.equal((await ingesting).windowsProcessed, 9);
});

test("windows that are kept go on with the next stream", async () => {
  const out: [number, number][] = [];
  const engine = StreamingEngine.builder<number>()
    .time((at) => at)
    .windowSize(100)
    .space(makeSpace())
    .onWindow(({ startMs, count }) => out.push([startMs, count]))
    .build();
  const first = await engine.ingestStream([10, 20, 110], { keepWindows: true });
  assert.equal(first.windowsProcessed, 1);
  const second = await engine.ingestStream([120, 30]);
  assert.equal(second.itemsReceived, 2);
  assert.deepEqual(out, [
    [0, 2],
    [100, 2],
  ]);
  assert.equal(engine.metrics().late, 1);
});

test("an item that comes while what the one before closed is held is not lost", async () => {
  const gate = new Gate();
  const counts: number[] = [];
  const source = new PushSource<readonly [at: number, key: string]>();
  const engine = StreamingEngine.builder<readonly [at: number, key: string]>()
    .time(([at]) => at)
    .key(([, key]) => key)
    .windowSize(10)
    .maxBufferSize(4)
    .maxConcurrency(1)
    .space(makeSpace())
    .onWindow(({ count }) => {
      counts.push(count);
      return gate.pass();
    })
    .build();
  const ingesting = engine.ingestStream(source);
  source.push([1, "a"], [1, "b"], [1, "c"], [1, "d"], [1, "e"], [1, "f"]);
  await quiet();
  // By itself, so that it goes in when the source is silent; and it closes more than there is room for.
  source.push([11, "a"]);
  await quiet();
  source.push([12, "a"], [13, "a"]);
  await quiet();
  assert.equal(engine.metrics().itemsReceived, 7);
  source.end();
  for (let done = 0; done < 7; done++) {
    gate.open();
    await quiet();
  }
  assert.equal((await ingesting).itemsReceived, 9);
  assert.deepEqual(counts, [1, 1, 1, 1, 1, 1, 3]);
});

test("nor is one left lying that a flatMap made before it was held", async () => {
  const gate = new Gate();
  const source = new PushSource<readonly number[]>();
  const engine = StreamingEngine.builder<readonly number[]>()
    .flatMap((items) => items.values())
    .time((item) => item * 10)
    .windowSize(10)
    .maxBufferSize(4)
    .space(makeSpace())
    .onWindow(gate.pass)
    .build();
  const ingesting = engine.ingestStream(source);
  for (const item of [0, 1, 2, 3]) {
    source.push([item]);
    await quiet();
  }
  assert.equal(gate.begun, 3);
  // There is room for the first; when there is for the second, that one turns out to be none.
  source.push([4, Number.NaN]);
  await quiet();
  assert.equal(engine.metrics().errors, 0);
  gate.open();
  await quiet();
  assert.equal(engine.metrics().errors, 1);
  assert.equal(gate.begun, 4);
  source.end();
  for (let done = 0; done < 4; done++) {
    await quiet();
    gate.open();
  }
  assert.equal((await ingesting).windowsProcessed, 5);
});
