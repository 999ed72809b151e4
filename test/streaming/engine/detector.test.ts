/** The socket for detectors: what they are given, when, and what becomes of what they find. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../runtime/clock.ts";
import {
  type EngineError,
  type Pattern,
  type PatternBatch,
  StreamingEngine,
} from "../../../streaming/engine/index.ts";
import { Gate, makeSpace, quiet } from "./support.ts";

const ascending = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);
const patternOf = (kind: string): Pattern => ({
  kind,
  startMs: 0,
  endMs: 10,
  pValue: 0.01,
  detail: { kind },
});

function engineOf() {
  return StreamingEngine.builder<number>()
    .time((item) => item * 10)
    .windowSize(30)
    .processingTimeout(null)
    .space(makeSpace());
}

test("it is given the items since, and the windows that they closed, whatever the batches are", async () => {
  for (const batchSize of [1, 3, 7, 100]) {
    const seen: [readonly number[], number[], number][] = [];
    const engine = engineOf()
      .batchSize(batchSize)
      .detectionInterval(7)
      .detector(({ items, windows, leftOut }) => {
        seen.push([items, windows.map(({ startMs }) => startMs), leftOut]);
        return [];
      })
      .build();
    await engine.ingestStream(ascending(18));
    assert.deepEqual(seen, [
      [ascending(7), [0, 30], 0],
      [ascending(7, 7), [60, 90], 0],
      // At the end of the stream, the rest.
      [ascending(4, 14), [120, 150], 0],
    ]);
    await engine.close();
  }
});

test("it is not called at the end when there is nothing new", async () => {
  let calls = 0;
  const engine = engineOf()
    .detectionInterval(3)
    .detector(() => {
      calls++;
      return [];
    })
    .build();
  await engine.ingestStream([], {});
  assert.equal(calls, 0);
});

test("each pattern goes to onPattern in order, and is counted", async () => {
  const seen: string[] = [];
  let call = 0;
  const engine = engineOf()
    .detectionInterval(5)
    .detector(({ items }) => {
      const found = [patternOf(`${call} a`), patternOf(`${call} b`), patternOf(`${call} c`)];
      call++;
      return items.length === 5 && call === 1 ? found : Promise.resolve(found);
    })
    .onPattern(({ kind }) => {
      if (!kind.endsWith("b")) return void seen.push(kind);
      return quiet().then(() => void seen.push(kind));
    })
    .build();
  const { patternsDetected } = await engine.ingestStream(ascending(10));
  assert.deepEqual(seen.slice(0, 6), ["0 a", "0 b", "0 c", "1 a", "1 b", "1 c"]);
  assert.equal(patternsDetected, 9);
  assert.equal(engine.metrics().patternsDetected, 9);
});

test("never twice at once, and its items take room in the buffer", async () => {
  const gate = new Gate();
  const batches: PatternBatch<number>[] = [];
  const engine = engineOf()
    .batchSize(5)
    .detectionInterval(10)
    .maxBufferSize(20)
    .maxConcurrency(3)
    .detector((batch) => {
      batches.push(batch);
      return gate.pass().then(() => []);
    })
    .build();
  const ingesting = engine.ingestStream(ascending(50));
  await quiet();
  assert.equal(batches.length, 1);
  const { bufferSize, itemsReceived } = engine.metrics();
  assert.ok(bufferSize <= 20 && itemsReceived <= 30, `${bufferSize} wait of ${itemsReceived}`);
  while (gate.waiting.length > 0) {
    assert.equal(gate.waiting.length, 1);
    gate.open();
    await quiet();
  }
  await ingesting;
  assert.deepEqual(
    batches.flatMap(({ items }) => items),
    ascending(50),
  );
  assert.ok(engine.metrics().peakBufferSize <= 20);
  assert.ok(engine.metrics().backpressureEvents > 0);
});

test("what it throws, and what it gives that are no patterns, is told; so is a callback that fails", async () => {
  const errors: EngineError[] = [];
  const answers: unknown[] = [
    new Error("thrown"),
    Promise.reject(new Error("rejected")),
    Promise.resolve(5),
    "text",
    [patternOf("good"), patternOf("bad"), patternOf("worse"), patternOf("good")],
  ];
  const engine = engineOf()
    .detectionInterval(1)
    .detector(() => {
      const answer = answers.shift() ?? [];
      if (answer instanceof Error) throw answer;
      return answer as Pattern[];
    })
    .onPattern(({ kind }) => {
      if (kind === "bad") throw new Error(kind);
      return kind === "worse" ? Promise.reject(new Error(kind)) : undefined;
    })
    .onError((error) => errors.push(error))
    .build();
  const summary = await engine.ingestStream(ascending(6));
  assert.deepEqual(
    errors.map(({ kind, error }) => [kind, String(error)]),
    [
      ["detector", "Error: thrown"],
      ["detector", "Error: rejected"],
      ["detector", "TypeError: detector: expected an array of patterns; came number"],
      ["detector", "TypeError: detector: expected an array of patterns; came string"],
      ["pattern", "Error: bad"],
      ["pattern", "Error: worse"],
    ],
  );
  assert.equal(summary.patternsDetected, 4);
  assert.equal(summary.itemsReceived, 6);
});

test("one that takes too long is an error; what it finds then is told to nobody", async () => {
  const clock = new VirtualClock();
  const gate = new Gate();
  const errors: EngineError[] = [];
  const found: Pattern[] = [];
  const engine = engineOf()
    .clock(clock)
    .processingTimeout(100)
    .detectionInterval(2)
    .detector(() => gate.pass().then(() => [patternOf("late")]))
    .onPattern((pattern) => found.push(pattern))
    .onError((error) => errors.push(error))
    .build();
  const ingesting = engine.ingestStream([1, 2], { keepWindows: true });
  await quiet();
  clock.advance(100);
  assert.equal((await ingesting).errors, 1);
  assert.equal(errors[0]?.kind, "detector");
  assert.equal(engine.metrics().timeouts, 1);
  gate.open();
  await quiet();
  assert.deepEqual(found, []);
  assert.equal(engine.metrics().patternsDetected, 0);
});

test("when it is not called by itself, detectPatterns calls it with the latest", async () => {
  const batches: PatternBatch<string>[] = [];
  const found: Pattern[] = [];
  const engine = StreamingEngine.builder<number>()
    .space(makeSpace())
    .map((item) => `item ${item}`)
    .time((item) => Number(item.slice(5)) * 10)
    .windowSize(10)
    .batchSize(2)
    .autoDetectPatterns(false)
    .detectionInterval(3)
    .maxBufferSize(4)
    .detector((batch) => {
      batches.push(batch);
      return Promise.resolve([patternOf("asked for")]);
    })
    .onPattern((pattern) => found.push(pattern))
    .build();
  await engine.ingestStream(ascending(20));
  assert.equal(batches.length, 0);
  await engine.detectPatterns();
  assert.deepEqual(batches[0]?.items, ["item 17", "item 18", "item 19"]);
  assert.deepEqual(
    batches[0].windows.map(({ startMs }) => startMs),
    [160, 170, 180, 190],
  );
  assert.equal(batches[0].leftOut, 17 + 16);
  assert.equal(found.length, 1);
  await engine.detectPatterns();
  assert.deepEqual(batches[1], { items: [], windows: [], leftOut: 0 });
  await assert.rejects(engineOf().build().detectPatterns(), { message: /expected a detector/ });
});

test("detectPatterns from within a callback: the detector's turn is when that has returned", async () => {
  const steps: string[] = [];
  const engine = engineOf()
    .autoDetectPatterns(false)
    .detector(({ items }) => {
      steps.push(`detector of ${items.length}`);
      return [];
    })
    .onWindow(({ startMs }) => {
      steps.push(`window ${startMs}`);
      if (startMs === 0) void engine.detectPatterns();
      steps.push("returned");
    })
    .batchSize(4)
    .build();
  await engine.ingestStream(ascending(4));
  assert.deepEqual(steps, ["window 0", "returned", "detector of 4", "window 30", "returned"]);
});

test("detectPatterns while items wait for their windows has room when nothing else is at work", async () => {
  let detecting: Promise<void> | undefined;
  const engine = engineOf()
    .filter((item) => {
      if (item === 3) detecting = engine.detectPatterns();
      return true;
    })
    .autoDetectPatterns(false)
    .detectionInterval(3)
    .maxBufferSize(3)
    .detector(() => [patternOf("any")])
    .build();
  await engine.ingestStream(ascending(5));
  await detecting;
  assert.equal(engine.metrics().patternsDetected, 1);
});
