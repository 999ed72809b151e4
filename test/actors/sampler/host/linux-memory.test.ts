import assert from "node:assert/strict";
import { test } from "node:test";
import { READ_FAILED } from "../../../../actors/sampler/host/file-access.ts";
import { LinuxMemory } from "../../../../actors/sampler/host/linux-memory.ts";
import type { FakeProc } from "./fake-proc.ts";
import { withFakeProc } from "./fake-proc.ts";

const kb = (mb: number) => `${mb * 1024} kB`;

function readMemory(proc: FakeProc) {
  return new LinuxMemory(proc, proc.root).read();
}

test("memory: what the kernel says, in units of 2^20 bytes", () => {
  withFakeProc((proc) => {
    proc.write(
      "meminfo",
      `MemTotal: ${kb(1000)}\nMemFree: ${kb(10)}\nMemAvailable:   ${kb(250)}\nSwapCached: ${kb(3)}\nSwapTotal: ${kb(64)}\nSwapFree: ${kb(60)}\n`,
    );
    for (const pid of [1, 22, 333]) proc.put(pid);
    proc.write("sys/kernel/x", "");
    assert.deepEqual(readMemory(proc), {
      totalMb: 1000,
      availableMb: 250,
      usedPercent: 75,
      pageFileUsedMb: 4,
      processesCount: 3,
    });
  });
});

test("memory: without MemAvailable, shared memory does not count as cache that can be dropped", () => {
  withFakeProc((proc) => {
    proc.write(
      "meminfo",
      `MemTotal: ${kb(1000)}\nMemFree: ${kb(100)}\nBuffers: ${kb(20)}\nCached: ${kb(300)}\nShmem: ${kb(50)}\nSReclaimable: ${kb(30)}\n`,
    );
    const memory = readMemory(proc);
    assert.equal(memory.availableMb, 400);
    assert.equal(memory.pageFileUsedMb, 0);
    // More shared memory than cache, as some kernels report during a race, must not turn into negative cache.
    proc.write(
      "meminfo",
      `MemTotal: ${kb(1000)}\nMemFree: ${kb(100)}\nCached: ${kb(10)}\nShmem: ${kb(50)}\n`,
    );
    assert.equal(readMemory(proc).availableMb, 100);
  });
});

test("memory: an available above the total does not make the use negative", () => {
  withFakeProc((proc) => {
    proc.write(
      "meminfo",
      `MemTotal: ${kb(100)}\nMemAvailable: ${kb(101)}\nSwapTotal: 0 kB\nSwapFree: ${kb(1)}\n`,
    );
    const memory = readMemory(proc);
    assert.equal(memory.availableMb, 100);
    assert.equal(memory.usedPercent, 0);
    assert.equal(memory.pageFileUsedMb, 0);
  });
});

test("memory: no total is an error that says what was expected, what came and what to do", () => {
  withFakeProc((proc) => {
    proc.write("meminfo", "MemFree: 7 kB\n");
    assert.throws(
      () => readMemory(proc),
      /Expected a MemTotal above 0 in .*meminfo, but none in 14 bytes\. Is procfs mounted/,
    );
    proc.faults.set("meminfo", READ_FAILED);
    assert.throws(() => readMemory(proc), /cannot be read/);
  });
});

test("memory: a reader does not fall back on the bytes of its previous reading", () => {
  withFakeProc((proc) => {
    proc.write("meminfo", `MemTotal: ${kb(100)}\nMemAvailable: ${kb(50)}\n`);
    const reader = new LinuxMemory(proc, proc.root);
    reader.read();
    proc.faults.set("meminfo", READ_FAILED);
    assert.throws(() => reader.read(), /cannot be read/);
  });
});
