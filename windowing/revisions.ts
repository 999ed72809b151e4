/**
 * Which revision a window comes out under for the first time since event time began.
 *
 * 0, until a clock is set back and event time begins anew (watermark.ts): then windows may come out again that were out before, and nobody
 * keeps a list of those. So until event time passes the end of the last one that was out, windows begin with a revision that none
 * had yet, and whoever takes the highest takes the rows since.
 */

import type { StateReader, StateWriter } from "./state.ts";

export class Revisions {
  #lastEndMs = Number.NEGATIVE_INFINITY;
  #highest = 0;
  /** Windows that end here or before begin with `#first`. */
  #anewToMs = Number.NEGATIVE_INFINITY;
  #first = 0;

  /** The first revision of a window that ends at `endMs`. */
  firstOf(endMs: number): number {
    return endMs <= this.#anewToMs ? this.#first : 0;
  }

  /** Takes note of what came out. */
  gaveOut(endMs: number, revision: number): void {
    if (endMs > this.#lastEndMs) this.#lastEndMs = endMs;
    if (revision > this.#highest) this.#highest = revision;
  }

  /** Event time begins anew: everything that was open has come out. */
  beginAnew(): void {
    this.#anewToMs = this.#lastEndMs;
    this.#first = this.#highest + 1;
  }

  save(out: StateWriter): void {
    for (const number of [this.#lastEndMs, this.#highest, this.#anewToMs, this.#first]) out.f64(number);
  }

  load(from: StateReader): void {
    this.#lastEndMs = from.f64();
    this.#highest = from.f64();
    this.#anewToMs = from.f64();
    this.#first = from.f64();
  }
}
