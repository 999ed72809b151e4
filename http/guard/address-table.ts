/**
 * What is remembered of each address that asks. It is bounded: a further address takes the place of the one that was seen the
 * longest ago, which then begins anew.
 */

import { addressKey } from "./address-key.ts";

/** Addresses that are remembered. */
export const MAX_ADDRESSES = 1024;

export class AddressTable<State> {
  readonly #make: () => State;
  readonly #most: number;
  /** The one that was seen the longest ago first. */
  readonly #states = new Map<string, State>();

  constructor(make: () => State, most = MAX_ADDRESSES) {
    this.#make = make;
    this.#most = most;
  }

  /** What is remembered of an address; it has been seen now. */
  seen(address: string | undefined): State {
    const key = addressKey(address);
    let state = this.#states.get(key);
    if (state === undefined) {
      state = this.#make();
      const [oldest] = this.#states.keys();
      if (oldest !== undefined && this.#states.size >= this.#most) this.#states.delete(oldest);
    } else {
      this.#states.delete(key);
    }
    this.#states.set(key, state);
    return state;
  }

  /** What is remembered of an address, if it is. */
  find(address: string | undefined): State | undefined {
    return this.#states.get(addressKey(address));
  }

  get size(): number {
    return this.#states.size;
  }
}
