/** What goes and what stays: by age, by size, and never while it is read. Files put together stay the same rows. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Holds } from "../../../actors/keeper/holds.ts";
import { HOLD_MS } from "../../../actors/keeper/protocol.ts";
import { expiredFiles } from "../../../actors/keeper/retention.ts";
import type { LakeDisk } from "../../../actors/store/lake/lake-disk.ts";
import { type LakeFile, lakeFolder } from "../../../actors/store/lake/manifest.ts";
import { parquetCodec } from "../../../actors/store/lake/parquet-codec.ts";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { describe, test } from "../../fixtures/flat-test.ts";
import { HOUR, hastyLakeDisk, KeptStore, type KeptStoreOptions, MINUTE, START, times } from "./kept-store.ts";

const kept = (
  t: { after(fn: () => void): void },
  options: KeptStoreOptions = {},
  datasets = [memory, process, optimization],
) => {
  const store = new KeptStore(datasets, options);
  t.after(() => store.remove());
  return store;
};

const file = (hour: number, bytes: number): LakeFile => ({
  path: `${hour}`,
  rows: 1,
  bytes,
  minTimeMs: hour * HOUR,
  maxTimeMs: hour * HOUR,
  hourMs: hour * HOUR,
});

describe("files whose time is over", () => {
  const files = [file(0, 10), file(1, 20), file(1, 5), file(2, 30)];
  const gone = (nowMs: number, keepMs: number, maxBytes: number) =>
    expiredFiles(files, nowMs, { keepMs, maxBytes }).length;
  const far = 1000 * HOUR;
  test("are those of hours that ended long enough ago", () => {
    assert.equal(gone(11 * HOUR - 1, 10 * HOUR, 1000), 0);
    assert.equal(gone(11 * HOUR, 10 * HOUR, 1000), 1);
    assert.equal(gone(12 * HOUR, 10 * HOUR, 1000), 3);
    assert.equal(gone(13 * HOUR, 10 * HOUR, 1000), 4);
  });
  test("are the oldest, until the rest is small enough", () => {
    for (const [maxBytes, count] of [
      [65, 0],
      [64, 1],
      [55, 1],
      [54, 2],
      [34, 3],
      [30, 3],
      [29, 4],
    ] as const) {
      assert.equal(gone(0, far, maxBytes), count, `${maxBytes} bytes`);
    }
  });
});

describe("retention", () => {
  test("takes whole hours out, counts their rows, and removes files and folders", (t) => {
    const keep = { memory: { keepMs: 24 * HOUR, maxBytes: 2 ** 30 } };
    const store = kept(t, { rules: { keep } });
    store.append(memory, [START, START + 1, START + HOUR, START + 30 * HOUR]);
    store.append(process, [START]);
    store.round(true);
    store.clock.advance(25 * HOUR - 1);
    store.round();
    assert.equal(store.lake(memory).expired, 0);
    store.clock.advance(1);
    store.round();
    assert.equal(store.lake(memory).expired, 2);
    store.settle();
    assert.deepEqual(store.filesOnDisk(), [
      "memory/date=2026-01-01/hour=01/0000000000000003.parquet",
      "memory/date=2026-01-02/hour=06/0000000000000004.parquet",
      "process/date=2026-01-01/hour=00/0000000000000001.parquet",
    ]);
    assert.ok(!store.foldersOnDisk().includes("memory/date=2026-01-01/hour=00"));
    store.assertWhole((dataset, row) => dataset === memory && Number(row["timestamp"]) < START + HOUR);
    store.clock.advance(HOUR);
    store.round();
    store.settle();
    assert.ok(!store.foldersOnDisk().includes("memory/date=2026-01-01"));
    // A row that comes later than it is kept goes the same way.
    store.append(memory, [START]);
    store.clock.advance(HOUR);
    store.round();
    assert.equal(store.lake(memory).expired, 4);
    store.assertConserved(memory);
  });

  test("bounds the size of a dataset's files", (t) => {
    const store = kept(t);
    for (let hour = 0; hour < 4; hour++) store.append(memory, times(10, START + hour * HOUR, 1));
    store.round(true);
    const [, , third, last] = store.lake(memory).files;
    const maxBytes = third!.bytes + last!.bytes;
    store.rules = { ...store.rules, keep: { memory: { keepMs: 1000 * HOUR, maxBytes } } };
    store.restart();
    store.round();
    assert.deepEqual(store.lake(memory).files, [third, last]);
    assert.equal(store.lake(memory).expired, 20);
  });
});

describe("an hour of many files", () => {
  const late = (t: { after(fn: () => void): void }, options: KeptStoreOptions, files: number) => {
    const store = kept(t, options, [optimization]);
    for (let round = 0; round < files; round++) {
      store.append(optimization, [START + round, START + 5 * HOUR + round]);
      store.round(true);
    }
    return store;
  };

  test("is put together when it has eight, in the order they were written", (t) => {
    const store = late(t, { codec: parquetCodec }, 7);
    assert.equal(store.lake(optimization).files.length, 14);
    store.append(optimization, [START + 7]);
    store.round(true);
    const { files } = store.lake(optimization);
    assert.deepEqual([files.length, files[0]?.rows], [8, 8]);
    assert.equal(files[0]?.path, "optimization/date=2026-01-01/hour=00/0000000000000015-1.parquet");
    assert.deepEqual([files[0]?.minTimeMs, files[0]?.maxTimeMs], [START, START + 7]);
    assert.deepEqual(
      store.store.read(optimization, { toMs: START + HOUR }).map(({ timestamp }) => timestamp),
      times(8, START, 1),
    );
    store.assertWhole();
    store.settle();
    assert.equal(store.filesOnDisk().length, 8);
    store.assertWhole();
  });

  test("is put together again, under a name that no file had", (t) => {
    const store = late(t, {}, 22);
    const [first] = store.lake(optimization).files;
    assert.equal(first?.path, "optimization/date=2026-01-01/hour=00/0000000000000043-3.parquet");
    assert.equal(first?.rows, 22);
    store.settle();
    store.assertWhole();
  });

  test("stays as it is when one of them cannot be read, and is not tried for ever", (t) => {
    const store = late(t, {}, 7);
    const [first] = store.lake(optimization).files;
    writeFileSync(join(lakeFolder(store.store.at.dataFolder), first!.path), "PAR1 and nothing else");
    store.append(optimization, [START + 7]);
    for (let round = 0; round < 3; round++) {
      store.append(optimization, [START + 10 * HOUR]);
      store.round(true);
    }
    assert.equal(store.lake(optimization).files.filter(({ hourMs }) => hourMs === START).length, 8);
    assert.equal(store.errors.length, 1);
    store.settle();
    assert.deepEqual(
      store.filesOnDisk(),
      store
        .lake(optimization)
        .files.map(({ path }) => path)
        .sort(),
    );
  });
});

describe("who holds the store", () => {
  test("keeps what was there when it came, and only that", (t) => {
    const store = kept(t, {}, [memory]);
    store.clock.advance(2 * HOLD_MS);
    const now = () => store.clock.monotonicMs();
    store.append(memory, [START]);
    store.holds.hold("early", now());
    store.round(true);
    store.round();
    assert.equal(store.segments().length, 2);
    store.holds.hold("late", now());
    store.holds.release("early");
    store.round();
    assert.equal(store.segments().length, 1);
    store.append(memory, [START + 1]);
    store.round(true);
    store.round();
    assert.equal(store.segments().length, 2);
    // Says so again before its time is over, and then does not.
    store.clock.advance(HOLD_MS - 1);
    store.holds.hold("late", now());
    store.clock.advance(HOLD_MS - 1);
    store.round();
    assert.equal(store.segments().length, 2);
    store.clock.advance(1);
    store.round();
    assert.equal(store.segments().length, 1);
  });

  test("keeps a file that the manifest lists no more", (t) => {
    const keep = { memory: { keepMs: 24 * HOUR, maxBytes: 2 ** 30 } };
    const store = kept(t, { rules: { keep } }, [memory]);
    store.append(memory, [START]);
    store.round(true);
    store.clock.advance(30 * HOUR);
    store.holds.hold("reader", store.clock.monotonicMs());
    store.round();
    store.round();
    assert.equal(store.lake(memory).files.length, 0);
    assert.equal(store.filesOnDisk().length, 1);
    store.holds.release("reader");
    store.round();
    assert.equal(store.filesOnDisk().length, 0);
  });

  test("is asked to come again after a restart: for a time nothing goes", (t) => {
    const store = kept(t, {}, [memory]);
    store.append(memory, [START]);
    store.round(true);
    store.restart();
    store.round();
    store.clock.advance(HOLD_MS - 1);
    // It may have come long before, and only says so again.
    store.holds.hold("reader", store.clock.monotonicMs());
    store.round();
    store.clock.advance(2);
    store.round();
    assert.equal(store.segments().length, 2);
    store.holds.release("reader");
    store.round();
    assert.equal(store.segments().length, 1);
  });

  test("is one of as many as there may be", () => {
    const holds = new Holds(0);
    assert.ok(holds.tryHold("a", 0, 2));
    assert.ok(holds.tryHold("b", 10, 2));
    assert.ok(!holds.tryHold("c", 20, 2));
    assert.ok(holds.tryHold("a", 20, 2));
    assert.ok(!holds.tryHold("c", HOLD_MS, 2));
    assert.ok(holds.tryHold("c", HOLD_MS + 10, 2));
  });
});

describe("what a crash left", () => {
  test("is removed: parts at once, files when nobody can be reading them", (t) => {
    const store = kept(t, {}, [memory]);
    store.append(memory, [START]);
    store.round(true);
    store.settle();
    const lake = lakeFolder(store.store.at.dataFolder);
    const [listed] = store.filesOnDisk();
    const write = (path: string) => {
      mkdirSync(join(lake, path, ".."), { recursive: true });
      writeFileSync(join(lake, path), "left over");
    };
    const foreign = "memory/date=2026-01-01/hour=00/notes.txt";
    write("memory/date=2026-01-01/hour=00/new.part");
    write("memory/date=2026-01-01/hour=00/0000000000000009.parquet");
    write("process/date=2025-01-01/hour=00/0000000000000009.parquet");
    write("manifest.json.part");
    write(foreign);
    mkdirSync(join(lake, "memory/date=2024-01-01/hour=05"), { recursive: true });
    store.restart();
    store.round();
    assert.ok(!store.filesOnDisk().some((path) => path.endsWith(".part")));
    assert.equal(store.filesOnDisk().length, 4);
    store.settle();
    assert.deepEqual(store.filesOnDisk(), [listed, foreign]);
    assert.ok(!store.foldersOnDisk().some((path) => /2024|2025/.test(path)));
  });

  test("is not removed when it has been written anew meanwhile", (t) => {
    const store = kept(t, {}, [memory]);
    const lake = lakeFolder(store.store.at.dataFolder);
    const path = "memory/date=2026-01-01/hour=00/0000000000000001.parquet";
    mkdirSync(join(lake, path, ".."), { recursive: true });
    writeFileSync(join(lake, path), "left over");
    store.append(memory, [START]);
    store.round();
    store.round(true);
    assert.equal(store.lake(memory).files[0]?.path, path);
    store.settle();
    store.assertWhole();
  });
});

describe("a log that is too large", () => {
  test("is moved into the lake before its time", (t) => {
    const store = kept(t, { rules: { logBytes: 2 ** 14 }, segmentBytes: 2 ** 12 }, [memory]);
    for (let batch = 0; batch < 20; batch++) store.append(memory, times(60, START + batch * 60, 1));
    store.clock.advance(MINUTE);
    store.round();
    assert.ok(store.lake(memory).files.length > 0);
    store.assertWhole();
    store.settle();
    const bytes = store.segments().reduce((sum, name) => sum + store.store.at.bytes(name).byteLength, 0);
    assert.ok(bytes <= 2 ** 14, `${bytes} bytes`);
    store.assertWhole();
  });

  /** A log of three closed segments of ten rows each that may have one, on a disk that takes nothing. */
  const full = (t: { after(fn: () => void): void }, disk: Partial<LakeDisk>) => {
    const store = kept(t, {}, [memory]);
    for (let segment = 0; segment < 3; segment++) {
      store.append(memory, times(10, START + segment * 10, 1));
      store.store.log.roll();
    }
    const bytes = store.store.at.bytes("00000001.log").byteLength;
    store.rules = { ...store.rules, logBytes: 2 * bytes };
    store.restart({ ...hastyLakeDisk, ...disk });
    store.clock.advance(2 * HOUR);
    assert.throws(() => store.round(), { code: "ENOSPC" });
    store.makeRoom();
    return store;
  };
  const noSpace = () => {
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };

  test("and cannot be moved loses its oldest segments, and says so", (t) => {
    const isManifest = (path: string) => path.includes("manifest");
    const create = (path: string) => (isManifest(path) ? hastyLakeDisk.create(path) : noSpace());
    const store = full(t, { create });
    assert.deepEqual(store.segments(), ["00000003.log", "00000004.log"]);
    assert.equal(store.lake(memory).expired, 20);
    store.assertWhole((_, row) => Number(row["timestamp"]) < START + 20);
    store.restart();
    store.round();
    store.assertWhole((_, row) => Number(row["timestamp"]) < START + 20);
  });

  test("loses them although not even that can be written, and what went is counted later", (t) => {
    const store = full(t, { create: noSpace });
    assert.deepEqual(store.segments(), ["00000003.log", "00000004.log"]);
    store.restart();
    store.round();
    assert.equal(store.lake(memory).expired, 20);
    store.assertWhole((_, row) => Number(row["timestamp"]) < START + 20);
  });

  test("is bounded although the manifest cannot be read", (t) => {
    const store = kept(t, {}, [memory]);
    for (let segment = 0; segment < 3; segment++) {
      store.append(memory, times(10, START + segment * 10, 1));
      store.store.log.roll();
    }
    const lake = lakeFolder(store.store.at.dataFolder);
    mkdirSync(lake);
    writeFileSync(join(lake, "manifest.json"), "{}");
    store.rules = { ...store.rules, logBytes: 1 };
    store.restart();
    store.makeRoom();
    assert.equal(store.segments().length, 4);
    store.clock.advance(HOLD_MS);
    store.makeRoom();
    assert.deepEqual(store.segments(), ["00000004.log"]);
  });

  test("loses none that are being read", (t) => {
    const store = kept(t, {}, [memory]);
    for (let segment = 0; segment < 3; segment++) {
      store.append(memory, times(10, START + segment * 10, 1));
      store.store.log.roll();
    }
    store.rules = { ...store.rules, logBytes: 1 };
    store.restart({ ...hastyLakeDisk, create: noSpace });
    store.clock.advance(HOLD_MS);
    store.holds.hold("reader", store.clock.monotonicMs());
    store.makeRoom();
    store.clock.advance(HOLD_MS - 1);
    store.makeRoom();
    assert.equal(store.segments().length, 4);
    store.clock.advance(1);
    store.makeRoom();
    assert.deepEqual(store.segments(), ["00000004.log"]);
  });
});
