/**
 * Time as a dependency. Everything that waits, stamps or times out asks a `Clock`, so that a test can hold time in
 * its hand: `systemClock` is the host's, a `VirtualClock` moves only when it is told to.
 *
 * Two kinds of time, never mixed: `nowMs` is wall time (event stamps; may jump when the host sleeps or is corrected),
 * `monotonicMs` only ever grows (deadlines, latencies).
 */

const LONGEST_DELAY_MS = 2_147_483_647;

/** What a scheduled callback can be cancelled by. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time, whole milliseconds since the Unix epoch. May jump either way. */
  nowMs(): number;
  /** Milliseconds since an arbitrary origin; never goes back. */
  monotonicMs(): number;
  /** Runs `callback` once, `delayMs` (≥ 0) from now. */
  after(delayMs: number, callback: () => void): Timer;
}

/** The host's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Resolves `ms` (≥ 0) from now.
 * @param signals any of them ends it early
 */
export function pause(
  clock: Pick<Clock, "after">,
  ms: number,
  signals: readonly AbortSignal[] = [],
): Promise<void> {
  if (signals.some(({ aborted }) => aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      for (const signal of signals) signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.after(ms, end);
    for (const signal of signals) signal.addEventListener("abort", end);
  });
}

/**
 * A clock that stands still until `advance` is called. Timers run in due order, ties in the order they were set. A delay
 * that a host's timer would turn into something else (not a number, or longer than 2^31 - 1 ms) is refused.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  #order = 0;
  #advancing = false;
  #timers: { dueMs: number; order: number; callback: () => void }[] = [];

  /** Starts at `startMs` (default 2026-01-01T00:00:00Z). */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return Math.floor(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    if (!(delayMs <= LONGEST_DELAY_MS)) {
      throw new RangeError(`timer delay: expected at most ${LONGEST_DELAY_MS} ms, got ${delayMs}`);
    }
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Monotonic time at which the next timer is due, or undefined when none is set. */
  nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /**
   * Runs what is due within the next `deltaMs` (finite, ≥ 0), each at its own moment, and ends at exactly now + `deltaMs`.
   * When a callback throws, so does this, with the time at that callback's moment; what was due later stays set.
   * @throws {RangeError} when `deltaMs` would take time back or nowhere
   * @throws {Error} when called from a callback of its own: time cannot pass inside a moment
   */
  advance(deltaMs: number): void {
    if (!(deltaMs >= 0 && deltaMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`advance: expected a finite number of milliseconds ≥ 0, got ${deltaMs}`);
    }
    if (this.#advancing) throw new Error("advance: called from a timer's callback; advance from outside");
    this.#advancing = true;
    try {
      this.#advance(deltaMs);
    } finally {
      this.#advancing = false;
    }
  }

  /** Sets the wall clock by `deltaMs` (either sign) without moving monotonic time: a correction, or a laptop that slept. */
  jumpWall(deltaMs: number): void {
    this.#nowMs += deltaMs;
  }

  #advance(deltaMs: number): void {
    const endMs = this.#monotonicMs + deltaMs;
    for (let timer = this.#next(); timer !== undefined && timer.dueMs <= endMs; timer = this.#next()) {
      this.#moveTo(timer.dueMs);
      const due = timer;
      this.#timers = this.#timers.filter((other) => other !== due);
      due.callback();
    }
    this.#moveTo(endMs);
  }

  #moveTo(monotonicMs: number): void {
    this.#nowMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  #next(): { dueMs: number; order: number; callback: () => void } | undefined {
    let first: { dueMs: number; order: number; callback: () => void } | undefined;
    for (const timer of this.#timers) {
      if (
        first === undefined ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }
}
