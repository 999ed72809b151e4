/**
 * How many rows a second may be pushed into a dataset: a bucket of tokens, a row each, that holds ten seconds' worth.
 *
 * Nobody knows how many rows a body has before it was taken apart, and a body may have more than the bucket holds. So whoever comes while there is
 * a token is served, whatever he brings, and the bucket goes into debt for it: the next one waits until that is paid. On the
 * whole no more than the quota comes in.
 */

import type { Clock } from "../../runtime/clock.ts";

const SECONDS_HELD = 10;

export class RowQuota {
  readonly #rowsPerSecond: number;
  readonly #clock: Pick<Clock, "monotonicMs">;
  #tokens: number;
  #atMs: number;

  /** @param rowsPerSecond above 0; Infinity: as many as come */
  constructor(rowsPerSecond: number, clock: Pick<Clock, "monotonicMs">) {
    this.#rowsPerSecond = rowsPerSecond;
    this.#clock = clock;
    this.#tokens = this.#most;
    this.#atMs = clock.monotonicMs();
  }

  /** Milliseconds until somebody may come; 0: now. */
  waitMs(): number {
    this.#fill();
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#rowsPerSecond) * 1000);
  }

  /** Rows have come in, or were refused as rows. */
  take(rows: number): void {
    this.#fill();
    this.#tokens -= rows;
  }

  get #most(): number {
    return Math.max(1, this.#rowsPerSecond * SECONDS_HELD);
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs();
    const filled = this.#tokens + ((nowMs - this.#atMs) / 1000) * this.#rowsPerSecond;
    this.#atMs = nowMs;
    // Without a quota, nothing times infinity is no number.
    this.#tokens = Number.isNaN(filled) ? this.#most : Math.min(this.#most, filled);
  }
}
