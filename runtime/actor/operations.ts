/**
 * What an operator may have done to an actor while it runs: paused, resumed, given another configuration. Like everything
 * an actor does it is done between two handlers, before all else that waits, so a handler that is under way comes to its end first.
 *
 * Invariant: every operation is answered: by what came of it, or with `interrupted` when the incarnation ended before.
 */

import type { Behaviour } from "./types.ts";

export type Operation =
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  /** Plain data: it travels to the actor's thread. */
  | { readonly kind: "reconfigure"; readonly config: unknown };

/**
 * `unchanged`: paused already, or not paused. `cannot`: it has nothing that could be paused, or does not take a configuration
 * while it runs. `interrupted`: it ended before, or failed on it.
 */
export type OperationOutcome = "done" | "unchanged" | "cannot" | "interrupted";

interface Waiting {
  readonly operation: Operation;
  readonly resolve: (outcome: OperationOutcome) => void;
}

export class Operations {
  #waiting: Waiting[] = [];
  #isPaused = false;
  #isClosed = false;

  /** Whether the actor's stages are to be left alone. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  waits(): boolean {
    return this.#waiting.length > 0;
  }

  /** Puts one in line. Never rejects. */
  add(operation: Operation): Promise<OperationOutcome> {
    if (this.#isClosed) return Promise.resolve("interrupted");
    return new Promise((resolve) => this.#waiting.push({ operation, resolve }));
  }

  /** Does the first in line. @throws what the behaviour throws, which is a failure of the actor's */
  next(behaviour: Behaviour, hasStages: boolean): void {
    const first = this.#waiting.shift();
    if (first === undefined) return;
    let outcome: OperationOutcome = "interrupted";
    try {
      outcome = this.#do(first.operation, behaviour, hasStages);
    } finally {
      first.resolve(outcome);
    }
  }

  /** Takes no more. */
  close(): void {
    this.#isClosed = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve("interrupted");
  }

  #do(operation: Operation, behaviour: Behaviour, hasStages: boolean): OperationOutcome {
    switch (operation.kind) {
      case "pause":
        if (this.#isPaused) return "unchanged";
        if (!hasStages && behaviour.pause === undefined) return "cannot";
        behaviour.pause?.();
        this.#isPaused = true;
        return "done";
      case "resume":
        if (!this.#isPaused) return "unchanged";
        behaviour.resume?.();
        this.#isPaused = false;
        return "done";
      case "reconfigure":
        return behaviour.reconfigure?.(operation.config) === true ? "done" : "cannot";
    }
  }
}
