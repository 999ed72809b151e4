/** Who waits for rows to be on the disk. Each waits for the number after its last row; behind a lane they come in order. */

import type { ActorContext, Reply } from "../../runtime/actor/types.ts";
import type { StoreAccount } from "../ledger.ts";

/** What is told to somebody whose rows have gone all the way. */
export interface Awaiting {
  readonly store: StoreAccount;
  /** Sequence number after the last row that is waited for. */
  readonly endSequence: number;
  readonly reply: Reply;
  /** All rows before that number are stored, or were given up. */
  settle(): void;
}

/** How often it is looked whether rows that somebody waits for are stored. */
const LOOK_EVERY_MS = 2;

export class Acknowledgements {
  readonly #context: Pick<ActorContext<never>, "after">;
  #waiting: Awaiting[] = [];
  #isLooking = false;

  constructor(context: Pick<ActorContext<never>, "after">) {
    this.#context = context;
  }

  /** Everybody who waits has rows in a lane, or the same key as somebody who has: that and the mailbox bound how many there can be. */
  add(awaiting: Awaiting): void {
    this.#waiting.push(awaiting);
    if (!this.#isLooking) this.#look();
  }

  end(): void {
    for (const { reply } of this.#waiting) {
      reply.fail("the intake ended before the rows were acknowledged");
    }
    this.#waiting = [];
  }

  #look(): void {
    const due = this.#waiting.filter(({ store, endSequence }) => store.recorded >= endSequence);
    if (due.length > 0) {
      this.#waiting = this.#waiting.filter((awaiting) => !due.includes(awaiting));
      for (const awaiting of due) awaiting.settle();
    }
    this.#isLooking = this.#waiting.length > 0;
    if (this.#isLooking) this.#context.after(LOOK_EVERY_MS, () => this.#look());
  }
}
