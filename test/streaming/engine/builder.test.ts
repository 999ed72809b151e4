/** The builder: defaults, bounds, transforms and what their types are. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SETTINGS } from "../../../streaming/engine/engine-settings.ts";
import {
  StreamingEngine,
  StreamingEngineBuilder,
  type WindowResult,
} from "../../../streaming/engine/index.ts";
import { makeSpace } from "./support.ts";

const builder = () => StreamingEngine.builder<number>().space(makeSpace());

test("what is not said is so", () => {
  const { clock, space, ...settings } = DEFAULT_SETTINGS;
  assert.deepEqual(settings, {
    windowMs: 60_000,
    windows: { kind: "tumbling" },
    disorderMs: 0,
    latenessMs: 0,
    aheadMs: null,
    maxGroups: 10_000,
    whenFull: "other",
    batchSize: 100,
    maxBufferSize: 10_000,
    maxConcurrency: 4,
    processingTimeoutMs: 5_000,
    detectionInterval: 100,
    autoDetectPatterns: true,
  });
});

test("each setting has bounds, and says so", () => {
  const year = 366 * 86_400_000;
  const bounds = {
    windowSize: [1, year],
    slideInterval: [1, year],
    sessionGap: [1, year],
    disorder: [0, year],
    lateness: [0, year],
    ahead: [0, year],
    maxGroups: [1, 1_000_000],
    batchSize: [1, 65_536],
    maxBufferSize: [2, 10_000_000],
    maxConcurrency: [1, 1_024],
    processingTimeout: [1, 86_400_000],
    detectionInterval: [1, 10_000_000],
  } as const;
  for (const [name, [least, most]] of Object.entries(bounds)) {
    const set = (value: number) => builder()[name as keyof typeof bounds](value);
    set(least);
    set(most);
    for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => set(value), {
        name: "RangeError",
        message: `${name}: expected a whole number from ${least} to ${most}; came ${value}`,
      });
    }
  }
  assert.throws(() => builder().maxGroups(5, "drop" as "refuse"), {
    message: /"other" or "refuse"; came "drop"/,
  });
});

test("settings that do not go together are refused when it is built", () => {
  assert.throws(() => builder().windowSize(100).slideInterval(101).build(), {
    message: /^slideInterval: expected at most windowSize \(100\).*came 101$/,
  });
  assert.throws(() => builder().windowSize(100_000).slideInterval(7).build(), { message: /parts/ });
  assert.throws(() => builder().slidingWindows().lateness(5).build(), {
    message: /^lateness: expected 0 for sliding windows/,
  });
  const detecting = builder()
    .maxBufferSize(50)
    .detector(() => []);
  assert.throws(() => detecting.build(), {
    message: /^detectionInterval: expected at most maxBufferSize \(50\).*came 100$/,
  });
  builder().maxBufferSize(50).build();
});

test("measures have names of their own, and there are not too many", () => {
  const one = builder().measure("a", (item) => item);
  assert.throws(() => one.measure("a", (item) => item), { message: /"a" came twice/ });
  const many = Object.fromEntries(
    Array.from({ length: 256 }, (_, index) => [`m${index}`, (item: number) => item]),
  );
  assert.throws(() => builder().measures(many).measure("more", Number), { message: /at most 256/ });
  // An object would take it for something else, and the figures would be lost.
  assert.throws(() => builder().measure("__proto__", Number), {
    message: /expected a name other than __proto__/,
  });
});

test("a builder stays as it is: others can begin with it", async () => {
  const seen: string[] = [];
  const base = new StreamingEngineBuilder<number>().time((item) => item).space(makeSpace());
  const short = base.windowSize(10).onWindow(({ endMs }) => seen.push(`short ${endMs}`));
  const long = base.windowSize(1000).onWindow(({ endMs }) => seen.push(`long ${endMs}`));
  await short.build().ingestStream([1]);
  await long.build().ingestStream([1]);
  assert.deepEqual(seen, ["short 10", "long 1000"]);
});

test("what a builder makes is known for an engine, and nothing else is", () => {
  const made: unknown = builder()
    .time((item) => item)
    .build();
  assert.ok(made instanceof StreamingEngine);
  for (const other of [builder(), {}, null]) assert.equal(other instanceof StreamingEngine, false);
});

test("transforms come in the order they were given in", async () => {
  const steps: string[] = [];
  const counts: Record<string, number> = {};
  const engine = builder()
    .filter((item) => {
      steps.push(`keep ${item}?`);
      return item % 2 === 1;
    })
    .map((item) => `${item}${item}`)
    .flatMap((text) => [...text].map((letter, index) => ({ letter, index })))
    .filter(({ index, letter }) => letter !== "3" || index === 0)
    .map(({ letter }) => ({ name: `the ${letter}` }))
    .time(() => 0)
    .key(({ name }) => name)
    .onWindow(({ key, count }) => {
      counts[key ?? ""] = count;
    })
    .build();
  const summary = await engine.ingestStream([1, 2, 3, 15]);
  assert.deepEqual(steps, ["keep 1?", "keep 2?", "keep 3?", "keep 15?"]);
  assert.deepEqual(counts, { "the 1": 4, "the 3": 1, "the 5": 2 });
  assert.equal(summary.itemsReceived, 4);
  assert.equal(summary.vectorsProcessed, 7);
});

test("a flatMap without end is held like a source", async () => {
  let made = 0;
  let isOver = false;
  function* endless() {
    try {
      for (;;) yield made++;
    } finally {
      isOver = true;
    }
  }
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const engine = builder()
    .flatMap(endless)
    .filter((item) => {
      if (item === 500) throw new Error("enough");
      return true;
    })
    .time((item) => item)
    .windowSize(1)
    .batchSize(2)
    .maxBufferSize(10)
    .processingTimeout(null)
    .onWindow(() => held)
    .build();
  const ingesting = engine.ingestStream([1]);
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(made <= 12, `${made} were made`);
  release();
  const summary = await ingesting;
  assert.equal(summary.vectorsProcessed, 500);
  assert.equal(summary.errors, 1);
  assert.ok(isOver);
});

test("what a transform throws is told; the others go on", async () => {
  const errors: [string, unknown][] = [];
  for (const hasFlatMap of [false, true]) {
    const mapped = builder().map((item) => {
      if (item === 2) throw new Error("two");
      return item;
    });
    const engine = (hasFlatMap ? mapped.flatMap((item) => [item]) : mapped)
      .time((item) => item)
      .onError((error) => errors.push([String(error.error), error.kind === "item" && error.item]))
      .build();
    const summary = await engine.ingestStream([1, 2, 3]);
    assert.equal(summary.vectorsProcessed, 2);
  }
  assert.deepEqual(errors, [
    ["Error: two", 2],
    ["Error: two", 2],
  ]);
});

test("map and flatMap come before what reads items", () => {
  const readers = {
    time: () => builder().time((item) => item),
    key: () => builder().key((item) => item),
    measure: () => builder().measure("a", (item) => item),
    bytes: () => builder().bytes((item) => item),
    detector: () => builder().detector(() => []),
  };
  for (const [name, make] of Object.entries(readers)) {
    assert.throws(() => make().map(String), { message: new RegExp(`^map: expected before ${name},`) });
    assert.throws(() => make().flatMap((item) => [item]), { message: new RegExp(`^flatMap: .*${name}`) });
    make().filter(() => true);
  }
});

/** Compiled, never run. */
export function types(): void {
  const typed = StreamingEngine.builder<{ at: Date; tags: string[]; size: number }>()
    .map(({ at, tags, size }) => ({ at: at.getTime(), tags, size }))
    .flatMap(({ at, tags, size }) => tags.map((tag) => ({ at, tag, size })))
    .time(({ at }) => at)
    .key(({ tag }) => tag)
    .measure("size", ({ size }) => size)
    .measures({ half: ({ size }) => size / 2, none: () => null })
    .onWindow((window) => {
      const key: string | null = window.key;
      const mean: number | null = window.measures.half.mean;
      // @ts-expect-error there is no such measure
      window.measures.third;
      // @ts-expect-error a key is text
      const number: number | null = window.key;
      return [key, mean, number];
    })
    .detector(({ items, windows }) => {
      const tag: string | undefined = items[0]?.tag;
      const window: WindowResult<string, "size" | "half" | "none"> | undefined = windows[0];
      return [{ kind: `${tag}${window?.key}`, startMs: 0, endMs: 0 }];
    });
  // @ts-expect-error what the map made has no tags any more
  typed.filter(({ tags }) => tags.length > 0);
  // @ts-expect-error a time is a number
  typed.time(({ tag }) => tag);
  // @ts-expect-error a key is text, a number or a bigint
  typed.key(({ tag }) => [tag]);
  const engine: StreamingEngine<{ at: Date; tags: string[]; size: number }> = typed.build();
  // @ts-expect-error the source gives what the builder begins with
  void engine.ingestStream([{ at: 5 }]);
}
