/** Metric cells: their layout, both kinds of cell, and two threads adding at once. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { bindMetrics, defineMetrics, type MetricDefinition, metricId } from "../../runtime/metrics/index.ts";
import type { MetricsJob } from "../fixtures/metrics-worker.ts";

const definitions = [
  { name: "drops", help: "Rows dropped.", type: "counter" },
  { name: "rows", help: "Rows stored.", type: "counter", labels: { lane: "memory" }, writer: "recorder" },
  { name: "rows", help: "Rows stored.", type: "counter", labels: { lane: "process" }, writer: "recorder" },
  { name: "depth", help: "Depth.", type: "gauge", writer: "windower" },
  { name: "clients", help: "Clients.", type: "gauge" },
] as const;

function bound() {
  const layout = defineMetrics(definitions);
  return { layout, cells: bindMetrics(new SharedArrayBuffer(layout.byteLength), 0, layout) };
}

describe("metric layout", () => {
  it("keeps writers apart by a pair of cache lines, in cells that do not overlap", () => {
    const writer = fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined });
    fc.assert(
      fc.property(fc.array(writer, { maxLength: 60 }), (writers) => {
        const layout = defineMetrics(
          writers.map((by, i): MetricDefinition => {
            const definition = { name: `m${i}`, help: "M.", type: "counter" } as const;
            return by === undefined ? definition : { ...definition, writer: by };
          }),
        );
        assert.equal(layout.byteLength % 128, 0);
        const owners = new Map<number, string | undefined>();
        for (const { byteOffset, writer: by } of layout.cells) {
          assert.equal(byteOffset % 8, 0);
          assert.ok(byteOffset + 8 <= layout.byteLength);
          const line = Math.floor(byteOffset / 128);
          assert.ok(!owners.has(line) || owners.get(line) === by, "two writers share a line");
          owners.set(line, by);
        }
        assert.equal(new Set(layout.cells.map(({ byteOffset }) => byteOffset)).size, writers.length);
      }),
      { seed: 20260401 },
    );
  });

  it("is plain data and means the same on the other side of a thread", () => {
    const layout = defineMetrics(definitions);
    const copy = structuredClone(layout);
    assert.deepEqual(copy, layout);
    assert.equal(metricId(copy, "rows", { lane: "process" }), metricId(layout, "rows", { lane: "process" }));
  });

  it("finds a series by its labels in any order, and no other", () => {
    const layout = defineMetrics([
      { name: "lag", help: "Lag.", type: "gauge", labels: { lane: "a", stage: "b" } },
      { name: "lag", help: "Lag.", type: "gauge", labels: { lane: "b", stage: "a" } },
    ]);
    assert.equal(metricId(layout, "lag", { stage: "b", lane: "a" }), 0);
    assert.equal(metricId(layout, "lag", { stage: "a", lane: "b" }), 1);
    assert.throws(
      () => metricId(layout, "lag", { lane: "a" }),
      /expected a declared metric; came lag\{lane="a"\}/,
    );
  });

  it("refuses what Prometheus could not show", () => {
    const define = (...changes: readonly Partial<MetricDefinition>[]) =>
      defineMetrics(
        changes.map((change) => ({ name: "a", help: "A.", type: "counter" as const, ...change })),
      );
    assert.throws(() => define({ name: "Rows" }), /snake_case/);
    assert.throws(() => define({ name: "rows_total" }), /_total and the unit are added/);
    assert.throws(() => define({ name: "took_seconds", unit: "seconds" }), /_total and the unit are added/);
    assert.throws(() => define({ help: " " }), /help is missing/);
    assert.throws(() => define({ labels: { "no-label": "x" } }), /label/);
    assert.throws(() => define({}, {}), /declared twice/);
    assert.throws(() => define({}, { type: "gauge", labels: { x: "y" } }), /same help, type/);
    assert.throws(() => define({ labels: { x: "1" } }, { labels: { y: "1" } }), /label names/);
  });
});

describe("metric cells", () => {
  it("add and set where they should, and nowhere else", () => {
    const { layout, cells } = bound();
    const ids = layout.cells.map((cell) =>
      metricId(layout, cell.name as "rows", "labels" in cell ? cell.labels : {}),
    );
    const step = fc.record({ at: fc.nat(ids.length - 1), value: fc.nat(2 ** 40), set: fc.boolean() });
    const model = ids.map(() => 0);
    fc.assert(
      fc.property(step, ({ at, value, set }) => {
        if (set && layout.cells[at]!.type === "gauge") {
          cells.set(ids[at]!, value);
          model[at] = value;
        } else {
          cells.add(ids[at]!, value);
          model[at]! += value;
        }
        assert.deepEqual(ids.map(cells.read), model);
      }),
      { seed: 20260402, endOnFailure: true },
    );
  });

  it("hold fractions and what is below zero in a gauge of one writer, whole numbers of either sign in one of many", () => {
    const { layout, cells } = bound();
    const depth = metricId(layout, "depth");
    cells.set(depth, -0.25);
    cells.add(depth, 0.5);
    assert.equal(cells.read(depth), 0.25);
    const clients = metricId(layout, "clients");
    cells.add(clients, 2);
    cells.add(clients, -3);
    assert.equal(cells.read(clients), -1);
    assert.throws(
      () => cells.set(clients, 0.5),
      /clients has many writers and so takes whole numbers; came 0\.5/,
    );
  });

  it("let no counter go back, be replaced or lose itself in NaN", () => {
    const { layout, cells } = bound();
    for (const id of [metricId(layout, "drops"), metricId(layout, "rows", { lane: "memory" })]) {
      cells.add(id, 5);
      for (const delta of [-1, Number.NaN]) assert.throws(() => cells.add(id, delta), RangeError);
      assert.throws(() => cells.set(id, 9), /only grows/);
      assert.equal(cells.read(id), 5);
    }
  });

  it("keep their values when they are bound again, as after a restart", () => {
    const layout = defineMetrics(definitions);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const drops = metricId(layout, "drops");
    bindMetrics(memory, 128, layout).add(drops, 7);
    assert.equal(bindMetrics(memory, 128, layout).read(drops), 7);
    assert.equal(bindMetrics(memory, 1280, layout).read(drops), 0);
  });

  it("are refused where they do not fit", () => {
    const layout = defineMetrics(definitions);
    const memory = new SharedArrayBuffer(layout.byteLength + 127);
    assert.throws(() => bindMetrics(memory, 64, layout), /multiple of 128/);
    assert.throws(() => bindMetrics(memory, 128, layout), /the memory ends at/);
  });

  it("lose no addition of two threads that add at once", async () => {
    const adds = 200_000;
    const threads = ["left", "right"] as const;
    const layout = defineMetrics([
      { name: "shared_adds", help: "Adds of all.", type: "counter" },
      ...threads.flatMap((thread): MetricDefinition[] => [
        { name: "own_adds", help: "Adds of one.", type: "counter", labels: { thread }, writer: thread },
        { name: "own_share", help: "Fractions.", type: "gauge", labels: { thread }, writer: thread },
      ]),
    ]);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const byteOffset = 256;
    const workers = threads.map((thread) => {
      const workerData: MetricsJob = { memory, byteOffset, layout, thread, adds };
      return new Worker(new URL("../fixtures/metrics-worker.ts", import.meta.url), { workerData });
    });
    await Promise.all(workers.map((worker) => reply(worker, "ready")));
    const done = workers.map((worker) => reply(worker, "done"));
    for (const worker of workers) worker.postMessage("go");
    await Promise.all(done);
    await Promise.all(workers.map((worker) => worker.terminate()));

    const cells = bindMetrics(memory, byteOffset, layout);
    assert.equal(cells.read(metricId(layout, "shared_adds")), threads.length * adds);
    for (const thread of threads) {
      assert.equal(cells.read(metricId(layout, "own_adds", { thread })), adds);
      assert.equal(cells.read(metricId(layout, "own_share", { thread })), adds - 0.5);
    }
  });
});

function reply(worker: Worker, expected: string): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (message) => {
      if (message === expected) resolve();
      else reject(new Error(`expected "${expected}"; came ${JSON.stringify(message)}`));
    });
  });
}
