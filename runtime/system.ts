/**
 * A system: lanes in one shared memory, actors on threads, supervisors over them.
 *
 * It is declared as plain data, checked as a whole before anything starts, and built by the thread that calls
 * `createSystem`: that thread places the lanes, carries messages between threads, and supervises. Actors run on worker
 * threads, on this thread, or (`inline`) all on this thread one step at a time, under a clock and a seed that a test holds.
 * While it runs, an operator may do to single actors what actor-control.ts has.
 */

import { LocalThread, type SharedParts } from "./actor/local-thread.ts";
import { type BoxSpec, type DeadLetter, mailboxDepth, type Packet, PostOffice } from "./actor/post-office.ts";
import { LiveScheduler, type Scheduler, SteppedScheduler } from "./actor/scheduler.ts";
import {
  type ActorSpec,
  type AskResult,
  DEFAULT_MAILBOX_SIZE,
  type Message,
  type SendResult,
} from "./actor/types.ts";
import { WorkerThread } from "./actor/worker-thread.ts";
import { type ActorCommand, ActorControl, type ReconfigureResult } from "./actor-control.ts";
import { Arena, CACHE_PAIR_BYTES } from "./arena.ts";
import { systemClock } from "./clock.ts";
import { type LaneSpec, type LaneStatus, laneStatus, placeLane } from "./lane/index.ts";
import { emitForwarded, type LogLevel, setLogLevel } from "./log.ts";
import { seededRandom } from "./random.ts";
import {
  type CommandResult,
  type Failure,
  type StartResult,
  type SupervisedChild,
  Supervisor,
  type SupervisorOptions,
  type SupervisorStatus,
} from "./supervisor/index.ts";
import { checkSystem, type GroupSpec, SystemError, type SystemSpec } from "./system-spec.ts";

export {
  ACTOR_COMMANDS,
  type ActorCommand,
  type ActorState,
  type ActorTransition,
  type ReconfigureResult,
} from "./actor-control.ts";
export { type GroupSpec, SystemError, type SystemSpec } from "./system-spec.ts";

export interface ActorStatus {
  readonly name: string;
  readonly thread: string;
  readonly mailbox: { readonly depth: number; readonly capacity: number };
  /** It runs, but an operator has paused it. */
  readonly paused: boolean;
  /** For each lane it is a stage of: slots it has still to release. */
  readonly lag: Readonly<Record<string, number>>;
}

export interface SystemStatus {
  readonly supervisors: SupervisorStatus;
  readonly actors: readonly ActorStatus[];
  readonly lanes: readonly LaneStatus[];
  readonly deadLetters: { readonly count: number; readonly latest: readonly DeadLetter[] };
}

const MAIN = "main";
const DEAD_LETTERS_KEPT = 64;
const DEFAULT_HUNG_AFTER_MS = 15_000;
/** Bytes of one mailbox's word: two cache lines, as its senders and its receiver are different threads. */
const BOX_BYTES = CACHE_PAIR_BYTES;

/** Checks the declaration and places it. Nothing runs before `start`. @throws SystemError on a declaration that cannot work */
export function createSystem(spec: SystemSpec): System {
  checkSystem(spec);
  return new System(spec);
}

export class System {
  readonly memory: WebAssembly.Memory;
  readonly lanes: readonly LaneSpec[];
  readonly resources: Readonly<Record<string, unknown>>;
  readonly #actors: readonly ActorSpec[];
  readonly #boxes: readonly BoxSpec[];
  readonly #post: PostOffice;
  readonly #local: LocalThread;
  readonly #workers = new Map<string, WorkerThread>();
  readonly #groups: readonly Supervisor[];
  readonly #root: Supervisor;
  readonly #scheduler: Scheduler;
  readonly #control: ActorControl;
  readonly #deadLetters: DeadLetter[] = [];
  readonly #incarnations = new Map<string, number>();
  #deadLetterCount = 0;

