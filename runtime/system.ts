/**
 * A system: lanes in one shared memory, actors on threads, supervisors over them.
 *
 * It is declared as plain data, checked as a whole before anything starts, and built by the thread that calls
 * `createSystem`: that thread places the lanes, carries messages between threads, and supervises. Actors run on worker
 * threads, on this thread, or (`inline`) all on this thread one step at a time, under a clock and a seed that a test holds.
 * While it runs, an operator may do to single actors what actor-control.ts has.
 *
 * Its parts: where everything lies (system-places.ts), the threads (system-threads.ts), the supervisors (system-groups.ts), how it stands
 * (system-status.ts).
 */

import { PostOffice } from "./actor/post-office.ts";
import { LiveScheduler, type Scheduler, SteppedScheduler } from "./actor/scheduler.ts";
import type { AskResult, Message, SendResult } from "./actor/types.ts";
import { type ActorCommand, ActorControl, type ReconfigureResult } from "./actor-control.ts";
import { systemClock } from "./clock.ts";
import type { LaneSpec } from "./lane/index.ts";
import type { LogLevel } from "./log.ts";
import { seededRandom } from "./random.ts";
import type { CommandResult, StartResult } from "./supervisor/index.ts";
import { SystemGroups } from "./system-groups.ts";
import { type Places, placeSystem } from "./system-places.ts";
import { checkSystem, SystemError, type SystemSpec } from "./system-spec.ts";
import { DeadLetters, type SystemStatus, systemStatus } from "./system-status.ts";
import { MAIN, SystemThreads } from "./system-threads.ts";

export {
  ACTOR_COMMANDS,
  type ActorCommand,
  type ActorState,
  type ActorTransition,
  type ReconfigureResult,
} from "./actor-control.ts";
export { type GroupSpec, SystemError, type SystemSpec } from "./system-spec.ts";
export type { ActorStatus, SystemStatus } from "./system-status.ts";

/** Checks the declaration and places it. Nothing runs before `start`. @throws SystemError on a declaration that cannot work */
export function createSystem(spec: SystemSpec): System {
  checkSystem(spec);
  return new System(spec);
}

export class System {
  readonly memory: WebAssembly.Memory;
  readonly lanes: readonly LaneSpec[];
  readonly resources: Readonly<Record<string, unknown>>;
  readonly #places: Places;
  readonly #post: PostOffice;
  readonly #scheduler: Scheduler;
  readonly #control: ActorControl;
  readonly #threads: SystemThreads;
  readonly #groups: SystemGroups;
  readonly #deadLetters = new DeadLetters();

  constructor(spec: SystemSpec) {
    const { clock = systemClock, memory } = spec;
    const inline = spec.placement === "inline";
    const random = seededRandom(spec.seed ?? Math.floor(Math.random() * 2 ** 32));
    const actors = spec.groups.flatMap(({ actors }) =>
      inline ? actors.map((actor) => ({ ...actor, thread: MAIN })) : actors,
    );
    const workers = [...new Set(actors.map(({ thread }) => thread))].filter((thread) => thread !== MAIN);
    const places = placeSystem(spec, actors, workers);
    this.#places = places;
    this.memory = memory;
    this.lanes = places.shared.lanes;
    this.resources = places.shared.resources;
    const onDeadLetter = this.#deadLetters.keep.bind(this.#deadLetters);
    this.#post = new PostOffice({
      thread: MAIN,
      ...{ memory, boxes: places.boxes, clock, onDeadLetter },
      forward: (packet, thread) => this.#threads.forward(packet, thread),
    });
    const chooseNext = spec.chooseNext ?? ((ready) => Math.floor(random() * ready.length));
    this.#scheduler = inline ? new SteppedScheduler(chooseNext) : new LiveScheduler();
    this.#control = new ActorControl({
      configs: new Map(actors.map(({ name, config }) => [name, config])),
      supervisorOf: (actor) => this.#groups.of(actor),
      operate: (actor, operation) => this.#threads.operate(actor, operation),
      clock,
      ...(spec.onSupervision === undefined ? {} : { onTransition: spec.onSupervision }),
    });
    this.#threads = new SystemThreads({
      ...spec,
      ...{ actors, places, clock, onDeadLetter, scheduler: this.#scheduler, post: this.#post },
      configOf: (actor) => this.#control.configOf(actor),
      onFailure: (failed, failure) => this.#groups.failed(failed, failure),
    });
    this.#groups = new SystemGroups(
      {
        ...spec,
        ...{ clock, random },
        child: (actor) => this.#threads.child(actor),
        onEvent: (event) => this.#control.note(event),
      },
      new Map(actors.map((actor) => [actor.name, actor])),
    );
  }

  /**
   * Makes the threads, which load the modules of their actors, all at the same time; no actor starts. `start` does it too: this is for
   * who has something else to do first.
   */
  prepare(): void {
    this.#threads.prepare();
  }

  /** Starts every group in order. When one cannot start, those before it are stopped again and the reason is returned. */
  start(): Promise<StartResult> {
    this.prepare();
    return this.#groups.root.start();
  }

  /** Stops all actors in reverse order, then the threads. */
  async stop(): Promise<void> {
    await this.#groups.root.stop();
    this.#threads.killAll("the system stopped");
  }

  /** Inline only: does one thing. @returns false when nothing is to be done before time moves on */
  step(): Promise<boolean> {
    if (!(this.#scheduler instanceof SteppedScheduler))
      throw new SystemError("only an inline system is stepped");
    return this.#scheduler.step();
  }

  tell<M extends Message>(to: string, message: M): SendResult<M> {
    return this.#post.tell(to, message);
  }

  ask<T>(to: string, message: Message, deadlineMs: number): Promise<AskResult<T>> {
    return this.#post.ask(to, message, deadlineMs);
  }

  /**
   * Starts, stops, restarts, pauses or resumes an actor, by an operator's wish: see actor-control.ts.
   * @returns once it is done, or why it is not
   */
  command(actor: string, command: ActorCommand, reason: string): Promise<CommandResult> {
    return this.#control.command(actor, command, reason);
  }

  /** Ends an actor and starts it again. Refused for an unknown one, or one on its way up or down. */
  restart(actor: string, reason: string): Promise<CommandResult> {
    return this.command(actor, "restart", reason);
  }

  /** Gives an actor another configuration, live or by a restart; its later starts have it too. */
  reconfigure(actor: string, config: unknown, reason: string): Promise<ReconfigureResult> {
    return this.#control.reconfigure(actor, config, reason);
  }

  /** Sets the least severe level that is logged, on every thread. */
  setLogLevel(level: LogLevel): void {
    this.#threads.setLogLevel(level);
  }

  /** Ends a worker thread at once, as a fault would. For tests of what follows. @returns false when there is no such thread */
  killThread(thread: string): boolean {
    return this.#threads.kill(thread, "it was killed on purpose");
  }

  status(): SystemStatus {
    return {
      supervisors: this.#groups.root.tree(),
      ...systemStatus(this.#places, (actor) => this.#control.isPaused(actor)),
      deadLetters: this.#deadLetters.status(),
    };
  }
}
