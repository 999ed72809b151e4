/**
 * Messages between actors, within a thread and across threads.
 *
 * A mailbox is bounded wherever its senders are: its depth is a word in shared memory (mailbox-word.ts) that the sender raises
 * before it sends and the receiver lowers when it takes a message out, so `full` is known at once and to everybody alike.
 * A message is for the incarnation whose mailbox it got a place in; one that finds it gone becomes a dead letter. Packets
 * across threads go through the thread that built the system, which knows where everybody lives.
 *
 * A question is answered once: by the actor, by whoever finds that it cannot get there, or by its deadline. `closed` says
 * that no handler has seen it, but for an actor that ended or died with the question in its hands.
 */

import type { Clock, Timer } from "../clock.ts";
import { type Lease, MailboxWord } from "./mailbox-word.ts";
import type { AskResult, Message, Reply, SendResult } from "./types.ts";

/** Where a mailbox is. Plain data. */
export interface BoxSpec {
  readonly actor: string;
  readonly thread: string;
  /** Messages that may wait, from 1 to `MAX_MAILBOX_SIZE`. */
  readonly capacity: number;
  /** Byte offset of its word in shared memory. */
  readonly offset: number;
}

/** What travels between threads. `id` 0: nobody waits for an answer. */
export type Packet =
  | {
      readonly type: "message";
      readonly to: string;
      readonly message: Message;
      /** Whose mailbox has the place for it. */
      readonly lease: Lease;
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
  /** Carries a packet towards another thread. @returns false when that thread is gone; throws for what cannot be copied */
  readonly forward: (packet: Packet, thread: string) => boolean;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  /** Numbers of questions begin after this; default 0. A thread that is made again must not use its predecessor's. */
  readonly lastId?: number;
}

export interface Delivery {
  readonly message: Message;
  readonly reply: Reply;
}

/** The receiving end of a mailbox: one incarnation's. */
export interface Mailbox {
  /** Whether `take` has a message. */
  waits(): boolean;
  take(): Delivery | undefined;
  /** Takes no more. What waits becomes dead letters, and who asked is told. May be called again. */
  close(): void;
  /** Answers what this incarnation has taken and not answered, wherever it was asked: there will be no other answer. Closed by then. */
  end(): void;
}

interface Question {
  readonly to: string;
  readonly resolve: (result: AskResult<unknown>) => void;
  readonly timer: Timer;
}

/** The longest delay that a host's timer takes; a longer one would fire at once. */
const LONGEST_DEADLINE_MS = 2_147_483_647;

interface Box {
  readonly spec: BoxSpec;
  readonly word: MailboxWord;
}

interface OpenBox {
  readonly lease: Lease;
  readonly queue: (Delivery & { readonly refuse: (why: string) => void })[];
  /** Refuses questions that came and have no answer yet. */
  readonly unanswered: Set<(why: string) => void>;
  readonly onArrival: () => void;
}

/** Messages waiting in a mailbox, as anybody can see them. */
export function mailboxDepth(memory: WebAssembly.Memory, { offset, capacity }: BoxSpec): number {
  return new MailboxWord(new Int32Array(memory.buffer), offset, capacity).depth;
}

export class PostOffice {
  readonly #options: PostOfficeOptions;
  readonly #boxes: ReadonlyMap<string, Box>;
  readonly #open = new Map<string, OpenBox>();
  readonly #questions = new Map<number, Question>();
  #lastId: number;

