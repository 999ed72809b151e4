/** What a round moves, and that every row is in one place and only there. */

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Dataset } from "../../../datasets/define.ts";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { seededRandom } from "../../../runtime/random.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { HOUR, KeptStore, type KeptStoreOptions, MINUTE, START, times } from "./kept-store.ts";

const kept = (
  t: { after(fn: () => void): void },
  options: KeptStoreOptions = {},
  datasets = [memory, process, optimization],
) => {
  const store = new KeptStore(datasets, options);
  t.after(() => store.remove());
  return store;
};

const hours = (store: KeptStore, dataset: Dataset = memory) =>
  store.lake(dataset).files.map(({ hourMs, rows }) => [(hourMs - START) / HOUR, rows]);

describe("a round", () => {
  test("moves the hours that are over, to the millisecond, and leaves the others in the log", (t) => {
    const store = kept(t);
    store.append(memory, [START, START + HOUR - 1, START + HOUR, START + 2 * HOUR - 1]);
    store.clock.advance(HOUR + 5 * MINUTE - 1);
    store.round();
    assert.deepEqual(hours(store), []);
    store.clock.advance(1);
    assert.deepEqual(store.round(), { files: 1, rows: 2 });
    assert.deepEqual(hours(store), [[0, 2]]);
    const [file] = store.lake(memory).files;
    assert.equal(file?.path, "memory/date=2026-01-01/hour=00/0000000000000002.parquet");
    assert.deepEqual([file?.minTimeMs, file?.maxTimeMs], [START, START + HOUR - 1]);
    assert.deepEqual(store.lake(memory).compacted, { before: 2, hourMs: START + HOUR, hourBefore: 4 });
    store.assertWhole();
  });

  test("does nothing for a dataset without rows, and nothing at all twice in an hour", (t) => {
    const store = kept(t);
    store.append(memory, times(10, START, 1000));
    store.clock.advance(2 * HOUR);
    store.round();
    const { revision } = store.store.manifest;
    assert.deepEqual(Object.keys(store.store.manifest.datasets), ["memory"]);
    store.append(memory, times(10, START + HOUR, 1000));
    store.clock.advance(MINUTE);
    assert.deepEqual(store.round(), { files: 0, rows: 0 });
    assert.equal(store.store.manifest.revision, revision);
    store.assertWhole();
  });

  test("removes a segment when the lake has all its rows, and not before", (t) => {
    const store = kept(t);
    store.append(memory, times(30, START, 2 * MINUTE));
    store.append(process, [START, START + HOUR + 1]);
    store.clock.advance(HOUR + 6 * MINUTE);
    store.round();
    store.settle();
    assert.deepEqual(store.segments(), ["00000001.log", "00000002.log"]);
    store.append(memory, times(30, START + HOUR, 2 * MINUTE));
    store.clock.advance(HOUR);
    store.round();
    store.settle();
    assert.deepEqual(store.segments(), ["00000003.log"]);
    assert.deepEqual(hours(store), [
      [0, 30],
      [1, 30],
    ]);
    assert.deepEqual(hours(store, process), [
      [0, 1],
      [1, 1],
    ]);
    store.assertWhole();
  });

  test("puts rows that came late into one more file of their hour", (t) => {
    const store = kept(t);
    store.append(memory, times(5, START, 1000));
    store.clock.advance(HOUR + 5 * MINUTE);
    store.round();
    store.append(memory, [START + HOUR, START + 7, START + 8, START + HOUR + 1]);
    store.clock.advance(HOUR);
    store.round();
    assert.deepEqual(hours(store), [
      [0, 5],
      [0, 2],
      [1, 2],
    ]);
    assert.equal(
      store.lake(memory).files[1]?.path,
      "memory/date=2026-01-01/hour=00/0000000000000008.parquet",
    );
    store.assertWhole();
  });

  test("keeps rows of the future in the log, until their segment is old", (t) => {
    const store = kept(t);
    const far = START + 1000 * HOUR;
    store.append(memory, [START, far, START + 1]);
    store.clock.advance(2 * HOUR);
    store.round();
    assert.deepEqual(hours(store), [[0, 2]]);
    assert.deepEqual(store.lake(memory).compacted.before, 1);
    store.clock.advance(4 * HOUR - 1);
    store.round();
    assert.deepEqual(hours(store), [[0, 2]]);
    store.clock.advance(1);
    store.round();
    assert.deepEqual(hours(store), [
      [0, 2],
      [1000, 1],
    ]);
    store.settle();
    assert.deepEqual(store.segments(), ["00000002.log"]);
    store.assertWhole();
    // And another of that hour, which is over when its time has come.
    store.append(memory, [far + 1]);
    store.clock.advance(1002 * HOUR);
    store.round();
    assert.deepEqual(hours(store), [
      [0, 2],
      [1000, 1],
      [1000, 1],
    ]);
    store.assertWhole();
  });

  test("takes everything when it is asked to", (t) => {
    const store = kept(t);
    store.append(memory, [START, START + 5 * HOUR]);
    store.append(optimization, [START + 1]);
    assert.deepEqual(store.round(true), { files: 3, rows: 3 });
    assert.deepEqual(store.lake(memory).compacted.before, 2);
    store.settle();
    assert.deepEqual(store.segments(), ["00000002.log"]);
    store.assertWhole();
  });

  test("goes on although a clock that was far ahead has been set right", (t) => {
    const store = kept(t);
    store.append(memory, [START]);
    store.clock.jumpWall(1000 * 24 * HOUR);
    store.round();
    store.clock.jumpWall(-1000 * 24 * HOUR);
    for (let hour = 0; hour < 3; hour++) {
      store.append(memory, times(4, START + hour * HOUR + MINUTE, 10 * MINUTE));
      store.clock.advance(HOUR + 5 * MINUTE);
      store.round();
    }
    assert.deepEqual(
      hours(store),
      [
        [0, 1],
        [0, 4],
        [1, 4],
        [2, 4],
      ].slice(0, hours(store).length),
    );
    assert.equal(hours(store).length, 4);
    store.assertWhole();
  });

  test("writes a backfill over hundreds of hours, some at a time", (t) => {
    const store = kept(t, { segmentBytes: 2 ** 14 });
    const random = seededRandom(7);
    for (let batch = 0; batch < 20; batch++) {
      store.append(
        memory,
        Array.from({ length: 64 }, () => START - Math.floor(random() * 300) * HOUR + batch),
      );
    }
    store.clock.advance(MINUTE);
    store.round(true);
    assert.ok(hours(store).length > 250);
    assert.deepEqual(
      hours(store),
      [...hours(store)].sort((a, b) => a[0]! - b[0]!),
    );
    store.assertWhole();
    store.settle();
    store.assertWhole();
  });

  test("takes a row group after the other from an hour of many rows", (t) => {
    const store = kept(t, { segmentBytes: 2 ** 26 }, [memory]);
    for (let batch = 0; batch < 35; batch++) {
      store.append(memory, times(2000, START + batch * 2000, 1));
    }
    store.clock.advance(2 * HOUR);
    assert.deepEqual(store.round(), { files: 1, rows: 70_000 });
    store.assertWhole();
  });

  test("counts numbers that were given to no row as nothing", (t) => {
    const store = kept(t, {}, [memory]);
    store.store.skip(memory, 3);
    store.append(memory, [START]);
    store.store.skip(memory, 5);
    store.clock.advance(2 * HOUR);
    store.round();
    store.settle();
    assert.deepEqual(store.segments(), ["00000002.log"]);
    store.assertWhole();
  });

  test("leaves segments that a windower would read again", (t) => {
    const store = kept(t, {}, [memory]);
    store.append(memory, times(10, START, 1000));
    store.readFrom = 9;
    store.clock.advance(2 * HOUR);
    store.round();
    store.settle();
    assert.equal(store.segments().length, 2);
    store.assertWhole();
    store.readFrom = 10;
    store.settle();
    assert.deepEqual(store.segments(), ["00000002.log"]);
  });

  test("does not leave them when the log is too large", (t) => {
    for (const [logBytes, left] of [
      [2 ** 30, 2],
      [1, 1],
    ] as const) {
      const store = kept(t, { rules: { logBytes } }, [memory]);
      store.append(memory, times(10, START, 1000));
      store.readFrom = 0;
      store.clock.advance(24 * HOUR);
      store.round();
      store.settle();
      assert.equal(store.segments().length, left);
      store.assertWhole();
    }
  });
});

