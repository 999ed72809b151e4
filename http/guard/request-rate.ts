/**
 * How fast one address may ask: a bucket of `perSecond` × `BURST_SECONDS` requests that fills up again at `perSecond`.
 * https://en.wikipedia.org/wiki/Token_bucket
 */

import type { Clock } from "../../runtime/clock.ts";
import { AddressTable } from "./address-table.ts";

/** Seconds' worth of requests that may come at once. */
export const BURST_SECONDS = 2;

export class RequestRate {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #perMs: number;
  readonly #most: number;
  readonly #buckets: AddressTable<{ left: number; atMs: number }>;

  /** @param perSecond more than 0 */
  constructor(perSecond: number, clock: Pick<Clock, "monotonicMs">, mostAddresses?: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#most = perSecond * BURST_SECONDS;
    this.#buckets = new AddressTable(
      () => ({ left: this.#most, atMs: this.#clock.monotonicMs() }),
      mostAddresses,
    );
  }

  /** Takes one request of an address. @returns 0: it may come; else milliseconds until it may */
  take(address: string | undefined): number {
    const bucket = this.#buckets.seen(address);
    const nowMs = this.#clock.monotonicMs();
    bucket.left = Math.min(this.#most, bucket.left + (nowMs - bucket.atMs) * this.#perMs);
    bucket.atMs = nowMs;
    if (bucket.left < 1) return Math.max(1, (1 - bucket.left) / this.#perMs);
    bucket.left--;
    return 0;
  }
}
