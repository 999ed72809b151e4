/**
 * Private memory (USS) on a budget. Adding up a process's pages makes the kernel walk its page tables: the reading is several
 * times dearer than all others, and grows with the process. So it is made only when resident or shared page counts changed
 * since the last one (or that is long ago), and only until the sample's budget is spent.
 *
 * Who is due waits in line, first come first served, and stays there over samples: as one reading is always made, nobody starves.
 * A process put off shows its last reading. Who may not be read is remembered and not asked again before `recheckAfterMs`.
 *
 * USS = Private_Clean + Private_Dirty + Private_Hugetlb of /proc/<pid>/smaps_rollup, kernel 4.14 or later.
 */
import { READ_FAILED } from "./file-access.ts";
import type { ResolvedHostOptions } from "./host-options.ts";
import type { HostStats, ProcessReadings } from "./host-reader.ts";
import { keyBytes, parseKeyed } from "./proc-text.ts";
import type { TrackedProcess } from "./tracked-process.ts";

const KEYS = keyBytes(["Private_Clean", "Private_Dirty", "Private_Hugetlb"]);
const KB_PER_MB = 1024;

export class PrivateMemory {
  readonly #options: ResolvedHostOptions;
  readonly #stats: HostStats;
  readonly #buffer = new Uint8Array(8192);
  readonly #valuesKb = new Float64Array(KEYS.length);
  readonly #line: TrackedProcess[] = [];

  constructor(options: ResolvedHostOptions, stats: HostStats) {
    this.#options = options;
    this.#stats = stats;
  }

  /** Notes the page counts of a process in this sample, and puts it in line when its reading is due. */
  consider(process: TrackedProcess, residentPages: number, sharedPages: number, nowMs: number): void {
    if (this.#options.privateBudgetMs === 0) {
      // Not the last reading for ever; and should there be a budget again, this process has changed.
      process.privateMb = Number.NaN;
      process.residentPages = -1;
      return;
    }
    const changed = process.residentPages !== residentPages || process.sharedPages !== sharedPages;
    process.residentPages = residentPages;
    process.sharedPages = sharedPages;
    if (residentPages === 0) {
      // An ended process that nobody has waited for, or a kernel thread: it holds nothing, and the kernel would refuse.
      process.privateMb = 0;
      process.privateDenied = false;
      process.privateDueMs = Number.POSITIVE_INFINITY;
      return;
    }
    if (process.waiting) return;
    if (nowMs >= process.privateDueMs || (changed && !process.privateDenied)) {
      process.waiting = true;
      this.#line.push(process);
    }
  }

  /** Takes from the front of the line while the budget lasts. Call once per sample, when all rows of `into` are written. */
  readWaiting(into: ProcessReadings, sample: number): void {
    const { clock, privateBudgetMs } = this.#options;
    const line = this.#line;
    const startMs = clock.monotonicMs();
    let nowMs = startMs;
    let next = 0;
    for (; next < line.length && nowMs - startMs < privateBudgetMs; next++) {
      const process = line[next]!;
      process.waiting = false;
      if (process.sample !== sample || process.residentPages === 0) continue;
      this.#read(process, nowMs);
      into.privateBytesMb[process.row] = process.privateMb;
      nowMs = clock.monotonicMs();
    }
    // Keep the rest in order, without those that have ended: the line is never longer than the processes tracked.
    let kept = 0;
    for (; next < line.length; next++) {
      const process = line[next]!;
      if (process.sample === sample && process.residentPages !== 0) line[kept++] = process;
      else process.waiting = false;
    }
    line.length = kept;
    this.#stats.deferredUss = kept;
  }

  #read(process: TrackedProcess, nowMs: number): void {
    const { files, procRoot, recheckAfterMs } = this.#options;
    const length = files.read(`${procRoot}/${process.pid}/smaps_rollup`, this.#buffer);
    process.privateDueMs = nowMs + recheckAfterMs;
    process.privateMb = Number.NaN;
    // "Gone" is taken for "not offered": an ended process is dropped with the next sample anyway.
    process.privateDenied = length < 0 && length !== READ_FAILED;
    if (length <= 0) return;
    parseKeyed(this.#buffer, length, KEYS, this.#valuesKb);
    const [cleanKb = 0, dirtyKb = 0, hugeKb = 0] = this.#valuesKb;
    process.privateMb = (cleanKb + dirtyKb + (Number.isNaN(hugeKb) ? 0 : hugeKb)) / KB_PER_MB;
    this.#stats.privateReads++;
  }
}
