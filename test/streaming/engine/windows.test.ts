/** What comes out of an engine equals what a plain program makes of the same items. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../runtime/clock.ts";
import { type MeasureFigures, StreamingEngine, type WindowResult } from "../../../streaming/engine/index.ts";
import { SKETCH_RELATIVE_ERROR } from "../../../wasm/index.ts";
import { makeSpace, type PlainWindow, plainWindows, type Reading, readings, sorted } from "./support.ts";

function engineOf() {
  return StreamingEngine.builder<Reading>()
    .time(({ at }) => at)
    .key(({ host }) => host)
    .measure("value", ({ value }) => value)
    .space(makeSpace());
}

type Out = WindowResult<string, "value">;

function close(came: number | null, expected: number, relative: number, what: string): void {
  assert.ok(came !== null, what);
  const bound = Math.abs(expected) * relative + 1e-9;
  assert.ok(Math.abs(came - expected) <= bound, `${what}: ${came}, not ${expected}`);
}

function sameFigures(came: MeasureFigures, values: readonly number[], seconds: number): void {
  const ordered = values.toSorted((a, b) => a - b);
  const sum = values.reduce((a, b) => a + b, 0);
  assert.equal(came.count, values.length);
  assert.equal(came.sum, sum);
  assert.equal(came.rate, values.length / seconds);
  if (values.length === 0) {
    const { mean, variance, stddev, min, max, p50, p90, p95, p99 } = came;
    for (const figure of [mean, variance, stddev, min, max, p50, p90, p95, p99]) assert.equal(figure, null);
    return;
  }
  const mean = sum / values.length;
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
  close(came.mean, mean, 1e-12, "mean");
  close(came.variance, variance, 1e-9, "variance");
  close(came.stddev, Math.sqrt(variance), 1e-9, "stddev");
  assert.equal(came.min, ordered[0]);
  assert.equal(came.max, ordered.at(-1));
  for (const [name, q] of [
    ["p50", 0.5],
    ["p90", 0.9],
    ["p95", 0.95],
    ["p99", 0.99],
  ] as const) {
    close(came[name], ordered[Math.floor(q * (ordered.length - 1))]!, SKETCH_RELATIVE_ERROR, name);
  }
}

function same(came: readonly Out[], expected: readonly PlainWindow[]): void {
  const id = ({ startMs, endMs, key, count }: Out | PlainWindow) => [startMs, endMs, key, count];
  assert.deepEqual(sorted(came).map(id), expected.map(id));
  for (const [index, window] of sorted(came).entries()) {
    const { startMs, endMs, values } = expected[index]!;
    sameFigures(window.measures.value, values, (endMs - startMs) / 1000);
    assert.equal(window.revision, 0);
    assert.equal(window.withdrawn, false);
    assert.equal(window.isOther, false);
  }
}

test("tumbling windows", async () => {
  const items = readings(3000, 1, 500);
  const out: Out[] = [];
  const engine = engineOf()
    .windowSize(1000)
    .disorder(500)
    .onWindow((window) => out.push(window))
    .build();
  const summary = await engine.ingestStream(items);
  const expected = plainWindows(items, 1000, 1000);
  same(out, expected);
  assert.equal(summary.windowsProcessed, new Set(expected.map(({ startMs }) => startMs)).size);
  assert.deepEqual(
    out.map(({ sequence }) => sequence),
    out.map((_, index) => index),
  );
  // Windows come out by their end.
  assert.deepEqual(
    out.map(({ endMs }) => endMs),
    out.map(({ endMs }) => endMs).toSorted((a, b) => a - b),
  );
});

test("hopping windows", async () => {
  const items = readings(2000, 2, 300);
  const out: Out[] = [];
  const engine = engineOf()
    .slideInterval(400)
    .windowSize(1000)
    .disorder(300)
    .onWindow((window) => out.push(window))
    .build();
  await engine.ingestStream(items);
  same(out, plainWindows(items, 1000, 400));
});

test("sessions", async () => {
  const items = readings(2000, 3);
  const out: Out[] = [];
  const engine = engineOf()
    .sessionGap(300)
    .onWindow((window) => out.push(window))
    .build();
  await engine.ingestStream(items);
  const sessions: PlainWindow[] = [];
  const open = new Map<
    string,
    { startMs: number; endMs: number; key: string; count: number; values: number[] }
  >();
  for (const { at, host, value } of items) {
    let session = open.get(host);
    if (session === undefined || at >= session.endMs) {
      session = { startMs: at, endMs: at + 300, key: host, count: 0, values: [] };
      open.set(host, session);
      sessions.push(session);
    }
    session.endMs = at + 300;
    session.count++;
    if (value !== null) session.values.push(value);
  }
  same(out, sorted(sessions));
});

test("sliding windows: one for each item, of all that came within its length", async () => {
  // One item a moment, so that each has a window of its own.
  const items = readings(800, 4).map((item, index) => ({ ...item, at: index * 7 }));
  const out: Out[] = [];
  const engine = engineOf()
    .slidingWindows()
    .windowSize(500)
    .onWindow((window) => out.push(window))
    .build();
  await engine.ingestStream(items);
  assert.equal(out.length, items.length);
  for (const [index, { at, host }] of items.entries()) {
    const within = items.slice(0, index + 1).filter((other) => other.host === host && other.at > at - 500);
    const values = within.map(({ value }) => value).filter((value) => value !== null);
    const window = out[index]!;
    assert.equal(window.key, host);
    assert.equal(window.count, within.length);
    assert.equal(window.measures.value.count, values.length);
    assert.equal(
      window.measures.value.sum,
      values.reduce((a, b) => a + b, 0),
    );
  }
});

test("neither batches nor the kind of the source show in what comes out", async () => {
  const items = readings(1500, 5, 900);
  let first: string | undefined;
  for (const batchSize of [1, 3, 100, 999]) {
    for (const source of [items, asynchronous(items)]) {
      const out: Out[] = [];
      const engine = engineOf()
        .windowSize(700)
        .slideInterval(350)
        .disorder(200)
        .lateness(600)
        .batchSize(batchSize)
        .onWindow((window) => out.push(window))
        .build();
      await engine.ingestStream(source);
      first ??= JSON.stringify(out);
      assert.equal(JSON.stringify(out), first);
      await engine.close();
    }
  }
  assert.ok(first?.includes('"revision":1'), "some came late");
});

test("late items correct a window that is out, or are counted", async () => {
  const out: Out[] = [];
  const engine = engineOf()
    .windowSize(100)
    .lateness(150)
    .onWindow((window) => out.push(window))
    .build();
  const at = (ms: number, value: number) => ({ at: ms, host: "a", value });
  const summary = await engine.ingestStream([at(10, 1), at(120, 2), at(20, 4), at(400, 8), at(30, 16)]);
  const seen = out.map(({ startMs, revision, count, measures }) => [
    startMs,
    revision,
    count,
    measures.value.sum,
  ]);
  assert.deepEqual(seen, [
    [0, 0, 1, 1],
    [0, 1, 2, 5],
    [100, 0, 1, 2],
    [400, 0, 1, 8],
  ]);
  assert.equal(summary.corrections, 1);
  assert.equal(summary.windowsProcessed, 3);
  assert.equal(engine.metrics().late, 1);
});

test("without a time it is the clock's", async () => {
  const out: number[] = [];
  const clock = new VirtualClock(5_000);
  const engine = StreamingEngine.builder<string>()
    .windowSize(1000)
    .clock(clock)
    .space(makeSpace())
    .onWindow(({ startMs }) => out.push(startMs))
    .build();
  await engine.ingestStream(["a"]);
  clock.advance(3_000);
  await engine.ingestStream(["b"]);
  assert.deepEqual(out, [5_000, 8_000]);
});

test("an item all of whose measures are missing is in its window", async () => {
  const out: Out[] = [];
  const engine = engineOf()
    .windowSize(100)
    .onWindow((window) => out.push(window))
    .build();
  await engine.ingestStream([
    { at: 1, host: "a", value: null },
    { at: 2, host: "a", value: Number.NaN },
  ]);
  assert.equal(out.length, 1);
  assert.equal(out[0]!.count, 2);
  sameFigures(out[0]!.measures.value, [], 0.1);
});

test("times before 1970 and past 2^32 seconds", async () => {
  const items = [-5, -1, 0, 2 ** 32 - 1, 2 ** 32, 2 ** 52 + 1];
  const out: [number, number][] = [];
  const engine = StreamingEngine.builder<number>()
    .time((at) => at)
    .windowSize(2)
    .space(makeSpace())
    .onWindow(({ startMs, count }) => out.push([startMs, count]))
    .build();
  await engine.ingestStream(items);
  const starts = items.map((at) => Math.floor(at / 2) * 2);
  assert.deepEqual(
    out,
    [...new Set(starts)].map((start) => [start, starts.filter((other) => other === start).length]),
  );
});

test("items that lie too far in the future are left out", async () => {
  const out: number[] = [];
  const engine = engineOf()
    .clock(new VirtualClock(10_000))
    .windowSize(100)
    .ahead(500)
    .onWindow(({ startMs }) => out.push(startMs))
    .build();
  const summary = await engine.ingestStream(
    [10_000, 10_500, 10_501, 9_999].map((at) => ({ at, host: "a", value: 1 })),
  );
  assert.deepEqual(out, [10_000, 10_500]);
  assert.equal(engine.metrics().ahead, 1);
  assert.equal(engine.metrics().late, 1);
  assert.equal(summary.vectorsProcessed, 4);
});

async function* asynchronous<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const [index, item] of items.entries()) {
    // Now and then it has nothing ready.
    if (index % 211 === 0) await new Promise((resolve) => setImmediate(resolve));
    yield item;
  }
}
