/**
 * How often wrong tokens come from an address. After `MAX_FAILURES` within `WITHIN_MS` no token of that address is looked at
 * until the first of them is that long ago: also no right one, as else one could go on guessing. Sessions go on.
 */

import type { Clock } from "../../runtime/clock.ts";
import { AddressTable } from "./address-table.ts";

export const MAX_FAILURES = 10;
export const WITHIN_MS = 60_000;

export class FailedTokens {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** When the latest failures were, oldest first. */
  readonly #failures: AddressTable<number[]>;

  constructor(clock: Pick<Clock, "monotonicMs">, mostAddresses?: number) {
    this.#clock = clock;
    this.#failures = new AddressTable<number[]>(() => [], mostAddresses);
  }

  /** Milliseconds until a token of this address is looked at again; 0: now. */
  blockedMs(address: string | undefined): number {
    const failures = this.#failures.find(address);
    if (failures === undefined || failures.length < MAX_FAILURES) return 0;
    return Math.max(0, failures[0]! + WITHIN_MS - this.#clock.monotonicMs());
  }

  add(address: string | undefined): void {
    const failures = this.#failures.seen(address);
    failures.push(this.#clock.monotonicMs());
    if (failures.length > MAX_FAILURES) failures.shift();
  }
}
