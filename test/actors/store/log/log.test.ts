import assert from "node:assert/strict";
import {
  copyFileSync,
  ftruncateSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { afterEach, describe, test } from "node:test";
import fc from "fast-check";
import type { LogDisk } from "../../../../actors/store/log/log-disk.ts";
import { frameBytes, loggedMs } from "../../../../actors/store/log/log-format.ts";
import { LogDamaged, readLog, stepLog } from "../../../../actors/store/log/log-reader.ts";
import { defineDataset } from "../../../../datasets/define.ts";
import { datasets } from "../../../../datasets/index.ts";
import { memory } from "../../../../datasets/memory.ts";
import { optimization } from "../../../../datasets/optimization.ts";
import { process } from "../../../../datasets/process.ts";
import { readRows } from "./rows.ts";
import { START_MS, TempLog } from "./temp-log.ts";

const temps: TempLog[] = [];
function temp(seed = 1): TempLog {
  const log = new TempLog(seed);
  temps.push(log);
  return log;
}

afterEach(() => {
  for (const log of temps.splice(0)) log.remove();
});

/** Does not wait for the disk: for tests that write thousands of times. */
const hastyDisk: LogDisk = { openSync, writeSync, ftruncateSync, fdatasyncSync: () => {} };
const SMALL = [memory];
const FIRST = "00000001.log";

describe("a log", () => {
  test("gives back every dataset's rows in order, over several segments and a reopening", () => {
    const at = temp();
    const kept = new Map(datasets.map(({ name }) => [name, [] as object[]]));
    for (let round = 0; round < 3; round++) {
      const log = at.open(datasets, { segmentBytes: 20_000 });
      for (const dataset of datasets) kept.get(dataset.name)!.push(...at.append(log, dataset, [7, 64, 1]));
      log.close();
    }
    assert.ok(at.names().length > 3, at.names().join());
    for (const dataset of datasets) assert.deepEqual(at.rows(dataset), kept.get(dataset.name));
    const { counts } = at.open(datasets).opening;
    for (const { name } of datasets) {
      assert.equal(counts.get(name)?.stored, 216);
      assert.equal(counts.get(name)?.nextSequence, 216);
      assert.equal(counts.get(name)?.latestMs, START_MS + 215_000);
    }
  });

  test("tells when a batch was written, in whole seconds, rounded up; also of rows that are laid out anew", () => {
    const at = temp();
    const { name, title, batchRows, slots, columns } = memory;
    const less = defineDataset({
      ...{ name, title, batchRows, slots },
      time: "timestamp",
      columns: { timestamp: columns.timestamp, total_mb: columns.total_mb },
    });
    const log = at.open(SMALL);
    const times = [0, 1, 1000, START_MS - 1, START_MS, START_MS + 1, -5, 2 ** 52];
    for (const writtenMs of times) {
      const batch = at.batch(memory, 2, log.nextSequence(memory.name));
      batch.setTimes(batch.minTimeMs, batch.maxTimeMs, writtenMs);
      assert.ok(log.append(memory.name, batch));
    }
    log.sync();
    log.close();
    const expected = [0, 1000, 1000, START_MS, START_MS, START_MS + 1000, 0, (2 ** 32 - 1) * 1000];
    for (const dataset of [memory, less]) {
      // One batch after the other: the object is reused.
      assert.deepEqual(
        Array.from(readLog(at.source, dataset), ({ writtenMs }) => writtenMs),
        expected,
      );
    }
    // Who decides before it is in the log decides by the same.
    assert.deepEqual(times.map(loggedMs), expected);
  });

  test("shows nothing that was not synced", () => {
    const at = temp();
    const log = at.open(SMALL);
    log.append("memory", at.batch(memory, 3, 0));
    assert.equal(at.rows(memory).length, 0);
    log.sync();
    assert.equal(at.rows(memory).length, 3);
  });

  test("refuses a batch when the staging area is full, and takes it after a sync", () => {
    const at = temp();
    const log = at.open([process]);
    let staged = 0;
    while (log.append("process", at.batch(process, 500, staged))) staged += 500;
    assert.equal(log.nextSequence("process"), staged);
    log.sync();
    assert.equal(log.append("process", at.batch(process, 500, staged)), true);
    log.sync();
    assert.equal(at.rows(process).length, staged + 500);
  });

  test("gives batches by event time and by sequence, whole", () => {
    const at = temp();
    const log = at.open(SMALL, { segmentBytes: 4000 });
    at.append(log, memory, [10, 10, 10, 10, 10]);
    const sequences = (range: object) =>
      [...readLog(at.source, memory, range)].length === 0 ? [] : Array.from(firsts(at, range));
    assert.deepEqual(sequences({ fromMs: START_MS + 9000, toMs: START_MS + 10_000 }), [0]);
    assert.deepEqual(sequences({ fromMs: START_MS + 9001, toMs: START_MS + 10_001 }), [10]);
    assert.deepEqual(sequences({ fromSequence: 19, toSequence: 21 }), [10, 20]);
    assert.deepEqual(sequences({ fromSequence: 20, toSequence: 20 }), []);
    assert.deepEqual(sequences({ fromSequence: 40 }), [40]);
    assert.deepEqual(sequences({ toSequence: 1 }), [0]);
  });

  test("keeps counts that rows do not tell, and goes on after rows that never came", () => {
    const at = temp();
    const log = at.open(SMALL);
    at.append(log, memory, [5]);
    log.skipTo("memory", 9);
    const carried = { rejected: { bound: 4 }, dropped: { poison: 4, "lane-full": 2 } };
    log.appendCounts({ memory: { ...carried, nextSequence: 9 } });
    log.sync();
    log.close();
    const again = at.open(SMALL, { segmentBytes: 1 });
    const kept = again.opening.counts.get("memory");
    assert.deepEqual(kept, { stored: 5, nextSequence: 9, latestMs: START_MS + 4000, ...carried });
    at.append(again, memory, [1]);
    again.close();
    // By now the counts are in a later segment's head.
    assert.deepEqual(at.open(SMALL).opening.counts.get("memory"), {
      stored: 6,
      nextSequence: 10,
      latestMs: START_MS + 9000,
      ...carried,
    });
  });

  test("two readers can share a window", () => {
    const at = temp();
    const log = at.open([process]);
    const rows = at.append(log, process, Array(12).fill(1000));
    // Far enough apart that the window cannot hold what both are at.
    const readers = [0, 6].map((batch) => ({
      batches: readLog(at.source, process, { fromSequence: batch * 1000 }),
      read: [] as object[],
    }));
    for (let turn = 0; turn < 12; turn++) {
      for (const { batches, read } of readers) {
        const next = batches.next();
        if (next.done !== true) read.push(...readRows(next.value));
      }
    }
    assert.deepEqual(readers[0]!.read, rows);
    assert.deepEqual(readers[1]!.read, rows.slice(6000));
  });

  test("stands still now and then while it passes over what is not wanted", () => {
    const at = temp();
    const log = at.open([memory, process], { segmentBytes: 2 ** 30, disk: hastyDisk });
    for (let bytes = 0; bytes < 9 * 2 ** 20; bytes += 1000 * 56) at.append(log, process, [1000]);
    at.append(log, memory, [1]);
    const steps = [...stepLog(at.source, memory)].map((batch) => batch?.rows);
    assert.deepEqual(steps, [undefined, 1]);
  });
});

function* firsts(at: TempLog, range: object) {
  for (const batch of readLog(at.source, memory, range)) yield batch.firstSequence;
}

describe("a torn tail", () => {
  test("is cut at the last whole frame, wherever the write ended", () => {
    const at = temp();
    const log = at.open(SMALL, { disk: hastyDisk });
    const headBytes = at.bytes(FIRST).byteLength;
    const ends = [headBytes];
    const rows = [2, 1].flatMap((size) => {
      const part = at.append(log, memory, [size]);
      ends.push(at.bytes(FIRST).byteLength);
      return part;
    });
    log.close();
    const whole = readFileSync(at.path(FIRST));
    const rowsAt = [0, 2, 3];
    for (let cut = headBytes; cut <= whole.byteLength; cut++) {
      writeFileSync(at.path(FIRST), whole.subarray(0, cut));
      const frames = ends.filter((end) => end <= cut).length - 1;
      assert.deepEqual(at.rows(memory), rows.slice(0, rowsAt[frames]), `before opening, cut at ${cut}`);
      const again = at.open(SMALL, { disk: hastyDisk });
      assert.equal(again.opening.cutBytes, cut - ends[frames]!);
      assert.equal(again.nextSequence("memory"), rowsAt[frames]);
      const more = at.append(again, memory, [2]);
      again.close();
      assert.deepEqual(at.rows(memory), [...rows.slice(0, rowsAt[frames]), ...more], `cut at ${cut}`);
    }
  });

  test("is cut when it is zeros, as some file systems leave it", () => {
    const at = temp();
    const log = at.open(SMALL);
    const rows = at.append(log, memory, [4]);
    log.close();
    const whole = at.bytes(FIRST);
    writeFileSync(at.path(FIRST), Buffer.concat([whole, Buffer.alloc(4096)]));
    const again = at.open(SMALL);
    assert.equal(again.opening.cutBytes, 4096);
    again.close();
    assert.deepEqual(at.rows(memory), rows);
    assert.equal(at.bytes(FIRST).byteLength, whole.byteLength);
  });

  test("is found by its CRC, whichever bit of it is wrong", () => {
    const at = temp();
    const log = at.open(SMALL);
    const rows = at.append(log, memory, [3]);
    const from = at.bytes(FIRST).byteLength;
    at.append(log, memory, [3]);
    log.close();
    const whole = readFileSync(at.path(FIRST));
    for (let bit = from * 8; bit < whole.byteLength * 8; bit += 13) {
      const damaged = Buffer.from(whole);
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      writeFileSync(at.path(FIRST), damaged);
      const again = at.open(SMALL);
      assert.equal(again.opening.cutBytes, whole.byteLength - from, `bit ${bit}`);
      again.close();
      assert.deepEqual(at.rows(memory), rows);
    }
  });

  test("property: what is recovered is a prefix, and stored + dropped = next sequence", () => {
    const step = fc.oneof(
      fc.record({ rows: fc.integer({ min: 1, max: 9 }), process: fc.boolean() }),
      fc.record({ skip: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        // Not a double of fast-check's: of those, nearly all are nearly 0.
        fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000),
        (steps, cutAt) => {
          const at = new TempLog(3);
          try {
            const log = at.open([memory, process], { segmentBytes: 9000 });
            const all = { memory: [] as object[], process: [] as object[] };
            const sequences: number[] = [];
            for (const step of steps) {
              if ("skip" in step) {
                log.skipTo("memory", log.nextSequence("memory") + step.skip);
                continue;
              }
              const dataset = step.process ? process : memory;
              const first = log.nextSequence("memory");
              if (!step.process) for (let row = 0; row < step.rows; row++) sequences.push(first + row);
              all[dataset.name as "memory"].push(...at.append(log, dataset, [step.rows]));
            }
            log.close();
            const last = at.names().at(-1)!;
            const head = frameBytes(at.bytes(last).readUInt32LE(4));
            const bytes = at.bytes(last).byteLength;
            truncateSync(at.path(last), head + Math.round(cutAt * (bytes - head)));
            const { counts } = at.open([memory, process]).opening;
            for (const dataset of [memory, process]) {
              const found = at.rows(dataset);
              const { stored, nextSequence } = counts.get(dataset.name)!;
              assert.equal(found.length, stored);
              assert.deepEqual(found, all[dataset.name as "memory"].slice(0, stored));
              if (dataset === process) assert.equal(nextSequence, stored);
              else assert.ok(nextSequence > (sequences[stored - 1] ?? -1), `${nextSequence}`);
            }
          } finally {
            at.remove();
          }
        },
      ),
      { numRuns: 60, seed: 20_260_101 },
    );
  });
});

describe("damage that no crash leaves", () => {
  test("in an earlier segment is told by name and place", () => {
    const at = temp();
    const log = at.open(SMALL, { segmentBytes: 3000 });
    at.append(log, memory, [20, 20, 20, 20]);
    log.close();
    assert.ok(at.names().length >= 3);
    const damaged = at.bytes(FIRST);
    const place = frameBytes(damaged.readUInt32LE(4));
    damaged[place + 60]! ^= 4;
    writeFileSync(at.path(FIRST), damaged);
    assert.throws(
      () => at.rows(memory),
      (error) =>
        error instanceof LogDamaged && error.message.includes(`${FIRST} is damaged at byte ${place} of`),
    );
    // A range that lies behind it can be read all the same, though nothing more can be read of that segment.
    damaged[place + 4]! ^= 1;
    writeFileSync(at.path(FIRST), damaged);
    assert.equal(at.rows(memory, { fromSequence: 60 }).length, 20);
  });

  test("in the last segment is told of to who knows how many rows are stored", () => {
    const at = temp();
    const log = at.open(SMALL);
    at.append(log, memory, [20, 20]);
    log.close();
    assert.equal(at.rows(memory, { storedRows: 40 }).length, 40);
    const bytes = at.bytes(FIRST).byteLength;
    truncateSync(at.path(FIRST), bytes - 1);
    assert.equal(at.rows(memory).length, 20);
    assert.equal(at.rows(memory, { storedRows: 20 }).length, 20);
    assert.throws(() => at.rows(memory, { storedRows: 40 }), LogDamaged);
  });

  test("in a head keeps the log shut rather than losing what is behind it", () => {
    const at = temp();
    const log = at.open(SMALL);
    at.append(log, memory, [20]);
    log.close();
    const damaged = at.bytes(FIRST);
    damaged[60]! ^= 1;
    writeFileSync(at.path(FIRST), damaged);
    assert.throws(() => at.open(SMALL), LogDamaged);
    assert.throws(() => at.rows(memory), LogDamaged);
    assert.equal(at.bytes(FIRST).byteLength, damaged.byteLength);
  });
});

describe("a new segment", () => {
  test("that a crash left half made is not there", () => {
    const at = temp();
    const log = at.open(SMALL);
    const rows = at.append(log, memory, [5]);
    log.close();
    const head = at.bytes(FIRST).subarray(0, frameBytes(at.bytes(FIRST).readUInt32LE(4)));
    for (const cut of [0, 1, 47, 48, head.byteLength - 1, head.byteLength]) {
      writeFileSync(at.path("00000002.new"), head.subarray(0, cut));
      const again = at.open(SMALL, { segmentBytes: 2 ** 20 });
      assert.equal(again.nextSequence("memory"), 5);
      again.close();
      assert.deepEqual(at.rows(memory), rows);
    }
    const rolled = at.open(SMALL, { segmentBytes: 1 });
    const more = at.append(rolled, memory, [1]);
    rolled.close();
    assert.deepEqual(at.rows(memory), [...rows, ...more]);
    assert.ok(!at.names().includes("00000002.new"));
  });

  test("follows when a dataset's schema has changed, and the old rows are not taken for new ones", () => {
    const at = temp();
    const before = at.open([memory, optimization]);
    const others = at.append(before, optimization, [3]);
    at.append(before, memory, [3]);
    before.close();
    // As wide as before, and of the same shape: only the schema tells.
    const { name, title, batchRows, slots } = memory;
    const { processes_count, ...kept } = memory.columns;
    const columns = { ...kept, processes_total: processes_count };
    const changed = defineDataset({ name, title, time: "timestamp", batchRows, slots, columns });
    const after = at.open([changed, optimization]);
    assert.deepEqual(at.names(), [FIRST, "00000002.log"]);
    assert.equal(after.nextSequence("memory"), 3);
    const rows = at.append(after, changed, [4]);
    assert.deepEqual(at.rows(changed, { fromSequence: 3 }), rows);
    assert.deepEqual(at.rows(optimization), others);
    assert.throws(() => at.rows(changed), /00000001\.log holds memory in another schema at byte \d+/);
    after.close();
  });

  test("of today's datasets keeps the counts of one that is known no more", () => {
    const at = temp();
    const before = at.open([memory, process]);
    at.append(before, process, [3]);
    before.close();
    const between = at.open([memory]);
    between.close();
    // Its rows are in the first segment still; the numbers go on.
    const after = at.open([memory, process]);
    assert.equal(after.nextSequence("process"), 3);
  });

  test("is told from a copy of it", () => {
    const at = temp();
    const log = at.open(SMALL);
    at.append(log, memory, [3]);
    log.close();
    copyFileSync(at.path(FIRST), at.path("00000001.log.bak"));
    assert.equal(at.rows(memory).length, 3);
  });
});
