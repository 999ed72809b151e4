/**
 * The threads of a system: this one, and the workers that its actors name. An actor is started, stopped and operated where it runs,
 * whichever thread that is.
 */

import { LocalThread } from "./actor/local-thread.ts";
import type { Operation, OperationOutcome } from "./actor/operations.ts";
import type { DeadLetter, Packet, PostOffice } from "./actor/post-office.ts";
import type { Scheduler } from "./actor/scheduler.ts";
import type { ActorSpec } from "./actor/types.ts";
import { WorkerThread } from "./actor/worker-thread.ts";
import type { Clock } from "./clock.ts";
import { emitForwarded, type LogLevel, setLogLevel } from "./log.ts";
import type { Failure, SupervisedChild } from "./supervisor/index.ts";
import type { Places } from "./system-places.ts";
import { SystemError, type SystemSpec } from "./system-spec.ts";

/** The thread that builds the system. */
export const MAIN = "main";
const DEFAULT_HUNG_AFTER_MS = 15_000;

export interface SystemThreadsOptions extends Pick<SystemSpec, "logLevel" | "hungAfterMs" | "load"> {
  readonly actors: readonly ActorSpec[];
  readonly places: Places;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly post: PostOffice;
  /** The actor's present configuration. */
  readonly configOf: (actor: string) => unknown;
  readonly onFailure: (actors: readonly string[], failure: Failure) => void;
  readonly onDeadLetter: (letter: DeadLetter) => void;
}

export class SystemThreads {
  readonly #options: SystemThreadsOptions;
  readonly #local: LocalThread;
  readonly #workers = new Map<string, WorkerThread>();
  /** Starts of each actor of this thread. */
  readonly #incarnations = new Map<string, number>();

  constructor(options: SystemThreadsOptions) {
    this.#options = options;
    const { places, clock, scheduler, post, load, onDeadLetter, onFailure } = options;
    this.#local = new LocalThread({
      ...places.shared,
      ...{ clock, scheduler, post, onDeadLetter },
      onFailure: (actor, incarnation, failure) => {
        if (this.#incarnations.get(actor) === incarnation) onFailure([actor], failure);
      },
      ...(load === undefined ? {} : { load }),
    });
    for (const [thread, lifeOffset] of places.lives) {
      this.#workers.set(thread, this.#worker(thread, lifeOffset));
    }
  }

  /** Makes the workers; each thread, this one too, loads the modules of its actors, all at the same time. No actor starts. */
  prepare(): void {
    for (const worker of this.#workers.values()) worker.prepare();
    const { actors, load } = this.#options;
    if (load !== undefined) return;
    // What cannot be loaded says so when it starts.
    for (const { thread, module } of actors) if (thread === MAIN) void import(module).catch(() => {});
  }

  /** The actor as its supervisor has it. */
  child(declared: ActorSpec): SupervisedChild {
    const { name } = declared;
    const current = (): ActorSpec => ({ ...declared, config: this.#options.configOf(name) });
    const worker = this.#workers.get(declared.thread);
    if (worker !== undefined) {
      return {
        name,
        start: () => worker.start(current()),
        stop: () => worker.stop(name),
        // A thread cannot be made to drop one actor: it goes, and its other actors start again elsewhere.
        kill: () => worker.kill(`${name} did not start or end in time`),
      };
    }
    return {
      name,
      start: () => {
        const incarnation = (this.#incarnations.get(name) ?? 0) + 1;
        this.#incarnations.set(name, incarnation);
        return this.#local.start(current(), incarnation);
      },
      stop: () => this.#local.stop(name),
      kill: () => this.#local.kill(name),
    };
  }

  operate(actor: string, operation: Operation): Promise<OperationOutcome> {
    const thread = this.#options.actors.find(({ name }) => name === actor)?.thread ?? MAIN;
    return (this.#workers.get(thread) ?? this.#local).operate(actor, operation);
  }

  /** @returns false when the thread is not there to take it @throws SystemError when there never was one of that name */
  forward(packet: Packet, thread: string): boolean {
    const worker = this.#workers.get(thread);
    if (worker === undefined)
      throw new SystemError(`a packet for ${packet.to} names thread ${thread}, which is not there`);
    return worker.deliver(packet);
  }

  setLogLevel(level: LogLevel): void {
    setLogLevel(level);
    for (const worker of this.#workers.values()) worker.setLogLevel(level);
  }

  /** Ends a worker at once, with all that runs on it. @returns false when there is none of that name */
  kill(thread: string, reason: string): boolean {
    const worker = this.#workers.get(thread);
    worker?.kill(reason);
    return worker !== undefined;
  }

  killAll(reason: string): void {
    for (const worker of this.#workers.values()) worker.kill(reason);
  }

  #worker(thread: string, lifeOffset: number): WorkerThread {
    const { actors, places, clock, post, onFailure, onDeadLetter } = this.#options;
    const { logLevel = "info", hungAfterMs = DEFAULT_HUNG_AFTER_MS } = this.#options;
    const own = actors.filter((actor) => actor.thread === thread);
    const modules = own.map(({ module }) => module);
    return new WorkerThread({
      parts: { ...places.shared, thread, boxes: places.boxes, modules, logLevel },
      ...{ lifeOffset, clock, hungAfterMs, onDeadLetter },
      onPacket: (packet) => post.accept(packet),
      onFailure: (actor, failure) => onFailure([actor], failure),
      onDeath: (fallen, reason) => {
        for (const { name } of own) post.bury(name);
        // Later, but before any supervisor acts: when one of them has just killed the thread for an actor that missed its deadline,
        // that is what comes first, and why the others fell.
        queueMicrotask(() =>
          onFailure(fallen, { kind: "thread-died", message: `thread ${thread}: ${reason}` }),
        );
      },
      onLog: emitForwarded,
    });
  }
}
