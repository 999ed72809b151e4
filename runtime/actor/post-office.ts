/**
 * Messages between actors, within a thread and across threads.
 *
 * A mailbox is bounded wherever its senders are: its depth is a word in shared memory that the sender raises before it sends
 * and the receiver lowers when it takes a message out, so `full` is known at once and to everybody alike. Packets across
 * threads go through the thread that built the system, which knows where everybody lives.
 */

import type { Clock, Timer } from "../clock.ts";
import type { AskResult, Message, Reply, SendResult } from "./types.ts";

/** Where a mailbox is. Plain data. */
export interface BoxSpec {
  readonly actor: string;
  readonly thread: string;
  readonly capacity: number;
  /** Byte offset of two words in shared memory: how many messages wait, and whether it is open (1). */
  readonly offset: number;
}

/** What travels between threads. `id` 0: nobody waits for an answer. */
export type Packet =
  | {
      readonly type: "message";
      readonly to: string;
      readonly message: Message;
      readonly from: string;
      readonly id: number;
    }
  | {
      readonly type: "reply";
      readonly to: string;
      readonly id: number;
      readonly result: AskResult<unknown>;
    };

/** A message that was not handled, and why. What it said is not kept: it may hold anything. */
export interface DeadLetter {
  readonly to: string;
  readonly kind: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface PostOfficeOptions {
  /** Name of the thread it serves. */
  readonly thread: string;
  readonly memory: WebAssembly.Memory;
  readonly boxes: readonly BoxSpec[];
  readonly clock: Clock;
  /** Carries a packet towards another thread. */
  readonly forward: (packet: Packet, thread: string) => void;
  readonly onDeadLetter: (letter: DeadLetter) => void;
}

export interface Delivery {
  readonly message: Message;
  readonly reply: Reply;
}

interface Question {
  readonly to: string;
  readonly resolve: (result: AskResult<unknown>) => void;
  readonly timer: Timer;
}

const DEPTH = 0;
const OPEN = 1;

/** Messages waiting in a mailbox, as anybody can see them. */
export function mailboxDepth(memory: WebAssembly.Memory, box: BoxSpec): number {
  return Math.max(0, Atomics.load(new Int32Array(memory.buffer), (box.offset >>> 2) + DEPTH));
}

export class PostOffice {
  readonly #options: PostOfficeOptions;
  readonly #words: Int32Array;
  readonly #boxes: ReadonlyMap<string, BoxSpec>;
  readonly #waiting = new Map<string, { queue: Delivery[]; onArrival: () => void }>();
  readonly #questions = new Map<number, Question>();
  #lastId = 0;

  constructor(options: PostOfficeOptions) {
    this.#options = options;
    this.#words = new Int32Array(options.memory.buffer);
    this.#boxes = new Map(options.boxes.map((box) => [box.actor, box]));
  }

