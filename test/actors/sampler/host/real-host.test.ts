/** The readers against the host the tests run on, compared with values read in another way. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { openHost } from "../../../../actors/sampler/host/index.ts";

const onLinux = { skip: process.platform === "linux" ? false : "reads /proc" };

function kbOf(file: string, key: string): number {
  const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(readFileSync(file, "utf8"));
  return match === null ? Number.NaN : Number(match[1]);
}

function near(actual: number, expected: number, relative: number, absolute: number, what: string): void {
  const tolerance = relative * expected + absolute;
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual} is not within ${tolerance} of ${expected}`,
  );
}

test("this host: memory agrees with the operating system's own figures", onLinux, async () => {
  const memory = await openHost().readMemory();
  near(memory.totalMb, totalmem() / 2 ** 20, 0.001, 1, "total");
  assert.ok(memory.availableMb > 0 && memory.availableMb <= memory.totalMb);
  near(memory.usedPercent, 100 - (100 * memory.availableMb) / memory.totalMb, 0, 1e-9, "used percent");
  const listed = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length;
  near(memory.processesCount, listed, 0.2, 20, "count of processes");
});

test("this host: this process is among the rows, with its own size", onLinux, async () => {
  const readings = await openHost({ privateBudgetMs: 10_000 }).readProcesses();
  const row = readings.pid.subarray(0, readings.length).indexOf(process.pid);
  assert.notEqual(row, -1);
  const workingSetMb = readings.workingSetMb[row]!;
  near(workingSetMb, kbOf("/proc/self/status", "VmRSS") / 1024, 0.25, 32, "working set");
  const name = readings.nameBytes.subarray(readings.nameOffsets[row], readings.nameOffsets[row + 1]);
  assert.equal(new TextDecoder().decode(name), readFileSync("/proc/self/comm", "utf8").trimEnd());
  assert.ok(readings.ioReadBytes[row]! >= 0 || Number.isNaN(readings.ioReadBytes[row]!));
  const privateMb = readings.privateBytesMb[row]!;
  if (Number.isNaN(privateMb)) return; // a kernel without smaps_rollup
  assert.ok(privateMb > 0);
  assert.ok(
    privateMb <= workingSetMb * 1.05 + 8,
    `private ${privateMb} exceeds the working set ${workingSetMb}`,
  );
  const dirtyKb = kbOf("/proc/self/smaps_rollup", "Private_Dirty");
  near(privateMb, (dirtyKb + kbOf("/proc/self/smaps_rollup", "Private_Clean")) / 1024, 0.25, 32, "private");
});
