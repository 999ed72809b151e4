/**
 * What an actor is, to who writes one and to who runs one.
 *
 * An actor is a set of handlers; the runtime calls them one at a time, and an actor never waits on its own. That is what lets
 * the same actor run on a thread of its own, beside others, or under a virtual clock in a test that replays from a seed.
 *
 * Three things wake an actor: slots on a lane it is a stage of, a message in its mailbox, a timer. A handler that throws or
 * rejects has failed: the actor is gone, its supervisor hears of it, and the next incarnation begins at the lane's cursor.
 */

import type { Clock, Timer } from "../clock.ts";
import type { LaneReader, LaneSpec, LaneWriter } from "../lane/index.ts";
import type { Log } from "../log.ts";

export interface Message {
  readonly kind: string;
}

/** What became of a message that was sent without waiting for an answer. A refused one is handed back. */
export type SendResult<M extends Message = Message> =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "full" | "closed"; readonly message: M };

/** What became of a question. `failed`: the handler answered that it cannot; its reason is in `message`. */
export type AskResult<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly reason: "full" | "closed" | "timed-out" | "failed";
      readonly message: string;
    };

/** Answers one question. Only the first call counts; nobody waits for the answer to a message that was only sent. */
export interface Reply {
  (value: unknown): void;
  /** Answers that it cannot be done, and why: for people, so without anything raw in it. */
  fail(reason: string): void;
}

/** What an actor does with one lane it is a stage of. */
export interface StageHandler {
  /**
   * Called when at least one slot can be read. Takes up to `maxSlots` by `reader.tryRead()` and releases what it is done
   * with. What it read and did not release is read again next time.
   */
  drain(reader: LaneReader, maxSlots: number): void | Promise<void>;
  /**
   * Called instead of `drain` for a slot that has brought this stage down `POISON_ATTEMPTS` times. It must leave the slot
   * such that later stages can read it; the runtime releases it afterwards and keeps a dead letter.
   * @returns the reason to be kept, without anything raw
   */
  poisoned(slot: number): string;
}

/** A batch that brought its reader down this often goes to the dead letters. */
export const POISON_ATTEMPTS = 3;

export interface Behaviour {
  /** By lane name: one for each lane that names this actor as a stage. */
  readonly stages?: Readonly<Record<string, StageHandler>>;
  /** Handles one message; the next one waits until it returns. May keep `reply` for later. */
  receive?(message: Message, reply: Reply): void | Promise<void>;
  /**
   * Stops what it does by itself (timers) until `resume`; its stages are not drained meanwhile, messages are answered. An actor
   * without stages that does not have these two cannot be paused.
   */
  pause?(): void;
  resume?(): void;
  /** Takes a changed configuration while it runs. @returns false when it has to be started again with it */
  reconfigure?(config: unknown): boolean;
  /** Called before an orderly end, and after a failure. Gives back what the actor holds: files, sockets. */
  stop?(): void | Promise<void>;
}

export interface ActorContext<Config = unknown> {
  readonly name: string;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** The memory that lanes, metric cells and kernels share. */
  readonly memory: WebAssembly.Memory;
  /** Offset of this actor's own bytes of that memory: as many as its spec says, zero at first, the same after a restart. */
  readonly scratch: number;
  /** What the system was given for all its actors; plain data, the same in every thread. */
  readonly resources: Readonly<Record<string, unknown>>;
  /** @throws RangeError when no lane has that name */
  lane(name: string): LaneSpec;
  /** The writing end of a lane that this actor's spec says it writes. */
  writer(lane: string): LaneWriter;
  /** Sends without waiting for an answer. Never waits. */
  tell<M extends Message>(to: string, message: M): SendResult<M>;
  /** Sends and waits for the answer, at the most `deadlineMs`. */
  ask<T>(to: string, message: Message, deadlineMs: number): Promise<AskResult<T>>;
  /** Runs `handler` once, after `delayMs`. Like every handler it runs alone, and its failure is the actor's. */
  after(delayMs: number, handler: () => void | Promise<void>): Timer;
  /**
   * Runs `handler` every `intervalMs`, for the first time after `firstMs` (default: at once). Late by one interval or more,
   * it runs once and goes on with the grid: no pile of missed runs.
   */
  every(intervalMs: number, handler: () => void | Promise<void>, firstMs?: number): Timer;
}

/** Makes one incarnation of an actor. What it throws is a refused start. */
export type ActorFactory<Config = never> = (context: ActorContext<Config>) => Behaviour | Promise<Behaviour>;

/** An actor's module: its default export makes it. */
export interface ActorModule {
  readonly default: ActorFactory;
}

/** Declares one actor of a system. Plain data: it travels to the thread that the actor runs on. */
export interface ActorSpec {
  readonly name: string;
  /** Address of the module whose default export is the `ActorFactory`. */
  readonly module: string;
  readonly config: unknown;
  /** Name of the thread it runs on; `main` is the one that built the system. */
  readonly thread: string;
  /** Lanes it writes. The lanes it reads are those that name it as a stage. */
  readonly writes?: readonly string[];
  /** Messages that may wait; default 64. */
  readonly mailboxSize?: number;
  /** Bytes of shared memory of its own; default 0. */
  readonly scratchBytes?: number;
}

export const DEFAULT_MAILBOX_SIZE = 64;
