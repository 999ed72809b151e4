/**
 * Work of many steps beside an actor's other work: one step of one task, then whatever else there is to do, then a step of the
 * next task. A message never waits for more than one step.
 */

import type { ActorContext } from "../../runtime/actor/types.ts";

/** Does one step. @returns whether there is another */
export type Task = () => Promise<boolean>;

export class Turns {
  readonly #context: ActorContext<never>;
  readonly #tasks: Task[] = [];
  #isArmed = false;

  constructor(context: ActorContext<never>) {
    this.#context = context;
  }

  /** What the task throws is the actor's failure. */
  add(task: Task): void {
    this.#tasks.push(task);
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed || this.#tasks.length === 0) return;
    this.#isArmed = true;
    this.#context.after(0, async () => {
      this.#isArmed = false;
      const task = this.#tasks.shift()!;
      if (await task()) this.#tasks.push(task);
      this.#arm();
    });
  }
}