  constructor(spec: SystemSpec) {
    const clock = spec.clock ?? systemClock;
    const inline = spec.placement === "inline";
    const random = seededRandom(spec.seed ?? Math.floor(Math.random() * 2 ** 32));
    const arena = new Arena(spec.memory, spec.arenaFrom);
    this.memory = spec.memory;
    this.#actors = spec.groups.flatMap(({ actors }) =>
      inline ? actors.map((actor) => ({ ...actor, thread: MAIN })) : actors,
    );
    this.lanes = spec.lanes.map((shape) => placeLane(arena, shape));
    this.#boxes = this.#actors.map((actor) => ({
      actor: actor.name,
      thread: actor.thread,
      capacity: actor.mailboxSize ?? DEFAULT_MAILBOX_SIZE,
      offset: arena.allocate(BOX_BYTES, `mailbox of ${actor.name}`),
    }));
    const scratch: Record<string, number> = {};
    for (const { name, scratchBytes } of this.#actors) {
      if (scratchBytes !== undefined) scratch[name] = arena.allocate(scratchBytes, `scratch of ${name}`);
    }
    this.resources = spec.resources?.(arena) ?? {};
    const shared: SharedParts = {
      memory: spec.memory,
      lanes: this.lanes,
      scratch,
      resources: this.resources,
    };
    const onDeadLetter = (letter: DeadLetter) => this.#keepDeadLetter(letter);
    this.#post = new PostOffice({
      thread: MAIN,
      memory: spec.memory,
      boxes: this.#boxes,
      clock,
      forward: (packet, thread) => this.#forward(packet, thread),
      onDeadLetter,
    });
    const chooseNext = spec.chooseNext ?? ((ready) => Math.floor(random() * ready.length));
    this.#scheduler = inline ? new SteppedScheduler(chooseNext) : new LiveScheduler();
    this.#local = new LocalThread({
      ...shared,
      clock,
      scheduler: this.#scheduler,
      post: this.#post,
      onDeadLetter,
      onFailure: (actor, incarnation, failure) => {
        if (this.#incarnations.get(actor) === incarnation) this.#failed([actor], failure);
      },
      ...(spec.load === undefined ? {} : { load: spec.load }),
    });
    for (const thread of new Set(this.#actors.map((actor) => actor.thread))) {
      if (thread === MAIN) continue;
      const worker = new WorkerThread({
        parts: { ...shared, thread, boxes: this.#boxes, logLevel: spec.logLevel ?? "info" },
        lifeOffset: arena.allocate(CACHE_PAIR_BYTES, `lives of thread ${thread}`),
        clock,
        hungAfterMs: spec.hungAfterMs ?? DEFAULT_HUNG_AFTER_MS,
        onPacket: (packet) => this.#post.accept(packet),
        onFailure: (actor, failure) => this.#failed([actor], failure),
        onDeath: (actors, reason) => this.#threadDied(thread, actors, reason),
        onDeadLetter,
        onLog: emitForwarded,
      });
      this.#workers.set(thread, worker);
    }
    this.#control = new ActorControl({
      configs: new Map(this.#actors.map(({ name, config }) => [name, config])),
      supervisorOf: (actor) => this.#groupOf(actor),
      operate: (actor, operation) => (this.#workerOf(actor) ?? this.#local).operate(actor, operation),
      clock,
      ...(spec.onSupervision === undefined ? {} : { onTransition: spec.onSupervision }),
    });
    const common = { clock, random };
    const onEvent: SupervisorOptions["onEvent"] = (event) => this.#control.note(event);
    this.#groups = spec.groups.map((group) => this.#supervisor(group, { ...common, onEvent }));
    // A group has its actors' own deadlines within; the root is only there for one that goes wrong altogether.
    const stopDeadlineMs = 30_000;
    this.#root = new Supervisor(
      {
        name: "millrace",
        ...common,
        ...(spec.onSupervision === undefined ? {} : { onEvent: spec.onSupervision }),
        ...(spec.onEscalate === undefined ? {} : { onEscalate: spec.onEscalate }),
      },
      this.#groups.map((child) => ({ child, policy: { startDeadlineMs: 30_000, stopDeadlineMs } })),
    );
  }

  /** Starts every group in order. When one cannot start, those before it are stopped again and the reason is returned. */
  start(): Promise<StartResult> {
    return this.#root.start();
  }

  /** Stops all actors in reverse order, then the threads. */
  async stop(): Promise<void> {
    await this.#root.stop();
    for (const worker of this.#workers.values()) worker.kill("the system stopped");
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
    setLogLevel(level);
    for (const worker of this.#workers.values()) worker.setLogLevel(level);
  }

  /** Ends a worker thread at once, as a fault would. For tests of what follows. @returns false when there is no such thread */
  killThread(thread: string): boolean {
    const worker = this.#workers.get(thread);
    worker?.kill("it was killed on purpose");
    return worker !== undefined;
  }

  status(): SystemStatus {
    const lanes = this.lanes.map((lane) => laneStatus(this.memory, lane));
    const actors = this.#actors.map(({ name, thread }): ActorStatus => {
      const box = this.#boxes.find(({ actor }) => actor === name)!;
      const lag: Record<string, number> = {};
      for (const { lane, stages } of lanes) {
        const stage = stages.find((candidate) => candidate.stage === name);
        if (stage !== undefined) lag[lane] = stage.lagSlots;
      }
      return {
        name,
        thread,
        mailbox: { depth: mailboxDepth(this.memory, box), capacity: box.capacity },
        paused: this.#control.isPaused(name),
        lag,
      };
    });
    return {
      supervisors: this.#root.tree(),
      actors,
      lanes,
      deadLetters: { count: this.#deadLetterCount, latest: [...this.#deadLetters] },
    };
  }

  #supervisor(group: GroupSpec, common: Pick<SupervisorOptions, "clock" | "random" | "onEvent">): Supervisor {
    const { name, strategy, intensity, backoff, policy } = group;
    return new Supervisor(
      {
        name,
        ...common,
        ...(strategy === undefined ? {} : { strategy }),
        ...(intensity === undefined ? {} : { intensity }),
        ...(backoff === undefined ? {} : { backoff }),
      },
      group.actors.map(({ name: actor }) => {
        const child = this.#child(this.#actors.find((candidate) => candidate.name === actor)!);
        return policy === undefined ? { child } : { child, policy };
      }),
    );
  }

  #child(declared: ActorSpec): SupervisedChild {
    const { name } = declared;
    const worker = this.#workers.get(declared.thread);
    const current = (): ActorSpec => ({ ...declared, config: this.#control.configOf(name) });
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

  #workerOf(actor: string): WorkerThread | undefined {
    return this.#workers.get(this.#actors.find(({ name }) => name === actor)?.thread ?? MAIN);
  }

  #groupOf(actor: string): Supervisor | undefined {
    return this.#groups.find((group) => group.children().some(({ name }) => name === actor));
  }

  #failed(actors: readonly string[], failure: Failure): void {
    for (const group of this.#groups) {
      const own = actors.filter((actor) => group.children().some(({ name }) => name === actor));
      if (own.length > 0) group.failed(own, failure);
    }
  }

  #threadDied(thread: string, actors: readonly string[], reason: string): void {
    for (const actor of this.#actors) if (actor.thread === thread) this.#post.bury(actor.name);
    // Later, but before any supervisor acts: when one of them has just killed the thread for an actor that missed its deadline,
    // that is what comes first, and why the others fell.
    queueMicrotask(() =>
      this.#failed(actors, { kind: "thread-died", message: `thread ${thread}: ${reason}` }),
    );
  }

  #forward(packet: Packet, thread: string): boolean {
    const worker = this.#workers.get(thread);
    if (worker === undefined)
      throw new SystemError(`a packet for ${packet.to} names thread ${thread}, which is not there`);
    return worker.deliver(packet);
  }

  #keepDeadLetter(letter: DeadLetter): void {
    this.#deadLetterCount++;
    this.#deadLetters.push(letter);
    if (this.#deadLetters.length > DEAD_LETTERS_KEPT) this.#deadLetters.shift();
  }
}
