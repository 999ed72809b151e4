/** How a stream ends: by a signal, by what the source throws, by close. What came is worked off in any case. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type EngineError, StreamingEngine } from "../../../streaming/engine/index.ts";
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

test("a signal ends the stream: the source is told, what came is worked off", async () => {
  const out: number[] = [];
  const source = new PushSource<number>();
  const controller = new AbortController();
  const engine = engineOf()
    .onWindow(async ({ startMs }) => void out.push(startMs))
    .build();
  const ingesting = engine.ingestStream(source, { signal: controller.signal });
  source.push(0, 1, 2);
  await quiet();
  controller.abort();
  const { ended, itemsReceived } = await ingesting;
  assert.deepEqual({ ended, itemsReceived }, { ended: "aborted", itemsReceived: 3 });
  assert.deepEqual(out, [0, 10, 20]);
  assert.ok(source.isReturned);
  // What was asked for comes after all: nobody takes it.
  source.push(3);
  await quiet();
  assert.equal(engine.metrics().itemsReceived, 3);
});

test("a generator that never yields is left all the same", async () => {
  const controller = new AbortController();
  const engine = engineOf().build();
  async function* silent() {
    yield 1;
    await new Promise(() => {});
  }
  const ingesting = engine.ingestStream(silent(), { signal: controller.signal });
  await quiet();
  controller.abort();
  assert.equal((await ingesting).ended, "aborted");
});

test("a signal that came before: nothing is asked for", async () => {
  const source = new CountingSource(ascending(3));
  const summary = await engineOf().build().ingestStream(source, { signal: AbortSignal.abort() });
  assert.equal(summary.ended, "aborted");
  assert.equal(source.pulled, 0);
  assert.ok(source.isReturned);
});

test("a signal reaches a source that keeps nobody waiting", async () => {
  const controller = new AbortController();
  const engine = engineOf().build();
  function* endless() {
    for (let item = 0; ; item++) yield item;
  }
  setImmediate(() => controller.abort());
  assert.equal((await engine.ingestStream(endless(), { signal: controller.signal })).ended, "aborted");
  async function* endlessToo() {
    for (let item = 1e9; ; item++) yield item;
  }
  const second = new AbortController();
  setImmediate(() => second.abort());
  assert.equal((await engine.ingestStream(endlessToo(), { signal: second.signal })).ended, "aborted");
});

test("a signal while the source is held: it is left when there is room", async () => {
  const gate = new Gate();
  const source = new CountingSource(ascending(100));
  const controller = new AbortController();
  const engine = engineOf().batchSize(2).maxBufferSize(4).onWindow(gate.pass).build();
  const ingesting = engine.ingestStream(source, { signal: controller.signal });
  await quiet();
  controller.abort();
  const { pulled } = source;
  while (gate.begun < pulled || gate.waiting.length > 0) {
    await quiet();
    gate.open();
  }
  const summary = await ingesting;
  assert.equal(summary.ended, "aborted");
  assert.equal(source.pulled, pulled);
  assert.equal(summary.windowsProcessed, pulled);
});

test("what a source throws is thrown, when all that came before is done", async () => {
  const out: number[] = [];
  const engine = engineOf()
    .onWindow(async ({ startMs }) => {
      await quiet();
      out.push(startMs);
    })
    .build();
  async function* broken() {
    yield 0;
    yield 1;
    throw new Error("the line is dead");
  }
  await assert.rejects(engine.ingestStream(broken()), { message: "the line is dead" });
  assert.deepEqual(out, [0, 10]);
  assert.equal(engine.metrics().errors, 1);
  function* brokenAtOnce(): Generator<number> {
    yield 5;
    throw new Error("this one too");
  }
  await assert.rejects(engine.ingestStream(brokenAtOnce()), { message: "this one too" });
  assert.deepEqual(out, [0, 10, 50]);
  // And it can go on.
  await engine.ingestStream([6]);
  assert.deepEqual(out, [0, 10, 50, 60]);
});

test("what a source throws when it is told to stop is thrown, or told to onError when it hangs", async () => {
  const errors: EngineError[] = [];
  const controller = new AbortController();
  const engine = engineOf()
    .filter(() => {
      controller.abort();
      return true;
    })
    .onError((error) => errors.push(error))
    .build();
  const fault = new Error("no return");
  const refusing = (next: () => Promise<IteratorResult<number>>) => ({
    [Symbol.asyncIterator]: () => ({ next, return: () => Promise.reject(fault) }),
  });
  const ready = refusing(async () => ({ done: false, value: 1 }));
  await assert.rejects(engine.ingestStream(ready, { signal: controller.signal }), { message: "no return" });
  const second = new AbortController();
  const ingesting = engine.ingestStream(
    refusing(() => new Promise(() => {})),
    { signal: second.signal },
  );
  await quiet();
  second.abort();
  assert.equal((await ingesting).ended, "aborted");
  await quiet();
  assert.deepEqual(errors, [{ kind: "source", error: fault }]);
  assert.equal(engine.metrics().errors, 2);
});

test("one stream after the other, not two at once, none after close", async () => {
  const out: number[] = [];
  const source = new PushSource<number>();
  const engine = engineOf()
    .onWindow(({ startMs }) => out.push(startMs))
    .build();
  const ingesting = engine.ingestStream(source);
  await assert.rejects(engine.ingestStream([1]), { message: /one stream at a time/ });
  source.push(3, 4);
  source.end();
  await ingesting;
  // The windows were closed: event time begins anew.
  assert.equal((await engine.ingestStream([1, 2])).windowsProcessed, 2);
  assert.deepEqual(out, [30, 40, 10, 20]);
  assert.equal(engine.position, 4);
  await engine.close();
  await assert.rejects(engine.ingestStream([1]), { message: /closed/ });
  await assert.rejects(engine.checkpoint(), { message: /closed/ });
});

test("close ends the stream that is on", async () => {
  const space = makeSpace();
  const source = new PushSource<number>();
  const out: number[] = [];
  const engine = engineOf()
    .space(space)
    .onWindow(({ startMs }) => out.push(startMs))
    .build();
  const ingesting = engine.ingestStream(source);
  source.push(1);
  await quiet();
  await engine.close();
  assert.equal((await ingesting).ended, "closed");
  assert.deepEqual(out, [10]);
  assert.equal(space.pool.blocks, 0);
});

test("close from within a callback, and at once after the stream began", async () => {
  const space = makeSpace();
  let closing: Promise<void> | undefined;
  const engine = engineOf()
    .space(space)
    .batchSize(1)
    .onWindow(() => {
      closing = engine.close();
    })
    .build();
  const summary = await engine.ingestStream(ascending(50));
  await closing;
  assert.equal(summary.ended, "closed");
  assert.equal(summary.itemsReceived, 2);
  assert.equal(space.pool.blocks, 0);
  const second = engineOf().space(space).build();
  const ingesting = second.ingestStream(ascending(50));
  await second.close();
  assert.equal((await ingesting).itemsReceived, 0);
  assert.equal(space.pool.blocks, 0);
});

test("what is no source is refused", async () => {
  const engine = engineOf().build();
  for (const source of [null, undefined, 5, {}]) {
    await assert.rejects(engine.ingestStream(source as unknown as Iterable<number>), {
      name: "TypeError",
      message: /^ingestStream: expected an async iterable, or an iterable; came (null|a \w+)$/,
    });
  }
  const letters: number[] = [];
  const text = StreamingEngine.builder<string>()
    .time((letter) => letter.charCodeAt(0))
    .windowSize(1)
    .space(makeSpace())
    .onWindow(({ startMs }) => letters.push(startMs))
    .build();
  await text.ingestStream("abc");
  assert.deepEqual(letters, [97, 98, 99]);
});

// The source is at work when it stops the engine: it cannot be told to return yet.
test("a source that stops the engine itself while it makes an item: the item is taken, and nothing is an error", async () => {
  for (const way of ["abort", "close"]) {
    const controller = new AbortController();
    const out: number[] = [];
    let isReturned = false;
    const space = makeSpace();
    const engine = engineOf()
      .batchSize(2)
      .maxBufferSize(3)
      .maxConcurrency(1)
      .space(space)
      .onWindow(async ({ startMs }) => {
        await new Promise((resolve) => setImmediate(resolve));
        out.push(startMs / 10);
      })
      .build();
    function* source() {
      try {
        for (let item = 0; ; item++) {
          if (item === 25 && way === "abort") controller.abort();
          if (item === 25 && way === "close") void engine.close();
          yield item;
        }
      } finally {
        isReturned = true;
      }
    }
    const summary = await engine.ingestStream(source(), { signal: controller.signal });
    assert.deepEqual(
      [summary.ended, summary.itemsReceived, summary.errors],
      [way === "abort" ? "aborted" : "closed", 26, 0],
    );
    assert.ok(isReturned);
    assert.deepEqual(out, ascending(26));
    await engine.close();
    await quiet();
    assert.equal(space.pool.blocks, 0);
  }
});

test("what is no source changes nothing: windows that are kept stay, and no error is counted", async () => {
  const out: number[] = [];
  const engine = engineOf()
    .onWindow(({ startMs }) => out.push(startMs))
    .build();
  await engine.ingestStream([1], { keepWindows: true });
  await assert.rejects(engine.ingestStream(5 as unknown as Iterable<number>), TypeError);
  assert.deepEqual([out, engine.metrics().errors], [[], 0]);
  await engine.ingestStream([1]);
  assert.deepEqual(out, [10]);
});

test("a source that gives nothing where an item, or its end, is expected: that is what it threw", async () => {
  for (const [symbol, given] of [
    [Symbol.iterator, undefined],
    [Symbol.iterator, null],
    [Symbol.asyncIterator, undefined],
    [Symbol.asyncIterator, Promise.resolve(5)],
  ] as const) {
    const source = { [symbol]: () => ({ next: () => given }) } as unknown as Iterable<number>;
    await assert.rejects(engineOf().build().ingestStream(source), {
      name: "TypeError",
      message: /^ingestStream: expected an object of the source's next\(\); came (null|undefined|number)$/,
    });
  }
});
