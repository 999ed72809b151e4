/**
 * One lane in an actor's hands: how many slots its handler is given at once, and what is done about a slot that brings it down.
 *
 * A slot bears one attempt for each crash that it was under the cursor at. After a crash the slots that may have been in that
 * turn are taken one at a time, so that it becomes known which one it was: a handler that releases slot by slot is brought down
 * three times by a poison batch, one that releases at the end of its turn once more, for the turn in which nobody knew.
 */

import type { Clock } from "../clock.ts";
import { type LaneReader, LaneTaken } from "../lane/index.ts";
import type { DeadLetter } from "./post-office.ts";
import { POISON_ATTEMPTS, type StageHandler } from "./types.ts";

/** Largest number of slots a stage is given at once, so that other stages, messages and the event loop get their turn. */
export const MAX_SLOTS_A_TURN = 64;

export interface StageRunnerOptions {
  readonly actor: string;
  readonly reader: LaneReader;
  readonly handler: StageHandler;
  readonly clock: Clock;
  readonly onDeadLetter: (letter: DeadLetter) => void;
}

export class StageRunner {
  readonly reader: LaneReader;
  readonly #options: StageRunnerOptions;
  /** Slots that are still to be taken one at a time. */
  #alone = 0;

  constructor(options: StageRunnerOptions) {
    this.reader = options.reader;
    this.#options = options;
  }

  available(): number {
    return this.reader.available();
  }

  /**
   * Has the handler take up to `maxSlots`, of which one at least is there.
   * @returns how many slots were released
   */
  drain(maxSlots: number): number | Promise<number> {
    const { reader } = this;
    const from = reader.position;
    const earlier = reader.beginAttempt();
    if (earlier > 0) this.#alone = MAX_SLOTS_A_TURN;
    if (earlier >= POISON_ATTEMPTS) {
      this.#bury();
      return 1;
    }
    const work = this.#options.handler.drain(
      reader,
      this.#alone > 0 ? 1 : Math.min(maxSlots, MAX_SLOTS_A_TURN),
    );
    const done = () => {
      reader.rewind();
      reader.endAttempt();
      const released = (reader.position - from) | 0;
      this.#alone = Math.max(0, this.#alone - released);
      return released;
    };
    return work instanceof Promise ? work.then(done) : done();
  }

  /** After the handler failed in a turn: has the slot it stood at bear the attempt, also when it released others before. */
  blame(): void {
    const { reader } = this;
    reader.rewind();
    // None also when somebody else has opened the stage since.
    if (reader.available() === 0) return;
    try {
      if (reader.beginAttempt() > 0) reader.endAttempt();
    } catch (error) {
      // Opened just now: then what stands under the cursor is the other one's business.
      if (!(error instanceof LaneTaken)) throw error;
    }
  }

  #bury(): void {
    const { actor, handler, clock, onDeadLetter } = this.#options;
    const reason = handler.poisoned(this.reader.tryRead());
    this.reader.release();
    onDeadLetter({ to: `${actor}/${this.reader.spec.name}`, kind: "batch", reason, atMs: clock.nowMs() });
  }
}
