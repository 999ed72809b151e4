/** The readers against the host the tests run on, compared with values read in another way. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { openHost } from "../../../../actors/sampler/host/index.ts";

const onLinux = { skip: process.platform === "linux" ? false : "reads /proc" };

const HELD_MB = 8;
/** Takes so much into its memory, says so, and waits. */
const HOLDS = `x=$(head -c ${HELD_MB * 2 ** 20} /dev/zero | tr '\\0' x); echo ready; read line`;

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

test("this host: this process is among the rows, by its name", onLinux, async () => {
  const readings = await openHost().readProcesses();
  const row = readings.pid.subarray(0, readings.length).indexOf(process.pid);
  assert.notEqual(row, -1);
  assert.ok(readings.workingSetMb[row]! > 0);
  const name = readings.nameBytes.subarray(readings.nameOffsets[row], readings.nameOffsets[row + 1]);
  assert.equal(new TextDecoder().decode(name), readFileSync("/proc/self/comm", "utf8").trimEnd());
  assert.ok(readings.ioReadBytes[row]! >= 0 || Number.isNaN(readings.ioReadBytes[row]!));
});

test("this host: a process that stands still has the size that the kernel says", onLinux, async (t) => {
  // Not this one: between two looks at it a runtime gives memory back, and takes some, as it likes.
  const child = spawn("sh", ["-c", HOLDS], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => void child.kill());
  await once(child.stdout, "data");
  // As if there were time enough: it is one of all that wait in line for it.
  const readings = await openHost({ privateBudgetMs: 600_000 }).readProcesses();
  const row = readings.pid.subarray(0, readings.length).indexOf(child.pid!);
  assert.notEqual(row, -1);
  const workingSetMb = readings.workingSetMb[row]!;
  assert.ok(workingSetMb > HELD_MB, `${workingSetMb} MiB`);
  near(workingSetMb, kbOf(`/proc/${child.pid}/status`, "VmRSS") / 1024, 0.01, 1, "working set");
  const privateMb = readings.privateBytesMb[row]!;
  if (Number.isNaN(privateMb)) return; // a kernel without smaps_rollup
  assert.ok(privateMb > HELD_MB && privateMb <= workingSetMb + 1, `${privateMb} of ${workingSetMb} MiB`);
  const rollup = `/proc/${child.pid}/smaps_rollup`;
  near(privateMb, (kbOf(rollup, "Private_Dirty") + kbOf(rollup, "Private_Clean")) / 1024, 0.01, 1, "private");
});
