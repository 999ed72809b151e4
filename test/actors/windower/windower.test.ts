/**
 * Windows are what sorting all values of each minute and group gives, whatever order and batches rows come in. What is left out is
 * counted.
 *
 * Breaks when a window's bound is off by one, a null is counted, a group is mixed up, lateness depends on batches, a window is
 * given out before it is over or twice, a correction is lost, or a wrong clock freezes the windows.
 */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import fc from "fast-check";
import type { WindowFigures } from "../../../actors/window-meters.ts";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import type { PlainRow } from "../store/log/rows.ts";
import {
  MINUTE_MS,
  meanOf,
  quantileOf,
  type Reference,
  type ReferenceWindow,
  referenceWindows,
  stddevOf,
} from "./reference.ts";
import { folderInMemory, WindowerHouse, type WindowerHouseOptions } from "./windower-house.ts";

const SEED = 20_260_104;
/** A run takes a system of its own, and shrinking takes hundreds of them: the seed has to do. */
const PARAMETERS = { numRuns: 4, endOnFailure: true };
/** Files are written and synced: a busy disk takes its time. */
const TIMEOUT = { timeout: 120_000 };
const START_MS = Date.UTC(2026, 0, 1);
const DISORDER_MS = 5000;

describe("windows", TIMEOUT, () => {
  test("of processes are what sorting the values of each minute and name gives", TIMEOUT, async (t) => {
    await fc.assert(
      fc.asyncProperty(processRows, fc.integer({ min: 1, max: 40 }), async (rows, batchRows) => {
        const { windows } = await windowed(t, process.name, batchesOf(rows, batchRows));
        assertWindows(windows, referenceWindows(process, rows, DISORDER_MS), "name_hash");
      }),
      { ...PARAMETERS, seed: SEED },
    );
  });

  test("of pushed rows, with negative and whole numbers, are too", TIMEOUT, async (t) => {
    await fc.assert(
      fc.asyncProperty(optimizationRows, fc.integer({ min: 1, max: 40 }), async (rows, batchRows) => {
        const { windows } = await windowed(t, optimization.name, batchesOf(rows, batchRows));
        assertWindows(windows, referenceWindows(optimization, rows, DISORDER_MS));
      }),
      { ...PARAMETERS, seed: SEED + 1 },
    );
  });

  test("do not depend on disorder within what is allowed", TIMEOUT, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        inOrderRows,
        fc.array(fc.integer({ min: 0, max: DISORDER_MS }), { minLength: 1, maxLength: 20 }),
        async (rows, delays) => {
          const arrivals = rows.map((row, index) => ({
            row,
            ms: (row["timestamp"] as number) + delays[index % delays.length]!,
          }));
          const disordered = arrivals.sort((a, b) => a.ms - b.ms).map(({ row }) => row);
          const { windows } = await windowed(t, process.name, batchesOf(closing(disordered), 7));
          const inOrder = referenceWindows(process, closing(rows), DISORDER_MS);
          assert.equal(inOrder.late, 0);
          assertWindows(windows, inOrder, "name_hash");
        },
      ),
      { ...PARAMETERS, seed: SEED + 2 },
    );
  });

  test("are the same bytes however rows are cut into batches, late ones among them", TIMEOUT, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        processRows,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 }),
        async (rows, sizes) => {
          const one = await windowed(t, process.name, batchesOf(rows, 1000));
          const other = await windowed(t, process.name, cut(rows, sizes));
          assert.deepEqual(other.bytes, one.bytes);
        },
      ),
      { ...PARAMETERS, seed: SEED + 3 },
    );
  });

  test("begin with their first moment and end before their last", async (t) => {
    const at = (offset: number): PlainRow => memoryRow(START_MS + MINUTE_MS + offset, 1);
    const rows = [at(-1), at(0), at(MINUTE_MS - 1), at(MINUTE_MS)];
    const { windows } = await windowed(t, memory.name, batchesOf(closing(rows, memoryRow), 10));
    const counts = windows.filter(({ measure }) => measure === "total_mb");
    assert.deepEqual(
      counts.map(({ window_start, window_end, count }) => [window_start, window_end, count]),
      [
        [START_MS, START_MS + MINUTE_MS, 1],
        [START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS, 2],
        [START_MS + 2 * MINUTE_MS, START_MS + 3 * MINUTE_MS, 1],
      ],
    );
  });

  test("close when the watermark reaches their end and not a moment before", async (t) => {
    const house = await new WindowerHouse(folderInMemory(t), { disorderMs: DISORDER_MS }).start();
    const endMs = START_MS + MINUTE_MS;
    await house.publishAll(memory.name, [[memoryRow(START_MS, 1)], [memoryRow(endMs + DISORDER_MS - 1, 2)]]);
    assert.deepEqual(house.windows(memory.name), []);
    // Not late: the window is open to the last moment.
    await house.publishAll(memory.name, [[memoryRow(endMs - 1, 3)], [memoryRow(endMs + DISORDER_MS, 4)]]);
    assert.equal(house.windows(memory.name).find(({ measure }) => measure === "total_mb")?.["count"], 2);
    // From here on it is.
    await house.publishAll(memory.name, [[memoryRow(endMs - 1, 5)]]);
    await house.stop();
    assert.equal(house.windows(memory.name).filter(({ measure }) => measure === "total_mb").length, 1);
  });

  test("hold no row of a batch that the recorder gave up: the log does not have it", async (t) => {
    const house = await new WindowerHouse(folderInMemory(t), { disorderMs: DISORDER_MS }).start();
    house.publish(memory.name, [memoryRow(START_MS, 1)]);
    house.publish(memory.name, [memoryRow(START_MS + 1, 2), memoryRow(START_MS + 2, 3)], 0, true);
    await house.settle();
    await house.publishAll(memory.name, [
      [memoryRow(START_MS + 3, 4)],
      [memoryRow(START_MS + 5 * MINUTE_MS, 5)],
    ]);
    await house.stop();
    assert.equal(house.windows(memory.name).find(({ measure }) => measure === "total_mb")?.["count"], 2);
  });

  test("without values have no rows: neither empty minutes nor measures that are never there", async (t) => {
    const none = { private_bytes_mb: null, cpu_percent: null, io_read_bytes: null, io_write_bytes: null };
    const row = (minute: number): PlainRow => ({
      ...{ timestamp: START_MS + minute * MINUTE_MS, pid: 1, name_hash: 1n, working_set_mb: 2, ...none },
    });
    const { windows } = await windowed(t, process.name, [[row(0)], [row(5)], [row(9)]]);
    assert.deepEqual(
      windows.map(({ window_start, measure }) => [window_start, measure]),
      [
        [START_MS, "working_set_mb"],
        [START_MS + 5 * MINUTE_MS, "working_set_mb"],
      ],
    );
  });

  test("of a dataset that falls silent close by the wall clock, once", async (t) => {
    const house = await new WindowerHouse(folderInMemory(t), { nowMs: START_MS }).start();
    await house.publishAll(memory.name, [[memoryRow(START_MS + 1000, 1)], [memoryRow(START_MS + 61_000, 2)]]);
    const starts = () =>
      house
        .windows(memory.name)
        .filter(({ measure }) => measure === "total_mb")
        .map(({ window_start }) => window_start);
    assert.deepEqual(starts(), []);
    // The second window ends at 120 s; the disorder allowed after that has to pass too.
    await house.pass(120_000, 1000);
    assert.deepEqual(starts(), []);
    await house.pass(10_000, 1000);
    assert.deepEqual(starts(), [START_MS, START_MS + MINUTE_MS]);
    // What comes for them now is late; what comes after is not.
    await house.publishAll(memory.name, [
      [memoryRow(START_MS + 62_000, 3)],
      [memoryRow(START_MS + 121_000, 4)],
    ]);
    await house.pass(130_000, 1000);
    await house.stop();
    assert.deepEqual(starts(), [START_MS, START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS]);
  });

  // Breaks when silence is what the windower has read, and not what was written: rows that waited would all be late.
  for (const paused of ["windower", "recorder"]) {
    test(`are not closed by the wall clock while rows wait for a paused ${paused}`, async (t) => {
      const house = await new WindowerHouse(folderInMemory(t), { nowMs: START_MS }).start();
      const command = async (wanted: "pause" | "resume") => {
        const done = house.system.command(paused, wanted, "a test");
        await house.settle();
        assert.deepEqual(await done, { ok: true });
      };
      await house.publishAll(memory.name, [[memoryRow(START_MS + 1000, 1)]]);
      await command("pause");
      house.publish(memory.name, [memoryRow(START_MS + 2000, 2)]);
      await house.pass(200_000, 1000);
      assert.deepEqual(house.windows(memory.name), []);
      await command("resume");
      await house.pass(130_000, 1000);
      await house.stop();
      const counts = house.windows(memory.name).map(({ measure, count }) => [measure, count]);
      assert.deepEqual(
        counts.find(([measure]) => measure === "total_mb"),
        ["total_mb", 2],
      );
    });
  }
});

