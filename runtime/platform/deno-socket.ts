/**
 * A WebSocket that Deno serves. It buffers without a bound and says nothing when its buffer empties, so the buffer is looked
 * at: soon after it was found to be high, and ever more seldom while nothing moves.
 */

import { type Clock, systemClock, type Timer } from "../clock.ts";
import { isTooBig } from "./message-size.ts";
import { GOING_AWAY, type Socket, type SocketHandlers, TOO_BIG } from "./types.ts";

/** As far as it is used. Unlike a client's, it closes with any code. */
export interface DenoWebSocket {
  binaryType: "blob" | "arraybuffer";
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: string | ArrayBuffer }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
}

/** From so many bytes on somebody may wait for the buffer to empty; it is told when half of them are left. */
const HIGH_BYTES = 64 * 1024;
const FIRST_LOOK_MS = 2;
const LONGEST_LOOK_MS = 250;
/**
 * After its answer has left, a socket opens at once or never does. Looked at more than once: between two looks the event loop turns, so a
 * thread that was kept busy hears of the opening before it gives the socket up.
 */
const OPEN_LOOK_MS = 250;
const OPEN_LOOKS = 8;
const CONNECTING = 0;
const OPEN = 1;
const CUT = 1011;
/**
 * What comes on a socket that was closed makes Deno reset the connection, and its client never hears why. So the goodbye waits until
 * nothing has come for QUIET_MS, what comes meanwhile being read and not heard; after LINGER_LOOKS looks, some ten seconds, it is said in
 * any case. Looks and no time, as what a busy thread has not read yet is none that the client sends without end.
 */
const QUIET_MS = 200;
const LINGER_LOOKS = 50;

export class DenoSocket implements Socket {
  readonly #ws: DenoWebSocket;
  readonly #handlers: SocketHandlers;
  /** Resolves when it has closed. */
  readonly closed: Promise<void>;
  readonly #clock: Clock;
  #look: Timer | undefined;
  #opening: Timer | undefined;
  #goodbye: Timer | undefined;
  #isClosing = false;
  #lastHeardMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  /** @param answered settles when the answer to the upgrade has left, or cannot any more */
  constructor(
    ws: DenoWebSocket,
    handlers: SocketHandlers,
    answered: Promise<void>,
    clock: Clock = systemClock,
  ) {
    this.#ws = ws;
    this.#handlers = handlers;
    this.#clock = clock;
    ws.binaryType = "arraybuffer";
    ws.onopen = () => {
      this.#opening?.cancel();
      if (this.#isClosed) this.close(GOING_AWAY, "too late");
      else handlers.open(this);
    };
    ws.onmessage = ({ data }) => this.#hear(data);
    // Else an error that nobody hears ends the process. What closes it follows.
    ws.onerror = () => {};
    this.closed = new Promise((resolve) => {
      ws.onclose = () => {
        this.#look?.cancel();
        this.#opening?.cancel();
        this.#goodbye?.cancel();
        if (!this.#isClosed) handlers.close(this);
        this.#isClosed = true;
        resolve();
      };
    });
    const watch = () => this.#watchOpening();
    answered.then(watch, watch);
  }

  get bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#isClosing || this.#ws.readyState !== OPEN) return;
    this.#ws.send(data);
    if (this.#look === undefined && this.bufferedBytes >= HIGH_BYTES) this.#lookIn(FIRST_LOOK_MS);
  }

  together(sends: () => void): void {
    sends();
  }

  close(code: number, reason: string): void {
    if (this.#isClosing || this.#ws.readyState !== OPEN) return;
    this.#isClosing = true;
    this.#closeWhenQuiet(code, reason, LINGER_LOOKS);
  }

  cut(): void {
    this.#isClosing = true;
    this.#closeNow(CUT, "cut");
  }

  #closeWhenQuiet(code: number, reason: string, looksLeft: number): void {
    const leftMs = Math.ceil(this.#lastHeardMs + QUIET_MS - this.#clock.monotonicMs());
    if (leftMs <= 0 || looksLeft === 0) this.#closeNow(code, reason);
    else this.#goodbye = this.#clock.after(leftMs, () => this.#closeWhenQuiet(code, reason, looksLeft - 1));
  }

  #closeNow(code: number, reason: string): void {
    this.#goodbye?.cancel();
    if (this.#ws.readyState === OPEN) this.#ws.close(code, reason);
  }

  /** Of a client that went while it was being upgraded Deno says nothing: the socket neither opens nor closes. */
  #watchOpening(looksLeft = OPEN_LOOKS): void {
    if (this.#ws.readyState !== CONNECTING) return;
    if (looksLeft === 0) this.#ws.onclose?.();
    else this.#opening = this.#clock.after(OPEN_LOOK_MS, () => this.#watchOpening(looksLeft - 1));
  }

  #hear(data: string | ArrayBuffer): void {
    this.#lastHeardMs = this.#clock.monotonicMs();
    if (this.#isClosing || this.#isClosed || this.#ws.readyState !== OPEN) return;
    // Deno has read it by now; a bound before that it does not know.
    if (isTooBig(data, this.#handlers)) this.close(TOO_BIG, "the message is too big");
    else this.#handlers.message(this, typeof data === "string" ? data : new Uint8Array(data));
  }

  #lookIn(ms: number): void {
    const before = this.bufferedBytes;
    this.#look = this.#clock.after(ms, () => {
      this.#look = undefined;
      const now = this.bufferedBytes;
      if (now > HIGH_BYTES / 2)
        return this.#lookIn(now < before ? FIRST_LOOK_MS : Math.min(ms * 2, LONGEST_LOOK_MS));
      this.#handlers.drain(this);
    });
  }
}
