/**
 * One incarnation of an actor on the thread it runs on: finds what there is to do, does one thing at a time, and sleeps when
 * there is nothing.
 *
 * Order within an actor: timers that are due, then messages, then lanes in turn. Commands so get through to an actor whose
 * lanes never run dry.
 */

import type { Clock, Timer } from "../clock.ts";
import type { LaneReader } from "../lane/index.ts";
import type { Failure } from "../supervisor/types.ts";
import type { DeadLetter, PostOffice } from "./post-office.ts";
import { type Behaviour, POISON_ATTEMPTS, type StageHandler } from "./types.ts";

export interface CellOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly post: PostOffice;
  readonly memory: WebAssembly.Memory;
  readonly onFailure: (failure: Failure) => void;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  /** Called when there may be something to do after there was nothing. */
  readonly onWake: () => void;
}

interface Stage {
  readonly reader: LaneReader;
  readonly handler: StageHandler;
  /** A wait on the lane is under way; it ends in `onWake`. */
  waiting: boolean;
}

/** Largest number of slots a stage is given at once, so that other stages, messages and the event loop get their turn. */
const MAX_SLOTS_A_TURN = 64;

export class Cell {
  readonly name: string;
  readonly #options: CellOptions;
  #behaviour: Behaviour = {};
  #stages: Stage[] = [];
  #nextStage = 0;
  readonly #due: (() => void | Promise<void>)[] = [];
  readonly #timers = new Set<Timer>();
  #state: "starting" | "running" | "retiring" | "ended" = "starting";
  /** Turns at its lanes that a retiring cell still takes. */
  #turnsLeft = 0;

