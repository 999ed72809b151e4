/**
 * A WebSocket that rows are pushed on: each message is a body, and is answered by one message of JSON, in the order of the messages.
 *
 *     ← {"id":0,"accepted":1000,"rejected":0,…}
 *     ← {"id":1,"type":"urn:millrace:problem:lane-full","status":429,"detail":"…","retryAfterMs":1000,…}: nothing of it was taken
 *
 * Several may be without an answer, at most MAX_UNANSWERED: no runtime lets a socket wait before it reads on, so a sender counts, and one
 * that does not is closed: behind the answers to what was taken, and nothing that comes meanwhile is. Messages are numbered from `next` on. With a key, message n goes under the request key `<key>/<n>`; a sender
 * that connects again with the number of the first message without an answer sends everything from there again, and nothing is taken
 * twice. So that this is all it has to do, the socket closes behind the first answer that does not know what was taken.
 */

import type { Acknowledgement } from "../../actors/intake/protocol.ts";
import type { PushFormat } from "../../ingest/decoder.ts";
import type { Socket, SocketHandlers } from "../../runtime/platform/index.ts";
import { problemObject } from "../problem.ts";
import { MAX_PUSH_MESSAGE_BYTES, MAX_UNANSWERED } from "./limits.ts";
import type { Pusher, PushResult } from "./pusher.ts";

/** Bytes of answers that a sender may leave unread. */
const MAX_UNREAD_BYTES = 256 * 1024;
const POLICY = 1008;
const TRY_AGAIN_LATER = 1013;
const UTF8 = new TextEncoder();
/** What a text may be. One of another format's socket is NDJSON. */
const TEXT_FORMATS: readonly PushFormat[] = ["ndjson", "json", "csv"];

export interface PushSocketOptions {
  readonly pusher: Pick<Pusher, "push">;
  readonly dataset: string;
  readonly format: PushFormat;
  readonly acknowledge: Acknowledgement;
  /** Null: a message is taken as often as it comes. */
  readonly key: string | null;
  /** Number of the first message. */
  readonly next: number;
  /** The path that was asked for. */
  readonly path: string;
  /** Something threw that is not to throw. The socket is cut. */
  onFault(error: unknown): void;
  /** Called once, when the socket has closed. */
  onEnd(): void;
}

interface Entry {
  readonly id: number;
  result: PushResult | undefined;
}

export class PushSocket implements SocketHandlers {
  readonly maxMessageBytes = MAX_PUSH_MESSAGE_BYTES;
  readonly #options: PushSocketOptions;
  /** In the order they came in. */
  readonly #unanswered: Entry[] = [];
  #next: number;
  /** More came than may be without an answer: nothing more is taken. */
  #isOver = false;
  #socket: Socket | undefined;

  constructor(options: PushSocketOptions) {
    this.#options = options;
    this.#next = options.next;
  }

  open(socket: Socket): void {
    this.#socket = socket;
  }

  message(socket: Socket, data: string | Uint8Array): void {
    if (this.#socket === undefined || this.#isOver) return;
    if (socket.bufferedBytes > MAX_UNREAD_BYTES) {
      socket.cut();
      return;
    }
    if (this.#unanswered.length >= MAX_UNANSWERED) {
      this.#isOver = true;
      return;
    }
    const { pusher, dataset, format, acknowledge, key } = this.#options;
    const entry: Entry = { id: this.#next++, result: undefined };
    this.#unanswered.push(entry);
    const isText = typeof data === "string";
    const request = {
      dataset,
      format: isText && !TEXT_FORMATS.includes(format) ? "ndjson" : format,
      packing: "identity",
      acknowledge,
      key: key === null ? null : `${key}/${entry.id}`,
    } as const;
    pusher.push(request, isText ? UTF8.encode(data) : data).then(
      (result) => {
        entry.result = result;
        this.#answer();
      },
      (error: unknown) => {
        this.#options.onFault(error);
        this.#socket?.cut();
      },
    );
  }

  drain(): void {}

  /** What was sent is taken all the same. */
  close(): void {
    this.#socket = undefined;
    this.#unanswered.length = 0;
    this.#options.onEnd();
  }

  #answer(): void {
    for (;;) {
      const [first] = this.#unanswered;
      if (this.#socket === undefined) return;
      if (first === undefined && this.#isOver) {
        const went = `message ${this.#next} and what came behind it were not taken`;
        this.#end(POLICY, `at most ${MAX_UNANSWERED} messages may be without an answer; ${went}`);
        return;
      }
      if (first?.result === undefined) return;
      this.#unanswered.shift();
      const { id, result } = first;
      this.#socket.send(JSON.stringify({ id, ...this.#said(result) }));
      if (!result.ok && result.isUnknown) {
        this.#end(TRY_AGAIN_LATER, `connect again, and go on with message ${id}`);
      }
    }
  }

  #said(result: PushResult): object {
    if (result.ok) return result.answer;
    const { code, detail, more, retryAfterMs } = result;
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    return problemObject(code, { detail, more: { ...more, ...wait } }, this.#options.path);
  }

  #end(code: number, reason: string): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#unanswered.length = 0;
    socket?.close(code, reason);
  }
}
