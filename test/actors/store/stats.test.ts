import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import { HOUR_MS } from "../../../actors/store/lake/manifest.ts";
import { EMPTY_MANIFEST } from "../../../actors/store/lake/manifest-file.ts";
import { readStats, stepStats } from "../../../actors/store/stats.ts";
import { openStoreSource } from "../../../actors/store/store-source.ts";
import { datasets } from "../../../datasets/index.ts";
import { memory } from "../../../datasets/memory.ts";
import { optimization } from "../../../datasets/optimization.ts";
import { process } from "../../../datasets/process.ts";
import { START_MS } from "./log/temp-log.ts";
import { TempStore } from "./temp-store.ts";

const stores: TempStore[] = [];
function store(segmentBytes = 2 ** 20): TempStore {
  const made = new TempStore([memory, optimization], 5, { segmentBytes });
  stores.push(made);
  return made;
}

afterEach(() => {
  for (const made of stores.splice(0)) made.remove();
});

/** Moments of `count` rows of an hour. */
const times = (hour: number, count: number) =>
  Array.from({ length: count }, (_, row) => START_MS + hour * HOUR_MS + row * 1000);

describe("the stats of a store", () => {
  test("are those of an empty one, when there is nothing", () => {
    const at = store();
    at.remove();
    const stats = readStats(at.source, EMPTY_MANIFEST, [memory]);
    assert.deepEqual(stats, {
      datasets: [
        {
          dataset: "memory",
          rows: 0,
          lakeRows: 0,
          logRows: 0,
          lakeBytes: 0,
          lakeFiles: 0,
          logBytes: 0,
          firstMs: null,
          lastMs: null,
          bytesPerMinute: null,
          expired: 0,
          thinned: 0,
        },
      ],
      totalBytes: 0,
      bytesPerMinute: null,
      segments: 0,
    });
  });

  test("count the bytes of all files, and those by minute of the hours that any dataset has", () => {
    const at = store();
    at.append(memory, [...times(0, 10), ...times(1, 10), ...times(2, 3)]);
    at.append(optimization, [...times(1, 5), ...times(5, 5)]);
    at.compact(memory, { before: 0, hourMs: START_MS + 2 * HOUR_MS, hourBefore: 23 });
    at.compact(optimization, { before: 10, hourMs: 0, hourBefore: 0 });
    const stats = readStats(at.source, at.manifest, [memory, optimization]);
    const bytes = (name: string) =>
      at.manifest.datasets[name]!.files.reduce((sum, file) => sum + statSync(at.lakePath(file)).size, 0);
    const lake = bytes("memory") + bytes("optimization");
    const manifest = statSync(join(at.at.dataFolder, "lake/manifest.json")).size;
    const log = statSync(at.at.path("00000001.log")).size;
    assert.equal(stats.totalBytes, lake + manifest + log);
    assert.equal(stats.datasets[0]!.bytesPerMinute, bytes("memory") / 120);
    assert.equal(stats.datasets[1]!.bytesPerMinute, bytes("optimization") / 120);
    // Hours 0, 1 and 5.
    assert.equal(stats.bytesPerMinute, lake / 180);
    assert.deepEqual(
      stats.datasets.map(({ lakeRows, logRows, lakeFiles }) => [lakeRows, logRows, lakeFiles]),
      [
        [20, 3, 2],
        [10, 0, 2],
      ],
    );
  });

  test("come with what this program does not know of, and with every dataset that it does", () => {
    const at = store();
    at.append(memory, times(0, 4));
    at.append(optimization, times(0, 3));
    const stats = readStats(at.source, EMPTY_MANIFEST, [process, memory]);
    assert.deepEqual(
      stats.datasets.map(({ dataset, rows }) => [dataset, rows]),
      [
        ["process", 0],
        ["memory", 4],
        ["optimization", 3],
      ],
    );
  });

  test("leave out what cannot be read, and read a frame only where the lake has a part of it", () => {
    const at = store(3000);
    for (let hour = 0; hour < 4; hour++) at.append(memory, times(hour, 40));
    const logRows = () => readStats(at.source, at.manifest, [memory]).datasets[0]!.logRows;
    const names = at.at.names();
    assert.ok(names.length >= 4);
    // Behind the header of the frame after the head: nobody looks there as long as the lake has none of it.
    const path = at.at.path(names[1]!);
    const whole = readFileSync(path);
    const frame = 48 + Math.ceil(whole.readUInt32LE(4) / 8) * 8;
    const damaged = Buffer.from(whole);
    damaged[frame + 100]! ^= 1;
    writeFileSync(path, damaged);
    assert.equal(logRows(), 160);
    writeFileSync(path, whole);
    at.compact(memory, { before: 50, hourMs: 0, hourBefore: 0 });
    assert.equal(logRows(), 110);
    writeFileSync(path, damaged);
    assert.equal(logRows(), 80);
    writeFileSync(path, whole.subarray(0, -1));
    assert.equal(logRows(), 80);
    // A frame that is passed over counts only when all of it is there.
    writeFileSync(path, whole);
    const next = at.at.path(names[2]!);
    writeFileSync(next, readFileSync(next).subarray(0, -1));
    assert.equal(logRows(), 70);
  });

  test("are those of a source of one's own, whatever the datasets", () => {
    const at = store();
    at.append(memory, times(0, 4));
    const source = openStoreSource(at.at.dataFolder);
    assert.deepEqual(readStats(source, at.manifest), readStats(at.source, at.manifest, datasets));
  });

  test("are made in steps", () => {
    const at = store(3000);
    for (let hour = 0; hour < 4; hour++) at.append(memory, times(hour, 40));
    at.compact(memory, { before: 70, hourMs: 0, hourBefore: 0 });
    const steps = stepStats(at.source, at.manifest, [memory]);
    const first = steps.next();
    assert.equal(first.done, false);
    assert.equal(first.value, undefined);
    steps.return(undefined as never);
  });
});
