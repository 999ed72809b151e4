/** Groups: their keys come back as they were, and there is room for so many. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../runtime/random.ts";
import { StreamingEngine, type WindowResult } from "../../../streaming/engine/index.ts";
import { PoolExhausted } from "../../../wasm/index.ts";
import { makeSpace, type Reading, readings } from "./support.ts";

function engineOf() {
  return StreamingEngine.builder<Reading>()
    .time(({ at }) => at)
    .key(({ host }) => host)
    .measure("value", ({ value }) => value)
    .space(makeSpace());
}

test("keys come back as they were given, whatever they are", async () => {
  const keys = ["1", 1, 1n, "", -0.5, 2n ** 70n, "\ud800", "ключ"];
  const out: (string | number | bigint | null)[] = [];
  const engine = StreamingEngine.builder<string | number | bigint>()
    .time(() => 0)
    .key((key) => key)
    .space(makeSpace())
    .onWindow(({ key, count }) => {
      assert.equal(count, 2);
      out.push(key);
    })
    .build();
  await engine.ingestStream([...keys, ...keys]);
  assert.deepEqual(out, keys);
});

test("without a key all items are one group; without a measure they are counted", async () => {
  const out: WindowResult[] = [];
  const engine = StreamingEngine.builder<number>()
    .time((at) => at)
    .windowSize(10)
    .space(makeSpace())
    .onWindow((window) => out.push(window))
    .build();
  await engine.ingestStream([1, 2.9, 15]);
  assert.deepEqual(
    out.map(({ startMs, key, isOther, count, measures }) => ({ startMs, key, isOther, count, measures })),
    [
      { startMs: 0, key: null, isOther: false, count: 2, measures: {} },
      { startMs: 10, key: null, isOther: false, count: 1, measures: {} },
    ],
  );
});

test("groups that there is no room for are one group, or refused", async () => {
  for (const whenFull of ["other", "refuse"] as const) {
    const out: [string | null, boolean, number][] = [];
    const engine = engineOf()
      .maxGroups(2, whenFull)
      .onWindow(({ key, isOther, count }) => out.push([key, isOther, count]))
      .build();
    await engine.ingestStream(["a", "b", "c", "a", "d"].map((host) => ({ at: 1, host, value: 1 })));
    const rest: [string | null, boolean, number][] = whenFull === "other" ? [[null, true, 2]] : [];
    assert.deepEqual(out, [["a", false, 2], ["b", false, 1], ...rest]);
    assert.equal(engine.metrics().other, whenFull === "other" ? 2 : 0);
    assert.equal(engine.metrics().refused, whenFull === "other" ? 0 : 2);
  }
});

test("keys may be ever new: those of windows that are gone are forgotten", async () => {
  const engine = engineOf().windowSize(100).maxGroups(10, "refuse").build();
  const items = Array.from({ length: 5000 }, (_, index) => ({
    at: index * 20,
    host: `host ${index}`,
    value: 1,
  }));
  await engine.ingestStream(items);
  assert.equal(engine.metrics().refused, 0);
  // All at one moment: there is room for four times as many keys as groups.
  await engine.ingestStream(items.slice(0, 60).map((item) => ({ ...item, at: 0 })));
  assert.equal(engine.metrics().refused, 50);
  assert.equal(engine.metrics().vectorsProcessed, 5060);
  // Those of a stream that is over take no room in the next one.
  const later = items.slice(0, 40).map((item, index) => ({ ...item, at: Math.floor(index / 10) * 100 }));
  await engine.ingestStream(later);
  assert.equal(engine.metrics().refused, 50);
});

test("a key is known as long as a window of it may come out again, however late", async () => {
  const every = 300;
  const keyOf = (at: number) => `key ${Math.floor(at / every)}`;
  const base = StreamingEngine.builder<number>()
    .time((at) => at)
    .key(keyOf)
    .disorder(500)
    .lateness(2000);
  const kinds = {
    tumbling: base.windowSize(every),
    hopping: base.windowSize(every).slideInterval(100),
    session: base.sessionGap(40),
    sliding: base.lateness(0).disorder(2500).windowSize(every).slidingWindows(),
  };
  const random = seededRandom(21);
  const items: number[] = [];
  for (let now = 10_000; items.length < 3000; now += Math.floor(random() * 12)) {
    items.push(now - (random() < 0.1 ? Math.floor(random() * 2400) : 0));
  }
  for (const [kind, builder] of Object.entries(kinds)) {
    const seen = { revised: 0, withdrawn: 0 };
    const engine = builder
      .space(makeSpace())
      .batchSize(30)
      .onWindow(({ key, startMs, endMs, revision, withdrawn }) => {
        assert.ok(key !== null && [keyOf(startMs), keyOf(endMs - 1)].includes(key), `${key} at ${startMs}`);
        if (revision > 0) seen.revised++;
        if (withdrawn) seen.withdrawn++;
      })
      .onError(({ error }) => {
        throw error;
      })
      .build();
    const summary = await engine.ingestStream(items);
    assert.equal(summary.firstError, undefined);
    assert.equal(summary.errors, 0);
    assert.ok(seen.revised > 0 || kind === "sliding", kind);
    assert.ok(seen.withdrawn > 0 || kind !== "session", kind);
  }
});

test("all memory is given back", async () => {
  const space = makeSpace();
  for (const keepWindows of [true, false]) {
    const engine = engineOf().space(space).windowSize(500).slideInterval(100).lateness(1000).build();
    await engine.ingestStream(readings(500, 9), { keepWindows });
    await engine.close();
    await engine.close();
    assert.equal(space.pool.blocks, 0);
  }
});

test("a space without room for an engine keeps nothing of it", async () => {
  let failures = 0;
  for (let bytes = 64; ; bytes *= 2) {
    const space = makeSpace(bytes);
    try {
      await engineOf().space(space).build().close();
    } catch (error) {
      assert.ok(error instanceof PoolExhausted);
      failures++;
    }
    assert.equal(space.pool.blocks, 0);
    if (bytes > 2 ** 20) break;
  }
  assert.ok(failures > 3);
});
