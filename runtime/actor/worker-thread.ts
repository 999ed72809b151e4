/**
 * A worker thread as the system sees it: made when it is prepared or the first of its actors starts, kept for life, and made
 * again after it died. Whatever ends the worker (its code, an error nobody caught, an out-of-memory, `terminate`) is one event here: the
 * death of the thread.
 *
 * Limit: Deno cannot end a thread that is in an endless loop without a pause; it goes on taking a core until the process
 * ends. It is cut off all the same: its messages are not heard, its lanes' ends are taken (lane/hold.ts), its places in
 * mailboxes are void, and should its loop ever turn again, its actors do nothing (`ThreadLife`).
 */

import { Worker } from "node:worker_threads";
import type { Clock, Timer } from "../clock.ts";
import type { LogLevel, WireRecord } from "../log.ts";
import type { Failure } from "../supervisor/types.ts";
import { describeError } from "./describe-error.ts";
import type { Operation, OperationOutcome } from "./operations.ts";
import type { DeadLetter, Packet } from "./post-office.ts";
import type { FromWorker, ToWorker, WorkerParts } from "./thread-protocol.ts";
import type { ActorSpec } from "./types.ts";

export interface WorkerThreadOptions {
  readonly parts: Omit<WorkerParts, "life">;
  /** Byte offset of a word in shared memory that counts this thread's lives. */
  readonly lifeOffset: number;
  readonly clock: Clock;
  /** A thread whose event loop has not turned for this long is taken for hung and ended. */
  readonly hungAfterMs: number;
  readonly onPacket: (packet: Packet) => void;
  readonly onFailure: (actor: string, failure: Failure) => void;
  /** The thread is gone; these actors ran or started on it. */
  readonly onDeath: (actors: readonly string[], reason: string) => void;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  readonly onLog: (record: WireRecord) => void;
}

interface Waiter {
  readonly incarnation: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const ENTRY = new URL("./worker-entry.ts", import.meta.url);

export class WorkerThread {
  readonly #options: WorkerThreadOptions;
  readonly #words: Int32Array;
  #worker: Worker | undefined;
  #watch: Timer | undefined;
  #lastPulseMs = 0;
  #incarnations = 0;
  #lastOperation = 0;
  #logLevel: LogLevel;
  /** Incarnation of each actor that starts or runs on the present worker. */
  readonly #alive = new Map<string, number>();
  readonly #starting = new Map<string, Waiter>();
  readonly #stopping = new Map<string, Waiter>();
  readonly #operating = new Map<number, (outcome: OperationOutcome) => void>();

  constructor(options: WorkerThreadOptions) {
    this.#options = options;
    this.#logLevel = options.parts.logLevel;
    this.#words = new Int32Array(options.parts.memory.buffer);
  }

  get name(): string {
    return this.#options.parts.thread;
  }

  /** Makes the worker, which loads the modules of its actors; none of them starts. Does nothing when it is there. */
  prepare(): void {
    this.#spawn();
  }

  /** Rejects when the actor refuses, is stopped before it runs, or its thread dies. */
  async start(actor: ActorSpec): Promise<void> {
    const incarnation = ++this.#incarnations;
    this.#spawn();
    // Throws for a configuration that cannot be copied: then nothing has begun.
    this.#say({ type: "start", actor, incarnation });
    this.#alive.set(actor.name, incarnation);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#starting.set(actor.name, { incarnation, resolve, reject });
    return promise;
  }

  /** Resolves when nothing of the actor is left, be it that it ended or that its thread did. */
  stop(actor: string): Promise<void> {
    this.#starting.get(actor)?.reject(new Error(`${actor} was stopped while it started`));
    this.#starting.delete(actor);
    const incarnation = this.#alive.get(actor);
    this.#alive.delete(actor);
    if (this.#worker === undefined || incarnation === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#stopping.set(actor, { incarnation, resolve, reject });
      this.#say({ type: "stop", actor, incarnation });
    });
  }

