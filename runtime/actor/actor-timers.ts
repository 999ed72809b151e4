/**
 * One incarnation's timers. A timer that is due does not run at once but stands in line, since an actor does one thing at a
 * time; until it has begun it can still be cancelled.
 */

import type { Clock, Timer } from "../clock.ts";

export type TimerHandler = () => void | Promise<void>;

/** The longest delay that a host's timer takes (2^31 - 1 ms); a longer one would fire at once. */
const LONGEST_DELAY_MS = 2_147_483_647;
const NO_TIMER: Timer = { cancel: () => {} };

export class ActorTimers {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  readonly #set = new Set<Timer>();
  #due: { readonly handler: TimerHandler }[] = [];
  #isClosed = false;

  /** @param onDue called after a timer has come due */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Whether `take` has one. */
  waits(): boolean {
    return this.#due.length > 0;
  }

  /** The handler that has been due longest. */
  take(): TimerHandler | undefined {
    return this.#due.shift()?.handler;
  }

  /** @throws RangeError for a delay that is not a number, or longer than 2^31 - 1 ms. A negative one is taken for 0 */
  after(delayMs: number, handler: TimerHandler): Timer {
    if (!(delayMs <= LONGEST_DELAY_MS))
      throw new RangeError(`timer delay: expected at most ${LONGEST_DELAY_MS} ms, got ${delayMs}`);
    if (this.#isClosed) return NO_TIMER;
    const entry = { handler };
    const timer = this.#clock.after(Math.max(0, delayMs), () => {
      this.#set.delete(timer);
      this.#due.push(entry);
      this.#onDue();
    });
    this.#set.add(timer);
    return {
      cancel: () => {
        timer.cancel();
        this.#set.delete(timer);
        this.#due = this.#due.filter((other) => other !== entry);
      },
    };
  }

  /** @throws RangeError for an interval that is not more than 0, or a delay that `after` does not take */
  every(intervalMs: number, handler: TimerHandler, firstMs = 0): Timer {
    if (!(intervalMs > 0 && intervalMs <= LONGEST_DELAY_MS)) {
      throw new RangeError(
        `timer interval: expected more than 0 and at most ${LONGEST_DELAY_MS} ms, got ${intervalMs}`,
      );
    }
    let dueMs = this.#clock.monotonicMs() + firstMs;
    let timer = NO_TIMER;
    const arm = () => {
      timer = this.after(dueMs - this.#clock.monotonicMs(), () => {
        const lateMs = this.#clock.monotonicMs() - dueMs;
        dueMs += intervalMs * (1 + Math.max(0, Math.floor(lateMs / intervalMs)));
        arm();
        return handler();
      });
    };
    arm();
    return { cancel: () => timer.cancel() };
  }

  /** Cancels all, for good. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#set) timer.cancel();
    this.#set.clear();
    this.#due = [];
  }
}