describe("a window that is larger than its lane", TIMEOUT, () => {
  test("is written as the recorder takes it", async (t) => {
    // Of two slots one is kept back; the other holds the rows of some two hundred groups of five measures.
    const rows = Array.from({ length: 1000 }, (_, index) => processRow(0, BigInt(index + 1), index));
    const options = { derivedSlots: 2, stateBytes: 2 ** 23 };
    const { windows, restarts } = await windowed(t, process.name, [rows, [processRow(3, 1n, 1)]], options);
    assert.equal(restarts, 0);
    assert.equal(windows.length, 3000);
    assert.equal(new Set(windows.map((row) => row["name_hash"])).size, 1000);
  });
});

describe("too many groups", TIMEOUT, () => {
  const rows = Array.from({ length: 20 }, (_, index) => processRow(0, BigInt(index + 1), index));
  const batches = [rows, [processRow(3, 1n, 1)]];
  const counts = (windows: readonly PlainRow[]) =>
    windows
      .filter(({ measure }) => measure === "working_set_mb")
      .map(({ name_hash, count }) => [name_hash, count]);

  test("are one group of all the others", async (t) => {
    const { windows, figures } = await windowed(t, process.name, batches, { maxGroups: 3 });
    assert.deepEqual(counts(windows), [
      [1n, 1],
      [2n, 1],
      [3n, 1],
      [null, 17],
    ]);
    assert.deepEqual([figures.other, figures.refused], [17, 0]);
  });

  test("are refused, where that is wanted", async (t) => {
    const options = { maxGroups: 3, whenFull: "refuse" } as const;
    const { windows, figures } = await windowed(t, process.name, batches, options);
    assert.deepEqual(counts(windows), [
      [1n, 1],
      [2n, 1],
      [3n, 1],
    ]);
    assert.deepEqual([figures.other, figures.refused], [0, 17]);
  });

  test("for the memory are left out too, and the next window has its room again", async (t) => {
    const minute = (number: number) =>
      Array.from({ length: 300 }, (_, index) => processRow(number, BigInt(index + 1), index));
    const options = { stateBytes: 2 ** 18, whenFull: "refuse" } as const;
    const { windows, restarts, figures } = await windowed(t, process.name, [0, 2, 4, 6].map(minute), options);
    assert.equal(restarts, 0);
    const groupsOf = (number: number) =>
      new Set(
        windows
          .filter((row) => row["window_start"] === START_MS + number * MINUTE_MS)
          .map((row) => row["name_hash"]),
      ).size;
    assert.ok(groupsOf(0) > 10 && groupsOf(0) < 300, `${groupsOf(0)} groups`);
    assert.ok(groupsOf(4) > 10);
    assert.ok(figures.refused > 0);
  });
});

