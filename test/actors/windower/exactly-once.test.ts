/**
 * Whoever crashes, and wherever: the stored windows are those of a life without crashes, byte for byte and each row once.
 *
 * Breaks when a checkpoint holds half of something or is written before the log has what it counts, when a row is read back twice or
 * not at all, when what the wall clock closed is made anew another way, or when rows that were passed over come back.
 */

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import type { CheckpointDisk } from "../../../actors/windower/checkpoint-file.ts";
import { hostCheckpointDisk } from "../../../actors/windower/checkpoint-file.ts";
import type { Dataset } from "../../../datasets/define.ts";
import { windowsOf } from "../../../datasets/windows.ts";
import { LaneReader, LaneWriter } from "../../../runtime/lane/index.ts";
import { seededRandom } from "../../../runtime/random.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import type { PlainRow } from "../store/log/rows.ts";
import { cut, LABELS, START_MS, small, smallAll, smallRows } from "./small-dataset.ts";
import { folderInMemory, WindowerHouse, type WindowerHouseOptions } from "./windower-house.ts";

const OPTIONS: WindowerHouseOptions = {
  datasets: smallAll,
  disorderMs: 3000,
  latenessMs: 12_000,
  slotBytes: 2 ** 14,
  checkpointRows: 50,
};
/** Files are written and synced: a busy disk takes its time. */
const TIMEOUT = { timeout: 120_000 };
const ROWS = 200;

type Place = "row" | "window" | "publish" | "release" | "before checkpoint" | "after checkpoint";
/** At which call there it dies, each time anew: seldom more than twice within one batch, which would be given up then. */
const CALLS: Readonly<Record<Place, readonly number[]>> = {
  row: [1, 20, 3, 60, 1],
  window: [1, 20, 100, 300, 3],
  publish: [1, 5, 2, 40, 3, 17],
  release: [1, 5, 2, 3],
  "before checkpoint": [1, 5, 2, 3],
  "after checkpoint": [1, 5, 2, 3],
};
const PLACES = Object.keys(CALLS) as Place[];

describe("the windows", TIMEOUT, () => {
  test("are the same bytes however rows are cut into batches", TIMEOUT, async (t) => {
    const rows = smallRows(1, ROWS);
    const calm = await lifeOf(t, cut(rows, [64]));
    for (const label of LABELS) assert.ok(calm[label]!.byteLength > 500, `${label} has windows`);
    for (const sizes of [[7], [1, 30, 64, 2]]) {
      assertSame(await lifeOf(t, cut(rows, sizes)), calm, `batches of ${sizes}`);
    }
  });

  for (const place of PLACES) {
    test(`are the same when the windower dies at a ${place}, again and again`, TIMEOUT, async (t) => {
      const batches = cut(smallRows(2, ROWS), [16]);
      const calm = await lifeOf(t, batches);
      const crashes = new Crashes(place, CALLS[place]);
      const shaken = await lifeOf(t, batches, { disk: crashes.disk }, crashes);
      assert.ok(crashes.count > 2, `it died ${crashes.count} times`);
      assertSame(shaken, calm, place);
    });
  }

  for (const seed of [3, 4, 5]) {
    test(`are the same when the process ends at any step, seed ${seed}`, TIMEOUT, async (t) => {
      const batches = cut(smallRows(seed, ROWS), [16]);
      const calm = await lifeOf(t, batches);
      const random = seededRandom(seed);
      const folder = folderInMemory(t);
      let lives = 0;
      for (let done = 0; done < batches.length; lives++) {
        const house = await new WindowerHouse(folder, OPTIONS).start();
        done = recordedBatches(house, batches);
        for (let more = Math.floor(random() * 5); more > 0 && done < batches.length; more--, done++) {
          await house.publishAll(small.name, [batches[done]!]);
        }
        if (done >= batches.length) {
          await house.stop();
          break;
        }
        house.publish(small.name, batches[done]!);
        await house.steps(Math.floor(random() * 12));
        // And nobody takes another step.
      }
      assert.ok(lives > 2, `it had ${lives} lives`);
      assertSame(bytesOf(new WindowerHouse(folder, OPTIONS)), calm, `seed ${seed}`);
    });
  }
});

