/**
 * A WebSocket that Deno serves. It buffers without a bound and says nothing when its buffer empties, so the buffer is looked
 * at: soon after it was found to be high, and ever more seldom while nothing moves.
 */

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
/** After its answer has left, a socket opens at once or never does. */
const OPEN_WITHIN_MS = 2000;
const CONNECTING = 0;
const OPEN = 1;
const CUT = 1011;
/**
 * What comes on a socket that was closed makes Deno reset the connection, and its client never hears why. So the goodbye waits until
 * nothing has come for QUIET_MS, what comes meanwhile being read and not heard; after LINGER_MS it is said in any case.
 */
const QUIET_MS = 200;
const LINGER_MS = 2000;

export class DenoSocket implements Socket {
  readonly #ws: DenoWebSocket;
  readonly #handlers: SocketHandlers;
  /** Resolves when it has closed. */
  readonly closed: Promise<void>;
  #look: ReturnType<typeof setTimeout> | undefined;
  #opening: ReturnType<typeof setTimeout> | undefined;
  #goodbye: ReturnType<typeof setTimeout> | undefined;
  #isClosing = false;
  #lastHeardMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  /** @param answered settles when the answer to the upgrade has left, or cannot any more */
  constructor(ws: DenoWebSocket, handlers: SocketHandlers, answered: Promise<void>) {
    this.#ws = ws;
    this.#handlers = handlers;
    ws.binaryType = "arraybuffer";
    ws.onopen = () => {
      clearTimeout(this.#opening);
      if (this.#isClosed) this.close(GOING_AWAY, "too late");
      else handlers.open(this);
    };
    ws.onmessage = ({ data }) => this.#hear(data);
    // Else an error that nobody hears ends the process. What closes it follows.
    ws.onerror = () => {};
    this.closed = new Promise((resolve) => {
      ws.onclose = () => {
        clearTimeout(this.#look);
        clearTimeout(this.#opening);
        clearTimeout(this.#goodbye);
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
    const latestMs = performance.now() + LINGER_MS;
    const sayIt = () => {
      const nowMs = performance.now();
      const quietMs = this.#lastHeardMs + QUIET_MS;
      if (nowMs >= quietMs || nowMs >= latestMs) this.#closeNow(code, reason);
      else this.#goodbye = setTimeout(sayIt, Math.ceil(Math.min(quietMs, latestMs) - nowMs));
    };
    sayIt();
  }

  cut(): void {
    this.#isClosing = true;
    this.#closeNow(CUT, "cut");
  }

  #closeNow(code: number, reason: string): void {
    clearTimeout(this.#goodbye);
    if (this.#ws.readyState === OPEN) this.#ws.close(code, reason);
  }

  /** Of a client that went while it was being upgraded Deno says nothing: the socket neither opens nor closes. */
  #watchOpening(): void {
    if (this.#ws.readyState !== CONNECTING) return;
    this.#opening = setTimeout(() => {
      if (this.#ws.readyState === CONNECTING) this.#ws.onclose?.();
    }, OPEN_WITHIN_MS);
  }

  #hear(data: string | ArrayBuffer): void {
    this.#lastHeardMs = performance.now();
    if (this.#isClosing || this.#isClosed || this.#ws.readyState !== OPEN) return;
    // Deno has read it by now; a bound before that it does not know.
    if (isTooBig(data, this.#handlers)) this.close(TOO_BIG, "the message is too big");
    else this.#handlers.message(this, typeof data === "string" ? data : new Uint8Array(data));
  }

  #lookIn(ms: number): void {
    const before = this.bufferedBytes;
    this.#look = setTimeout(() => {
      this.#look = undefined;
      const now = this.bufferedBytes;
      if (now > HIGH_BYTES / 2)
        return this.#lookIn(now < before ? FIRST_LOOK_MS : Math.min(ms * 2, LONGEST_LOOK_MS));
      this.#handlers.drain(this);
    }, ms);
  }
}