describe("late rows", TIMEOUT, () => {
  test("correct a window that is out as long as it is kept, and are counted after that", async (t) => {
    const house = await new WindowerHouse(folderInMemory(t), { latenessMs: MINUTE_MS }).start();
    const at = (seconds: number, value: number) => [memoryRow(START_MS + seconds * 1000, value)];
    await house.publishAll(memory.name, [
      at(1, 1),
      at(66, 1),
      at(2, 3),
      at(3, 4),
      at(127, 1),
      at(4, 9),
      at(190, 1),
    ]);
    const { late, corrections, windows: closed } = house.figures("memory_1m");
    await house.stop();
    const windows = house
      .windows(memory.name)
      .filter(({ measure }) => measure === "total_mb")
      .map(({ window_start, count, max, revision }) => [
        ((window_start as number) - START_MS) / MINUTE_MS,
        ...[count, max, revision],
      ]);
    assert.deepEqual(windows, [
      [0, 1, 1, 0],
      [0, 3, 4, 1],
      [1, 1, 1, 0],
      [2, 1, 1, 0],
    ]);
    assert.deepEqual([late, corrections, closed], [1, 1, 3]);
  });
});

describe("wrong clocks", TIMEOUT, () => {
  test("of one row, far in the future of its writing, move no window", async (t) => {
    const house = await new WindowerHouse(folderInMemory(t)).start();
    const at = (seconds: number) => [memoryRow(START_MS + seconds * 1000, 1)];
    await house.publishAll(memory.name, [at(1), at(86_400), at(2), at(66)], START_MS + 66_000);
    const { ahead, late } = house.figures("memory_1m");
    await house.stop();
    assert.deepEqual([ahead, late], [1, 0]);
    const counts = house.windows(memory.name).filter(({ measure }) => measure === "total_mb");
    assert.deepEqual(
      counts.map(({ window_start, count }) => [window_start, count]),
      [[START_MS, 2]],
    );
  });

  test("that are set back begin event time anew", async (t) => {
    const house = await new WindowerHouse(folderInMemory(t)).start();
    const hour = 3_600_000;
    const at = (ms: number) => [memoryRow(START_MS + ms, 1)];
    await house.publishAll(memory.name, [at(5 * hour), at(5 * hour + 66_000)], START_MS + 5 * hour + 66_000);
    await house.publishAll(memory.name, [at(0), at(66_000)], START_MS + 66_000);
    const { setBacks } = house.figures("memory_1m");
    await house.stop();
    assert.equal(setBacks, 1);
    const starts = house
      .windows(memory.name)
      .filter(({ measure }) => measure === "total_mb")
      .map(({ window_start }) => ((window_start as number) - START_MS) / MINUTE_MS);
    assert.deepEqual(starts, [300, 301, 0]);
  });
});

