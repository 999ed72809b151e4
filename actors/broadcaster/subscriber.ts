/**
 * One subscriber: a bounded queue, and the one question about it that may be open.
 *
 * Whether it is still there is judged by its pulls: while one waits it is, and for SUBSCRIBER_IDLE_MS after one was answered.
 */

import type { Reply } from "../../runtime/actor/types.ts";
import type { Timer } from "../../runtime/clock.ts";
import { EventQueue } from "./event-queue.ts";
import {
  type BroadcastEvent,
  type ClientStatus,
  MAX_PULL_ROWS,
  MAX_WAIT_MS,
  type Pulled,
  SUBSCRIBER_IDLE_MS,
} from "./protocol.ts";

export interface SubscriberOptions {
  readonly id: string;
  readonly datasets: readonly string[] | "all";
  readonly queueRows: number;
  readonly sinceMs: number;
  readonly after: (delayMs: number, handler: () => void) => Timer;
  /** Called when nobody has pulled for too long. */
  readonly onExpiry: () => void;
  /** Called with the rows that were dropped, when it is known how many. */
  readonly onDropped: (rows: number) => void;
}

export class Subscriber {
  readonly id: string;
  readonly #options: SubscriberOptions;
  readonly #queue: EventQueue<BroadcastEvent>;
  #dropped = 0;
  /** Dropped and not told yet. */
  #untold = 0;
  #waiting: { readonly reply: Reply; readonly timer: Timer } | undefined;
  #expiry: Timer;

  constructor(options: SubscriberOptions) {
    this.id = options.id;
    this.#options = options;
    this.#queue = new EventQueue(options.queueRows);
    this.#expiry = this.#armExpiry();
  }

  /** Queues a row. Never waits, never refuses: when there is no room the oldest row goes. */
  offer(event: BroadcastEvent): void {
    // Who waits for rows is given those that are there before any of them is dropped.
    if (this.#queue.isFull) this.flush();
    this.#queue.push(event);
    const dropped = this.#queue.takeDropped();
    if (dropped === 0) return;
    this.#untold += dropped;
    this.#dropped += dropped;
    this.#options.onDropped(dropped);
  }

  /** Answers the pull that waits, when there is something to answer it with. */
  flush(): void {
    if (this.#waiting !== undefined && (this.#queue.length > 0 || this.#untold > 0)) this.#answer();
  }

  /** A pull. One that still waits is answered with nothing: who asks again has given it up. */
  pull(waitMs: number, reply: Reply): void {
    this.#settle((waiting) => waiting(pulled([], 0)));
    this.#expiry.cancel();
    const timer = this.#options.after(Math.min(Math.max(0, waitMs), MAX_WAIT_MS), () => this.#answer());
    this.#waiting = { reply, timer };
    if (waitMs > 0) this.flush();
    else this.#answer();
  }

  /** Ends it. `answer` is what a pull that waits gets. */
  end(answer: (reply: Reply) => void): void {
    this.#settle(answer);
    this.#expiry.cancel();
  }

  status(): ClientStatus {
    const { id, datasets, sinceMs } = this.#options;
    return { id, datasets, queued: this.#queue.length, dropped: this.#dropped, sinceMs };
  }

  #answer(): void {
    const events = this.#queue.take(MAX_PULL_ROWS);
    const dropped = this.#untold;
    this.#untold = 0;
    this.#settle((reply) => reply(pulled(events, dropped)));
    this.#expiry.cancel();
    this.#expiry = this.#armExpiry();
  }

  #settle(answer: (reply: Reply) => void): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    waiting.timer.cancel();
    answer(waiting.reply);
  }

  #armExpiry(): Timer {
    return this.#options.after(SUBSCRIBER_IDLE_MS, this.#options.onExpiry);
  }
}

function pulled(events: readonly BroadcastEvent[], dropped: number): Pulled {
  return { ok: true, events, dropped };
}