describe("windows that the wall clock closed", TIMEOUT, () => {
  const rows = [row(0, 1), row(1000, 2), row(2500, 3)];
  const later = [row(40_000, 4), row(60_000, 5), row(90_000, 6)];

  for (const dies of ["never", "before what was closed is shown", "after it was shown"] as const) {
    test(`stay closed: it dies ${dies}`, TIMEOUT, async (t) => {
      const folder = folderInMemory(t);
      const options = { ...OPTIONS, nowMs: START_MS, idleMs: 5000 };
      let house = await new WindowerHouse(folder, options).start();
      await house.publishAll(small.name, [rows]);
      const place = {
        never: "row",
        "before what was closed is shown": "publish",
        "after it was shown": "row",
      } as const;
      const crashes = new Crashes(place[dies], dies === "before what was closed is shown" ? [1, 1, 1] : []);
      crashes.arm(house);
      await house.pass(30_000, 500);
      crashes.disarm();
      assert.equal(crashes.count, dies === "before what was closed is shown" ? 3 : 0);
      if (dies === "after it was shown") {
        house = await new WindowerHouse(folder, { ...options, nowMs: START_MS + 30_000 }).start();
      }
      // Late for windows that are closed and kept no more, whoever closed them.
      await house.publishAll(small.name, [[row(2600, 9)], ...later.map((row) => [row])]);
      await house.stop();
      const windows = house.windows(small.name, "10s").filter(({ measure }) => measure === "value");
      assert.deepEqual(
        windows.map(({ window_start, count, revision }) => [
          ((window_start as number) - START_MS) / 1000,
          ...[count, revision],
        ]),
        [
          [0, 3, 0],
          [0, 4, 1],
          [40, 1, 0],
          [60, 1, 0],
        ],
      );
    });
  }
});

describe("a checkpoint", TIMEOUT, () => {
  test("is small, and written when the windower stops", async (t) => {
    const folder = folderInMemory(t);
    const house = await new WindowerHouse(folder, { ...OPTIONS, checkpointRows: 1e9 }).start();
    await house.publishAll(small.name, cut(smallRows(7, 200), [20]));
    assert.equal(house.figures("small_10s").readFrom, 1, "that of the start, before any row");
    await house.stop();
    assert.equal(house.figures("small_10s").readFrom, 201);
    for (const label of LABELS) {
      const { size, mode } = statSync(pathOf(folder, label));
      assert.ok(size < 20_000, `${label}: ${size} bytes`);
      assert.equal(mode & 0o777, 0o600);
    }
  });

  test("is not written before the log has all that it counts", async (t) => {
    const house = await new WindowerHouse(folderInMemory(t), OPTIONS).start();
    await house.publishAll(small.name, cut(smallRows(8, 100), [20]));
    const { readFrom } = house.figures("small_10s");
    assert.ok(readFrom > 1);
    const paused = house.system.command("recorder", "pause", "");
    await house.settle();
    assert.deepEqual(await paused, { ok: true });
    await house.pass(3_600_000, 60_000);
    assert.ok(house.figures("small_10s").readFrom <= 101);
    await house.stop();
  });

  test("that a disk refuses is tried again, and the windows go on", async (t) => {
    let refused = 0;
    const disk: CheckpointDisk = {
      replaceFile(path, bytes) {
        if (refused++ < 30) throw Object.assign(new Error("no room"), { code: "ENOSPC" });
        hostCheckpointDisk.replaceFile(path, bytes);
      },
    };
    const batches = cut(smallRows(9, ROWS), [16]);
    const calm = await lifeOf(t, batches);
    const house = await new WindowerHouse(folderInMemory(t), { ...OPTIONS, disk }).start();
    await house.publishAll(small.name, batches);
    assert.ok(refused <= 30, `refused ${refused} times`);
    await house.pass(120_000, 5000);
    assert.ok(refused > 30);
    assert.ok(house.figures("small_10s").readFrom > 1);
    await house.stop();
    assertSame(bytesOf(house), calm, "a disk that refuses");
  });

  for (const [what, spoil] of [
    ["is gone", (path: string) => writeFileSync(path, "")],
    [
      "is damaged",
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[bytes.byteLength - 3]! ^= 1;
        writeFileSync(path, bytes);
      },
    ],
  ] as const) {
    test(`that ${what} is not used: windows begin anew after the last that is stored`, async (t) => {
      const folder = folderInMemory(t);
      const rows = [0, 4000, 12_000, 25_000, 31_000].map((ms) => row(ms, 1));
      const first = await new WindowerHouse(folder, OPTIONS).start();
      await first.publishAll(small.name, [rows]);
      await first.stop();
      const before = first.windows(small.name, "10s");
      spoil(pathOf(folder, "10s"));
      const house = await new WindowerHouse(folder, OPTIONS).start();
      await house.publishAll(small.name, [[row(34_000, 1)], [row(60_000, 1)]]);
      await house.stop();
      const windows = house.windows(small.name, "10s");
      assert.deepEqual(windows.slice(0, before.length), before);
      assert.deepEqual(
        windows
          .filter(({ measure }) => measure === "value")
          .map(({ window_start, count, revision }) => [
            ((window_start as number) - START_MS) / 1000,
            ...[count, revision],
          ]),
        [
          [0, 2, 0],
          [10, 1, 0],
          [20, 1, 0],
          [30, 2, 0],
        ],
      );
    });
  }

  test("of windows that were declared otherwise is not used", async (t) => {
    const folder = folderInMemory(t);
    const first = await new WindowerHouse(folder, OPTIONS).start();
    await first.publishAll(small.name, [[row(0, 1), row(12_000, 1), row(17_000, 1)]]);
    await first.stop();
    const changed: Dataset = {
      ...small,
      windows: (small.windows ?? []).map((by) =>
        by.label === "10s" ? { ...by, shape: { kind: "tumbling", lengthMs: 20_000 } } : by,
      ),
    };
    const house = await new WindowerHouse(folder, {
      ...OPTIONS,
      datasets: [changed, ...windowsOf(changed)],
    }).start();
    await house.publishAll(small.name, [[row(43_000, 1)], [row(70_000, 1)]]);
    await house.stop();
    const counts = house
      .windows(small.name, "10s")
      .filter(({ measure }) => measure === "value")
      .map(({ window_start, window_end, count }) => [
        (window_start as number) - START_MS,
        (window_end as number) - START_MS,
        count,
      ]);
    // What would begin with a window that is out is left out with it.
    assert.deepEqual(counts, [
      [0, 10_000, 1],
      [40_000, 60_000, 1],
    ]);
  });

  test("outlives other rules: windows go on where they were", async (t) => {
    const folder = folderInMemory(t);
    const rows = smallRows(10, 400);
    const halves = [rows.slice(0, 200), rows.slice(200)];
    const house = await new WindowerHouse(folder, OPTIONS).start();
    await house.publishAll(small.name, cut(halves[0]!, [16]));
    // No step of the recorder since: what was made may not be in the log.
    const rules = { disorderMs: 5000, latenessMs: 4000, maxGroups: 3 };
    const other = await new WindowerHouse(folder, { ...OPTIONS, ...rules }).start();
    await other.publishAll(small.name, cut(halves[1]!, [16]));
    await other.stop();
    for (const label of LABELS) assertNumbered(other.windows(small.name, label), label);
    assert.ok(other.figures("small_10s").other > 0, "a fourth group has no room any more");
  });

  test("of a log that has lost its end is not used", async (t) => {
    const folder = folderInMemory(t);
    const first = await new WindowerHouse(folder, OPTIONS).start();
    await first.publishAll(small.name, [[row(0, 1)]]);
    await first.stop();
    const log = `${folder}/log/00000001.log`;
    copyFileSync(log, `${folder}/copy`);
    const second = await new WindowerHouse(folder, OPTIONS).start();
    await second.publishAll(small.name, [[row(1000, 1), row(14_000, 1)]]);
    await second.stop();
    copyFileSync(`${folder}/copy`, log);
    const third = await new WindowerHouse(folder, OPTIONS).start();
    await third.publishAll(small.name, [[row(2000, 1)], [row(14_000, 1)]]);
    await third.stop();
    const counts = third.windows(small.name, "10s").filter(({ measure }) => measure === "value");
    assert.deepEqual(
      counts.map(({ count }) => count),
      [2],
    );
  });
});

