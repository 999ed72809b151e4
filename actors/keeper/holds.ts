/**
 * Who reads the store, and what may go although they do.
 *
 * Whatever is taken out of the store is given a number, each a higher one. A holder remembers the number that was the last
 * when it came: what was taken out before, it cannot have seen; what was taken out since, it may be reading. So something
 * taken out may go when every holder came after.
 *
 * A keeper that begins does not know who held the store before. For HOLD_MS it lets nothing go, and who holds it meanwhile
 * is taken for one who held it before everything.
 */

import { HOLD_MS } from "./protocol.ts";

interface Holder {
  readonly since: number;
  untilMs: number;
}

export class Holds {
  readonly #graceUntilMs: number;
  readonly #holders = new Map<string, Holder>();
  #last = 0;

  /** @param nowMs monotonic time, as in every call */
  constructor(nowMs: number) {
    this.#graceUntilMs = nowMs + HOLD_MS;
  }

  /** Holds the store, or goes on holding it. @returns false when `most` others hold it and no more may */
  tryHold(holder: string, nowMs: number, most: number): boolean {
    this.#forget(nowMs);
    if (!this.#holders.has(holder) && this.#holders.size >= most) return false;
    this.hold(holder, nowMs);
    return true;
  }

  /** As `tryHold`, whoever holds it. */
  hold(holder: string, nowMs: number): void {
    this.#forget(nowMs);
    const untilMs = nowMs + HOLD_MS;
    const known = this.#holders.get(holder);
    if (known !== undefined) known.untilMs = untilMs;
    else this.#holders.set(holder, { since: nowMs < this.#graceUntilMs ? 0 : this.#last, untilMs });
  }

  release(holder: string): void {
    this.#holders.delete(holder);
  }

  /** The number of something that is taken out now. */
  take(): number {
    return ++this.#last;
  }

  /** Whether what was taken out as `number` may go. */
  mayGo(number: number, nowMs: number): boolean {
    this.#forget(nowMs);
    if (nowMs < this.#graceUntilMs) return false;
    for (const { since } of this.#holders.values()) if (since < number) return false;
    return true;
  }

  #forget(nowMs: number): void {
    for (const [holder, { untilMs }] of this.#holders) if (untilMs <= nowMs) this.#holders.delete(holder);
  }
}
