import assert from "node:assert/strict";
import { test } from "node:test";
import { READ_DENIED, READ_FAILED, READ_GONE } from "../../../../actors/sampler/host/file-access.ts";
import type { HostOptions } from "../../../../actors/sampler/host/host-options.ts";
import { resolveHostOptions } from "../../../../actors/sampler/host/host-options.ts";
import type { ProcessReadings } from "../../../../actors/sampler/host/host-reader.ts";
import { LinuxHost } from "../../../../actors/sampler/host/linux-host.ts";
import { VirtualClock } from "../../../../runtime/clock.ts";
import type { FakeProc } from "./fake-proc.ts";
import { withFakeProc } from "./fake-proc.ts";

const KERNEL_THREAD = 0x0020_0000;

function open(proc: FakeProc, options: HostOptions = {}) {
  const clock = new VirtualClock();
  return {
    clock,
    host: new LinuxHost(resolveHostOptions({ files: proc, procRoot: proc.root, clock, ...options })),
  };
}

const pidsOf = (readings: ProcessReadings) => [...readings.pid.subarray(0, readings.length)];

function namesOf(readings: ProcessReadings): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return pidsOf(readings).map((_, row) =>
    decoder.decode(readings.nameBytes.subarray(readings.nameOffsets[row], readings.nameOffsets[row + 1])),
  );
}

test("processes: one row each in order of pid, every column from its file", () => {
  withFakeProc((proc) => {
    proc.put(100, { comm: "later", residentPages: 512, readBytes: 4096, writeBytes: 8192 });
    proc.put(9, { comm: "first", residentPages: 256 });
    proc.write("uptime", "1 1\n");
    const readings = open(proc).host.readProcesses();
    assert.deepEqual(pidsOf(readings), [9, 100]);
    assert.deepEqual(namesOf(readings), ["first", "later"]);
    assert.deepEqual([...readings.workingSetMb.subarray(0, 2)], [1, 2]);
    assert.deepEqual([...readings.ioReadBytes.subarray(0, 2)], [0, 4096]);
    assert.deepEqual([...readings.ioWriteBytes.subarray(0, 2)], [0, 8192]);
    assert.deepEqual([...readings.cpuPercent.subarray(0, 2)], [Number.NaN, Number.NaN]);
  });
});

test("processes: names with spaces, parentheses, newlines, broken letters, and of full length", () => {
  withFakeProc((proc) => {
    proc.put(1, { comm: "Web Content" });
    proc.put(2, { comm: "(sd-pam)" });
    proc.put(3, { comm: "a) S 1 (b" });
    proc.put(4, { comm: "two\nlines" });
    proc.put(5, { comm: Uint8Array.of(0x61, 0xff, 0xe2, 0x82, 0x62, 0xc3) });
    proc.put(6, { comm: "exactly15bytes_" });
    proc.put(7, { comm: "" });
    proc.put(8, { comm: "x".repeat(100) });
    const names = ["Web Content", "(sd-pam)", "a) S 1 (b", "two\nlines", "a???b?", "exactly15bytes_"];
    assert.deepEqual(namesOf(open(proc).host.readProcesses()), [...names, "", "x".repeat(64)]);
  });
});

test("processes: kernel threads are left out unless asked for", () => {
  withFakeProc((proc) => {
    proc.put(1);
    proc.put(2, { flags: KERNEL_THREAD | 0x40, residentPages: 0 });
    assert.deepEqual(pidsOf(open(proc).host.readProcesses()), [1]);
    const withThreads = open(proc, { includeKernelThreads: true }).host.readProcesses();
    assert.deepEqual(pidsOf(withThreads), [1, 2]);
    assert.equal(withThreads.privateBytesMb[1], 0);
  });
});

test("cpu: of one core, since this process was last sampled, and beyond 100 for several", () => {
  withFakeProc((proc) => {
    const { host, clock } = open(proc);
    proc.put(1, { userTicks: 1000, systemTicks: 500 });
    host.readProcesses();
    proc.put(1, { userTicks: 1040, systemTicks: 510 });
    clock.advance(10_000);
    assert.equal(host.readProcesses().cpuPercent[0], 5);
    proc.put(1, { userTicks: 1540, systemTicks: 510 });
    clock.advance(2000);
    assert.equal(host.readProcesses().cpuPercent[0], 250);
    clock.advance(2000);
    assert.equal(host.readProcesses().cpuPercent[0], 0);
  });
});

test("cpu: counters that go back give 0, and the next share starts from there", () => {
  withFakeProc((proc) => {
    const { host, clock } = open(proc);
    proc.put(1, { userTicks: 1000 });
    host.readProcesses();
    proc.put(1, { userTicks: 900 });
    clock.advance(1000);
    assert.equal(host.readProcesses().cpuPercent[0], 0);
    proc.put(1, { userTicks: 950 });
    clock.advance(1000);
    assert.equal(host.readProcesses().cpuPercent[0], 50);
  });
});

test("cpu: two samples at the same moment say nothing, and lose nothing", () => {
  withFakeProc((proc) => {
    const { host, clock } = open(proc);
    proc.put(1, { userTicks: 100 });
    host.readProcesses();
    proc.put(1, { userTicks: 150 });
    assert.equal(host.readProcesses().cpuPercent[0], Number.NaN);
    clock.advance(1000);
    assert.equal(host.readProcesses().cpuPercent[0], 50);
  });
});

