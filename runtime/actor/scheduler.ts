/**
 * Who decides when a cell does its next thing: the events of the host, or a test.
 *
 * `LiveScheduler` runs each cell as fast as there is work and sleeps in `Atomics.waitAsync` when there is none.
 * `SteppedScheduler` does one thing at a time, chosen by a seed among all that could be done: the same seed gives the same
 * run, and different seeds the interleavings that threads could have had.
 */

import { setImmediate } from "node:timers";
import type { Cell } from "./cell.ts";

export interface Scheduler {
  /** Takes a cell that has just begun to run. */
  add(cell: Cell): void;
  /** Says that a cell may have something to do. */
  wake(cell: Cell): void;
  /** Resolves when a retired cell has done its last thing, or one that ended by itself is between two things. */
  ended(cell: Cell): Promise<void>;
}

/** After this long without a pause a cell lets timers, sockets and messages of its thread get through. */
const SLICE_MS = 4;

interface Loop {
  rung: boolean;
  resume: (() => void) | undefined;
  finished: Promise<void>;
}

export class LiveScheduler implements Scheduler {
  readonly #loops = new Map<Cell, Loop>();

  add(cell: Cell): void {
    const loop: Loop = { rung: true, resume: undefined, finished: Promise.resolve() };
    this.#loops.set(cell, loop);
    loop.finished = run(cell, loop).finally(() => this.#loops.delete(cell));
  }

  wake(cell: Cell): void {
    const loop = this.#loops.get(cell);
    if (loop === undefined) return;
    loop.rung = true;
    loop.resume?.();
  }

  ended(cell: Cell): Promise<void> {
    return this.#loops.get(cell)?.finished ?? Promise.resolve();
  }
}

async function run(cell: Cell, loop: Loop): Promise<void> {
  let sliceEndMs = performance.now() + SLICE_MS;
  while (!cell.ended) {
    loop.rung = false;
    const step = cell.step();
    const worked = typeof step === "boolean" ? step : await step;
    if (cell.ended) return;
    if (!worked) {
      // A wake that came since `rung` was cleared is not slept through.
      if (cell.sleep() && !loop.rung) {
        await new Promise<void>((resolve) => {
          loop.resume = resolve;
        });
        loop.resume = undefined;
      }
      sliceEndMs = performance.now() + SLICE_MS;
    } else if (performance.now() > sliceEndMs) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      sliceEndMs = performance.now() + SLICE_MS;
    }
  }
}

/**
 * Which of the actors that have something to do does it next: its place among them, or -1 when none of them is to do anything
 * before time moves on.
 */
export type ChooseNext = (ready: readonly string[]) => number;

export class SteppedScheduler implements Scheduler {
  readonly #next: ChooseNext;
  #cells: Cell[] = [];

  constructor(next: ChooseNext) {
    this.#next = next;
  }

  add(cell: Cell): void {
    this.#cells.push(cell);
  }

  wake(): void {}

  async ended(cell: Cell): Promise<void> {
    while (cell.busy !== undefined || !cell.ended) await (cell.busy ?? cell.step());
  }

  /**
   * Does one thing of one cell that has something to do, and waits until it is done, or until the handler waits for another
   * actor or for time: then the others go on. @returns false when there is nothing to do before time moves on
   */
  async step(): Promise<boolean> {
    // Promises that earlier steps settled get their say first: what follows from them is part of the same moment.
    await Promise.resolve();
    const cell = this.#choose() ?? (await afterAllPromises().then(() => this.#choose()));
    if (cell === undefined) return false;
    const work = cell.step();
    if (typeof work !== "boolean") await Promise.race([work, cell.blocked()]);
    return true;
  }

  #choose(): Cell | undefined {
    this.#cells = this.#cells.filter((cell) => !cell.ended);
    const ready = this.#cells.filter((cell) => cell.ready());
    return ready.length === 0 ? undefined : ready[this.#next(ready.map(({ name }) => name))];
  }
}

/** Resolves when no promise that is settled has a reaction left to run. */
function afterAllPromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
