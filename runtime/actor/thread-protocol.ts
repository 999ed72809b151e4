/** What a system says to a worker thread, and what the worker says back. Plain data, all of it. */

import type { LogLevel, WireRecord } from "../log.ts";
import type { Failure } from "../supervisor/types.ts";
import type { SharedParts } from "./local-thread.ts";
import type { Operation, OperationOutcome } from "./operations.ts";
import type { BoxSpec, DeadLetter, Packet } from "./post-office.ts";
import type { ActorSpec } from "./types.ts";

/** Handed to the worker when it is made. */
export interface WorkerParts extends SharedParts {
  readonly thread: string;
  readonly boxes: readonly BoxSpec[];
  readonly logLevel: LogLevel;
  /** Modules of the actors that are to run there: the thread loads them as soon as it is made. */
  readonly modules: readonly string[];
  readonly life: ThreadLife;
}

/**
 * Which life of a thread a worker is. The system counts the word up when it makes a worker, and again when it gives it up: a
 * worker that finds another count than its own goes on after its end (on Deno, until its loop turns next) and should not.
 */
export interface ThreadLife {
  /** Byte offset of the word in shared memory. */
  readonly offset: number;
  /** The worker's own count. */
  readonly count: number;
}

export type ToWorker =
  | { readonly type: "start"; readonly actor: ActorSpec; readonly incarnation: number }
  | { readonly type: "stop"; readonly actor: string; readonly incarnation: number }
  /** Answered by `operated` with the same number, unless the thread dies. */
  | { readonly type: "operate"; readonly actor: string; readonly operation: Operation; readonly id: number }
  | { readonly type: "log-level"; readonly level: LogLevel }
  | { readonly type: "packet"; readonly packet: Packet }
  /** Asks for a `pulse`, which comes only from an event loop that turns. */
  | { readonly type: "pulse" };

export type FromWorker =
  | { readonly type: "started"; readonly actor: string; readonly incarnation: number }
  | {
      readonly type: "refused";
      readonly actor: string;
      readonly incarnation: number;
      readonly message: string;
    }
  | { readonly type: "stopped"; readonly actor: string; readonly incarnation: number }
  | {
      readonly type: "failed";
      readonly actor: string;
      readonly incarnation: number;
      readonly failure: Failure;
    }
  | { readonly type: "operated"; readonly id: number; readonly outcome: OperationOutcome }
  | { readonly type: "packet"; readonly packet: Packet }
  | { readonly type: "dead-letter"; readonly letter: DeadLetter }
  | { readonly type: "log"; readonly record: WireRecord }
  /** Something threw or rejected that no handler awaited: nobody knows whose it was, so the thread has failed. */
  | { readonly type: "stray"; readonly message: string }
  | { readonly type: "pulse" };