  constructor(options: CellOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Puts the behaviour to work: its stages open at the lanes' cursors, its mailbox opens. */
  run(behaviour: Behaviour, readers: readonly LaneReader[]): void {
    this.#behaviour = behaviour;
    this.#stages = readers.map((reader) => {
      const handler = behaviour.stages?.[reader.spec.name];
      if (handler === undefined) {
        throw new Error(
          `actor ${this.name} has no handler for lane ${reader.spec.name}, of which it is a stage`,
        );
      }
      return { reader, handler, waiting: false };
    });
    this.#state = "running";
    this.#options.post.open(this.name, () => this.#wake());
    this.#wake();
  }

  /** Whether `step` has something to do now. */
  ready(): boolean {
    if (this.#state === "retiring") return true;
    if (this.#state !== "running") return false;
    return (
      this.#due.length > 0 ||
      this.#options.post.waits(this.name) ||
      this.#stages.some(({ reader }) => reader.available() > 0)
    );
  }

  /** Does one thing. @returns false when there was nothing, or it failed and has ended. Never rejects. */
  step(): boolean | Promise<boolean> {
    if (this.#state !== "running" && this.#state !== "retiring") return false;
    try {
      const work = this.#state === "retiring" ? this.#lastThing() : this.#oneThing();
      if (work === undefined) return false;
      if (!(work instanceof Promise)) return true;
      return work.then(
        () => true,
        (error: unknown) => this.#failed("rejected", error),
      );
    } catch (error) {
      return this.#failed("threw", error);
    }
  }

  /** Has `onWake` called when something comes. @returns false when something is there already */
  sleep(): boolean {
    if (this.ready()) return false;
    for (const stage of this.#stages) {
      if (stage.waiting) continue;
      const data = stage.reader.dataAsync();
      if (data === undefined) return false;
      stage.waiting = true;
      void data.then(() => {
        stage.waiting = false;
        this.#wake();
      });
    }
    return true;
  }

  after(delayMs: number, handler: () => void | Promise<void>): Timer {
    if (this.#state === "ended" || this.#state === "retiring") return { cancel: () => {} };
    const timer = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      this.#due.push(handler);
      this.#wake();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        timer.cancel();
        this.#timers.delete(timer);
      },
    };
  }

  every(intervalMs: number, handler: () => void | Promise<void>, firstMs = 0): Timer {
    const { clock } = this.#options;
    let dueMs = clock.monotonicMs() + firstMs;
    let timer: Timer;
    const arm = () => {
      timer = this.after(Math.max(0, dueMs - clock.monotonicMs()), async () => {
        const lateMs = clock.monotonicMs() - dueMs;
        dueMs += intervalMs * (1 + Math.max(0, Math.floor(lateMs / intervalMs)));
        arm();
        await handler();
      });
    };
    arm();
    return { cancel: () => timer.cancel() };
  }

  /**
   * Takes no more messages and timers; `step` still drains what the lanes hold at this moment, then ends the cell. So what
   * came in before an orderly stop goes all the way through, when actors are stopped from the front to the back.
   */
  retire(): void {
    if (this.#state === "starting") this.#close();
    if (this.#state !== "running") return;
    this.#state = "retiring";
    this.#shutDoors();
    this.#turnsLeft = this.#stages.reduce((turns, { reader }) => turns + reader.available(), 0);
    this.#options.onWake();
  }

  /** After the cell has ended: has the behaviour give back what it holds. Once only. */
  async release(): Promise<void> {
    const behaviour = this.#behaviour;
    this.#behaviour = {};
    await behaviour.stop?.();
  }

  /** Ends it without asking the behaviour. */
  discard(): void {
    this.#close();
    this.#behaviour = {};
  }

  #close(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#shutDoors();
    // Ends the waits that are under way, so that no lane counts a sleeper that is no more.
    for (const { reader } of this.#stages) reader.wake();
    this.#options.onWake();
  }

  #shutDoors(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#due.length = 0;
    this.#options.post.close(this.name);
  }

  #lastThing(): true | undefined | Promise<void> {
    if (this.#turnsLeft-- > 0) {
      const work = this.#drainOne();
      if (work !== undefined) return work;
    }
    this.#close();
    return undefined;
  }

  #oneThing(): true | undefined | Promise<void> {
    const due = this.#due.shift();
    if (due !== undefined) return due() ?? true;
    const delivery = this.#options.post.take(this.name);
    if (delivery !== undefined) {
      const { receive } = this.#behaviour;
      if (receive === undefined) {
        delivery.reply.fail(`${this.name} takes no messages`);
        return true;
      }
      try {
        const work = receive.call(this.#behaviour, delivery.message, delivery.reply);
        if (!(work instanceof Promise)) return true;
        return work.catch((error: unknown) => {
          delivery.reply.fail(`${this.name} failed on it`);
          throw error;
        });
      } catch (error) {
        delivery.reply.fail(`${this.name} failed on it`);
        throw error;
      }
    }
    return this.#drainOne();
  }

  #drainOne(): true | undefined | Promise<void> {
    for (let turn = 0; turn < this.#stages.length; turn++) {
      const stage = this.#stages[(this.#nextStage + turn) % this.#stages.length]!;
      if (stage.reader.available() === 0) continue;
      this.#nextStage = (this.#nextStage + turn + 1) % this.#stages.length;
      return this.#drain(stage);
    }
    return undefined;
  }

  #drain({ reader, handler }: Stage): true | Promise<void> {
    const earlier = reader.beginAttempt();
    if (earlier >= POISON_ATTEMPTS) {
      const reason = handler.poisoned(reader.tryRead());
      reader.release();
      this.#options.onDeadLetter({
        to: `${this.name}/${reader.spec.name}`,
        kind: "batch",
        reason,
        atMs: this.#options.clock.nowMs(),
      });
      return true;
    }
    // After a crash one slot at a time, so that it is known which one it was.
    const work = handler.drain(reader, earlier > 0 ? 1 : MAX_SLOTS_A_TURN);
    const done = () => {
      reader.rewind();
      reader.endAttempt();
    };
    if (work instanceof Promise) return work.then(done);
    done();
    return true;
  }

  #failed(kind: "threw" | "rejected", error: unknown): false {
    this.#close();
    this.#options.onFailure({ kind, message: describeError(error) });
    return false;
  }

  #wake(): void {
    if (this.#state === "running") this.#options.onWake();
  }
}

/** What an error says, for people. */
export function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
