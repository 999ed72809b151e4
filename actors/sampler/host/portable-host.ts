/**
 * The reader for hosts other than Linux, by systeminformation: it runs the system's own programs (ps, vm_stat, PowerShell), so a
 * process sample takes a tenth of a second to a second. Same columns, mapped only where the meaning is the same:
 *
 * | column | macOS, BSD | Windows | others |
 * |---|---|---|---|
 * | private memory | unknown | commit charge (Win32_Process.PageFileUsage), the system's "private bytes" | unknown |
 * | CPU | ps's decaying average, of one core | share of the machine since the last sample × cores; first sight unknown | unknown |
 * | I/O bytes | unknown | unknown | unknown |
 *
 * The count of processes in a memory reading is that of the last process list, made again when older than a minute: listing
 * them every second would cost more than everything else together.
 */
import { availableParallelism } from "node:os";
import type { ResolvedHostOptions } from "./host-options.ts";
import type { HostReader, HostStats, MemoryReading, ProcessReadings } from "./host-reader.ts";
import { BYTES_PER_MB, emptyStats } from "./host-reader.ts";
import { createProcessReadings, writeName } from "./process-columns.ts";
import type { SystemInformation, SystemProcess } from "./system-information.ts";

/** The longest file name of the common file systems. */
const MAX_NAME_BYTES = 255;
const KB_PER_MB = 1024;
const MAX_COUNT_AGE_MS = 60_000;
/** Where systeminformation's figure is `ps`'s pcpu, which is of one core. */
const PS_PLATFORMS: ReadonlySet<string> = new Set(["darwin", "freebsd", "openbsd", "netbsd"]);

export class PortableHost implements HostReader {
  readonly #options: ResolvedHostOptions;
  readonly #stats = emptyStats();
  readonly #readings: ProcessReadings;
  readonly #encoder = new TextEncoder();
  /** Start times by pid, of the last sample and of the one being made. */
  #known = new Map<number, string>();
  #source: Promise<SystemInformation> | undefined;
  #processesCount = 0;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ResolvedHostOptions) {
    this.#options = options;
    this.#readings = createProcessReadings(options.maxProcesses, MAX_NAME_BYTES);
  }

  async readMemory(): Promise<MemoryReading> {
    const source = await this.#load();
    const { total, available, swapused } = await source.mem();
    if (!(total > 0)) {
      throw new Error(`Expected systeminformation to report memory above 0 bytes, but it reported ${total}.`);
    }
    if (this.#options.clock.monotonicMs() - this.#countedAtMs > MAX_COUNT_AGE_MS) {
      this.#count((await source.processes()).list);
    }
    const availableBytes = Math.min(Math.max(available, 0), total);
    return {
      totalMb: total / BYTES_PER_MB,
      availableMb: availableBytes / BYTES_PER_MB,
      usedPercent: 100 * (1 - availableBytes / total),
      pageFileUsedMb: Math.max(0, swapused) / BYTES_PER_MB,
      processesCount: this.#processesCount,
    };
  }

  async readProcesses(): Promise<ProcessReadings> {
    const { list } = await (await this.#load()).processes();
    this.#count(list);
    const known = new Map<number, string>();
    const readings = this.#readings;
    readings.length = 0;
    for (const process of list) {
      if (!Number.isInteger(process.pid) || process.pid < 0) {
        this.#stats.failed++;
      } else if (readings.length === this.#options.maxProcesses) {
        this.#stats.truncated++;
      } else {
        this.#append(process);
        known.set(process.pid, process.started);
      }
    }
    this.#known = known;
    this.#stats.samples++;
    this.#stats.tracked = known.size;
    this.#stats.unreadableIo = readings.length;
    return readings;
  }

  setPrivateBudgetMs(): void {
    // Where there is a figure for private memory at all, it comes with the others.
  }

  stats(): HostStats {
    return { ...this.#stats };
  }

  describe(): string {
    return `systeminformation on ${this.#options.platform}: I/O bytes unknown`;
  }

  #load(): Promise<SystemInformation> {
    this.#source ??= this.#options.loadSystemInformation();
    return this.#source;
  }

  #count(list: readonly SystemProcess[]): void {
    this.#processesCount = list.length;
    this.#countedAtMs = this.#options.clock.monotonicMs();
  }

  #append(process: SystemProcess): void {
    const readings = this.#readings;
    const row = readings.length;
    const name = this.#encoder.encode(process.name);
    writeName(readings, row, name, 0, name.length, MAX_NAME_BYTES);
    readings.pid[row] = process.pid;
    readings.workingSetMb[row] = process.memRss / KB_PER_MB;
    readings.privateBytesMb[row] = this.#privateMb(process);
    readings.cpuPercent[row] = this.#cpuPercent(process);
    readings.ioReadBytes[row] = Number.NaN;
    readings.ioWriteBytes[row] = Number.NaN;
    readings.length = row + 1;
  }

  /** On Windows memVsz is Win32_Process.PageFileUsage; elsewhere it is the address space, which says nothing of the kind. */
  #privateMb(process: SystemProcess): number {
    const known = this.#options.platform === "win32" && typeof process.memVsz === "number";
    return known ? (process.memVsz ?? Number.NaN) / KB_PER_MB : Number.NaN;
  }

  #cpuPercent(process: SystemProcess): number {
    const { platform } = this.#options;
    if (PS_PLATFORMS.has(platform)) return process.cpu;
    const seenBefore = this.#known.get(process.pid) === process.started;
    if (platform === "win32" && seenBefore) return Math.max(0, process.cpu * availableParallelism());
    return Number.NaN;
  }
}
