/**
 * Engines under seeds: sources and callbacks that are done whenever they like, in any order, some of them failing. Whatever happens,
 * the windows are the same, in order, within the bounds.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../runtime/random.ts";
import { StreamingEngine, type WindowResult } from "../../../streaming/engine/index.ts";
import { Gate, makeSpace, PushSource, type Reading, readings } from "./support.ts";

const SEEDS = 60;
const ITEMS = 120;

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const below = (most: number) => Math.floor(random() * most);
  const items = readings(ITEMS, seed, 100);
  const [batchSize, maxBufferSize, maxConcurrency] = [1 + below(20), 2 + below(30), 1 + below(5)];
  const lengthMs = 50 + below(400);
  const configured = StreamingEngine.builder<Reading>()
    .time(({ at }) => at)
    .key(({ host }) => host)
    .measure("value", ({ value }) => value)
    .windowSize(lengthMs)
    .slideInterval(1 + below(2) === 1 ? lengthMs : Math.ceil(lengthMs / 2))
    .disorder(below(120))
    .lateness(below(200))
    .processingTimeout(null);
  const expected: WindowResult[] = [];
  await configured
    .space(makeSpace())
    .onWindow((window) => expected.push(window))
    .build()
    .ingestStream(items);

  const gate = new Gate();
  const begun: WindowResult[] = [];
  const detected: Reading[] = [];
  let failures = 0;
  let running = 0;
  const source = new PushSource<Reading>();
  const engine = configured
    .batchSize(batchSize)
    .maxBufferSize(maxBufferSize)
    .maxConcurrency(maxConcurrency)
    .space(makeSpace())
    .detectionInterval(1 + below(maxBufferSize))
    .detector(({ items: some }) => {
      detected.push(...some);
      return below(2) === 0 ? [] : busy().then(() => []);
    })
    .onWindow((window) => {
      begun.push(window);
      return below(3) === 0 ? undefined : busy();
    })
    .build();
  async function busy(): Promise<void> {
    running++;
    assert.ok(running <= maxConcurrency, `${running} at once`);
    const fails = below(10) === 0;
    await gate.pass();
    running--;
    if (!fails) return;
    failures++;
    throw new Error("seeded");
  }

  let isOver = false;
  const ingesting = engine.ingestStream(source).then((summary) => {
    isOver = true;
    return summary;
  });
  for (let pushed = 0, turns = 0; !isOver; turns++) {
    assert.ok(turns < 20_000, "it stands still");
    const choice = below(4);
    if (choice === 0 && pushed < ITEMS) {
      const count = 1 + below(12);
      source.push(...items.slice(pushed, pushed + count));
      pushed += count;
      if (pushed >= ITEMS) source.end();
    } else if (choice === 1) {
      await new Promise((resolve) => setImmediate(resolve));
    } else if (gate.waiting.length > 0) {
      gate.open(below(gate.waiting.length));
    }
    for (let hops = below(6); hops > 0; hops--) await undefined;
    assert.ok(engine.metrics().bufferSize <= maxBufferSize);
  }
  const summary = await ingesting;
  assert.deepEqual(begun, expected);
  assert.deepEqual(detected, items);
  assert.equal(summary.errors, failures);
  assert.ok(engine.metrics().peakBufferSize <= maxBufferSize);
  assert.equal(engine.metrics().bufferSize, 0);
  await engine.close();
}

test("whenever callbacks are done and items come, the windows are the same", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