  constructor(options: PostOfficeOptions) {
    this.#options = options;
    this.#lastId = options.lastId ?? 0;
    const words = new Int32Array(options.memory.buffer);
    this.#boxes = new Map(
      options.boxes.map((spec) => [
        spec.actor,
        { spec, word: new MailboxWord(words, spec.offset, spec.capacity) },
      ]),
    );
  }

  /** Opens the mailbox of a new incarnation of an actor on this thread; `onArrival` is called after each message that comes. */
  open(actor: string, onArrival: () => void): Mailbox {
    const { word } = this.#box(actor);
    const lease = word.open();
    const box: OpenBox = { lease, queue: [], unanswered: new Set(), onArrival };
    this.#open.set(actor, box);
    return {
      waits: () => box.queue.length > 0,
      take: () => {
        const delivery = box.queue.shift();
        if (delivery !== undefined) word.release(lease);
        return delivery;
      },
      close: () => {
        if (this.#open.get(actor) === box) this.#open.delete(actor);
        word.close(lease);
        for (const { message, refuse } of box.queue.splice(0)) {
          this.#deadLetter(actor, message.kind, "the actor ended before it took the message");
          refuse(`${actor} ended before it took the message`);
        }
      },
      end: () => {
        for (const refuse of box.unanswered) refuse(`${actor} has ended`);
      },
    };
  }

  /**
   * Closes a mailbox whose thread is gone, answers every question this thread has put to it, and counts what waited in it.
   * What was on its way there from a third thread may be counted again, when it arrives.
   */
  bury(actor: string): void {
    const lost = this.#box(actor).word.close();
    for (let letter = 0; letter < lost; letter++)
      this.#deadLetter(actor, "unknown", "the thread ended before the actor took the message");
    this.#settleAll(actor);
  }

  /** @throws RangeError when there is no such actor; DataCloneError for a message that cannot go to another thread */
  tell<M extends Message>(to: string, message: M): SendResult<M> {
    const lease = this.#box(to).word.reserve();
    if (typeof lease === "string") return { ok: false, reason: lease, message };
    this.#send({ type: "message", to, message, lease, from: this.#options.thread, id: 0 });
    return { ok: true };
  }

  /** Rejects where `tell` throws. @param deadlineMs from 0 to 2^31 - 1 */
  async ask<T>(to: string, message: Message, deadlineMs: number): Promise<AskResult<T>> {
    if (!(deadlineMs <= LONGEST_DEADLINE_MS))
      throw new RangeError(`deadline: expected at most ${LONGEST_DEADLINE_MS} ms, got ${deadlineMs}`);
    const lease = this.#box(to).word.reserve();
    if (typeof lease === "string") {
      const text = lease === "full" ? `the mailbox of ${to} is full` : `${to} is not running`;
      return { ok: false, reason: lease, message: text };
    }
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<AskResult<T>>();
    const timer = this.#options.clock.after(deadlineMs, () => {
      const text = `${to} did not answer within ${deadlineMs} ms`;
      this.#settle(id, { ok: false, reason: "timed-out", message: text });
    });
    this.#questions.set(id, { to, resolve: resolve as Question["resolve"], timer });
    try {
      this.#send({ type: "message", to, message, lease, from: this.#options.thread, id });
    } catch (error) {
      timer.cancel();
      this.#questions.delete(id);
      throw error;
    }
    return promise;
  }

  /** Takes a packet that is for this thread; others it passes on. */
  accept(packet: Packet): void {
    if (packet.type === "reply") {
      if (packet.to === this.#options.thread) this.#settle(packet.id, packet.result);
      // Who asked is gone when this is refused, and nobody misses the answer.
      else this.#options.forward(packet, packet.to);
      return;
    }
    const { spec, word } = this.#box(packet.to);
    if (spec.thread !== this.#options.thread) {
      if (this.#options.forward(packet, spec.thread)) return;
      word.release(packet.lease);
      this.#undeliverable(packet, "the thread of the actor is gone");
      return;
    }
    const box = this.#open.get(packet.to);
    if (box === undefined || box.lease !== packet.lease) {
      this.#undeliverable(packet, "the actor ended before the message came");
      return;
    }
    const send = this.#answerTo(packet);
    const answer = (result: AskResult<unknown>) => {
      box.unanswered.delete(refuse);
      send(result);
    };
    const refuse = (message: string) => answer({ ok: false, reason: "closed", message });
    if (packet.id !== 0) box.unanswered.add(refuse);
    const reply = Object.assign((value: unknown) => answer({ ok: true, value }), {
      fail: (message: string) => answer({ ok: false, reason: "failed", message }),
    });
    box.queue.push({ message: packet.message, reply, refuse });
    box.onArrival();
  }

  #send(packet: Packet & { type: "message" }): void {
    try {
      this.accept(packet);
    } catch (error) {
      // Nothing has left: the place would be taken for good.
      this.#box(packet.to).word.release(packet.lease);
      throw error;
    }
  }

  #undeliverable(packet: Packet & { type: "message" }, reason: string): void {
    this.#deadLetter(packet.to, packet.message.kind, reason);
    const message = `${packet.to} is not running: ${reason}`;
    this.#answerTo(packet)({ ok: false, reason: "closed", message });
  }

  /** @returns what takes the answer: the first one, when somebody waits for it */
  #answerTo({ id, from, to }: Packet & { type: "message" }): (result: AskResult<unknown>) => void {
    let isAnswered = id === 0;
    return (result) => {
      if (isAnswered) return;
      isAnswered = true;
      if (from === this.#options.thread) {
        this.#settle(id, result);
        return;
      }
      try {
        this.#options.forward({ type: "reply", to: from, id, result }, from);
      } catch (error) {
        const message = `${to} gave an answer that cannot go to another thread`;
        this.#options.forward({ type: "reply", to: from, id, result: failed(message) }, from);
        throw error;
      }
    };
  }

  #settle(id: number, result: AskResult<unknown>): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    this.#questions.delete(id);
    question.timer.cancel();
    question.resolve(result);
  }

  #settleAll(actor: string): void {
    for (const [id, question] of [...this.#questions]) {
      if (question.to === actor)
        this.#settle(id, { ok: false, reason: "closed", message: `${actor} has ended` });
    }
  }

  #deadLetter(to: string, kind: string, reason: string): void {
    this.#options.onDeadLetter({ to, kind, reason, atMs: this.#options.clock.nowMs() });
  }

  #box(actor: string): Box {
    const box = this.#boxes.get(actor);
    if (box === undefined) throw new RangeError(`there is no actor ${actor}`);
    return box;
  }
}

function failed(message: string): AskResult<never> {
  return { ok: false, reason: "failed", message };
}
