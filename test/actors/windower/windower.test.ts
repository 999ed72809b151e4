/**
 * Windows are what sorting all values of each minute and group gives, whatever order and batches rows come in, and whoever
 * crashes meanwhile.
 *
 * Breaks when a window's bound is off by one, a null is counted, a group is mixed up, lateness depends on batches, a window is
 * given out before it is over or twice, or when rows read back after a crash are not those that were read before it.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync } from "node:fs";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { LaneReader } from "../../../runtime/lane/index.ts";
import { temporaryFolder } from "../../e2e/support.ts";
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
import { WindowerHouse, type WindowerHouseOptions } from "./windower-house.ts";

const SEED = 20_260_104;
/** A run takes a system of its own, and shrinking takes hundreds of them: the seed has to do. */
const PARAMETERS = { numRuns: 15, endOnFailure: true };
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
    const house = await new WindowerHouse(temporaryFolder(t), { disorderMs: DISORDER_MS }).start();
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
    const house = await new WindowerHouse(temporaryFolder(t), { nowMs: START_MS }).start();
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
      const house = await new WindowerHouse(temporaryFolder(t), { nowMs: START_MS }).start();
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

describe("a windower that crashes", TIMEOUT, () => {
  /** Where it dies, by the number of calls until then. */
  const places = ["within a row", "within a window's rows", "after publishing, before the release"] as const;

  test("at any moments gives the windows that it gives without", TIMEOUT, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        processRows,
        // Not three times: a batch that kills three times over is given up, and is in no window.
        fc.array(fc.tuple(fc.constantFrom(...places), fc.integer({ min: 1, max: 60 })), {
          minLength: 1,
          maxLength: 2,
        }),
        async (rows, crashes) => {
          const batches = batchesOf(rows, 9);
          const calm = await windowed(t, process.name, batches);
          const shaken = await windowed(t, process.name, batches, {}, (house) => crashing(house, crashes));
          assert.deepEqual(shaken.bytes, calm.bytes);
        },
      ),
      { ...PARAMETERS, seed: SEED + 4 },
    );
  });

  for (const place of places) {
    test(`${place} starts again`, async (t) => {
      const rows = [0, 1, 2, 3].flatMap((minute) => [processRow(minute, 1n, 5), processRow(minute, 2n, 6)]);
      const batches = batchesOf(rows, 2);
      const calm = await windowed(t, process.name, batches);
      let restarts = 0;
      const shaken = await windowed(
        t,
        process.name,
        batches,
        {},
        (house) => crashing(house, [[place, 1]]),
        (house) => {
          restarts = house.restarts();
        },
      );
      assert.equal(restarts, 1);
      assert.ok(calm.windows.length > 0);
      assert.deepEqual(shaken.bytes, calm.bytes);
    });
  }

  test(
    "with the whole process, at any batch, gives the windows that it gives without",
    TIMEOUT,
    async (t) => {
      await fc.assert(
        fc.asyncProperty(
          processRows,
          fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 3 }),
          async (rows, lives) => {
            const batches = batchesOf(rows, 9);
            const calm = await windowed(t, process.name, batches);
            const folder = temporaryFolder(t);
            let done = 0;
            for (const count of [...lives, batches.length]) {
              const house = await new WindowerHouse(folder).start();
              await house.publishAll(process.name, batches.slice(done, done + count));
              done += count;
              await house.stop();
            }
            const house = new WindowerHouse(folder);
            assert.deepEqual(house.messages(process.name), calm.bytes);
          },
        ),
        { ...PARAMETERS, seed: SEED + 5 },
      );
    },
  );

  test("with the process, when a part of a window was stored, stores the rest and nothing twice", async (t) => {
    const groups = 500;
    const rows = Array.from({ length: groups }, (_, index) => processRow(0, BigInt(index + 1), index));
    const batches = [...batchesOf(rows, 100), [processRow(3, 1n, 1)]];
    const folder = temporaryFolder(t);
    const house = await new WindowerHouse(folder).start();
    await house.publishAll(process.name, batches);
    const whole = house.windows(process.name);
    const messages = house.messages(process.name);
    assert.equal(messages.length, 2, "the window takes several batches");
    await house.stop();
    // As a write leaves it that was cut short: the log ends within the last of the window's batches.
    const log = `${folder}/log/${readdirSync(`${folder}/log`)[0]}`;
    truncateSync(log, readFileSync(log).lastIndexOf(tail(messages.at(-1)!)) + 8);
    const again = await new WindowerHouse(folder).start();
    assert.ok(again.windows(process.name).length < whole.length);
    await again.publishAll(process.name, [[processRow(6, 1n, 1)]]);
    await again.stop();
    const first = again.windows(process.name).filter(({ window_start }) => window_start === START_MS);
    assert.deepEqual(first, whole);
    const starts = new Set(again.windows(process.name).map(({ window_start }) => window_start));
    assert.deepEqual([...starts], [START_MS, START_MS + 3 * MINUTE_MS]);
  });
});

