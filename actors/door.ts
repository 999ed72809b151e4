/**
 * A door: the writing end of a dataset's lane, with its account in the ledger. Whoever brings rows in from outside (the
 * sampler, the intake) does it through one, so that every row is numbered and counted in one way.
 */

import type { Dataset } from "../datasets/define.ts";
import type { ActorContext } from "../runtime/actor/types.ts";
import { Batch, type TextBytes } from "../runtime/batch/index.ts";
import type { LaneWriter } from "../runtime/lane/index.ts";
import { DoorAccount, type RejectedRows, StoreAccount } from "./ledger.ts";
import { resourcesOf } from "./resources.ts";

export interface ClaimedSlot {
  /** Byte offset of the slot. */
  readonly slot: number;
  readonly slotBytes: number;
  /** Number of the batch's first row. */
  readonly firstSequence: number;
}

export class Door {
  readonly batch: Batch;
  readonly account: DoorAccount;
  readonly #writer: LaneWriter;
  readonly #slotBytes: number;
  /** Rows begun and not yet published. */
  #begunRows = 0;

  constructor(context: ActorContext<never>, dataset: Dataset) {
    this.#writer = context.writer(dataset.name);
    this.#slotBytes = this.#writer.spec.slotBytes;
    this.batch = new Batch(context.memory, dataset.plan);
    const { ledger } = resourcesOf(context);
    this.account = new DoorAccount(context.memory, ledger, dataset.name);
    const last = this.#writer.lastPublishedSlot();
    this.#wipeUnshown(last);
    // A lane that has had no batch has shown no row since the process began: the next one goes on where the log ended.
    const store = new StoreAccount(context.memory, ledger, dataset.name);
    this.account.takeOver(last < 0 ? store.counts().recorded : this.batch.bind(last).endSequence);
  }

  /**
   * Slots that can be begun before the lane is full. One is always kept back: it is the one published last, which tells the
   * next door where to go on, and would be overwritten by a door that claims the whole lane and dies before it publishes.
   */
  free(): number {
    return Math.max(0, this.#writer.free() - 1);
  }

  /**
   * Claims a slot for a batch of `rows`, to be filled and then published. Several may be claimed before that.
   * @returns undefined when the lane is full
   */
  tryClaim(rows: number): ClaimedSlot | undefined {
    if (this.free() === 0) return undefined;
    const slot = this.#writer.tryClaim();
    const firstSequence = this.account.published + this.#begunRows;
    this.#begunRows += rows;
    return { slot, slotBytes: this.#slotBytes, firstSequence };
  }

  /** Claims a slot and lays out a batch of `rows` in it: `batch` is bound to it. @returns false when the lane is full */
  tryBegin(rows: number, textBytes: TextBytes = {}): boolean {
    const claimed = this.tryClaim(rows);
    if (claimed === undefined) return false;
    const { slot, slotBytes, firstSequence } = claimed;
    this.batch.begin(slot, slotBytes, rows, { firstSequence, textBytes });
    return true;
  }

  /**
   * Shows all that was begun to the first stage, at once.
   * @param rejected rows that came beside them and were refused, by reason: counted in the same change
   */
  publish(rejected: RejectedRows = {}): void {
    this.account.publish(this.#begunRows, () => this.#writer.publish(), rejected);
    this.#begunRows = 0;
  }

  /** Gives back all that was claimed and not published. What was written there is nobody's. */
  abandon(): void {
    this.#writer.abandon();
    this.#begunRows = 0;
  }

  /** A door that died with claimed slots has left raw values in them, and nobody knows when they are written over. */
  #wipeUnshown(last: number): void {
    const { batch } = this;
    for (let slot = this.#writer.tryClaim(); slot >= 0; slot = this.#writer.tryClaim()) {
      if (slot === last || !batch.bind(slot).isRaw) continue;
      batch.views.u8.fill(0, slot, slot + this.#slotBytes);
    }
    this.#writer.abandon();
  }

  /** Counts rows that came while the lane was full. */
  dropLaneFull(rows: number): void {
    this.account.dropped("lane-full", rows);
  }
}