test("a reused pid is another process: CPU, I/O permission and private memory start anew", () => {
  withFakeProc((proc) => {
    const { host, clock } = open(proc);
    proc.put(1, { userTicks: 100, startTicks: 5, privateDirtyKb: 1024 });
    proc.faults.set("1/io", READ_DENIED);
    host.readProcesses();
    proc.faults.clear();
    proc.put(1, { userTicks: 900, startTicks: 6, privateDirtyKb: 2048, readBytes: 7 });
    clock.advance(1000);
    const readings = host.readProcesses();
    assert.equal(readings.cpuPercent[0], Number.NaN);
    assert.equal(readings.ioReadBytes[0], 7);
    assert.equal(readings.privateBytesMb[0], 2);
    assert.equal(host.stats().tracked, 1);
  });
});

test("a process that ends before or during its reading is skipped and counted, its neighbours stay whole", () => {
  withFakeProc((proc) => {
    for (const pid of [1, 2, 3, 4]) proc.put(pid, { comm: `p${pid}` });
    proc.faults.set("2/stat", READ_GONE);
    proc.onRead = (path) => {
      if (path === "3/statm") proc.end(3);
    };
    const { host } = open(proc);
    const readings = host.readProcesses();
    assert.deepEqual(pidsOf(readings), [1, 4]);
    assert.deepEqual(namesOf(readings), ["p1", "p4"]);
    assert.equal(host.stats().vanished, 2);
    assert.equal(host.stats().tracked, 2);
  });
});

test("processes that may not be seen, malformed ones and passing failures are skipped, each under its own count", () => {
  withFakeProc((proc) => {
    for (const pid of [1, 2, 3, 4, 5]) proc.put(pid);
    proc.faults.set("1/stat", READ_DENIED);
    proc.faults.set("2/statm", READ_DENIED);
    proc.faults.set("3/stat", READ_FAILED);
    proc.write("4/statm", "\n");
    const { host } = open(proc);
    assert.deepEqual(pidsOf(host.readProcesses()), [5]);
    const { forbidden, failed, vanished } = host.stats();
    assert.deepEqual({ forbidden, failed, vanished }, { forbidden: 2, failed: 2, vanished: 0 });
  });
});

test("I/O that is not permitted is unknown, and not asked for again until the recheck", () => {
  withFakeProc((proc) => {
    const { host, clock } = open(proc, { recheckAfterMs: 60_000 });
    proc.put(1, { readBytes: 5, writeBytes: 6 });
    proc.put(2);
    proc.faults.set("1/io", READ_DENIED);
    for (let sample = 0; sample < 6; sample++) {
      const readings = host.readProcesses();
      assert.equal(readings.ioReadBytes[0], Number.NaN);
      assert.equal(readings.ioWriteBytes[0], Number.NaN);
      assert.equal(readings.ioReadBytes[1], 0);
      assert.equal(host.stats().unreadableIo, 1);
      clock.advance(10_000);
    }
    assert.deepEqual(proc.pidsRead("io"), [1, 2, 2, 2, 2, 2, 2]);
    proc.faults.clear();
    const readings = host.readProcesses();
    assert.deepEqual([readings.ioReadBytes[0], readings.ioWriteBytes[0]], [5, 6]);
    assert.equal(host.stats().unreadableIo, 0);
  });
});

test("I/O that failed for a passing reason is tried again at the next sample", () => {
  withFakeProc((proc) => {
    const { host, clock } = open(proc);
    proc.put(1, { readBytes: 5 });
    proc.faults.set("1/io", READ_FAILED);
    assert.equal(host.readProcesses().ioReadBytes[0], Number.NaN);
    proc.faults.clear();
    clock.advance(1);
    assert.equal(host.readProcesses().ioReadBytes[0], 5);
  });
});

test("rows are bounded: the first pids are kept, the rest counted, the ended forgotten", () => {
  withFakeProc((proc) => {
    const { host } = open(proc, { maxProcesses: 3 });
    for (const pid of [11, 12, 13, 14, 15]) proc.put(pid);
    assert.deepEqual(pidsOf(host.readProcesses()), [11, 12, 13]);
    assert.equal(host.stats().truncated, 2);
    proc.end(11);
    proc.end(12);
    assert.deepEqual(pidsOf(host.readProcesses()), [13, 14, 15]);
    assert.equal(host.stats().truncated, 2);
    assert.equal(host.stats().tracked, 3);
  });
});

test("more entries than ever before still find room in the list of pids", () => {
  withFakeProc((proc) => {
    const { host } = open(proc);
    for (let pid = 1; pid <= 400; pid++) proc.put(pid);
    assert.equal(host.readProcesses().length, 400);
  });
});

test("columns are the same objects in every sample", () => {
  withFakeProc((proc) => {
    proc.put(1);
    const { host } = open(proc);
    const first = host.readProcesses();
    const { pid, nameBytes } = first;
    proc.put(2);
    const second = host.readProcesses();
    assert.equal(second, first);
    assert.equal(second.pid, pid);
    assert.equal(second.nameBytes, nameBytes);
  });
});

test("a folder that cannot be listed is an error with advice", () => {
  withFakeProc((proc) => {
    const { host } = open(proc, { procRoot: `${proc.root}/none` });
    assert.throws(
      () => host.readProcesses(),
      /Expected the processes of this host under .*none, but listing it gave ENOENT\. Mount/,
    );
  });
});
