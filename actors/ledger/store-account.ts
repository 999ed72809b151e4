/** The store's side of one dataset: what is in the log. The recorder writes it. */

import { Block, CELLS, type LedgerSpec } from "./block.ts";
import {
  LATEST,
  RECORDED,
  type RecoveredCounts,
  STORE_DROPPED,
  STORE_DROPS,
  STORED,
  type StoreCounts,
  storeCounts,
} from "./figures.ts";

export class StoreAccount {
  readonly #block: Block;

  constructor(memory: WebAssembly.Memory, spec: LedgerSpec, dataset: string) {
    this.#block = new Block(memory, spec, dataset, 1);
  }

  /** Sequence number after the last row that is in the log, or known to be dropped. */
  get recorded(): number {
    return this.#block.get(RECORDED);
  }

  /** Largest event time in the log, ms; -Infinity when it holds no row. */
  get latestMs(): number {
    return this.#block.get(STORED) === 0 ? Number.NEGATIVE_INFINITY : this.#block.get(LATEST);
  }

  /** Counts rows that the log now holds, the latest of them at `latestMs`, and those before `endSequence` that it does not. */
  stored(rows: number, endSequence: number, latestMs: number): void {
    const block = this.#block;
    block.change(() => {
      const gap = endSequence - block.get(RECORDED) - rows;
      block.set(LATEST, Math.max(this.latestMs, latestMs));
      block.add(STORED, rows);
      if (gap > 0) block.add(STORE_DROPPED + STORE_DROPS.indexOf("poison"), gap);
      block.set(RECORDED, endSequence);
    });
  }

  /** Sets the account to what the log says. Rows that got a number, are not in the log and were not counted, are `lost`. */
  recover(counts: RecoveredCounts): void {
    const block = this.#block;
    block.change(() => {
      block.set(STORED, counts.stored);
      block.set(LATEST, counts.latestMs ?? Number.NEGATIVE_INFINITY);
      block.set(RECORDED, counts.nextSequence);
      const poison = counts.dropped.poison ?? 0;
      block.set(STORE_DROPPED + STORE_DROPS.indexOf("poison"), poison);
      block.set(STORE_DROPPED + STORE_DROPS.indexOf("lost"), counts.nextSequence - counts.stored - poison);
    });
  }

  /**
   * What the log holds and what it is known not to hold. From any thread; read while a change is under way, each figure is
   * from before or after it, and the log has all that any of them tells of.
   */
  counts(): StoreCounts {
    const cells = new Float64Array(CELLS);
    this.#block.trySettled(cells);
    return storeCounts(cells);
  }
}
