import assert from "node:assert/strict";
import { test } from "node:test";
import { READ_DENIED, READ_FAILED, READ_GONE } from "../../../../actors/sampler/host/file-access.ts";
import type { HostOptions } from "../../../../actors/sampler/host/host-options.ts";
import { resolveHostOptions } from "../../../../actors/sampler/host/host-options.ts";
import { LinuxHost } from "../../../../actors/sampler/host/linux-host.ts";
import { VirtualClock } from "../../../../runtime/clock.ts";
import type { FakeProc } from "./fake-proc.ts";
import { withFakeProc } from "./fake-proc.ts";

/** Each private reading costs `readingMs` of the virtual clock; nothing else takes time. */
function open(proc: FakeProc, options: HostOptions = {}, readingMs = 0) {
  const clock = new VirtualClock();
  const host = new LinuxHost(resolveHostOptions({ files: proc, procRoot: proc.root, clock, ...options }));
  proc.onRead = (path) => {
    if (path.endsWith("smaps_rollup")) clock.advance(readingMs);
  };
  const sample = () => {
    proc.reads.length = 0;
    const readings = host.readProcesses();
    const privateMb = [...readings.privateBytesMb.subarray(0, readings.length)];
    return { privateMb, read: proc.pidsRead("smaps_rollup") };
  };
  return { clock, host, sample };
}

test("private memory: clean, dirty and huge pages that nobody shares", () => {
  withFakeProc((proc) => {
    proc.put(1, { privateCleanKb: 1024, privateDirtyKb: 2048, privateHugeKb: 4096 });
    assert.deepEqual(open(proc).sample(), { privateMb: [7], read: [1] });
    proc.write("1/smaps_rollup", "Private_Clean: 1024 kB\nPrivate_Dirty: 512 kB\n");
    assert.deepEqual(open(proc).sample().privateMb, [1.5], "kernels without huge pages do not name them");
    proc.write("1/smaps_rollup", "Rss: 1024 kB\n");
    assert.deepEqual(
      open(proc).sample().privateMb,
      [Number.NaN],
      "a record without the fields is unknown, not 0",
    );
  });
});

test("private memory: read again only when resident or shared pages changed, or the recheck is due", () => {
  withFakeProc((proc) => {
    const { sample, clock } = open(proc, { recheckAfterMs: 1000 });
    proc.put(1, { privateDirtyKb: 1024 });
    assert.deepEqual(sample(), { privateMb: [1], read: [1] });
    proc.put(1, { privateDirtyKb: 2048 });
    assert.deepEqual(sample(), { privateMb: [1], read: [] });
    proc.put(1, { privateDirtyKb: 2048, residentPages: 101 });
    assert.deepEqual(sample(), { privateMb: [2], read: [1] });
    proc.put(1, { privateDirtyKb: 3072, residentPages: 101, sharedPages: 41 });
    assert.deepEqual(sample(), { privateMb: [3], read: [1] });
    proc.put(1, { privateDirtyKb: 4096, residentPages: 101, sharedPages: 41 });
    clock.advance(999);
    assert.deepEqual(sample(), { privateMb: [3], read: [] });
    clock.advance(1);
    assert.deepEqual(sample(), { privateMb: [4], read: [1] });
  });
});

test("private memory: the budget ends a sample's readings, the others go on from there, nobody starves", () => {
  withFakeProc((proc) => {
    const { sample, host } = open(proc, { privateBudgetMs: 10 }, 5);
    const putAll = (resident: number) => {
      for (const pid of [1, 2, 3, 4, 5])
        proc.put(pid, { privateDirtyKb: 1024 * pid, residentPages: resident });
    };
    putAll(1);
    const nan = Number.NaN;
    assert.deepEqual(sample(), { privateMb: [1, 2, nan, nan, nan], read: [1, 2] });
    assert.equal(host.stats().deferredUss, 3);
    // Everybody changes at every sample: the first two must wait until the others have had their turn.
    putAll(2);
    assert.deepEqual(sample(), { privateMb: [1, 2, 3, 4, nan], read: [3, 4] });
    putAll(3);
    assert.deepEqual(sample(), { privateMb: [1, 2, 3, 4, 5], read: [5, 1] });
    putAll(4);
    assert.deepEqual(sample().read, [2, 3]);
    assert.equal(host.stats().privateReads, 8);
  });
});

test("private memory: newcomers queue behind those who wait", () => {
  withFakeProc((proc) => {
    const { sample } = open(proc, { privateBudgetMs: 1 }, 5);
    proc.put(50);
    proc.put(60);
    assert.deepEqual(sample().read, [50]);
    for (const pid of [1, 55, 70]) proc.put(pid);
    assert.deepEqual([sample().read, sample().read, sample().read, sample().read], [[60], [1], [55], [70]]);
  });
});