  /** Has it done between two handlers of the actor. Rejects for a configuration that cannot be copied. */
  async operate(actor: string, operation: Operation): Promise<OperationOutcome> {
    if (this.#worker === undefined || !this.#alive.has(actor)) return "interrupted";
    const id = ++this.#lastOperation;
    this.#say({ type: "operate", actor, operation, id });
    return new Promise((resolve) => this.#operating.set(id, resolve));
  }

  /** The least severe level that it sends from now on, in this life and the next. */
  setLogLevel(level: LogLevel): void {
    this.#logLevel = level;
    this.#say({ type: "log-level", level });
  }

  /** Ends the worker and all that runs on it. Safe to call when there is none. */
  kill(reason: string): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#dead(worker, reason);
    void worker.terminate();
  }

  /** @returns false when there is no thread to take it */
  deliver(packet: Packet): boolean {
    this.#say({ type: "packet", packet });
    return this.#worker !== undefined;
  }

  #say(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #spawn(): void {
    if (this.#worker !== undefined) return;
    const { parts, lifeOffset } = this.#options;
    const life = { offset: lifeOffset, count: Atomics.add(this.#words, lifeOffset >>> 2, 1) + 1 };
    const worker = new Worker(ENTRY, {
      workerData: { ...parts, logLevel: this.#logLevel, life } satisfies WorkerParts,
    });
    this.#worker = worker;
    worker.on("message", (message: FromWorker) => {
      if (this.#worker === worker) this.#heard(message);
    });
    worker.on("error", (error: unknown) => {
      this.#dead(worker, describeError(error));
      void worker.terminate();
    });
    worker.on("messageerror", (error: unknown) => {
      if (this.#worker === worker) this.kill(`it said what cannot be read: ${describeError(error)}`);
    });
    worker.on("exit", (code) => this.#dead(worker, `the thread ended with code ${code}`));
    this.#lastPulseMs = this.#options.clock.monotonicMs();
    this.#watchPulse(worker);
  }

  #watchPulse(worker: Worker): void {
    const { clock, hungAfterMs } = this.#options;
    const dueMs = clock.monotonicMs() + hungAfterMs / 4;
    this.#watch = clock.after(hungAfterMs / 4, () => {
      if (this.#worker !== worker) return;
      // Late ourselves: this thread was the one that hung, and the pulses it has not heard yet are waiting.
      if (clock.monotonicMs() - dueMs > hungAfterMs / 4) this.#lastPulseMs = clock.monotonicMs();
      const silentMs = clock.monotonicMs() - this.#lastPulseMs;
      if (silentMs > hungAfterMs) {
        this.kill(`the thread did not answer for ${Math.round(silentMs)} ms`);
        return;
      }
      this.#say({ type: "pulse" });
      this.#watchPulse(worker);
    });
  }

  #heard(message: FromWorker): void {
    switch (message.type) {
      case "started":
        this.#settle(this.#starting, message.actor, message.incarnation)?.resolve();
        break;
      case "refused": {
        if (this.#alive.get(message.actor) === message.incarnation) this.#alive.delete(message.actor);
        const waiter = this.#settle(this.#starting, message.actor, message.incarnation);
        waiter?.reject(new Error(message.message));
        break;
      }
      case "stopped":
        this.#settle(this.#stopping, message.actor, message.incarnation)?.resolve();
        break;
      case "failed":
        if (this.#alive.get(message.actor) === message.incarnation) {
          this.#options.onFailure(message.actor, message.failure);
        }
        break;
      case "operated":
        this.#operating.get(message.id)?.(message.outcome);
        this.#operating.delete(message.id);
        break;
      case "packet":
        this.#options.onPacket(message.packet);
        break;
      case "dead-letter":
        this.#options.onDeadLetter(message.letter);
        break;
      case "log":
        this.#options.onLog(message.record);
        break;
      case "stray":
        this.kill(message.message);
        break;
      case "pulse":
        this.#lastPulseMs = this.#options.clock.monotonicMs();
        break;
    }
  }

  #settle(waiters: Map<string, Waiter>, actor: string, incarnation: number): Waiter | undefined {
    const waiter = waiters.get(actor);
    if (waiter?.incarnation !== incarnation) return undefined;
    waiters.delete(actor);
    return waiter;
  }

  #dead(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    Atomics.add(this.#words, this.#options.lifeOffset >>> 2, 1);
    this.#watch?.cancel();
    const actors = [...this.#alive.keys()];
    this.#alive.clear();
    for (const waiter of this.#starting.values()) waiter.reject(new Error(`thread died: ${reason}`));
    this.#starting.clear();
    // Nothing of a stopping actor is left: that is what was asked for.
    for (const waiter of this.#stopping.values()) waiter.resolve();
    this.#stopping.clear();
    for (const resolve of this.#operating.values()) resolve("interrupted");
    this.#operating.clear();
    this.#options.onDeath(actors, reason);
  }
}
