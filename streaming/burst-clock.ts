/**
 * The host's wall clock for who asks it for every value: the clock itself takes longer (some 50 ns) than adding a value does.
 *
 * While questions follow one another fast it is looked at again for every LOOK_EVERY-th of them; when it has moved by more than
 * SAME_MS meanwhile, for each, until they are fast again. And for the first one after the event loop, or a promise, got its turn. So a
 * moment is older than SAME_MS only after a pause in the midst of fast questions that kept the thread busy: then up to LOOK_EVERY − 1
 * of them are answered by the look before it.
 */

import { type Clock, systemClock } from "../runtime/clock.ts";

const LOOK_EVERY = 32;
const SAME_MS = 1;

export class BurstClock implements Pick<Clock, "nowMs"> {
  readonly #clock: Pick<Clock, "nowMs">;
  #ms = Number.NEGATIVE_INFINITY;
  /** Questions that a look answers; and that the last one still does. */
  #reach = 1;
  #left = 0;
  #isArmed = false;
  readonly #forget = () => {
    this.#left = 0;
    this.#isArmed = false;
  };

  constructor(clock: Pick<Clock, "nowMs"> = systemClock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#left-- > 0 ? this.#ms : this.look();
  }

  /** Looks at the clock, whoever did last. Questions after it go by that. */
  look(): number {
    if (!this.#isArmed) {
      this.#isArmed = true;
      queueMicrotask(this.#forget);
    }
    const ms = this.#clock.nowMs();
    this.#reach = Math.abs(ms - this.#ms) <= SAME_MS ? Math.min(this.#reach * 2, LOOK_EVERY) : 1;
    this.#left = this.#reach - 1;
    this.#ms = ms;
    return ms;
  }
}

const own = new BurstClock();

/** The thread's own: for who adds values. */
export const burstClock: Pick<Clock, "nowMs"> = own;
/** The same, looked at for each question: for who asks what was added. Never behind what `burstClock` said before. */
export const lookedClock: Pick<Clock, "nowMs"> = { nowMs: () => own.look() };
