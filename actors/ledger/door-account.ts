/** The door's side of one dataset: what came, and what was refused. One thread writes it. */

import { REJECTION_REASONS, type RejectionReason } from "../../datasets/rejection.ts";
import { Block, CELLS, type LedgerSpec } from "./block.ts";
import {
  DOOR_DROPPED,
  DOOR_DROPS,
  type DoorCounts,
  type DoorDrop,
  doorCounts,
  PUBLISHED,
  RECEIVED,
  REJECTED,
  type RecoveredCounts,
  type RejectedRows,
} from "./figures.ts";

export class DoorAccount {
  readonly #block: Block;

  constructor(memory: WebAssembly.Memory, spec: LedgerSpec, dataset: string) {
    this.#block = new Block(memory, spec, dataset, 0);
  }

  /** Sequence number after the last row published. */
  get published(): number {
    return this.#block.get(PUBLISHED);
  }

  /** Whether nothing was ever counted here since the process began. */
  get isNew(): boolean {
    return this.#block.version === 0;
  }

  /**
   * Takes the account over from a door that may have died within a change. Rows that it had counted and neither published
   * nor refused were in its hands alone: they are dropped, and said so.
   * @param published end sequence of the lane's last batch; for a lane that has had none, where the log ends
   */
  takeOver(published: number): void {
    const block = this.#block;
    block.change(() => {
      block.set(PUBLISHED, published);
      const accounted = block.get(PUBLISHED) + this.#refused();
      const inHand = block.get(RECEIVED) - accounted;
      if (inHand > 0) block.add(DOOR_DROPPED + DOOR_DROPS.indexOf("crash"), inHand);
      else block.set(RECEIVED, accounted);
    });
  }

  /**
   * Counts `rows` as received and published, and those beside them that were refused, and has `show` show the former to the lane's stages
   * within the same change.
   */
  publish(rows: number, show: () => void, rejected: RejectedRows = {}): void {
    this.#block.change(() => {
      this.#reject(rejected);
      this.#block.add(RECEIVED, rows);
      this.#block.add(PUBLISHED, rows);
      show();
    });
  }

  rejected(reason: RejectionReason, rows = 1): void {
    this.#block.change(() => this.#reject({ [reason]: rows }));
  }

  dropped(reason: DoorDrop, rows: number): void {
    this.#block.change(() => {
      this.#block.add(RECEIVED, rows);
      this.#block.add(DOOR_DROPPED + DOOR_DROPS.indexOf(reason), rows);
    });
  }

  /** Sets the account to what the log says, before any door is open. */
  recover(counts: RecoveredCounts): void {
    const block = this.#block;
    block.change(() => {
      block.set(PUBLISHED, counts.nextSequence);
      REJECTION_REASONS.forEach((reason, index) => {
        block.set(REJECTED + index, counts.rejected[reason] ?? 0);
      });
      DOOR_DROPS.forEach((reason, index) => {
        block.set(DOOR_DROPPED + index, counts.dropped[reason] ?? 0);
      });
      block.set(RECEIVED, counts.nextSequence + this.#refused());
    });
  }

  counts(): DoorCounts {
    const cells = new Float64Array(CELLS);
    this.#block.trySettled(cells);
    return doorCounts(cells);
  }

  #reject(rejected: RejectedRows): void {
    REJECTION_REASONS.forEach((reason, index) => {
      const rows = rejected[reason] ?? 0;
      if (rows === 0) return;
      this.#block.add(RECEIVED, rows);
      this.#block.add(REJECTED + index, rows);
    });
  }

  #refused(): number {
    let rows = 0;
    for (let cell = REJECTED; cell < DOOR_DROPPED + DOOR_DROPS.length; cell++) rows += this.#block.get(cell);
    return rows;
  }
}
