/** The latest transitions of all actors, numbered, for whoever watches. Kept in memory; a new process begins at 1. */

import type { ActorTransition } from "../runtime/system.ts";
import type { NumberedTransition, Transitions } from "./control.ts";

/** Transitions that are kept for who comes late. */
export const TRANSITIONS_KEPT = 256;

export interface TransitionLog extends Transitions {
  /** Adds one, and tells who listens. What a listener throws is the caller's. */
  add(transition: ActorTransition): void;
}

export function createTransitionLog(): TransitionLog {
  const kept: NumberedTransition[] = [];
  const listeners = new Set<(transition: NumberedTransition) => void>();
  let latest = 0;
  return {
    get latest() {
      return latest;
    },
    add(transition) {
      const numbered = { ...transition, number: ++latest };
      kept.push(numbered);
      if (kept.length > TRANSITIONS_KEPT) kept.shift();
      for (const listener of [...listeners]) listener(numbered);
    },
    after: (number) => kept.filter((transition) => transition.number > number),
    listen(listener) {
      // Wrapped, so that one function may listen twice.
      const own = (transition: NumberedTransition) => listener(transition);
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}
