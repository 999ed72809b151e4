/** The Linux reader: /proc and nothing else, synchronous, no child processes. */
import type { KernelUnits } from "./aux-vector.ts";
import { readKernelUnits } from "./aux-vector.ts";
import type { ResolvedHostOptions } from "./host-options.ts";
import type { HostReader, HostStats, MemoryReading, ProcessReadings } from "./host-reader.ts";
import { emptyStats } from "./host-reader.ts";
import { LinuxMemory } from "./linux-memory.ts";
import { LinuxProcesses } from "./linux-processes.ts";

export class LinuxHost implements HostReader {
  readonly #options: ResolvedHostOptions;
  readonly #units: KernelUnits;
  readonly #stats = emptyStats();
  readonly #memory: LinuxMemory;
  readonly #processes: LinuxProcesses;

  constructor(options: ResolvedHostOptions) {
    this.#options = options;
    this.#units = readKernelUnits(options.files, options.procRoot);
    this.#memory = new LinuxMemory(options.files, options.procRoot);
    this.#processes = new LinuxProcesses(options, this.#units, this.#stats);
  }

  readMemory(): MemoryReading {
    return this.#memory.read();
  }

  readProcesses(): ProcessReadings {
    return this.#processes.read();
  }

  setPrivateBudgetMs(budgetMs: number): void {
    this.#options.privateBudgetMs = budgetMs;
  }

  stats(): HostStats {
    return { ...this.#stats };
  }

  describe(): string {
    const { pageBytes, ticksPerSecond } = this.#units;
    const { privateBudgetMs } = this.#options;
    const privately = privateBudgetMs === 0 ? "not read" : `read for up to ${privateBudgetMs} ms a sample`;
    return `Linux procfs: pages of ${pageBytes} bytes, ${ticksPerSecond} ticks/s, private memory ${privately}`;
  }
}