describe("a windower that starts", TIMEOUT, () => {
  test("waits for a recorder that is behind, not for ever, and comes back when it has caught up", async (t) => {
    const house = await new WindowerHouse(temporaryFolder(t), { nowMs: START_MS }).start();
    const { system } = house;
    await house.publishAll(memory.name, [[memoryRow(START_MS + 1000, 1)]]);
    const paused = system.command("recorder", "pause", "");
    await house.settle();
    assert.deepEqual(await paused, { ok: true });
    // Closes the window, which then waits for the recorder.
    await house.pass(130_000, 1000);
    assert.deepEqual(house.windows(memory.name), []);
    const restarted = system.command("windower", "restart", "");
    await house.pass(19_000, 1000);
    assert.equal(house.restarts(), 1);
    await house.pass(10_000, 1000);
    const refused = await restarted;
    assert.equal(refused.ok, false);
    const { lastFailure, state } = house.status();
    assert.match(lastFailure?.reason.message ?? "", /^the recorder does not store the windows/);
    assert.ok(state === "backingOff" || state === "starting");
    const resumed = system.command("recorder", "resume", "");
    await house.pass(60_000, 1000);
    assert.deepEqual(await resumed, { ok: true });
    assert.equal(house.status().state, "running");
    assert.ok(house.windows(memory.name).length > 0);
    await house.stop();
  });
});

describe("too many groups", () => {
  test("leave the rest out and keep the windower alive", async (t) => {
    // Of two slots one is kept back; the other holds the rows of some two hundred groups of five measures.
    const rows = Array.from({ length: 1000 }, (_, index) => processRow(0, BigInt(index + 1), index));
    const { windows, restarts } = await windowed(t, process.name, [rows, [processRow(3, 1n, 1)]], {
      derivedSlots: 2,
      poolBytes: 2 ** 22,
    });
    assert.equal(restarts, 0);
    const groups = new Set(windows.map((row) => row["name_hash"]));
    assert.equal(groups.size, Math.floor(1024 / 5));
    assert.ok(groups.has(1n) && !groups.has(1000n), "who came first is kept");
  });

  test("for the memory leave the rest out, and the next window has its room again", async (t) => {
    const minute = (number: number) =>
      Array.from({ length: 300 }, (_, index) => processRow(number, BigInt(index + 1), index));
    const batches = [0, 2, 4, 6].map(minute);
    const { windows, restarts } = await windowed(t, process.name, batches, { poolBytes: 2 ** 17 });
    assert.equal(restarts, 0);
    const groupsOf = (number: number) =>
      new Set(
        windows
          .filter((row) => row["window_start"] === START_MS + number * MINUTE_MS)
          .map((row) => row["name_hash"]),
      ).size;
    assert.ok(groupsOf(0) > 10 && groupsOf(0) < 300);
    // The one in between opened while there was nothing left.
    assert.deepEqual([groupsOf(2), groupsOf(4)], [0, groupsOf(0)]);
  });
});

interface Windowed {
  readonly windows: readonly PlainRow[];
  readonly bytes: readonly Buffer[];
  readonly restarts: number;
}

/** Publishes the batches into a house of its own, and reads what windows are stored in the end. */
async function windowed(
  t: TestContext,
  dataset: string,
  batches: readonly (readonly PlainRow[])[],
  options: WindowerHouseOptions = {},
  before: (house: WindowerHouse) => () => void = () => () => {},
  after: (house: WindowerHouse) => void = () => {},
): Promise<Windowed> {
  const house = await new WindowerHouse(temporaryFolder(t), { disorderMs: DISORDER_MS, ...options }).start();
  const undo = before(house);
  try {
    await house.publishAll(dataset, batches);
  } finally {
    undo();
  }
  after(house);
  const restarts = house.restarts();
  await house.stop();
  return { windows: house.windows(dataset), bytes: house.messages(dataset), restarts };
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

/** The bytes of the last column, which stand together in the log. */
function tail(columns: Buffer): Buffer {
  const rowBytes = 8 + 8 + 8 + 1 + 4 + 8 * 8;
  const rows = columns.byteLength / rowBytes;
  assert.ok(Number.isInteger(rows));
  return columns.subarray(columns.byteLength - rows * 8);
}

/**
 * Has the windower die at each place in turn, at the n-th call there since the last death.
 * @returns what lets it live again
 */
function crashing({ kernels }: WindowerHouse, crashes: readonly (readonly [string, number])[]): () => void {
  const left = [...crashes];
  let calls = 0;
  const call = (place: string) => {
    if (left[0]?.[0] !== place || ++calls < left[0][1]) return;
    left.shift();
    calls = 0;
    throw new Error("died here");
  };
  const { momentsAdd, sketchQuantiles } = kernels;
  kernels.momentsAdd = (...args) => {
    call("within a row");
    momentsAdd(...args);
  };
  kernels.sketchQuantiles = (...args) => {
    call("within a window's rows");
    sketchQuantiles(...args);
  };
  const own = Object.getOwnPropertyDescriptor(LaneReader.prototype, "release")!;
  const release = own.value as (this: LaneReader) => void;
  Object.defineProperty(LaneReader.prototype, "release", {
    ...own,
    value(this: LaneReader) {
      if (this.stage === "windower") call("after publishing, before the release");
      release.call(this);
    },
  });
  return () => Object.defineProperty(LaneReader.prototype, "release", own);
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