test("private memory: a budget too small for one reading still makes one, a budget of 0 none", () => {
  withFakeProc((proc) => {
    proc.put(1);
    proc.put(2);
    assert.deepEqual(open(proc, { privateBudgetMs: 0.001 }, 500).sample().read, [1]);
    assert.deepEqual(open(proc, { privateBudgetMs: 0 }).sample(), {
      privateMb: [Number.NaN, Number.NaN],
      read: [],
    });
  });
});

test("private memory: who ended while waiting costs no reading and leaves the line; a reused pid waits anew", () => {
  withFakeProc((proc) => {
    const { sample, host } = open(proc, { privateBudgetMs: 1 }, 5);
    for (const pid of [1, 2, 3, 4]) proc.put(pid);
    assert.deepEqual(sample().read, [1]);
    proc.end(2);
    proc.put(3, { startTicks: 7777 });
    assert.deepEqual(sample().read, [4]);
    assert.equal(host.stats().deferredUss, 1);
    assert.deepEqual(sample().read, [3]);
    assert.equal(host.stats().deferredUss, 0);
  });
});

test("private memory: who ended further back in the line is not counted as waiting", () => {
  withFakeProc((proc) => {
    const { sample, host } = open(proc, { privateBudgetMs: 1 }, 5);
    for (const pid of [1, 2, 3]) proc.put(pid);
    assert.deepEqual(sample().read, [1]);
    proc.end(3);
    assert.deepEqual(sample().read, [2]);
    assert.equal(host.stats().deferredUss, 0);
  });
});

test("private memory: not permitted, or not offered by the kernel, is unknown and not asked for again until the recheck", () => {
  for (const fault of [READ_DENIED, READ_GONE]) {
    withFakeProc((proc) => {
      const { sample, clock, host } = open(proc, { recheckAfterMs: 1000 });
      proc.put(1, { residentPages: 1, privateDirtyKb: 1024 });
      proc.faults.set("1/smaps_rollup", fault);
      assert.deepEqual(sample(), { privateMb: [Number.NaN], read: [1] });
      proc.put(1, { residentPages: 2, privateDirtyKb: 1024 });
      assert.deepEqual(sample(), { privateMb: [Number.NaN], read: [] });
      assert.equal(host.stats().unreadableUss, 1);
      proc.faults.clear();
      clock.advance(1000);
      assert.deepEqual(sample(), { privateMb: [1], read: [1] });
      assert.equal(host.stats().unreadableUss, 0);
    });
  }
});

test("private memory: a permission that is taken away does not leave the old figure standing", () => {
  withFakeProc((proc) => {
    const { sample } = open(proc);
    proc.put(1, { residentPages: 1 });
    sample();
    proc.faults.set("1/smaps_rollup", READ_DENIED);
    proc.put(1, { residentPages: 2 });
    assert.deepEqual(sample().privateMb, [Number.NaN]);
  });
});

test("private memory: a passing failure is tried again when the process changes", () => {
  withFakeProc((proc) => {
    const { sample, host } = open(proc);
    proc.put(1, { residentPages: 1, privateDirtyKb: 1024 });
    proc.faults.set("1/smaps_rollup", READ_FAILED);
    assert.deepEqual(sample().privateMb, [Number.NaN]);
    assert.equal(host.stats().unreadableUss, 0);
    proc.faults.clear();
    proc.put(1, { residentPages: 2, privateDirtyKb: 1024 });
    assert.deepEqual(sample().privateMb, [1]);
  });
});

test("private memory: a process that holds no pages is not asked, and asked once it holds some", () => {
  withFakeProc((proc) => {
    const { sample } = open(proc);
    proc.put(1, { residentPages: 0, sharedPages: 0 });
    assert.deepEqual(sample(), { privateMb: [0], read: [] });
    proc.put(1, { residentPages: 9, privateDirtyKb: 1024 });
    assert.deepEqual(sample(), { privateMb: [1], read: [1] });
  });
});

test("private memory: a budget that is taken away leaves nothing behind, and one that is given again reads anew", () => {
  withFakeProc((proc) => {
    const { host, sample } = open(proc, { privateBudgetMs: 20 }, 15);
    for (const pid of [1, 2, 3]) proc.put(pid, { privateDirtyKb: 1024 });
    assert.deepEqual(sample(), { privateMb: [1, 1, Number.NaN], read: [1, 2] });
    host.setPrivateBudgetMs(0);
    const none = [Number.NaN, Number.NaN, Number.NaN];
    assert.deepEqual(sample(), { privateMb: none, read: [] });
    host.setPrivateBudgetMs(100);
    assert.deepEqual(sample().privateMb, [1, 1, 1]);
  });
});
