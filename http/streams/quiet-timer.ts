/** Tells that something has been quiet. Being touched costs a look at the clock and no timer, as it happens for each row. */

import type { Clock, Timer } from "../../runtime/clock.ts";

export class QuietTimer {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #onQuiet: (sinceMs: number) => void;
  #touchedMs: number;
  #dueMs: number;
  #timer: Timer | undefined;

  /** @param onQuiet called every `quietMs` that pass without a touch, with the time since the last one */
  constructor(clock: Clock, quietMs: number, onQuiet: (sinceMs: number) => void) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    this.#onQuiet = onQuiet;
    this.#touchedMs = clock.monotonicMs();
    this.#dueMs = this.#touchedMs + quietMs;
    this.#timer = clock.after(quietMs, this.#look);
  }

  touch(): void {
    this.#touchedMs = this.#clock.monotonicMs();
    this.#dueMs = this.#touchedMs + this.#quietMs;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#dueMs) {
      this.#dueMs = nowMs + this.#quietMs;
      this.#onQuiet(nowMs - this.#touchedMs);
    }
    // It may have been stopped just now.
    if (this.#timer !== undefined)
      this.#timer = this.#clock.after(Math.max(0, this.#dueMs - nowMs), this.#look);
  };
}
