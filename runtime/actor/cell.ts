/**
 * One incarnation of an actor on the thread it runs on: finds what there is to do, does one thing at a time, and sleeps when
 * there is nothing.
 *
 * Order within an actor: what an operator wants of it, timers that are due, messages, then lanes in turn, unless it is paused.
 * Commands so get through to an actor whose lanes never run dry. Its life: starting, running, retiring (drains what its lanes held), ended; what fails or is discarded
 * ends at once. Nothing wedges it but a handler that never comes back, and that is what its supervisor's stop deadline is for.
 */

import type { Clock, Timer } from "../clock.ts";
import type { LaneReader } from "../lane/index.ts";
import type { Failure } from "../supervisor/types.ts";
import { ActorTimers, type TimerHandler } from "./actor-timers.ts";
import { CellStages } from "./cell-stages.ts";
import { describeError } from "./describe-error.ts";
import { type Operation, type OperationOutcome, Operations } from "./operations.ts";
import type { DeadLetter, Delivery, Mailbox, PostOffice } from "./post-office.ts";
import type { Behaviour } from "./types.ts";

export interface CellOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly post: PostOffice;
  /** Whether the thread is still the one that the system counts on; one that is not does nothing more. */
  readonly isCurrent: () => boolean;
  /** Called once at the most. `retiring`: it was being stopped, and nobody waits for news of it. */
  readonly onFailure: (failure: Failure, retiring: boolean) => void;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  /** Called when there may be something to do after there was nothing. */
  readonly onWake: () => void;
}

export class Cell {
  readonly name: string;
  readonly #options: CellOptions;
  readonly #timers: ActorTimers;
  readonly #operations = new Operations();
  #behaviour: Behaviour = {};
  #mailbox: Mailbox | undefined;
  #stages: CellStages | undefined;
  #state: "starting" | "running" | "retiring" | "ended" = "starting";
  /** The handler under way, when it did not come back at once. */
  #busy: Promise<boolean> | undefined;
  #isBlocked = false;
  #whenBlocked: (() => void) | undefined;

  constructor(options: CellOptions) {
    this.name = options.name;
    this.#options = options;
    this.#timers = new ActorTimers(options.clock, () => this.#wake());
  }

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Settles when the handler under way has come back; undefined when there is none. */
  get busy(): Promise<boolean> | undefined {
    return this.#busy;
  }