describe("a batch that brings the windower down", TIMEOUT, () => {
  test("is passed over, also by who reads the log back", async (t) => {
    const folder = folderInMemory(t);
    const batches = cut(smallRows(11, ROWS), [16]);
    const poison = 12;
    const calm = await lifeOf(
      t,
      batches.filter((_, index) => index !== poison),
    );
    const house = await new WindowerHouse(folder, OPTIONS).start();
    await house.publishAll(small.name, batches.slice(0, poison));
    const crashes = new Crashes("row", [1, 1, 1], batches[poison]![0]!["at"] as number);
    crashes.arm(house);
    await house.publishAll(small.name, [batches[poison]!]);
    crashes.disarm();
    assert.equal(crashes.count, 3);
    assert.equal(house.system.status().deadLetters.count, 1);
    await house.publishAll(small.name, batches.slice(poison + 1, poison + 3));
    const again = await new WindowerHouse(folder, OPTIONS).start();
    await again.publishAll(small.name, batches.slice(poison + 3));
    await again.stop();
    assertSame(bytesOf(again), calm, "without the batch");
  });

  test("is passed over when it was never met but in the log", async (t) => {
    const folder = folderInMemory(t);
    const rows = [[row(0, 1)], [row(1000, 2)], [row(2000, 3)]];
    const first = await new WindowerHouse(folder, { ...OPTIONS, checkpointRows: 1e9 }).start();
    await first.publishAll(small.name, rows);
    // A start that is refused is the end of the system; it is begun again, as who runs it would.
    const crashes = new Crashes("row", [1, 1, 1]);
    for (let refused = 0; refused < 3; refused++) {
      const house = new WindowerHouse(folder, OPTIONS);
      crashes.arm(house);
      await assert.rejects(house.start(), /an operator failed: died here/);
      crashes.disarm();
    }
    const house = await new WindowerHouse(folder, OPTIONS).start();
    await house.publishAll(small.name, [[row(14_000, 1)]]);
    await house.stop();
    const counts = house.windows(small.name, "10s").filter(({ measure }) => measure === "value");
    assert.deepEqual(
      counts.map(({ count }) => count),
      [2],
    );
  });
});

