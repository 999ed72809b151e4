/** What is refused of one request: counted by reason, the first of it told one by one, and all of it shown to who makes dead letters. */

import type { Rejection, RejectionReason } from "../../datasets/rejection.ts";
import type { RawRow, RejectionSink } from "../../ingest/decoder.ts";
import { MAX_REJECTIONS } from "./protocol.ts";

export type ReasonCounts = Readonly<Partial<Record<RejectionReason, number>>>;

export class RequestRejections implements RejectionSink {
  readonly #letters: RejectionSink;
  #first: Rejection[] = [];
  #reasons: Partial<Record<RejectionReason, number>> = {};
  #count = 0;

  /** @param letters gets each of them too */
  constructor(letters: RejectionSink) {
    this.#letters = letters;
  }

  /** Another request begins. */
  clear(): void {
    this.#first = [];
    this.#reasons = {};
    this.#count = 0;
  }

  reject(rejection: Rejection, row: () => RawRow): void {
    const { reason } = rejection;
    this.#count++;
    this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1;
    this.#note(rejection);
    this.#letters.reject(rejection, row);
  }

  get count(): number {
    return this.#count;
  }

  get reasons(): ReasonCounts {
    return this.#reasons;
  }

  /** The first `MAX_REJECTIONS`, by row. */
  get first(): readonly Rejection[] {
    return this.#first;
  }

  /** A table's rows are looked at step by step, so they are not refused in their order. */
  #note(rejection: Rejection): void {
    const first = this.#first;
    if (first.length === MAX_REJECTIONS && rejection.row >= first.at(-1)!.row) return;
    const later = first.findIndex(({ row }) => row > rejection.row);
    first.splice(later < 0 ? first.length : later, 0, rejection);
    if (first.length > MAX_REJECTIONS) first.pop();
  }
}
