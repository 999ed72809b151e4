/** The rounds a supervisor has under way: one for each restart or command whose children are disjoint from the others'. */

import type { ManagedChild } from "./managed-child.ts";
import { advanceRound, newRound, type Round } from "./round.ts";

export class Rounds {
  #rounds: readonly Round[] = [];

  get none(): boolean {
    return this.#rounds.length === 0;
  }

  add(parts: Partial<Round>): void {
    this.#rounds = [...this.#rounds, newRound(parts)];
  }

  /** Ends all rounds as they stand. */
  drop(): void {
    const dropped = this.#rounds;
    this.#rounds = [];
    for (const round of dropped) round.interrupted();
  }

  /** Nobody is to start these any more; who ends them still does. */
  withdrawStarts(children: readonly ManagedChild[]): void {
    for (const round of this.#rounds) {
      const starts = round.starts.filter((child) => !children.includes(child));
      if (starts.length === round.starts.length) continue;
      round.starts = starts;
      round.interrupted();
    }
  }

  /** These are another round's now. */
  withdraw(children: readonly ManagedChild[]): void {
    this.withdrawStarts(children);
    for (const round of this.#rounds) {
      round.ends = round.ends.filter((child) => !children.includes(child));
    }
  }

  touches(child: ManagedChild): boolean {
    return this.#rounds.some((round) => round.ends.includes(child) || round.starts.includes(child));
  }

  /** Whether a round is about to end the child, so that its failure changes nothing. */
  ending(child: ManagedChild): boolean {
    return this.#rounds.some((round) => round.phase === "ending" && round.ends.includes(child));
  }

  /** Gives every round's due command, and parts with those that are done. */
  advance(): void {
    for (const round of this.#rounds) {
      if (!advanceRound(round)) continue;
      this.#rounds = this.#rounds.filter((other) => other !== round);
      round.done();
    }
  }
}
