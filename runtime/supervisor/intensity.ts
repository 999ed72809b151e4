/**
 * The sliding window that tells a passing trouble from a lasting one. A restart counts for `withinMs`: one made exactly
 * that long ago no longer does. Memory is bounded by `restarts`, for the one too many is never recorded.
 */

import type { Intensity } from "./types.ts";

export class RestartWindow {
  readonly #intensity: Intensity;
  #atMs: number[] = [];

  constructor(intensity: Intensity) {
    this.#intensity = intensity;
  }

  /** Records a restart at monotonic time `nowMs`; false, and nothing recorded, when it is one too many. */
  tryCount(nowMs: number): boolean {
    if (this.count(nowMs) >= this.#intensity.restarts) return false;
    this.#atMs.push(nowMs);
    return true;
  }

  /** Restarts that count at monotonic time `nowMs`. */
  count(nowMs: number): number {
    this.#atMs = this.#atMs.filter((atMs) => nowMs - atMs < this.#intensity.withinMs);
    return this.#atMs.length;
  }

  clear(): void {
    this.#atMs = [];
  }
}
