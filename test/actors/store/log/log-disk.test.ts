import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { memory } from "../../../../datasets/memory.ts";
import { FailingDisk } from "./failing-disk.ts";
import { TempLog } from "./temp-log.ts";

let at: TempLog;
beforeEach(() => {
  at = new TempLog(1);
});
afterEach(() => at.remove());

describe("a log that is opened anew", () => {
  test("is written no more by who had it before", () => {
    const before = at.open([memory]);
    const rows = at.append(before, memory, [3]);
    before.append("memory", at.batch(memory, 4, 3));
    const after = at.open([memory]);
    rows.push(...at.append(after, memory, [2]));
    assert.throws(() => before.sync(), /opened anew/);
    before.close();
    rows.push(...at.append(after, memory, [1]));
    assert.deepEqual(at.rows(memory), rows);
  });
});

describe("a disk that refuses", () => {
  for (const failing of ["write", "half-write", "sync"] as const) {
    test(`at a ${failing} loses nothing: what is staged stays, and is written when it can be`, () => {
      const disk = new FailingDisk();
      const log = at.open([memory], { disk });
      const first = at.append(log, memory, [3]);
      const sizeBefore = at.bytes("00000001.log").byteLength;
      const second = at.batch(memory, 4, 3);
      log.append("memory", second);
      const staged = log.stagedBytes;
      disk.failing = failing;
      for (let attempt = 0; attempt < 3; attempt++) {
        assert.throws(() => log.sync(), { code: "ENOSPC" });
        assert.equal(log.stagedBytes, staged);
        assert.equal(at.bytes("00000001.log").byteLength, sizeBefore);
        assert.deepEqual(at.rows(memory), first);
      }
      // More may come meanwhile.
      log.append("memory", at.batch(memory, 2, 7));
      disk.failing = undefined;
      log.sync();
      assert.equal(log.stagedBytes, 0);
      assert.equal(at.rows(memory).length, 9);
      log.close();
      const { counts, cutBytes } = at.open([memory]).opening;
      assert.deepEqual([cutBytes, counts.get("memory")?.stored], [0, 9]);
    });
  }

  for (const failing of ["open", "half-write", "sync"] as const) {
    test(`at the ${failing} of a new segment goes on in the old one, and makes it later`, () => {
      const disk = new FailingDisk();
      const segmentBytes = 3000;
      const log = at.open([memory], { disk, segmentBytes });
      const rows = at.append(log, memory, [1]);
      // The write of the rows succeeds; that of the new segment after it fails.
      disk.onSync = () => {
        disk.failing = failing;
      };
      rows.push(...at.append(log, memory, [40]));
      assert.equal(disk.failing, failing);
      assert.ok(at.bytes("00000001.log").byteLength >= segmentBytes);
      assert.deepEqual(at.names(), ["00000001.log"]);
      disk.failing = undefined;
      disk.onSync = () => {};
      rows.push(...at.append(log, memory, [40]));
      assert.deepEqual(at.names(), ["00000001.log", "00000002.log"]);
      rows.push(...at.append(log, memory, [2]));
      log.close();
      assert.deepEqual(at.rows(memory), rows);
      assert.equal(at.open([memory]).opening.counts.get("memory")?.stored, rows.length);
    });
  }
});
