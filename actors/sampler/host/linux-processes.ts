/**
 * Processes from /proc/<pid>/{stat,statm,io}, in order of pid, one pass per sample, into the reader's own columns.
 *
 * Working set is statm's resident pages (stat's own are said to be inaccurate: proc_pid_stat(5)). CPU is user plus system time
 * since the same process was last sampled, of one core; a clock tick (10 ms as a rule) is its grain. I/O is what reached
 * storage, not what passed through the page cache.
 *
 * A process that ends during the pass, or that may not be seen, is skipped and counted. Memory: columns for `maxProcesses`, one
 * small object per row, the list of pids.
 */

import type { KernelUnits } from "./aux-vector.ts";
import { READ_DENIED, READ_FAILED, READ_GONE } from "./file-access.ts";
import type { ResolvedHostOptions } from "./host-options.ts";
import type { HostStats, ProcessReadings } from "./host-reader.ts";
import { BYTES_PER_MB } from "./host-reader.ts";
import { PrivateMemory } from "./private-memory.ts";
import { emptyStat, KERNEL_THREAD, keyBytes, parseKeyed, parseNumbers, parseStat } from "./proc-text.ts";
import { createProcessReadings, writeName } from "./process-columns.ts";
import { isPid, listProc } from "./process-list.ts";
import type { TrackedProcess } from "./tracked-process.ts";
import { trackProcess } from "./tracked-process.ts";

/** The kernel's limit for the names of its own workers; those of programs have 15. */
const MAX_NAME_BYTES = 64;
const IO_KEYS = keyBytes(["read_bytes", "write_bytes"]);

export class LinuxProcesses {
  readonly #options: ResolvedHostOptions;
  readonly #units: KernelUnits;
  readonly #stats: HostStats;
  readonly #private: PrivateMemory;
  readonly #readings: ProcessReadings;
  readonly #tracked = new Map<number, TrackedProcess>();
  readonly #buffer = new Uint8Array(4096);
  readonly #stat = emptyStat();
  /** Of statm: size, resident, shared. */
  readonly #pages = new Float64Array(3);
  readonly #ioBytes = new Float64Array(IO_KEYS.length);
  #pids = new Uint32Array(256);
  #sample = 0;

  constructor(options: ResolvedHostOptions, units: KernelUnits, stats: HostStats) {
    this.#options = options;
    this.#units = units;
    this.#stats = stats;
    this.#private = new PrivateMemory(options, stats);
    this.#readings = createProcessReadings(options.maxProcesses, MAX_NAME_BYTES);
  }

  /** One sample. Throws when the processes cannot be listed. */
  read(): ProcessReadings {
    const readings = this.#readings;
    const stats = this.#stats;
    const pids = this.#listPids();
    this.#sample++;
    stats.unreadableIo = 0;
    readings.length = 0;
    for (let i = 0; i < pids.length; i++) {
      if (readings.length === this.#options.maxProcesses) {
        stats.truncated += pids.length - i;
        break;
      }
      const outcome = this.#readProcess(pids[i]!);
      if (outcome === READ_GONE) stats.vanished++;
      else if (outcome === READ_DENIED) stats.forbidden++;
      else if (outcome < 0) stats.failed++;
    }
    this.#private.readWaiting(readings, this.#sample);
    this.#forgetEnded();
    stats.samples = this.#sample;
    return readings;
  }

  /** The pids listed, ascending: procfs lists them so, other file systems need not. */
  #listPids(): Uint32Array {
    const names = listProc(this.#options.files, this.#options.procRoot);
    if (names.length > this.#pids.length) this.#pids = new Uint32Array(2 * names.length);
    let count = 0;
    for (const name of names) if (isPid(name)) this.#pids[count++] = Number(name);
    return this.#pids.subarray(0, count).sort();
  }

  /** Appends a row, or leaves out a kernel thread; below 0, the reason why there is no row. */
  #readProcess(pid: number): number {
    const { files, procRoot, clock, includeKernelThreads } = this.#options;
    const readings = this.#readings;
    const row = readings.length;
    const buffer = this.#buffer;
    const stat = this.#stat;

    const statLength = files.read(`${procRoot}/${pid}/stat`, buffer);
    if (statLength < 0) return statLength;
    const nowMs = clock.monotonicMs();
    if (!parseStat(buffer, statLength, stat)) return READ_FAILED;
    if (!includeKernelThreads && (stat.flags & KERNEL_THREAD) !== 0) return 0;
    // Now, because the next file comes into the same buffer.
    writeName(readings, row, buffer, stat.nameStart, stat.nameEnd, MAX_NAME_BYTES);

    const statmLength = files.read(`${procRoot}/${pid}/statm`, buffer);
    if (statmLength < 0) return statmLength;
    if (!parseNumbers(buffer, statmLength, this.#pages)) return READ_FAILED;

    const process = this.#recognise(pid, stat.startTicks);
    process.sample = this.#sample;
    process.row = row;
    readings.pid[row] = pid;
    readings.workingSetMb[row] = (this.#pages[1]! * this.#units.pageBytes) / BYTES_PER_MB;
    readings.cpuPercent[row] = this.#cpuPercent(process, stat.cpuTicks, nowMs);
    this.#readIo(process, nowMs);
    this.#private.consider(process, this.#pages[1]!, this.#pages[2]!, nowMs);
    readings.privateBytesMb[row] = process.privateMb;
    readings.length = row + 1;
    return 0;
  }

  /** What is remembered of this process; anew when the pid was given to another one since. */
  #recognise(pid: number, startTicks: number): TrackedProcess {
    const known = this.#tracked.get(pid);
    if (known !== undefined && known.startTicks === startTicks) return known;
    const process = trackProcess(pid, startTicks);
    this.#tracked.set(pid, process);
    return process;
  }

  #cpuPercent(process: TrackedProcess, cpuTicks: number, nowMs: number): number {
    const elapsedMs = nowMs - process.cpuAtMs;
    // No time has passed: nothing can be said, and the older reading is the better one to measure the next from.
    if (elapsedMs <= 0) return Number.NaN;
    const busyMs = ((cpuTicks - process.cpuTicks) * 1000) / this.#units.ticksPerSecond;
    process.cpuTicks = cpuTicks;
    process.cpuAtMs = nowMs;
    // Kernels scale these counters now and then, and may take a little back. NaN, of a first reading, stays NaN.
    return Math.max(0, (100 * busyMs) / elapsedMs);
  }

  #readIo(process: TrackedProcess, nowMs: number): void {
    const { files, procRoot, recheckAfterMs } = this.#options;
    const io = this.#ioBytes.fill(Number.NaN);
    if (nowMs >= process.ioDeniedUntilMs) {
      const length = files.read(`${procRoot}/${process.pid}/io`, this.#buffer);
      if (length > 0) parseKeyed(this.#buffer, length, IO_KEYS, io);
      // "Gone" is a kernel without I/O accounting, or a process just ended, which the next sample drops.
      else if (length !== READ_FAILED) process.ioDeniedUntilMs = nowMs + recheckAfterMs;
    }
    if (Number.isNaN(io[0]!)) this.#stats.unreadableIo++;
    this.#readings.ioReadBytes[process.row] = io[0]!;
    this.#readings.ioWriteBytes[process.row] = io[1]!;
  }

  #forgetEnded(): void {
    let unreadable = 0;
    for (const process of this.#tracked.values()) {
      if (process.sample !== this.#sample) this.#tracked.delete(process.pid);
      else if (process.privateDenied) unreadable++;
    }
    this.#stats.unreadableUss = unreadable;
    this.#stats.tracked = this.#tracked.size;
  }
}
