/** An engine that goes on from a checkpoint gives the windows that the one before it would have given. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../runtime/random.ts";
import { StreamingEngine, type WindowResult } from "../../../streaming/engine/index.ts";
import { Gate, makeSpace, PushSource, quiet, type Reading, readings } from "./support.ts";

function engineOf() {
  return StreamingEngine.builder<Reading>()
    .time(({ at }) => at)
    .key(({ host }) => host)
    .measure("value", ({ value }) => value)
    .disorder(200)
    .space(makeSpace());
}

const shapes = {
  tumbling: engineOf().windowSize(500).lateness(400),
  hopping: engineOf().windowSize(500).slideInterval(100).lateness(300),
  session: engineOf().sessionGap(120).lateness(100),
  sliding: engineOf().windowSize(300).slidingWindows(),
};

for (const [name, builder] of Object.entries(shapes)) {
  test(`${name}: at any item`, async () => {
    const items = readings(600, 11, 500);
    const expected: WindowResult[] = [];
    const whole = builder
      .space(makeSpace())
      .onWindow((window) => expected.push(window))
      .build();
    await whole.ingestStream(items);
    await whole.close();
    const random = seededRandom(7);
    for (let round = 0; round < 6; round++) {
      const at = Math.floor(random() * items.length);
      const out: WindowResult[] = [];
      const before = builder
        .space(makeSpace())
        .batchSize(1 + Math.floor(random() * 90))
        .onWindow((window) => out.push(window))
        .build();
      await before.ingestStream(items.slice(0, at), { keepWindows: true });
      const bytes = await before.checkpoint();
      // It dies: what it would still have done is lost.
      const { length } = out;
      const after = builder
        .space(makeSpace())
        .onWindow((window) => out.push(window))
        .build();
      assert.deepEqual(after.restore(bytes), { position: at });
      assert.equal(after.metrics().late, 0);
      await after.ingestStream(items.slice(at));
      assert.deepEqual(out, expected, `at ${at}, ${length} windows were out`);
      assert.equal(after.position, items.length);
      await after.close();
    }
  });
}

test("in the middle of a stream, while callbacks are at work and windows wait", async () => {
  const items = readings(300, 12, 200);
  const expected: WindowResult[] = [];
  await engineOf()
    .windowSize(100)
    .onWindow((window) => expected.push(window))
    .build()
    .ingestStream(items);
  for (const { count, opened } of [
    { count: 40, opened: 0 },
    { count: 120, opened: 7 },
    { count: 300, opened: 30 },
  ]) {
    const gate = new Gate();
    const source = new PushSource<Reading>();
    const begun: WindowResult[] = [];
    const done = new Set<number>();
    const engine = engineOf()
      .windowSize(100)
      .batchSize(13)
      .maxBufferSize(60)
      .maxConcurrency(2)
      .processingTimeout(null)
      .onWindow((window) => {
        begun.push(window);
        return gate.pass().then(() => done.add(window.sequence));
      })
      .build();
    const ingesting = engine.ingestStream(source);
    source.push(...items.slice(0, count));
    for (let turn = 0; turn < opened; turn++) {
      await quiet();
      gate.open(turn % 2);
    }
    await quiet();
    const asked = engine.checkpoint();
    // Where the buffer is full it waits for room.
    let bytes: Uint8Array | undefined;
    void asked.then((came) => {
      bytes = came;
    });
    await quiet();
    while (bytes === undefined) {
      gate.open();
      await quiet();
    }
    const doneThen = new Set(done);
    const out: WindowResult[] = [];
    const after = engineOf()
      .windowSize(100)
      .onWindow((window) => out.push(window))
      .build();
    const { position } = after.restore(bytes);
    assert.ok(position <= count);
    // One that has not begun to deliver them has them in its own checkpoints, too.
    const again = await after.checkpoint();
    await after.ingestStream(items.slice(position));
    assert.deepEqual(
      out,
      expected.filter(({ sequence }) => !doneThen.has(sequence)),
    );
    const third: WindowResult[] = [];
    const last = engineOf()
      .windowSize(100)
      .onWindow((window) => third.push(window))
      .build();
    last.restore(again);
    await last.ingestStream(items.slice(position));
    assert.deepEqual(third, out);
    source.end();
    let isOver = false;
    const ended = ingesting.then(() => {
      isOver = true;
    });
    while (!isOver) {
      gate.open();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
  }
});

test("an item that a flatMap makes many of is in it whole", async () => {
  const taken: number[] = [];
  const make = () =>
    StreamingEngine.builder<number>()
      .flatMap((item) => [item, item, item, item, item])
      .time((item) => item * 10)
      .windowSize(10)
      .batchSize(2)
      .space(makeSpace());
  let bytes: Promise<Uint8Array> | undefined;
  const engine = make()
    .filter((item) => {
      taken.push(item);
      // In the middle of the third item.
      if (taken.length === 12) bytes = engine.checkpoint();
      return true;
    })
    .build();
  await engine.ingestStream([0, 1, 2, 3], { keepWindows: true });
  const counts: number[] = [];
  const after = make()
    .onWindow(({ count }) => counts.push(count))
    .build();
  const state = await bytes!;
  assert.deepEqual(after.restore(state), { position: 3 });
  await after.ingestStream([3]);
  assert.deepEqual(counts.slice(-2), [5, 5]);
});

test("keys of any kind, the group of all others, a session withdrawn, missing figures", async () => {
  const gate = new Gate();
  const make = () =>
    StreamingEngine.builder<[at: number, key: string | number | bigint, value: number | null]>()
      .time(([at]) => at)
      .key(([, key]) => key)
      .measure("value", ([, , value]) => value)
      .measure("none", () => null)
      .sessionGap(10)
      .lateness(1000)
      .maxGroups(4)
      .processingTimeout(null)
      .space(makeSpace());
  const seen: WindowResult[] = [];
  const engine = make()
    .maxConcurrency(1)
    .onWindow((window) => {
      seen.push(window);
      return gate.pass();
    })
    .build();
  const source = new PushSource<[number, string | number | bigint, number | null]>();
  const ingesting = engine.ingestStream(source);
  source.push([0, "\udc00ж", 1], [1, -0.5, 2], [2, 3n ** 60n, null], [3, "", Number.POSITIVE_INFINITY]);
  source.push([4, "other", 5], [30, "\udc00ж", 1], [15, "\udc00ж", 1], [22, "\udc00ж", 1], [100, "", 1]);
  await quiet();
  const bytes = await engine.checkpoint();
  const out: WindowResult[] = [];
  const after = make()
    .onWindow((window) => out.push(window))
    .build();
  after.restore(bytes);
  await after.ingestStream([]);
  source.end();
  while (gate.waiting.length > 0) {
    gate.open();
    await quiet();
  }
  await ingesting;
  assert.deepEqual(out, seen);
  assert.ok(out.length > 5);
});

test("bytes that are no checkpoint of such an engine are refused, and the engine can still be used", async () => {
  const first = engineOf().windowSize(100).build();
  await first.ingestStream(readings(50, 3), { keepWindows: true });
  const bytes = await first.checkpoint();
  const engine = engineOf().windowSize(100).build();
  assert.throws(() => engine.restore(new Uint8Array(3)), {
    name: "RangeError",
    message: /expected the bytes of a checkpoint/,
  });
  assert.throws(() => engine.restore(bytes.subarray(0, bytes.length - 9)), {
    message: /changed or are cut off/,
  });
  for (const at of [9, 200, bytes.length - 1]) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1;
    assert.throws(() => engine.restore(damaged), { name: "RangeError", message: /changed or are cut off/ });
  }
  const other = engineOf().windowSize(200).build();
  assert.throws(() => other.restore(bytes), { message: /"lengthMs":200.*came one with.*"lengthMs":100/ });
  const others = [engineOf().lateness(5), engineOf().disorder(5), engineOf().measure("more", () => 1)];
  for (const one of others)
    assert.throws(() => one.windowSize(100).build().restore(bytes), { name: "RangeError" });
  engine.restore(bytes);
  assert.throws(() => first.restore(bytes), { message: /expected an engine that has had no item/ });
  assert.equal((await engine.ingestStream([])).itemsReceived, 0);
});

test("what is not in the windows' meaning may be another: bounds, batches, deadlines", async () => {
  const first = engineOf().windowSize(100).maxGroups(10).build();
  await first.ingestStream(readings(50, 3), { keepWindows: true });
  const engine = engineOf().windowSize(100).maxGroups(100).batchSize(7).maxConcurrency(1).ahead(5).build();
  engine.restore(await first.checkpoint());
  assert.equal(engine.position, 50);
});

for (const [name, builder] of Object.entries(shapes)) {
  test(`${name}: a checkpoint that there is no room for leaves the engine as it was`, async () => {
    const grouped = builder.maxGroups(2000).key((reading) => reading.value ?? -1);
    const first = grouped.space(makeSpace()).build();
    await first.ingestStream([{ at: 0, host: "a", value: 1 }]);
    const many = Array.from({ length: 1500 }, (_, value) => ({ at: 2_000_000, host: "a", value }));
    await first.ingestStream(many, { keepWindows: true });
    const bytes = await first.checkpoint();
    const space = makeSpace(2 ** 17);
    const sequences: number[] = [];
    const engine = grouped
      .space(space)
      .onWindow(({ sequence }) => sequences.push(sequence))
      .build();
    const clean = await engine.checkpoint();
    const { blocks } = space.pool;
    assert.throws(() => engine.restore(bytes), { name: "PoolExhausted" });
    assert.deepEqual([space.pool.blocks, engine.position], [blocks, 0]);
    assert.deepEqual(await engine.checkpoint(), clean);
    await engine.ingestStream([{ at: 0, host: "a", value: 1 }]);
    assert.equal(sequences[0], 0, "nothing is late, and sequences begin anew");
    await engine.close();
    assert.equal(space.pool.blocks, 0);
  });
}

test("one that is asked for while windows of the one before are delivered again has each of them once", async () => {
  const gate = new Gate();
  const one = StreamingEngine.builder<number>()
    .time((item) => item)
    .windowSize(1)
    .maxConcurrency(1)
    .processingTimeout(null);
  const first = one.space(makeSpace()).onWindow(gate.pass).build();
  const source = new PushSource<number>();
  void first.ingestStream(source);
  source.push(0, 1, 2, 3);
  await quiet();
  const second = one.space(makeSpace()).onWindow(gate.pass).build();
  second.restore(await first.checkpoint());
  void second.ingestStream(new PushSource<number>());
  const again = second.checkpoint();
  const sequences: number[] = [];
  const third = one
    .space(makeSpace())
    .onWindow(({ sequence }) => sequences.push(sequence))
    .build();
  third.restore(await again);
  await third.ingestStream([], { keepWindows: true });
  assert.deepEqual(sequences, [0, 1, 2]);
});
