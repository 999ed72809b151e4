/** The actors of the thread this code runs on, whichever thread that is. */

import type { Clock } from "../clock.ts";
import { LaneReader, type LaneSpec, LaneWriter } from "../lane/index.ts";
import { getLog } from "../log.ts";
import type { Failure } from "../supervisor/types.ts";
import { Cell } from "./cell.ts";
import type { Operation, OperationOutcome } from "./operations.ts";
import type { DeadLetter, PostOffice } from "./post-office.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ActorContext, ActorFactory, ActorModule, ActorSpec, Behaviour } from "./types.ts";

/** What every thread of a system has in common. Plain data, but for the memory: it travels to workers. */
export interface SharedParts {
  readonly memory: WebAssembly.Memory;
  readonly lanes: readonly LaneSpec[];
  /** Byte offset of each actor's own bytes. */
  readonly scratch: Readonly<Record<string, number>>;
  readonly resources: Readonly<Record<string, unknown>>;
}

export interface LocalThreadOptions extends SharedParts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly post: PostOffice;
  /** An actor failed by itself; `incarnation` counts its starts on this thread. */
  readonly onFailure: (actor: string, incarnation: number, failure: Failure) => void;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  /** Whether this thread is still the one the system counts on. Default: always. */
  readonly isCurrent?: () => boolean;
  /** Makes an actor; default: imports its module. Tests put their own actors in here. */
  readonly load?: (spec: ActorSpec) => ActorFactory | Promise<ActorFactory>;
}

interface Incarnation {
  readonly cell: Cell;
  /** Resolves when its factory has come to an end, whichever; never rejects. */
  readonly begun: Promise<void>;
}

export class LocalThread {
  readonly #options: LocalThreadOptions;
  readonly #actors = new Map<string, Incarnation>();

  constructor(options: LocalThreadOptions) {
    this.#options = options;
  }

  /** Begins an incarnation. Rejects when the actor refuses, or was stopped before it ran. */
  start(spec: ActorSpec, incarnation: number): Promise<void> {
    const { clock, post, scheduler, onDeadLetter, onFailure, isCurrent = () => true } = this.#options;
    this.#actors.get(spec.name)?.cell.discard();
    const cell = new Cell({
      name: spec.name,
      clock,
      post,
      isCurrent,
      onDeadLetter,
      onFailure: (failure, retiring) => {
        if (retiring) getLog(spec.name).error("failed while it ended: {reason}", { reason: failure.message });
        else onFailure(spec.name, incarnation, failure);
      },
      onWake: () => scheduler.wake(cell),
    });
    const started = this.#begin(spec, cell);
    this.#actors.set(spec.name, {
      cell,
      begun: started.catch(() => {}),
    });
    return started;
  }

  /**
   * Lets the actor finish what it is at, then ends it. Given up a start that is under way, it waits until the factory is
   * through. Resolves at once when the actor does not run.
   */
  async stop(actor: string): Promise<void> {
    const found = this.#actors.get(actor);
    if (found === undefined) return;
    const { cell, begun } = found;
    cell.retire();
    await begun;
    await this.#options.scheduler.ended(cell);
    try {
      await cell.release();
    } finally {
      if (this.#actors.get(actor) === found) this.#actors.delete(actor);
    }
  }

  /** Has it done between two handlers of the actor. Never rejects. */
  async operate(actor: string, operation: Operation): Promise<OperationOutcome> {
    return this.#actors.get(actor)?.cell.operate(operation) ?? "interrupted";
  }

  /** Has nothing more of it run. A handler that is under way cannot be stopped, only ignored. */
  kill(actor: string): void {
    this.#actors.get(actor)?.cell.discard();
    this.#actors.delete(actor);
  }

  async #begin(spec: ActorSpec, cell: Cell): Promise<void> {
    const { memory, lanes, scheduler, isCurrent = () => true } = this.#options;
    let behaviour: Behaviour | undefined;
    try {
      const factory = await (this.#options.load ?? importActor)(spec);
      checkNotStopped(spec, cell);
      behaviour = await factory(this.#context(spec, cell) as ActorContext<never>);
      checkNotStopped(spec, cell);
      if (!isCurrent()) throw new Error(`the thread was given up while ${spec.name} started`);
      const readers = lanes
        .filter(({ tiers }) => tiers.flat().includes(spec.name))
        .map((lane) => new LaneReader(memory, lane, spec.name));
      cell.run(behaviour, readers);
    } catch (error) {
      cell.discard();
      // It was made, so what it holds must be given back; why it did not start is more to know than why that failed.
      try {
        await behaviour?.stop?.();
      } catch (stopError) {
        getLog(spec.name).error("could not end in order", { error: stopError });
      }
      throw error;
    }
    scheduler.add(cell);
  }

  #context(spec: ActorSpec, cell: Cell): ActorContext<unknown> {
    const { clock, memory, resources, scratch, post, lanes } = this.#options;
    const lane = (name: string): LaneSpec => {
      const found = lanes.find((candidate) => candidate.name === name);
      if (found === undefined) throw new RangeError(`there is no lane ${name}`);
      return found;
    };
    return {
      name: spec.name,
      config: spec.config,
      clock: {
        nowMs: () => clock.nowMs(),
        monotonicMs: () => clock.monotonicMs(),
        after: (delayMs, callback) => {
          cell.block();
          return clock.after(delayMs, callback);
        },
      },
      log: getLog(spec.name),
      memory,
      scratch: scratch[spec.name] ?? 0,
      resources,
      lane,
      writer: (name) => {
        if (!spec.writes?.includes(name))
          throw new RangeError(`${spec.name} does not declare that it writes ${name}`);
        return new LaneWriter(memory, lane(name));
      },
      tell: (to, message) => post.tell(to, message),
      ask: (to, message, deadlineMs) => {
        cell.block();
        return post.ask(to, message, deadlineMs);
      },
      after: (delayMs, handler) => cell.after(delayMs, handler),
      every: (intervalMs, handler, firstMs) => cell.every(intervalMs, handler, firstMs),
    };
  }
}

function checkNotStopped({ name }: ActorSpec, cell: Cell): void {
  if (cell.ended) throw new Error(`${name} was stopped while it started`);
}

async function importActor(spec: ActorSpec): Promise<ActorFactory> {
  const module = (await import(spec.module)) as ActorModule;
  return module.default;
}
