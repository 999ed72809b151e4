/** The latest latencies, in a ring: what percentiles of now are read from. */

const KEPT = 1024;

export class LatencyRing {
  readonly #ms = new Float64Array(KEPT);
  #count = 0;

  add(ms: number): void {
    // Wall clocks may be set back between the two readings.
    this.#ms[this.#count++ % KEPT] = Math.max(0, ms);
  }

  /** Over the latest 1024, each a latency that was (nearest rank); null before the first. */
  summary(): { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | null {
    const count = Math.min(this.#count, KEPT);
    if (count === 0) return null;
    const sorted = this.#ms.slice(0, count).sort();
    const at = (share: number) => sorted[Math.ceil(share * count) - 1]!;
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted[count - 1]! };
  }
}