describe("a damaged segment", () => {
  /** Three segments of ten rows, of which the second is damaged. */
  const damaged = (t: { after(fn: () => void): void }, at: (bytes: Buffer) => number) => {
    const store = kept(t, {}, [memory]);
    for (let segment = 0; segment < 3; segment++) {
      for (const half of [0, 5]) store.append(memory, times(5, START + segment * MINUTE + half, 1));
      store.store.log.roll();
    }
    const path = store.store.at.path("00000002.log");
    const bytes = readFileSync(path);
    const place = at(bytes);
    bytes[place] = bytes[place]! ^ 0xff;
    writeFileSync(path, bytes);
    store.clock.advance(2 * HOUR);
    return store;
  };

  test("gives what of it can be read; the rest is counted as lost, and the segment set aside", (t) => {
    const store = damaged(t, (bytes) => bytes.byteLength - 20);
    store.round();
    store.settle();
    assert.deepEqual([hours(store), store.lake(memory).lost], [[[0, 25]], 5]);
    assert.deepEqual(store.segments(), ["00000004.log"]);
    assert.ok(readFileSync(store.store.at.path("aside/00000002.log")).byteLength > 0);
    assert.equal(store.errors.length, 2);
    store.assertWhole((_, row) => {
      const timeMs = Number(row["timestamp"]);
      return timeMs >= START + MINUTE + 5 && timeMs < START + 2 * MINUTE;
    });
  });

  test("is lost whole when its head is damaged", (t) => {
    const store = damaged(t, () => 60);
    store.round();
    store.settle();
    assert.deepEqual([hours(store), store.lake(memory).lost], [[[0, 20]], 10]);
    assert.deepEqual(store.segments(), ["00000004.log"]);
    store.assertConserved(memory);
  });

  test("that is gone is counted as lost, once", (t) => {
    const store = damaged(t, () => 60);
    rmSync(store.store.at.path("00000002.log"));
    for (let round = 0; round < 3; round++) {
      store.round();
      assert.equal(store.lake(memory).lost, 10);
      store.clock.advance(HOUR);
      store.append(memory, [START + (round + 3) * HOUR]);
    }
    store.assertConserved(memory);
  });

  test("counts to the size of the log when it is aside", (t) => {
    const store = damaged(t, () => 60);
    store.round();
    store.settle();
    store.rules = { ...store.rules, logBytes: 10 };
    store.restart();
    store.settle();
    assert.throws(() => readFileSync(store.store.at.path("aside/00000002.log")), { code: "ENOENT" });
  });
});

