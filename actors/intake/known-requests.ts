/**
 * What the intake knows of requests that have a key: which of their rows are in the log or on their way there. After a start that is what
 * the recorder has receipts of; from then on each request adds to it.
 *
 * Rows on their way may be given up, which no request is told for itself. Then only the recorder knows, and `isSure` is false until it was asked.
 */

import type { StoreAccount } from "../ledger.ts";
import { type Receipt, Receipts } from "../store/log/receipts.ts";
import { NO_ROWS_YET, type RowRanges } from "../store/log/row-ranges.ts";
import type { RequestKey } from "./protocol.ts";

/** Where the rows of a request that were written last stand in the lane. */
export interface OnTheWay {
  /** Sequence number after the last of them. */
  readonly endSequence: number;
  /** Rows that had been given up behind the door when these went through it. */
  readonly poisonBefore: number;
}

export class KnownRequests {
  readonly #receipts: Receipts;
  readonly #onTheWay = new Map<string, OnTheWay>();

  /** @param most requests that are remembered; default: as many as the recorder does */
  constructor(most?: number) {
    this.#receipts = new Receipts(most);
  }

  /** Checksum of the body that came under a key; undefined: none has. */
  bodyOf(key: string): number | undefined {
    return this.#receipts.get(key)?.body;
  }

  /** Of the accepted rows of a request, those that are not to be written again. */
  rowsOf(key: string): RowRanges {
    return this.#receipts.get(key)?.rows ?? NO_ROWS_YET;
  }

  /** The rows of a request that may not be stored yet; undefined: there are none. */
  onTheWay(key: string): OnTheWay | undefined {
    return this.#onTheWay.get(key);
  }

  /** Whether what is known of the request is so. */
  isSure(key: string, store: StoreAccount): boolean {
    const way = this.#onTheWay.get(key);
    return way === undefined || store.counts().dropped.poison === way.poisonBefore;
  }

  /** Rows of a request were published, behind all that were known of it. */
  published({ key, body }: RequestKey, rows: Omit<Receipt, "key" | "body">, way: OnTheWay): void {
    this.#receipts.add({ key, body, ...rows });
    const before = this.#onTheWay.get(key)?.poisonBefore;
    const poisonBefore = Math.min(before ?? way.poisonBefore, way.poisonBefore);
    this.#onTheWay.set(key, { ...way, poisonBefore });
    this.#forget();
  }

  /** All rows of a request before that number are stored. */
  stored(key: string, endSequence: number): void {
    if ((this.#onTheWay.get(key)?.endSequence ?? Number.POSITIVE_INFINITY) <= endSequence) {
      this.#onTheWay.delete(key);
    }
  }

  /** What the recorder says of requests is all that there is of them. */
  learn(receipts: readonly Receipt[]): void {
    for (const receipt of receipts) this.#receipts.add(receipt);
  }

  /** As `learn`, of one request, whose rows that are on their way are all stored or given up. */
  learnOf(key: string, receipts: readonly Receipt[]): void {
    this.#receipts.delete(key);
    this.#onTheWay.delete(key);
    this.learn(receipts);
  }

  /** What was forgotten of requests is forgotten altogether. */
  #forget(): void {
    for (const key of this.#onTheWay.keys()) {
      if (this.#receipts.get(key) !== undefined) break;
      this.#onTheWay.delete(key);
    }
  }
}
