/**
 * The lanes that an actor is a stage of: whose turn it is, who waits for data, and how much a retiring actor still takes of each. Lanes get
 * their turns one after the other, so none that never runs dry keeps the others waiting.
 */

import type { LaneReader } from "../lane/index.ts";
import { MAX_SLOTS_A_TURN, StageRunner, type StageRunnerOptions } from "./stage-runner.ts";
import type { Behaviour } from "./types.ts";

interface Stage {
  readonly runner: StageRunner;
  /** A wait on the lane is under way; it ends in `onWake`. */
  waiting: boolean;
  /** Slots that a retiring actor still takes. */
  left: number;
}

export class CellStages {
  readonly #stages: readonly Stage[];
  readonly #onWake: () => void;
  #next = 0;
  /** The stage whose handler is under way. */
  #atWork: Stage | undefined;

  /**
   * @param onWake called when there may be data after there was none
   * @throws Error when the behaviour does not handle a lane
   */
  constructor(
    readers: readonly LaneReader[],
    behaviour: Behaviour,
    options: Omit<StageRunnerOptions, "reader" | "handler">,
    onWake: () => void,
  ) {
    this.#onWake = onWake;
    this.#stages = readers.map((reader) => {
      const { name } = reader.spec;
      const handler = behaviour.stages?.[name];
      if (handler === undefined) {
        throw new Error(`actor ${options.actor} has no handler for lane ${name}, of which it is a stage`);
      }
      return { runner: new StageRunner({ ...options, reader, handler }), waiting: false, left: 0 };
    });
  }

  get count(): number {
    return this.#stages.length;
  }

  /** Whether one of the lanes has data. */
  waits(): boolean {
    return this.#stages.some(({ runner }) => runner.available() > 0);
  }

  /** Has the stage whose turn it is take what there is. @returns false: no lane has data */
  drain(): boolean | Promise<void> {
    const stage = this.#nextWith(({ runner }) => runner.available() > 0);
    return stage === undefined ? false : this.#drain(stage, MAX_SLOTS_A_TURN, () => {});
  }

  /** From now on `drainRest` takes what the lanes hold at this moment, and no more. */
  retire(): void {
    for (const stage of this.#stages) stage.left = stage.runner.available();
  }

  /** As `drain`. @returns false: all is taken that the lanes held at `retire` */
  drainRest(): boolean | Promise<void> {
    const stage = this.#nextWith(({ runner, left }) => left > 0 && runner.available() > 0);
    if (stage === undefined) return false;
    // A turn that released nothing counts too, or a handler that will not take the rest would keep the cell for ever.
    return this.#drain(stage, stage.left, (released) => {
      stage.left -= Math.max(1, released);
    });
  }

  /** Has `onWake` called when data come. @returns false: some are there already */
  sleep(): boolean {
    for (const stage of this.#stages) {
      if (stage.waiting) continue;
      const data = stage.runner.reader.dataAsync();
      if (data === undefined) return false;
      stage.waiting = true;
      void data.then(() => {
        stage.waiting = false;
        this.#onWake();
      });
    }
    return true;
  }

  /** Ends the waits that are under way, so that no lane counts a sleeper that is no more. */
  wakeAll(): void {
    for (const { runner } of this.#stages) runner.reader.wake();
  }

  /** After a failure: the stage that was at work, if one was, bears the attempt. */
  blame(): void {
    this.#atWork?.runner.blame();
    this.#atWork = undefined;
  }

  #nextWith(wanted: (stage: Stage) => boolean): Stage | undefined {
    for (let turn = 0; turn < this.#stages.length; turn++) {
      const index = (this.#next + turn) % this.#stages.length;
      const stage = this.#stages[index]!;
      if (!wanted(stage)) continue;
      this.#next = index + 1;
      return stage;
    }
    return undefined;
  }

  #drain(stage: Stage, maxSlots: number, onReleased: (slots: number) => void): true | Promise<void> {
    this.#atWork = stage;
    const released = stage.runner.drain(maxSlots);
    const done = (slots: number) => {
      this.#atWork = undefined;
      onReleased(slots);
    };
    if (released instanceof Promise) return released.then(done);
    done(released);
    return true;
  }
}
