/**
 * What the sampler asks of a host: its memory, its processes, and an account of what could not be read.
 *
 * Invariants: mb means 2^20 bytes everywhere; an unknown number is NaN, never a made-up zero; the columns of one reader are
 * allocated once and filled anew by each sample, so memory is bounded by `maxProcesses`. A caller that keeps values past the
 * next sample copies them; samples of one reader must not overlap.
 *
 * Process names are raw identifiers: they leave these columns only towards the anonymizer, and appear in no message.
 */

export interface MemoryReading {
  /** Memory the kernel manages, mb > 0. The host's, even inside a container with a lower limit. */
  totalMb: number;
  /** What could be had without swapping, mb, within [0, totalMb]. */
  availableMb: number;
  /** 100 × (1 − available / total), within [0, 100]. */
  usedPercent: number;
  /** Swap or page file in use, mb ≥ 0. */
  pageFileUsedMb: number;
  /** Processes on the host, kernel threads included. */
  processesCount: number;
}

/** Columns of which the first `length` entries are valid; reused from one sample to the next. */
export interface ProcessReadings {
  length: number;
  readonly pid: Uint32Array;
  /** Resident memory, mb ≥ 0. */
  readonly workingSetMb: Float64Array;
  /** Memory that would come free if the process ended, mb ≥ 0; NaN = unknown. */
  readonly privateBytesMb: Float64Array;
  /** Since this process was last sampled, as a percentage of ONE core: 250 = two and a half cores. NaN = unknown. */
  readonly cpuPercent: Float32Array;
  /** Bytes fetched from storage since the process started, an integer < 2^53; NaN = not permitted. */
  readonly ioReadBytes: Float64Array;
  /** Bytes sent to storage since the process started, an integer < 2^53; NaN = not permitted. */
  readonly ioWriteBytes: Float64Array;
  /** Valid UTF-8, names one after the other. */
  readonly nameBytes: Uint8Array;
  /** Arrow layout: name `i` is `nameBytes[nameOffsets[i] … nameOffsets[i + 1])`; `length` + 1 entries are valid. */
  readonly nameOffsets: Int32Array;
}

/** Counts, never identities. The first group only grows; the second describes the last process sample. */
export interface HostStats {
  samples: number;
  /** Processes that ended between being listed and being read. */
  vanished: number;
  /** Processes that the host would not let us see at all, counted at every sample. */
  forbidden: number;
  /** Listed entries beyond `maxProcesses` that were not looked at, kernel threads included. */
  truncated: number;
  /** Processes skipped for a reason that is none of the above: a malformed record, too many open files. */
  failed: number;
  /** Private-memory readings made. */
  privateReads: number;

  /** Processes remembered for the next sample; never more than rows in this one. */
  tracked: number;
  /** Rows whose I/O counters may not be read. */
  unreadableIo: number;
  /** Rows whose private memory may not be read. */
  unreadableUss: number;
  /** Rows whose private memory is due for a reading that the budget put off: they show NaN or their last reading. */
  deferredUss: number;
}

export interface HostReader {
  /** Throws, or rejects, when the host does not say how much memory it has. */
  readMemory(): MemoryReading | Promise<MemoryReading>;
  /** Throws, or rejects, when the processes cannot be listed at all; single ones that fail are skipped and counted. */
  readProcesses(): ProcessReadings | Promise<ProcessReadings>;
  /** Changes the time that a process sample may spend on private memory, ≥ 0; 0: it is unknown from the next sample on. */
  setPrivateBudgetMs(budgetMs: number): void;
  /** A copy of the counts so far. */
  stats(): HostStats;
  /** One line for the log: where the readings come from and how. Holds no identifier. */
  describe(): string;
}

export const BYTES_PER_MB = 2 ** 20;

/** All counts at zero. */
export function emptyStats(): HostStats {
  return {
    samples: 0,
    vanished: 0,
    forbidden: 0,
    truncated: 0,
    failed: 0,
    privateReads: 0,
    tracked: 0,
    unreadableIo: 0,
    unreadableUss: 0,
    deferredUss: 0,
  };
}
