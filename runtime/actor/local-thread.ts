/** The actors of the thread this code runs on, whichever thread that is. */

import type { Clock } from "../clock.ts";
import { LaneReader, type LaneSpec, LaneWriter } from "../lane/index.ts";
import { getLog } from "../log.ts";
import type { Failure } from "../supervisor/types.ts";
import { Cell } from "./cell.ts";
import type { DeadLetter, PostOffice } from "./post-office.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ActorContext, ActorFactory, ActorModule, ActorSpec } from "./types.ts";

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
  /** Makes an actor; default: imports its module. Tests put their own actors in here. */
  readonly load?: (spec: ActorSpec) => ActorFactory | Promise<ActorFactory>;
}

export class LocalThread {
  readonly #options: LocalThreadOptions;
  readonly #cells = new Map<string, Cell>();

  constructor(options: LocalThreadOptions) {
    this.#options = options;
  }

  /** Begins an incarnation. Rejects when the actor refuses, or was stopped before it ran. */
  async start(spec: ActorSpec, incarnation: number): Promise<void> {
    const { clock, post, memory, scheduler, onDeadLetter, onFailure } = this.#options;
    this.#cells.get(spec.name)?.discard();
    const cell = new Cell({
      name: spec.name,
      clock,
      post,
      memory,
      onDeadLetter,
      onFailure: (failure) => onFailure(spec.name, incarnation, failure),
      onWake: () => scheduler.wake(cell),
    });
    this.#cells.set(spec.name, cell);
    try {
      const factory = await (this.#options.load ?? importActor)(spec);
      const behaviour = await factory(this.#context(spec, cell) as ActorContext<never>);
      if (cell.ended) {
        await behaviour.stop?.();
        throw new Error(`${spec.name} was stopped while it started`);
      }
      const readers = this.#options.lanes
        .filter(({ tiers }) => tiers.flat().includes(spec.name))
        .map((lane) => new LaneReader(memory, lane, spec.name));
      cell.run(behaviour, readers);
      scheduler.add(cell);
    } catch (error) {
      cell.discard();
      throw error;
    }
  }

  /** Lets the actor finish what it is at, then ends it. Resolves at once when it does not run. */
  async stop(actor: string): Promise<void> {
    const cell = this.#cells.get(actor);
    if (cell === undefined) return;
    cell.retire();
    await this.#options.scheduler.ended(cell);
    await cell.release();
    if (this.#cells.get(actor) === cell) this.#cells.delete(actor);
  }

  /** Has nothing more of it run. A handler that is under way cannot be stopped, only ignored. */
  kill(actor: string): void {
    this.#cells.get(actor)?.discard();
    this.#cells.delete(actor);
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
      clock,
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
      ask: (to, message, deadlineMs) => post.ask(to, message, deadlineMs),
      after: (delayMs, handler) => cell.after(delayMs, handler),
      every: (intervalMs, handler, firstMs) => cell.every(intervalMs, handler, firstMs),
    };
  }
}

async function importActor(spec: ActorSpec): Promise<ActorFactory> {
  const module = (await import(spec.module)) as ActorModule;
  return module.default;
}