interface Windowed {
  readonly windows: readonly PlainRow[];
  readonly bytes: Buffer;
  readonly restarts: number;
  /** What the windower says of them in the end. */
  readonly figures: WindowFigures;
}

/** Publishes the batches into a house of its own, and reads what windows are stored in the end. */
async function windowed(
  t: TestContext,
  dataset: string,
  batches: readonly (readonly PlainRow[])[],
  options: WindowerHouseOptions = {},
): Promise<Windowed> {
  const house = await new WindowerHouse(folderInMemory(t), { disorderMs: DISORDER_MS, ...options }).start();
  await house.publishAll(dataset, batches);
  const restarts = house.restarts();
  const figures = house.figures(`${dataset}_1m`);
  await house.stop();
  return { windows: house.windows(dataset), bytes: house.bytes(dataset), restarts, figures };
}

function memoryRow(timeMs: number, value: number): PlainRow {
  return {
    ...{ timestamp: timeMs, total_mb: value, available_mb: value, used_percent: value },
    ...{ page_file_used_mb: value, processes_count: value },
  };
}

function processRow(minute: number, group: bigint, value: number): PlainRow {
  return {
    ...{ timestamp: START_MS + minute * MINUTE_MS, pid: 1, name_hash: group, working_set_mb: value },
    ...{ private_bytes_mb: null, cpu_percent: value, io_read_bytes: BigInt(value), io_write_bytes: null },
  };
}

/** The rows, and one much later that closes all their windows. */
function closing(
  rows: readonly PlainRow[],
  row: (timeMs: number, value: number) => PlainRow = (timeMs, value) => ({
    ...processRow(0, 1n, value),
    timestamp: timeMs,
  }),
): PlainRow[] {
  const latestMs = Math.max(...rows.map(({ timestamp }) => timestamp as number));
  return [...rows, row(latestMs + 10 * MINUTE_MS, 1)];
}

function batchesOf(rows: readonly PlainRow[], size: number): PlainRow[][] {
  return cut(rows, [size]);
}