  /** Opens the mailbox of an actor on this thread; `onArrival` is called after each message that comes in. */
  open(actor: string, onArrival: () => void): void {
    this.#waiting.set(actor, { queue: [], onArrival });
    Atomics.store(this.#words, this.#word(actor) + DEPTH, 0);
    Atomics.store(this.#words, this.#word(actor) + OPEN, 1);
  }

  /** Closes it. What waits in it becomes dead letters, and who asked is told. */
  close(actor: string): void {
    const box = this.#waiting.get(actor);
    if (box === undefined) return;
    this.#waiting.delete(actor);
    this.shut(actor);
    for (const { message, reply } of box.queue) {
      this.#deadLetter(actor, message, "the actor ended before it took the message");
      reply.fail(`${actor} ended before it took the message`);
    }
  }

  /** Marks a mailbox closed whose thread is gone, and answers every question this thread has put to it. */
  shut(actor: string): void {
    Atomics.store(this.#words, this.#word(actor) + OPEN, 0);
    Atomics.store(this.#words, this.#word(actor) + DEPTH, 0);
    for (const [id, question] of [...this.#questions]) {
      if (question.to === actor)
        this.#settle(id, { ok: false, reason: "closed", message: `${actor} has ended` });
    }
  }

  /** Whether `take` has a message for this actor. */
  waits(actor: string): boolean {
    return (this.#waiting.get(actor)?.queue.length ?? 0) > 0;
  }

  /** The next message of an actor on this thread, or undefined. */
  take(actor: string): Delivery | undefined {
    const delivery = this.#waiting.get(actor)?.queue.shift();
    if (delivery !== undefined) Atomics.sub(this.#words, this.#word(actor) + DEPTH, 1);
    return delivery;
  }

  tell<M extends Message>(to: string, message: M): SendResult<M> {
    const refusal = this.#reserve(to);
    if (refusal !== undefined) return { ok: false, reason: refusal, message };
    this.#send({ type: "message", to, message, from: this.#options.thread, id: 0 });
    return { ok: true };
  }

  ask<T>(to: string, message: Message, deadlineMs: number): Promise<AskResult<T>> {
    const refusal = this.#reserve(to);
    if (refusal !== undefined) {
      const text = refusal === "full" ? `the mailbox of ${to} is full` : `${to} is not running`;
      return Promise.resolve({ ok: false, reason: refusal, message: text });
    }
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(deadlineMs, () => {
        this.#settle(id, {
          ok: false,
          reason: "timed-out",
          message: `${to} did not answer within ${deadlineMs} ms`,
        });
      });
      this.#questions.set(id, { to, resolve: resolve as Question["resolve"], timer });
      this.#send({ type: "message", to, message, from: this.#options.thread, id });
    });
  }

  /** Takes a packet that is for this thread; others it passes on. */
  accept(packet: Packet): void {
    if (packet.type === "reply") {
      if (packet.to === this.#options.thread) this.#settle(packet.id, packet.result);
      else this.#options.forward(packet, packet.to);
      return;
    }
    const box = this.#boxes.get(packet.to);
    if (box !== undefined && box.thread !== this.#options.thread) {
      this.#options.forward(packet, box.thread);
      return;
    }
    const waiting = this.#waiting.get(packet.to);
    if (waiting === undefined) {
      this.#deadLetter(packet.to, packet.message, "the actor is not running");
      this.#replyTo(packet).fail(`${packet.to} is not running`);
      return;
    }
    waiting.queue.push({ message: packet.message, reply: this.#replyTo(packet) });
    waiting.onArrival();
  }

  #send(packet: Packet & { type: "message" }): void {
    const box = this.#boxes.get(packet.to);
    if (box === undefined || box.thread === this.#options.thread) this.accept(packet);
    else this.#options.forward(packet, box.thread);
  }

  /** Takes one place in a mailbox, or says why there is none. */
  #reserve(to: string): "full" | "closed" | undefined {
    const box = this.#boxes.get(to);
    if (box === undefined) throw new RangeError(`there is no actor ${to}`);
    const word = box.offset >>> 2;
    if (Atomics.load(this.#words, word + OPEN) === 0) return "closed";
    if (Atomics.add(this.#words, word + DEPTH, 1) < box.capacity) return undefined;
    Atomics.sub(this.#words, word + DEPTH, 1);
    return "full";
  }

  #replyTo(packet: Packet & { type: "message" }): Reply {
    let answered = packet.id === 0;
    const answer = (result: AskResult<unknown>) => {
      if (answered) return;
      answered = true;
      if (packet.from === this.#options.thread) this.#settle(packet.id, result);
      else this.#options.forward({ type: "reply", to: packet.from, id: packet.id, result }, packet.from);
    };
    const reply = (value: unknown) => answer({ ok: true, value });
    return Object.assign(reply, {
      fail: (message: string) => answer({ ok: false, reason: "failed" as const, message }),
    });
  }

  #settle(id: number, result: AskResult<unknown>): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    this.#questions.delete(id);
    question.timer.cancel();
    question.resolve(result);
  }

  #deadLetter(to: string, message: Message, reason: string): void {
    this.#options.onDeadLetter({ to, kind: message.kind, reason, atMs: this.#options.clock.nowMs() });
  }

  #word(actor: string): number {
    const box = this.#boxes.get(actor);
    if (box === undefined) throw new RangeError(`there is no actor ${actor}`);
    return box.offset >>> 2;
  }
}
