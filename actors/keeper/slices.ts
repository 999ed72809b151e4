/** Work in slices of a few milliseconds: between two of them an actor handles what else there is, and so do its neighbours. */

import type { ActorContext } from "../../runtime/actor/types.ts";
import type { Steps } from "./compaction.ts";

/** Time that is worked without a pause, unless one step takes longer. */
const SLICE_MS = 8;

export class Slices {
  readonly #context: Pick<ActorContext, "after">;
  readonly #underWay = new Set<Steps<unknown>>();

  constructor(context: Pick<ActorContext, "after">) {
    this.#context = context;
  }

  /** Begins soon, and calls `done` with what comes of it. What the steps or `done` throw is a failure of the actor's. */
  run<Result>(steps: Steps<Result>, done: (result: Result) => void): void {
    this.#underWay.add(steps);
    const slice = (): void => {
      const untilMs = performance.now() + SLICE_MS;
      do {
        const step = steps.next();
        if (step.done !== true) continue;
        this.#underWay.delete(steps);
        done(step.value);
        return;
      } while (performance.now() < untilMs);
      this.#context.after(0, slice);
    };
    this.#context.after(0, slice);
  }

  /** Ends all that is under way; what it holds is given back. */
  stop(): void {
    for (const steps of this.#underWay) steps.return(undefined as never);
    this.#underWay.clear();
  }
}
