/**
 * How long something is tried again. Time alone does not say it: a host that slept would give up what it never tried. So it
 * takes a number of attempts as well.
 */

import type { Clock } from "../../runtime/clock.ts";

const LEAST_ATTEMPTS = 20;

export class Patience {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #beganMs: number;
  #attempts = 0;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#beganMs = clock.monotonicMs();
  }

  /** Counts an attempt that was in vain. @returns whether it was the last */
  isOver(): boolean {
    return ++this.#attempts >= LEAST_ATTEMPTS && this.#clock.monotonicMs() - this.#beganMs >= this.#ms;
  }
}
