/** By which rules rows are taken into windows. A checkpoint has those that were in force, as what is made again follows them. */

import type { WindowSpec } from "../../datasets/define.ts";

export interface WindowRules {
  /** How much later than a younger row an older one may come and still be in its window. */
  readonly disorderMs: number;
  /** How long after its end a window is kept for late rows. */
  readonly latenessMs: number;
  /** How far in the future of its writing a row's event time may lie. */
  readonly aheadMs: number;
  /** Groups that a window holds at the most. */
  readonly maxGroups: number;
  /** What becomes of rows of more groups: they are in one of all the others, or in none. */
  readonly whenFull: "other" | "refuse";
}

export function areSameRules(one: WindowRules, other: WindowRules): boolean {
  return (
    one.disorderMs === other.disorderMs &&
    one.latenessMs === other.latenessMs &&
    one.aheadMs === other.aheadMs &&
    one.maxGroups === other.maxGroups &&
    one.whenFull === other.whenFull
  );
}

/** Rows of sliding windows wait until they are in order: none is late for a window that is out. */
export function rulesFor(by: WindowSpec, rules: WindowRules): WindowRules {
  const { disorderMs, latenessMs, aheadMs, maxGroups, whenFull } = rules;
  const keptMs = by.shape.kind === "sliding" ? 0 : latenessMs;
  return { disorderMs, latenessMs: keptMs, aheadMs, maxGroups, whenFull };
}
