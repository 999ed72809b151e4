/**
 * The host's memory from /proc/meminfo. Values there are in kB that are 1024 bytes: proc_meminfo(5).
 *
 * Available is the kernel's own estimate. Kernels before 3.14 give none; there we add up what can be dropped: free, buffers, page
 * cache without shared memory (which cannot be dropped), reclaimable slab. That is a little optimistic, the kernel holds back
 * its low watermarks.
 */
import type { FileAccess } from "./file-access.ts";
import type { MemoryReading } from "./host-reader.ts";
import { keyBytes, parseKeyed } from "./proc-text.ts";
import { isPid, listProc } from "./process-list.ts";

const KB_PER_MB = 1024;

const KEYS = keyBytes([
  "MemTotal",
  "MemFree",
  "MemAvailable",
  "Buffers",
  "Cached",
  "SwapTotal",
  "SwapFree",
  "Shmem",
  "SReclaimable",
]);

export class LinuxMemory {
  readonly #files: FileAccess;
  readonly #procRoot: string;
  readonly #path: string;
  readonly #buffer = new Uint8Array(16_384);
  readonly #valuesKb = new Float64Array(KEYS.length);

  constructor(files: FileAccess, procRoot: string) {
    this.#files = files;
    this.#procRoot = procRoot;
    this.#path = `${procRoot}/meminfo`;
  }

  /** Throws when there is no total: without it nothing else means anything. */
  read(): MemoryReading {
    const length = this.#files.read(this.#path, this.#buffer);
    parseKeyed(this.#buffer, Math.max(length, 0), KEYS, this.#valuesKb);
    const values = this.#valuesKb;
    const totalKb = values[0]!;
    if (!(totalKb > 0)) {
      const found = length < 0 ? "the file cannot be read" : `none in ${length} bytes`;
      throw new Error(
        `Expected a MemTotal above 0 in ${this.#path}, but ${found}. Is procfs mounted at ${this.#procRoot}?`,
      );
    }
    const availableKb = Math.min(Number.isNaN(values[2]!) ? estimateAvailable(values) : values[2]!, totalKb);
    return {
      totalMb: totalKb / KB_PER_MB,
      availableMb: availableKb / KB_PER_MB,
      usedPercent: 100 * (1 - availableKb / totalKb),
      pageFileUsedMb: Math.max(0, orZero(values[5]!) - orZero(values[6]!)) / KB_PER_MB,
      processesCount: this.#countProcesses(),
    };
  }

  #countProcesses(): number {
    let count = 0;
    for (const name of listProc(this.#files, this.#procRoot)) if (isPid(name)) count++;
    return count;
  }
}

function estimateAvailable(values: Float64Array): number {
  const cacheKb = Math.max(0, orZero(values[4]!) - orZero(values[7]!));
  return orZero(values[1]!) + orZero(values[3]!) + cacheKb + orZero(values[8]!);
}

function orZero(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}
