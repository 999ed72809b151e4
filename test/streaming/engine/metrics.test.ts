/** Every figure of an engine's metrics, and their text for Prometheus. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../runtime/clock.ts";
import { prometheusText, StreamingEngine, type StreamingMetrics } from "../../../streaming/engine/index.ts";
import { makeSpace } from "./support.ts";

const START_MS = Date.UTC(2026, 0, 1);

interface Item {
  readonly at: number;
  readonly value: number;
}

function engineOf(clock: VirtualClock) {
  return StreamingEngine.builder<Item>()
    .filter(({ value }) => value >= 0)
    .time(({ at }) => at)
    .key(({ value }) => value % 2)
    .measure("value", ({ value }) => value)
    .measure("twice", ({ value }) => value * 2)
    .windowSize(100)
    .clock(clock)
    .space(makeSpace());
}

/** Each item takes its time to come. */
async function* slowly(items: readonly Item[], clock: VirtualClock, ms: number): AsyncGenerator<Item> {
  for (const item of items) {
    yield item;
    clock.advance(ms);
  }
}

const NOTHING: StreamingMetrics = {
  vectorsProcessed: 0,
  itemsReceived: 0,
  patternsDetected: 0,
  avgLatencyMs: 0,
  throughputPerSec: 0,
  windowsProcessed: 0,
  corrections: 0,
  bytesProcessed: 0,
  backpressureEvents: 0,
  errors: 0,
  timeouts: 0,
  bufferSize: 0,
  peakBufferSize: 0,
  late: 0,
  ahead: 0,
  refused: 0,
  other: 0,
  truncated: 0,
  startTime: null,
  lastUpdate: null,
};

test("nothing has been before the first item, and after a reset", async () => {
  const clock = new VirtualClock(START_MS);
  const engine = engineOf(clock).lateness(50).build();
  assert.deepEqual(engine.metrics(), NOTHING);
  await engine.ingestStream(slowly([{ at: 1, value: 1 }], clock, 10));
  engine.resetMetrics();
  assert.deepEqual(engine.metrics(), NOTHING);
});

test("each field", async () => {
  const clock = new VirtualClock(START_MS);
  const engine = engineOf(clock)
    .batchSize(4)
    .lateness(100)
    .onWindow(({ startMs, revision }) => {
      if (startMs === 0 && revision === 0) throw new Error("no");
    })
    .detectionInterval(4)
    .detector(({ items }) => items.map(({ at }) => ({ kind: "item", startMs: at, endMs: at })))
    .build();
  clock.advance(1000);
  const items = [
    ...[10, 20, 110, 30].map((at) => ({ at, value: 3 })),
    { at: 40, value: -1 },
    ...[350, 50, 360, 370].map((at) => ({ at, value: 4 })),
  ];
  await engine.ingestStream(slowly(items, clock, 5));
  const metrics = engine.metrics();
  assert.deepEqual(metrics, {
    ...NOTHING,
    itemsReceived: 9,
    vectorsProcessed: 8,
    patternsDetected: 8,
    // Four items each waited for the last of its batch: 15 ms.
    avgLatencyMs: 15,
    // From the first item to the second batch's going in: 40 ms.
    throughputPerSec: 8 / 0.04,
    windowsProcessed: 3,
    corrections: 1,
    // Time, key and two measures.
    bytesProcessed: 8 * 8 * 4,
    errors: 1,
    peakBufferSize: 4,
    late: 1,
    startTime: new Date(START_MS + 1000),
    lastUpdate: new Date(START_MS + 1040),
  });
  engine.resetMetrics();
  assert.deepEqual(engine.metrics(), NOTHING);
  await engine.ingestStream([{ at: 1000, value: 2 }]);
  const { vectorsProcessed, windowsProcessed, startTime } = engine.metrics();
  assert.deepEqual({ vectorsProcessed, windowsProcessed }, { vectorsProcessed: 1, windowsProcessed: 1 });
  assert.deepEqual(startTime, new Date(START_MS + 1045));
});

