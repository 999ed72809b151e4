/**
 * What is remembered of a process from one sample to the next. One object per living process, dropped in the first sample that
 * does not see it; a process is the same only when pid and start time are.
 */

export interface TrackedProcess {
  readonly pid: number;
  startTicks: number;
  /** Number of the sample that last saw it, and its row there. */
  sample: number;
  row: number;

  /** User plus system time and the moment it was read; NaN before the first reading. */
  cpuTicks: number;
  cpuAtMs: number;

  /** No reading of I/O counters before this moment: it was not permitted. −Infinity when it is worth trying. */
  ioDeniedUntilMs: number;

  /** The last private reading, NaN when there is none, and the resident and shared pages seen when it was put in line. */
  privateMb: number;
  residentPages: number;
  sharedPages: number;
  /** When the reading is made again though no page count changed. */
  privateDueMs: number;
  /** The last try was refused; the next is at `privateDueMs`. */
  privateDenied: boolean;
  /** It stands in line for a private reading. */
  waiting: boolean;
}

/** A process seen for the first time. */
export function trackProcess(pid: number, startTicks: number): TrackedProcess {
  return {
    pid,
    startTicks,
    sample: 0,
    row: 0,
    cpuTicks: Number.NaN,
    cpuAtMs: Number.NaN,
    ioDeniedUntilMs: Number.NEGATIVE_INFINITY,
    privateMb: Number.NaN,
    residentPages: -1,
    sharedPages: -1,
    privateDueMs: Number.NEGATIVE_INFINITY,
    privateDenied: false,
    waiting: false,
  };
}
