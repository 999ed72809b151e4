/** Draws from a seed: one stream for each purpose, so that what one takes changes nothing for the others. */

import { seededRandom } from "../../runtime/random.ts";

export class Draw {
  readonly random: () => number;

  constructor(seed: number, purpose: number) {
    this.random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x85ebca6b));
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  /** A whole number from `from` to `to`, both inclusive. */
  int(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }

  of<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T;
  }
}