type Bytes = Readonly<Record<string, Buffer>>;

/** What is stored in the end of a life with these batches. */
async function lifeOf(
  t: TestContext,
  batches: readonly (readonly PlainRow[])[],
  more: WindowerHouseOptions = {},
  crashes?: Crashes,
): Promise<Bytes> {
  const house = await new WindowerHouse(folderInMemory(t), { ...OPTIONS, ...more }).start();
  crashes?.arm(house);
  try {
    await house.publishAll(small.name, batches);
  } finally {
    crashes?.disarm();
  }
  await house.stop();
  return bytesOf(house);
}

function bytesOf(house: WindowerHouse): Bytes {
  return Object.fromEntries(LABELS.map((label) => [label, house.bytes(small.name, label)]));
}

function assertSame(some: Bytes, expected: Bytes, what: string): void {
  for (const label of LABELS) {
    assert.ok(some[label]!.equals(expected[label]!), `${label} has other rows: ${what}`);
  }
}

/** Each row of a window and group is there once in each of its revisions, and these grow. */
function assertNumbered(rows: readonly PlainRow[], label: string): void {
  const seen = new Map<string, number>();
  for (const { window_start, who, measure, column, rank, revision } of rows) {
    const key = [window_start, who, measure, column, rank].join(" ");
    assert.ok((revision as number) > (seen.get(key) ?? -1), `${label}: ${key} comes again as ${revision}`);
    seen.set(key, revision as number);
  }
}

function recordedBatches(house: WindowerHouse, batches: readonly (readonly PlainRow[])[]): number {
  let rows = house.stored(small.name);
  let count = 0;
  while (rows > 0) rows -= batches[count++]!.length;
  return count;
}

function row(ms: number, value: number): PlainRow {
  return { at: START_MS + ms, who: 1, what: "a", value, weight: 1 };
}

function pathOf(folder: string, label: string): string {
  return `${folder}/windows/${small.name}_${label}.checkpoint`;
}

/** Has the windower die at a place, each time at the n-th call there since the last death. */
class Crashes {
  count = 0;
  readonly #place: Place;
  readonly #left: number[];
  readonly #onlyMs: number | undefined;
  #isArmed = false;
  #calls = 0;
  #undo: () => void = () => {};

  /** @param onlyMs event time of the first row of the batch that it dies of; default: any */
  constructor(place: Place, calls: readonly number[], onlyMs?: number) {
    this.#onlyMs = onlyMs;
    this.#place = place;
    this.#left = [...calls];
  }

  readonly disk: CheckpointDisk = {
    replaceFile: (path, bytes) => {
      this.#call("before checkpoint");
      hostCheckpointDisk.replaceFile(path, bytes);
      this.#call("after checkpoint");
    },
  };

  arm({ kernels }: WindowerHouse): void {
    this.#isArmed = true;
    const { timesWithin, momentsMean } = kernels;
    kernels.timesWithin = (...args) => {
      const firstMs = Number(new BigInt64Array(kernels.memory.buffer, args[0], 1)[0]);
      if (this.#onlyMs === undefined || firstMs === this.#onlyMs) this.#call("row");
      return timesWithin(...args);
    };
    kernels.momentsMean = (...args) => {
      this.#call("window");
      return momentsMean(...args);
    };
    const release = LaneReader.prototype.release;
    const publish = LaneWriter.prototype.publish;
    const crashes = this;
    LaneReader.prototype.release = function (this: LaneReader) {
      if (this.stage === "windower") crashes.#call("release");
      release.call(this);
    };
    LaneWriter.prototype.publish = function (this: LaneWriter) {
      if (this.spec.name !== small.name) crashes.#call("publish");
      publish.call(this);
    };
    this.#undo = () => {
      Object.assign(kernels, { timesWithin, momentsMean });
      LaneReader.prototype.release = release;
      LaneWriter.prototype.publish = publish;
    };
  }

  disarm(): void {
    this.#isArmed = false;
    this.#undo();
  }

  #call(place: Place): void {
    const at = this.#left[0];
    if (!this.#isArmed || place !== this.#place || at === undefined || ++this.#calls < at) return;
    this.#left.shift();
    this.#calls = 0;
    this.count++;
    throw new Error("died here");
  }
}