  /**
   * Puts the behaviour to work: its stages open at the lanes' cursors, its mailbox opens.
   * @throws Error when the behaviour does not handle a lane; then it has not been put to work, and is not stopped by `release`
   */
  run(behaviour: Behaviour, readers: readonly LaneReader[]): void {
    const { name, clock, onDeadLetter, post } = this.#options;
    this.#stages = new CellStages(readers, behaviour, { actor: name, clock, onDeadLetter }, () =>
      this.#wake(),
    );
    this.#behaviour = behaviour;
    this.#state = "running";
    this.#mailbox = post.open(name, () => this.#wake());
    this.#wake();
  }

  /** Whether `step` has something to do now. */
  ready(): boolean {
    if (this.#busy !== undefined) return false;
    if (this.#state === "retiring") return true;
    if (this.#state !== "running") return false;
    return (
      this.#operations.waits() ||
      this.#timers.waits() ||
      this.#mailbox?.waits() === true ||
      (!this.#operations.isPaused && this.#stages?.waits() === true)
    );
  }

  /** Does one thing. @returns false when there was nothing, one is still under way, or it failed and has ended. Never rejects. */
  step(): boolean | Promise<boolean> {
    if (this.#busy !== undefined || (this.#state !== "running" && this.#state !== "retiring")) return false;
    if (!this.#options.isCurrent()) {
      this.#close();
      return false;
    }
    this.#isBlocked = false;
    try {
      const work = this.#state === "retiring" ? this.#lastThing() : this.#oneThing();
      if (!(work instanceof Promise)) return work;
      this.#busy = work.then(
        () => this.#cameBack(),
        (error: unknown) => {
          this.#cameBack();
          return this.#failed("rejected", error);
        },
      );
      return this.#busy;
    } catch (error) {
      return this.#failed("threw", error);
    }
  }

  /** Has `onWake` called when something comes. @returns false when something is there already, or it failed. Never throws. */
  sleep(): boolean {
    if (this.ready()) return false;
    // What comes on a lane is not what wakes a paused actor.
    if (this.#operations.isPaused) return true;
    try {
      return this.#stages?.sleep() ?? true;
    } catch (error) {
      return this.#failed("threw", error);
    }
  }

  /** Says that the handler under way waits for somebody else, so that a scheduler of steps may go on with others. */
  block(): void {
    this.#isBlocked = true;
    this.#whenBlocked?.();
    this.#whenBlocked = undefined;
  }

  /** Resolves once `block` was called in the step that is under way. */
  blocked(): Promise<void> {
    if (this.#isBlocked) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenBlocked = resolve;
    });
  }

  after(delayMs: number, handler: TimerHandler): Timer {
    return this.#timers.after(delayMs, handler);
  }

  every(intervalMs: number, handler: TimerHandler, firstMs?: number): Timer {
    return this.#timers.every(intervalMs, handler, firstMs);
  }

  /** Has it done between two handlers. Never rejects. */
  operate(operation: Operation): Promise<OperationOutcome> {
    const outcome = this.#operations.add(operation);
    this.#wake();
    return outcome;
  }

  /**
   * Takes no more messages and timers; `step` still drains what the lanes hold at this moment, then ends the cell. So what
   * came in before an orderly stop goes all the way through, when actors are stopped from the front to the back. That goes for
   * a paused actor too.
   */
  retire(): void {
    if (this.#state === "starting") this.#close();
    if (this.#state !== "running") return;
    this.#state = "retiring";
    this.#shutDoors();
    this.#stages?.retire();
    this.#options.onWake();
  }

  /** After the cell has ended: has the behaviour give back what it holds. Once only. */
  async release(): Promise<void> {
    const behaviour = this.#behaviour;
    this.#behaviour = {};
    try {
      await behaviour.stop?.();
    } finally {
      this.#mailbox?.end();
    }
  }

  /** Ends it without asking the behaviour. */
  discard(): void {
    this.#close();
    this.#behaviour = {};
    this.#mailbox?.end();
  }

  #close(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#shutDoors();
    this.#stages?.wakeAll();
    this.#options.onWake();
  }

  #shutDoors(): void {
    this.#operations.close();
    this.#timers.close();
    this.#mailbox?.close();
  }

  #cameBack(): true {
    this.#busy = undefined;
    return true;
  }

  #lastThing(): boolean | Promise<unknown> {
    const work = this.#stages?.drainRest() ?? false;
    if (work === false) this.#close();
    return work;
  }

  #oneThing(): boolean | Promise<unknown> {
    if (this.#operations.waits()) {
      this.#operations.next(this.#behaviour, (this.#stages?.count ?? 0) > 0);
      return true;
    }
    const due = this.#timers.take();
    if (due !== undefined) {
      const work = due();
      return work instanceof Promise ? work : true;
    }
    const delivery = this.#mailbox?.take();
    if (delivery !== undefined) return this.#receive(delivery);
    if (this.#operations.isPaused) return false;
    return this.#stages?.drain() ?? false;
  }

  #receive({ message, reply }: Delivery): true | Promise<void> {
    const fail = (error: unknown): never => {
      reply.fail(`${this.name} failed on it`);
      throw error;
    };
    if (this.#behaviour.receive === undefined) {
      reply.fail(`${this.name} takes no messages`);
      return true;
    }
    try {
      const work = this.#behaviour.receive(message, reply);
      return work instanceof Promise ? work.catch(fail) : true;
    } catch (error) {
      return fail(error);
    }
  }

  #failed(kind: "threw" | "rejected", error: unknown): false {
    const isNews = this.#state !== "ended";
    const retiring = this.#state === "retiring";
    this.#stages?.blame();
    this.#close();
    if (isNews) this.#options.onFailure({ kind, message: describeError(error) }, retiring);
    return false;
  }

  #wake(): void {
    if (this.#state === "running") this.#options.onWake();
  }
}