/** Batches of these sizes in turn. */
function cut(rows: readonly PlainRow[], sizes: readonly number[]): PlainRow[][] {
  const batches: PlainRow[][] = [];
  for (let from = 0; from < rows.length; ) {
    const size = sizes[batches.length % sizes.length]!;
    batches.push(rows.slice(from, from + size));
    from += size;
  }
  return batches;
}

/** Each group, count and bound exactly; moments to 1e-9; percentiles within 1 % of the lower order statistic. */
function assertWindows(windows: readonly PlainRow[], expected: Reference, group?: string): void {
  const named = (row: PlainRow) => [
    row["window_start"],
    row["window_end"],
    group && row[group],
    row["measure"],
  ];
  assert.deepEqual(
    windows.map(named),
    expected.windows.map((window) => [window.window_start, window.window_end, window.group, window.measure]),
  );
  windows.forEach((window, index) => {
    assertFigures(window, expected.windows[index]!);
  });
}

function assertFigures(window: PlainRow, { values, measure }: ReferenceWindow): void {
  const near = (name: string, value: number, tolerance: number) => {
    const figure = window[name] as number;
    assert.ok(
      Math.abs(figure - value) <= tolerance,
      `${name} of ${measure}: expected ${value}, came ${figure}`,
    );
  };
  const largest = Math.max(...values.map(Math.abs));
  assert.equal(window["count"], values.length);
  assert.equal(window["min"], values[0]);
  assert.equal(window["max"], values.at(-1));
  near("mean", meanOf(values), 1e-9 * Math.abs(meanOf(values)) + 1e-15 * largest);
  // Values that differ by less than a double of their size can hold have no deviation that could be told.
  near("stddev", stddevOf(values), 1e-9 * stddevOf(values) + 1e-11 * largest);
  for (const [name, q] of [
    ["p50", 0.5],
    ["p90", 0.9],
    ["p95", 0.95],
    ["p99", 0.99],
  ] as const) {
    const exact = quantileOf(values, q);
    near(name, exact, 0.01 * Math.abs(exact));
  }
}

const amount = fc.oneof(
  fc.double({ min: 0, max: 1e9, noNaN: true }),
  fc.integer({ min: 0, max: 1000 }),
  fc.constantFrom(0, 1e-7, 4096, 123_456_789.125),
);
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 3 });
const bytes = fc.integer({ min: 0, max: 2 ** 50 }).map(BigInt);
const group = fc.constantFrom(1n, 2n, 3n, 2n ** 63n, 2n ** 64n - 1n);

const figures = fc.record({
  pid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  name_hash: group,
  working_set_mb: amount,
  private_bytes_mb: orNull(amount),
  cpu_percent: orNull(fc.float({ min: 0, max: 800, noNaN: true })),
  io_read_bytes: orNull(bytes),
  io_write_bytes: orNull(bytes),
});

/** Event times that move on by some seconds a row, over some minutes. */
const step = fc.integer({ min: 0, max: 6000 });
/** How far behind a row comes: mostly within what is allowed, sometimes minutes. */
const behind = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: DISORDER_MS }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 * MINUTE_MS }) },
);

function timed<Row extends object>(rows: readonly (readonly [Row, number, number])[]): PlainRow[] {
  let nowMs = START_MS;
  return rows.map(([row, stepMs, behindMs]) => {
    nowMs += stepMs;
    return { ...row, timestamp: nowMs - behindMs } as PlainRow;
  });
}

const processRows = fc
  .array(fc.tuple(figures, step, behind), { minLength: 1, maxLength: 150, size: "max" })
  .map((rows) => timed(rows));
const inOrderRows = fc
  .array(fc.tuple(figures, step, fc.constant(0)), { minLength: 1, maxLength: 100 })
  .map((rows) => timed(rows));
const optimizationRows = fc
  .array(
    fc.tuple(
      fc.record({
        before_available_mb: amount,
        after_available_mb: amount,
        freed_mb: fc.oneof(
          amount,
          amount.map((value) => -value),
        ),
        processes_trimmed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        duration_ms: fc.integer({ min: 0, max: 2 ** 53 - 1 }).map(BigInt),
      }),
      step,
      behind,
    ),
    { minLength: 1, maxLength: 150, size: "max" },
  )
  .map((rows) => timed(rows));
