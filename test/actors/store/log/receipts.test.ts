/**
 * Receipts are in the log with the rows they are of, or not at all: whatever is cut off, however often it rolls.
 *
 * Breaks when a receipt counts whose rows are not there, when rows are there without their receipt, when a key is forgotten on a roll, or
 * when a receipt that lost its batch is taken for that of another.
 */

import assert from "node:assert/strict";
import { copyFileSync, ftruncateSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
import { afterEach, describe, test } from "node:test";
import fc from "fast-check";
import type { LogDisk } from "../../../../actors/store/log/log-disk.ts";
import { readLogEnd } from "../../../../actors/store/log/log-end.ts";
import type { LogWriter } from "../../../../actors/store/log/log-writer.ts";
import {
  decodeReceipts,
  encodeReceipts,
  RECEIPT_SECONDS,
  type Receipt,
  Receipts,
} from "../../../../actors/store/log/receipts.ts";
import { hasRow, nextEdge, rowsIn, withRange } from "../../../../actors/store/log/row-ranges.ts";
import { verifyStore } from "../../../../actors/store/verify.ts";
import { memory } from "../../../../datasets/memory.ts";
import { optimization } from "../../../../datasets/optimization.ts";
import type { BatchOrigin } from "../../../../runtime/batch/index.ts";
import { START_MS, TempLog } from "./temp-log.ts";

const DATASETS = [memory, optimization];
const FIRST = "00000001.log";
const SEED = 20_261_122;
const hastyDisk: LogDisk = { openSync, writeSync, ftruncateSync, fdatasyncSync: () => {} };

const temps: TempLog[] = [];
function temp(): TempLog {
  const log = new TempLog(1);
  temps.push(log);
  return log;
}
afterEach(() => {
  for (const log of temps.splice(0)) log.remove();
});

const keyOf = (number: number) => number.toString(16).padStart(32, "0");

/** Appends a batch of `rows` that came by a request, without a sync. */
function append(at: TempLog, log: LogWriter, rows: number, origin?: BatchOrigin, writtenMs = START_MS): void {
  const batch = at.batch(optimization, rows, log.nextSequence(optimization.name));
  batch.setTimes(batch.minTimeMs, batch.maxTimeMs, writtenMs);
  if (origin !== undefined) batch.setOrigin(origin);
  assert.ok(log.append(optimization.name, batch));
}

function known(log: LogWriter): Record<string, readonly number[]> {
  const keys = new Set([...log.receipts].map(({ key }) => key));
  return Object.fromEntries([...keys].map((key) => [key, log.receipts.get(key)!.rows]));
}

describe("receipts in the log", () => {
  test("tell after a reopening which rows of which request it has, in one range where they touch", () => {
    const at = temp();
    const log = at.open(DATASETS);
    append(at, log, 5, { key: keyOf(1), body: 7, firstRow: 0 });
    append(at, log, 3);
    append(at, log, 4, { key: keyOf(1), body: 7, firstRow: 5 });
    append(at, log, 2, { key: keyOf(2), body: 2 ** 32 - 1, firstRow: 10 });
    log.sync();
    const expected = { [keyOf(1)]: [0, 9], [keyOf(2)]: [10, 12] };
    assert.deepEqual(known(log), expected);
    log.close();
    const again = at.open(DATASETS);
    assert.deepEqual(known(again), expected);
    assert.deepEqual(again.receipts.get(keyOf(2)), {
      ...{ body: 2 ** 32 - 1, dataset: optimization.name, rows: [10, 12], seconds: START_MS / 1000 },
    });
    assert.equal(at.rows(optimization).length, 14);
    assert.equal(readLogEnd(at.source).get(optimization.name)?.stored, 14);
    again.close();
    const report = verifyStore(at.source, () => {}, DATASETS);
    assert.deepEqual([report.ok, report.problems, report.rows], [true, [], 14]);
  });

  test("at any cut through the log tell of exactly the rows that are left", () => {
    const at = temp();
    const log = at.open(DATASETS, { disk: hastyDisk });
    const sizes = [3, 1, 4, 1, 5];
    const ends: number[] = [];
    sizes.forEach((rows, index) => {
      const firstRow = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
      append(at, log, rows, { key: keyOf(1), body: 1, firstRow });
      ends.push(firstRow + rows);
    });
    log.sync();
    log.close();
    const bytes = at.bytes(FIRST).byteLength;
    copyFileSync(at.path(FIRST), at.path("whole"));
    const met = new Set<number>();
    // Before that is the segment's head, which is on the disk before the segment has its name.
    const head = 48 + at.bytes(FIRST).readUInt32LE(4);
    for (let cut = head + ((8 - (head % 8)) % 8); cut <= bytes; cut += 4) {
      copyFileSync(at.path("whole"), at.path(FIRST));
      truncateSync(at.path(FIRST), cut);
      const again = at.open(DATASETS, { disk: hastyDisk });
      const stored = again.nextSequence(optimization.name);
      met.add(stored);
      assert.deepEqual(
        again.receipts.get(keyOf(1))?.rows ?? [],
        stored === 0 ? [] : [0, stored],
        `cut at ${cut}`,
      );
      // What comes behind a cut is not taken for what was cut off.
      append(at, again, 3);
      again.sync();
      again.close();
      const third = at.open(DATASETS, { disk: hastyDisk });
      assert.deepEqual(
        third.receipts.get(keyOf(1))?.rows ?? [],
        stored === 0 ? [] : [0, stored],
        `cut at ${cut}`,
      );
      assert.equal(third.nextSequence(optimization.name), stored + 3);
      third.close();
    }
    assert.deepEqual([...met], [0, ...ends]);
  });

  test("are carried from segment to segment, so that the last one alone tells", () => {
    const at = temp();
    const log = at.open(DATASETS, { disk: hastyDisk });
    for (let request = 1; request <= 2500; request++) {
      append(at, log, 1, { key: keyOf(request), body: request, firstRow: 0 });
      log.sync();
      if (request % 500 === 0) log.roll();
    }
    append(at, log, 1);
    log.roll();
    const expected = known(log);
    assert.equal(Object.keys(expected).length, 2500);
    log.close();
    assert.deepEqual(verifyStore(at.source, () => {}, DATASETS).problems, []);
    for (const name of at.names().slice(0, -1)) rmSync(at.path(name));
    assert.equal(at.names().length, 1);
    const again = at.open(DATASETS, { disk: hastyDisk });
    assert.deepEqual(known(again), expected);
    assert.equal(again.receipts.get(keyOf(77))?.body, 77);
    again.close();
  });

  test("of requests a day ago go with the next segment, of others they do not make it full", () => {
    const at = temp();
    let nowMs = START_MS;
    const options = { disk: hastyDisk, segmentBytes: 4096, nowMs: () => nowMs };
    const log = at.open(DATASETS, options);
    const request = (number: number, ms: number) => {
      append(at, log, 1, { key: keyOf(number), body: 0, firstRow: 0 }, ms);
      log.sync();
    };
    for (let number = 1; number <= 600; number++) request(number, START_MS + number * 1000);
    const before = at.names().length;
    // Receipts alone are five times what a segment may have.
    for (let number = 601; number <= 610; number++) request(number, START_MS + number * 1000);
    assert.ok(at.names().length - before < 5, `${at.names().length - before} segments for ten rows`);
    nowMs = START_MS + 300_500 + RECEIPT_SECONDS * 1000;
    log.roll();
    const keys = Object.keys(known(log));
    assert.deepEqual([keys.length, keys[0]], [311, keyOf(300)]);
    log.close();
  });

  test("are as many as there may be, the latest, and come in the order of their requests", () => {
    const receipts = new Receipts(3);
    const add = (number: number, firstRow = 0) =>
      receipts.add({ key: keyOf(number), body: 0, dataset: "memory", firstRow, rows: 2, seconds: number });
    for (const number of [1, 2, 3, 4]) add(number);
    add(2, 5);
    assert.deepEqual(
      [...receipts].map(({ key, firstRow }) => [Number(key), firstRow]),
      [
        [2, 0],
        [2, 5],
        [3, 0],
        [4, 0],
      ],
    );
    add(5);
    assert.equal(receipts.get(keyOf(2)), undefined);
    assert.equal(receipts.requests, 3);
  });

  test("that are damaged or in the wrong place are found by a verification", () => {
    const at = temp();
    const log = at.open(DATASETS, { disk: hastyDisk });
    append(at, log, 2, { key: keyOf(1), body: 1, firstRow: 0 });
    log.sync();
    const end = at.bytes(FIRST).byteLength;
    append(at, log, 3, { key: keyOf(2), body: 1, firstRow: 0 });
    append(at, log, 3);
    log.sync();
    log.close();
    const bytes = at.bytes(FIRST);
    // Without its batch, another one is behind the receipt.
    const receipt = 48 + 40;
    const batch = 48 + bytes.readUInt32LE(end + receipt + 4);
    const cut = Buffer.concat([bytes.subarray(0, end + receipt), bytes.subarray(end + receipt + batch)]);
    const fd = openSync(at.path(FIRST), "w");
    writeSync(fd, cut);
    const { problems } = verifyStore(at.source, () => {}, DATASETS);
    assert.match(problems[0]!.what, /follows a receipt of 3 rows from number 2 on, and does not have them/);
    const again = at.open(DATASETS, { disk: hastyDisk });
    assert.equal(again.receipts.get(keyOf(2)), undefined);
    again.close();
  });

  test("property: are what they were, as bytes; of unknown datasets they are none", () => {
    const receipt = fc.record(
      {
        key: fc.stringMatching(/^[0-9a-f]{32}$/),
        body: fc.nat({ max: 2 ** 32 - 1 }),
        dataset: fc.constantFrom("a", "b"),
        firstRow: fc.nat({ max: 50_000 }),
        rows: fc.integer({ min: 1, max: 50_000 }),
        seconds: fc.nat({ max: 2 ** 32 - 1 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(receipt, { maxLength: 5 }), (receipts: readonly Receipt[]) => {
        const bytes = encodeReceipts(receipts, ["b", "a"]);
        assert.deepEqual(decodeReceipts(bytes, ["b", "a"]), receipts);
        if (receipts.length === 0) return;
        assert.equal(decodeReceipts(bytes, []), undefined);
        assert.equal(decodeReceipts(bytes.subarray(1), ["b", "a"]), undefined);
      }),
      { seed: SEED },
    );
  });
});

test("property: row ranges hold what a set holds, and neither touch nor overlap", () => {
  const range = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 8 }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (added) => {
      let ranges: readonly number[] = [];
      const set = new Set<number>();
      for (const [from, length] of added) {
        ranges = withRange(ranges, from, from + length);
        for (let row = from; row < from + length; row++) set.add(row);
      }
      assert.equal(rowsIn(ranges), set.size);
      ranges.forEach((edge, at) => {
        if (at > 0) assert.ok(edge > ranges[at - 1]!);
      });
      for (let row = 0; row < 50; row++) {
        assert.equal(hasRow(ranges, row), set.has(row));
        let edge = row + 1;
        while (edge < 60 && set.has(edge) === set.has(row)) edge++;
        assert.equal(nextEdge(ranges, row), edge < 60 ? edge : Number.POSITIVE_INFINITY);
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
});
