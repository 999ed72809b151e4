import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { openHost } from "../../../../actors/sampler/host/index.ts";
import type { SystemInformation, SystemProcess } from "../../../../actors/sampler/host/system-information.ts";
import { VirtualClock } from "../../../../runtime/clock.ts";

const MB = 2 ** 20;

function fakeSystem(platform: string, list: SystemProcess[], maxProcesses = 8) {
  const clock = new VirtualClock();
  const calls = { load: 0, processes: 0 };
  const system: SystemInformation = {
    mem: async () => ({ total: 1000 * MB, available: 250 * MB, swapused: 4 * MB }),
    processes: async () => {
      calls.processes++;
      return { list };
    },
  };
  const host = openHost({
    platform,
    clock,
    maxProcesses,
    loadSystemInformation: async () => {
      calls.load++;
      return system;
    },
  });
  return { host, clock, calls };
}

const entry = (pid: number, more: Partial<SystemProcess> = {}): SystemProcess => ({
  pid,
  name: `p${pid}`,
  cpu: 3,
  memRss: 2048,
  memVsz: 4096,
  started: "2026-01-01 00:00:00",
  ...more,
});

test("elsewhere: nothing is loaded before the first reading, and only once", async () => {
  const { host, calls } = fakeSystem("darwin", []);
  assert.equal(calls.load, 0);
  await host.readProcesses();
  await host.readMemory();
  assert.equal(calls.load, 1);
});

test("elsewhere: memory in the same units, processes listed for their count once a minute at most", async () => {
  const { host, calls, clock } = fakeSystem("darwin", [entry(1), entry(2)]);
  const expected = { totalMb: 1000, availableMb: 250, usedPercent: 75, pageFileUsedMb: 4, processesCount: 2 };
  assert.deepEqual(await host.readMemory(), expected);
  clock.advance(60_000);
  assert.deepEqual(await host.readMemory(), expected);
  assert.equal(calls.processes, 1);
  clock.advance(1);
  await host.readMemory();
  assert.equal(calls.processes, 2);
});

test("elsewhere: on macOS the address space is not taken for private memory, CPU is ps's", async () => {
  const { host } = fakeSystem("darwin", [entry(1, { name: "naïve" })]);
  const readings = await host.readProcesses();
  assert.equal(readings.length, 1);
  assert.equal(readings.workingSetMb[0], 2);
  assert.equal(readings.privateBytesMb[0], Number.NaN);
  assert.equal(readings.cpuPercent[0], 3);
  assert.equal(readings.ioReadBytes[0], Number.NaN);
  assert.equal(readings.ioWriteBytes[0], Number.NaN);
  assert.equal(new TextDecoder().decode(readings.nameBytes.subarray(0, readings.nameOffsets[1])), "naïve");
});

test("elsewhere: on Windows CPU is scaled to one core and unknown at first sight, of a reused pid too", async () => {
  const list = [entry(1), entry(2, { memVsz: null })];
  const { host } = fakeSystem("win32", list);
  const first = await host.readProcesses();
  assert.deepEqual([...first.cpuPercent.subarray(0, 2)], [Number.NaN, Number.NaN]);
  assert.deepEqual([...first.privateBytesMb.subarray(0, 2)], [4, Number.NaN]);
  list[1] = entry(2, { started: "2026-01-01 00:00:09" });
  const second = await host.readProcesses();
  assert.deepEqual([...second.cpuPercent.subarray(0, 2)], [3 * availableParallelism(), Number.NaN]);
});

test("elsewhere: rows are bounded and counted, impossible pids are left out", async () => {
  const { host } = fakeSystem("sunos", [entry(Number.NaN), entry(1), entry(2), entry(3)], 2);
  const readings = await host.readProcesses();
  assert.deepEqual([...readings.pid.subarray(0, readings.length)], [1, 2]);
  assert.equal(readings.cpuPercent[0], Number.NaN);
  const { failed, truncated, tracked } = host.stats();
  assert.deepEqual({ failed, truncated, tracked }, { failed: 1, truncated: 1, tracked: 2 });
});

test("options out of bounds are refused by name", () => {
  assert.throws(
    () => openHost({ maxProcesses: 0 }),
    /maxProcesses must be a whole number from 1 to 4194304, but is 0/,
  );
  assert.throws(
    () => openHost({ privateBudgetMs: Number.NaN }),
    /privateBudgetMs must be .* ≥ 0, but is NaN/,
  );
  assert.throws(() => openHost({ recheckAfterMs: -1 }), /recheckAfterMs must be .* ≥ 0, but is -1/);
});
