/**
 * The feed's line to the broadcaster: one reader there, the taps that clients want, each of them once, and the loop that pulls.
 * It is open while anybody holds a tap.
 *
 * When the broadcaster has forgotten the reader (it crashed, or this thread was asleep for long) the line opens anew and takes
 * its taps again, all in one moment; clients see from the numbers what they have missed meanwhile (client.ts). For
 * GONE_AFTER_MS it tries, then clients are told that the broadcaster is gone.
 */

import { setImmediate } from "node:timers";
import { pause } from "../../runtime/clock.ts";
import {
  MAX_WAIT_MS,
  type TapChunk,
  type Tapped,
  type TapRefusal,
  type TapSpec,
} from "../broadcaster/protocol.ts";
import { tapKey } from "../broadcaster/taps.ts";
import { type Refused, refuse } from "../refused.ts";
import { ANSWER_MS, askBroadcaster, type FeedAccess } from "./access.ts";
import { FeedTap, type TapClient } from "./feed-tap.ts";
import { Patience } from "./patience.ts";
import { markAt, SharedChunk } from "./shared-chunk.ts";

/** The broadcaster starts again within seconds, or it escalates. */
const REOPEN_EVERY_MS = 100;
const GONE_AFTER_MS = 30_000;
/** A full mailbox is emptied soon. */
const FULL_PAUSE_MS = 10;
/** Attempts at a broadcaster that does not answer, before who wants a tap is told so. */
const TAP_ATTEMPTS = 20;

export interface Held {
  readonly ok: true;
  readonly taps: readonly FeedTap[];
  /** Of each tap where its dataset stood when it was asked: the same moment for all. */
  readonly next: readonly number[];
}

export class TapLine {
  readonly #access: FeedAccess;
  readonly #turnBytes: number;
  readonly #taps = new Map<string, FeedTap>();
  readonly #byNumber = new Map<number, FeedTap>();
  #reader: string | undefined;
  #opening: Promise<string | undefined> | undefined;
  #isRunning = false;

  /** @param turnBytes that clients are given at once, when they were idle before and it is more than one chunk */
  constructor(access: FeedAccess, turnBytes: number) {
    this.#access = access;
    this.#turnBytes = turnBytes;
  }

  /**
   * Has the client given what these taps bring, from now on: chunks may come before this resolves, and then some that cover
   * numbers before `next`. To be let go one by one.
   */
  async hold(
    specs: readonly TapSpec[],
    client: TapClient,
  ): Promise<Held | Refused<TapRefusal | "unavailable">> {
    const taps = specs.map((spec) => this.#hold(spec, client));
    this.#run();
    const answer = await this.#tell(taps);
    if (!answer.ok) for (const tap of taps) this.release(tap, client);
    return answer;
  }

  /** Has one client given no more of a tap. */
  release(tap: FeedTap, client: TapClient): void {
    if (!tap.clients.delete(client) || tap.clients.size > 0) return;
    this.#taps.delete(tap.key);
    const { number } = tap;
    if (number !== undefined && this.#byNumber.get(number) === tap) {
      this.#byNumber.delete(number);
      if (this.#reader !== undefined && this.#taps.size > 0) {
        void askBroadcaster(this.#access, { kind: "broadcast.untap", reader: this.#reader, tap: number });
      }
    }
    // The pull that waits is answered at once then, and the loop ends.
    if (this.#taps.size === 0) this.#closeReader();
  }

  #hold(spec: TapSpec, client: TapClient): FeedTap {
    const key = tapKey(spec);
    let tap = this.#taps.get(key);
    if (tap === undefined) {
      tap = new FeedTap(key, spec);
      this.#taps.set(key, tap);
    }
    tap.clients.add(client);
    return tap;
  }

  async #tell(taps: readonly FeedTap[]): Promise<Held | Refused<TapRefusal | "unavailable">> {
    for (let attempt = 0; attempt < TAP_ATTEMPTS; attempt++) {
      if (attempt > 0) await pause(this.#access.clock, REOPEN_EVERY_MS);
      const reader = await this.#open();
      if (reader === undefined) continue;
      const told = await this.#take(reader, taps);
      if (told !== undefined) return told;
    }
    return refuse("unavailable", "the broadcaster does not answer; see /health, and try again later");
  }

  /**
   * Asks for taps in one moment: the questions stand one behind the other in the broadcaster's mailbox, and it handles those
   * before it drains a lane.
   * @returns undefined when the broadcaster does not know the reader, or does not answer
   */
  async #take(reader: string, taps: readonly FeedTap[]): Promise<Held | Refused<TapRefusal> | undefined> {
    const next: number[] = [];
    let refused: Refused<TapRefusal> | undefined;
    let isLost = false;
    const questions = taps.map(async (tap, index) => {
      const { spec } = tap;
      const answer = await askBroadcaster(this.#access, { kind: "broadcast.tap", reader, spec });
      if (!answer.ok) isLost = true;
      else if (answer.value.ok) {
        next[index] = answer.value.next;
        this.#tapped(tap, reader, answer.value);
      } else if (answer.value.reason === "unknown-reader") {
        isLost = true;
        this.#lost(reader);
      } else {
        const { reason, message } = answer.value;
        refused = refuse(reason, message);
      }
    });
    await Promise.all(questions);
    if (refused !== undefined) return refused;
    return isLost ? undefined : { ok: true, taps, next };
  }

  #tapped(tap: FeedTap, reader: string, { tap: number, preamble, next }: Tapped): void {
    // Let go meanwhile, or another reader is ours by now: it will be asked again.
    if (this.#taps.get(tap.key) !== tap || this.#reader !== reader || tap.reader === reader) return;
    if (tap.number !== undefined && tap.number !== number && tap.spec.framing === "message") {
      // Messages would say another number than clients were told. It takes a hash that two taps share.
      lose(tap);
      return;
    }
    if (tap.number !== undefined) this.#byNumber.delete(tap.number);
    tap.number = number;
    tap.reader = reader;
    tap.preamble = preamble;
    this.#byNumber.set(number, tap);
    const before = tap.next;
    tap.next = Math.max(before, next);
    if (tap.next > before) {
      const mark = markAt(tap.spec.dataset, tap.next);
      for (const client of [...tap.clients]) if (client.offer(mark)) client.wake();
    }
  }

  /** Opens a reader, when there is none. */
  async #open(): Promise<string | undefined> {
    if (this.#reader !== undefined) return this.#reader;
    this.#opening ??= askBroadcaster(this.#access, { kind: "broadcast.open" }).then((answer) => {
      this.#opening = undefined;
      if (answer.ok && answer.value.ok) this.#reader = answer.value.reader;
      return this.#reader;
    });
    return this.#opening;
  }