test("the clock on the wall may jump: latency and throughput go by the other one", async () => {
  const clock = new VirtualClock(START_MS);
  const engine = engineOf(clock).batchSize(2).build();
  async function* source() {
    yield { at: 1, value: 1 };
    clock.advance(10);
    clock.jumpWall(-3_600_000);
    yield { at: 2, value: 1 };
  }
  await engine.ingestStream(source());
  assert.equal(engine.metrics().avgLatencyMs, 10);
  assert.equal(engine.metrics().throughputPerSec, 200);
});

test("an item's size is what bytes says", async () => {
  const engine = engineOf(new VirtualClock())
    .bytes(({ value }) => value)
    .build();
  await engine.ingestStream([5, 7].map((value) => ({ at: 1, value })));
  assert.equal(engine.metrics().bytesProcessed, 12);
});

test("values that there is no room for are counted", async () => {
  // Room for the engine and the groups' moments, but not for sketches of what varies that much.
  const engine = StreamingEngine.builder<number>()
    .time(() => 0)
    .measure("value", (value) => value)
    .space(makeSpace(24 * 1024))
    .build();
  await engine.ingestStream(Array.from({ length: 4000 }, (_, index) => 1.05 ** (index % 1000)));
  assert.equal(engine.metrics().vectorsProcessed, 4000);
  assert.ok(engine.metrics().truncated > 0);
});

test("the text for Prometheus has each of them", async () => {
  const clock = new VirtualClock(START_MS);
  const engine = engineOf(clock).batchSize(2).build();
  await engine.ingestStream(
    slowly(
      [10, 20].map((at) => ({ at, value: 3 })),
      clock,
      4,
    ),
  );
  const text = prometheusText(engine.metrics(), { stream: 'a "b"\\\n' });
  const lines = text.trimEnd().split("\n");
  const values = new Map<string, number>();
  for (let index = 0; index < lines.length; index += 3) {
    const [, name, help] = /^# HELP (millrace_engine_[a-z_]+) (.+\.)$/.exec(lines[index]!) ?? [];
    assert.ok(help !== undefined, lines[index]);
    const type = /_total$/.test(name!) ? "counter" : "gauge";
    assert.equal(lines[index + 1], `# TYPE ${name} ${type}`);
    const [, value] = lines[index + 2]!.split(`${name}{stream="a \\"b\\"\\\\\\n"} `);
    values.set(name!.slice("millrace_engine_".length), Number(value));
  }
  // Every field, and no name twice.
  assert.equal(values.size, Object.keys(NOTHING).length);
  assert.equal(lines.length, values.size * 3);
  assert.equal(values.get("vectors_processed_total"), 2);
  assert.equal(values.get("processed_bytes_total"), 64);
  assert.equal(values.get("latency_mean_seconds"), 0.004);
  assert.equal(values.get("throughput_items_per_second"), 500);
  assert.equal(values.get("start_time_seconds"), START_MS / 1000);
  assert.match(prometheusText(NOTHING), /^millrace_engine_start_time_seconds NaN$/m);
  assert.throws(() => prometheusText(NOTHING, { "a-b": "" }), { message: /names of letters.*"a-b"/ });
});

test("a reset while a batch is on its way: what is processed then has a beginning", async () => {
  const clock = new VirtualClock(1_000_000);
  clock.advance(50_000);
  const engine: StreamingEngine<number> = StreamingEngine.builder<number>()
    .time((item) => item)
    .windowSize(10)
    .clock(clock)
    .space(makeSpace())
    .onWindow(({ startMs }) => {
      clock.advance(500);
      if (startMs === 0) engine.resetMetrics();
    })
    .build();
  await engine.ingestStream([1, 2, 12, 24]);
  const { vectorsProcessed, throughputPerSec, startTime, lastUpdate } = engine.metrics();
  assert.deepEqual([vectorsProcessed, throughputPerSec], [4, 4]);
  assert.deepEqual([startTime, lastUpdate], [new Date(1_050_000), new Date(1_051_000)]);
});