describe("a store from before there was a lake", () => {
  test("counts what its log had lost by then as expired", (t) => {
    const store = kept(t, {}, [memory]);
    for (let segment = 0; segment < 3; segment++) {
      store.append(memory, times(10, START + segment * MINUTE, 1));
      store.store.log.roll();
    }
    rmSync(store.store.at.path("00000001.log"));
    store.clock.advance(2 * HOUR);
    store.round();
    assert.deepEqual([store.lake(memory).expired, store.lake(memory).lost], [10, 0]);
    store.assertConserved(memory);
  });
});

describe("any order of things", () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    test(`leaves every row in one place (seed ${seed})`, (t) => {
      const store = kept(t, { seed, segmentBytes: seed % 2 === 0 ? 2 ** 12 : 2 ** 20 });
      const random = seededRandom(seed);
      const pick = (most: number) => Math.floor(random() * most);
      for (let turn = 0; turn < 60; turn++) {
        const dataset = store.datasets[pick(store.datasets.length)]!;
        const now = store.clock.nowMs();
        const spread = [MINUTE, HOUR, 5 * HOUR, 30 * HOUR][pick(4)]!;
        const ahead = pick(6) === 0 ? 3 * HOUR : 0;
        store.append(
          dataset,
          Array.from({ length: 1 + pick(20) }, () => now + ahead - pick(spread)),
        );
        if (pick(3) === 0) store.clock.advance(pick(2 * HOUR));
        if (pick(4) === 0) store.round(pick(10) === 0);
        if (pick(12) === 0) store.restart();
        if (pick(10) === 0) store.assertWhole();
      }
      store.settle();
      store.assertWhole();
    });
  }
});