  #lost(reader: string): void {
    if (this.#reader === reader) this.#reader = undefined;
  }

  #closeReader(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#reader = undefined;
    void askBroadcaster(this.#access, { kind: "broadcast.close", reader });
  }

  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#pullOn().finally(() => {
      this.#isRunning = false;
      // Somebody came in the moment in which it ended.
      if (this.#taps.size > 0) this.#run();
    });
  }

  async #pullOn(): Promise<void> {
    const { clock, log } = this.#access;
    let patience: Patience | undefined;
    while (this.#taps.size > 0) {
      const reader = await this.#open();
      if (reader === undefined || !(await this.#takeAgain(reader))) {
        patience ??= new Patience(clock, GONE_AFTER_MS);
        if (patience.isOver()) {
          log.error("the broadcaster did not come back; its streams end");
          for (const tap of [...this.#taps.values()]) lose(tap);
          patience = undefined;
        }
        await pause(this.#access.clock, REOPEN_EVERY_MS);
        continue;
      }
      if (patience !== undefined) log.info("streams go on: the broadcaster is back");
      patience = undefined;
      await this.#pull(reader);
    }
    this.#closeReader();
  }

  /** Takes the taps that another reader had. */
  async #takeAgain(reader: string): Promise<boolean> {
    const taps = [...this.#taps.values()].filter((tap) => tap.number !== undefined && tap.reader !== reader);
    if (taps.length === 0) return true;
    const taken = await this.#take(reader, taps);
    if (taken === undefined) return false;
    // One is refused: there are too many by now, and who comes last goes.
    if (!taken.ok) for (const tap of taps) if (tap.reader !== reader) lose(tap);
    return true;
  }

  async #pull(reader: string): Promise<void> {
    const message = { kind: "broadcast.pull", reader, waitMs: MAX_WAIT_MS } as const;
    const pulled = await askBroadcaster(this.#access, message, MAX_WAIT_MS + ANSWER_MS);
    if (pulled.ok && pulled.value.ok) await this.#give(pulled.value.chunks);
    else if (!pulled.ok && pulled.reason === "full") await pause(this.#access.clock, FULL_PAUSE_MS);
    else if (this.#reader === reader) {
      // It may be there still, when its answer was lost.
      this.#closeReader();
      this.#access.log.warning("the broadcaster has lost its readers; streams open anew");
    }
  }

  /**
   * Hands chunks on, and then wakes who waited: one wake for all that came. Of much that came at once only as much as clients
   * have room for: then they get their turn to take it.
   */
  async #give(chunks: readonly TapChunk[]): Promise<void> {
    let woken: TapClient[] = [];
    let given = 0;
    for (const chunk of chunks) {
      const { byteLength } = chunk.bytes;
      if (given > 0 && given + byteLength > this.#turnBytes) {
        for (const client of woken) client.wake();
        woken = [];
        given = 0;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      const tap = this.#byNumber.get(chunk.tap);
      // Of a tap that was let go, or from before it was taken.
      if (tap === undefined || chunk.next <= tap.next) continue;
      given += byteLength;
      tap.next = chunk.next;
      const shared = new SharedChunk(chunk);
      for (const client of tap.clients) if (client.offer(shared)) woken.push(client);
    }
    for (const client of woken) client.wake();
  }
}

function lose(tap: FeedTap): void {
  for (const client of [...tap.clients]) client.tapLost();
}
