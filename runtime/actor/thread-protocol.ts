/** What a system says to a worker thread, and what the worker says back. Plain data, all of it. */

import type { LogLevel, WireRecord } from "../log.ts";
import type { Failure } from "../supervisor/types.ts";
import type { SharedParts } from "./local-thread.ts";
import type { BoxSpec, DeadLetter, Packet } from "./post-office.ts";
import type { ActorSpec } from "./types.ts";

/** Handed to the worker when it is made. */
export interface WorkerParts extends SharedParts {
  readonly thread: string;
  readonly boxes: readonly BoxSpec[];
  readonly logLevel: LogLevel;
}

export type ToWorker =
  | { readonly type: "start"; readonly actor: ActorSpec; readonly incarnation: number }
  | { readonly type: "stop"; readonly actor: string; readonly incarnation: number }
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
  | { readonly type: "packet"; readonly packet: Packet }
  | { readonly type: "dead-letter"; readonly letter: DeadLetter }
  | { readonly type: "log"; readonly record: WireRecord }
  | { readonly type: "pulse" };
