/** One connection of a client that sends whatever bytes it is given, and reads answers as RFC 9112 frames them. */

import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** False: its head was enough. */
  readonly isWhole: boolean;
}

export type Outcome =
  | { readonly kind: "answers"; readonly answers: readonly Answer[] }
  /** The server closed or broke the connection; before that it had answered so much. */
  | {
      readonly kind: "closed";
      readonly answers: readonly Answer[];
      /** In the middle of an answer. */
      readonly isBegun: boolean;
      readonly error: string | null;
    }
  | { readonly kind: "silent"; readonly answers: readonly Answer[] };

export interface Exchange {
  readonly pieces: readonly Uint8Array[];
  readonly pauseMs: number;
  /** Answers that are waited for. */
  readonly wanted: number;
  readonly isHead: boolean;
  readonly isOpenEnded: boolean;
  /** How long to wait for the last of them. */
  readonly patienceMs: number;
}

const NO_BODY: readonly number[] = [101, 204, 304];
/** Of an answer without an end, or one that is larger, this much is read. */
const ENOUGH_BYTES = 32 * 2 ** 20;

export class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #error: string | null = null;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#received = this.#received.byteLength === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    const over = () => {
      this.#isClosed = true;
      this.#wake();
    };
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#error = error.code ?? error.message;
      over();
    });
    socket.on("end", over);
    socket.on("close", over);
  }

  /** @throws Error when the server takes no connection */
  static open(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Connection(socket));
      });
    });
  }

  get isUsable(): boolean {
    return !this.#isClosed;
  }

  async exchange({ pieces, pauseMs, wanted, isHead, isOpenEnded, patienceMs }: Exchange): Promise<Outcome> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0 && pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (this.#isClosed) break;
      this.#socket.write(piece);
    }
    const answers: Answer[] = [];
    const endMs = performance.now() + patienceMs;
    for (;;) {
      const answer = this.#takeAnswer(isHead, isOpenEnded);
      if (answer !== undefined) {
        // An interim answer is none.
        if (answer.status < 200 && answer.status !== 101) continue;
        answers.push(answer);
        if (!answer.isWhole || answer.status === 101) return { kind: "answers", answers };
        if (answers.length === wanted) return { kind: "answers", answers };
        continue;
      }
      if (this.#isClosed) {
        const isBegun = this.#received.indexOf("\r\n\r\n") >= 0;
        return { kind: "closed", answers, isBegun, error: this.#error };
      }
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return { kind: "silent", answers };
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Sends without waiting for an answer, and is gone. */
  abandon(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.destroy();
  }

  /** Sends, and looks at nothing that comes back. */
  drip(bytes: Uint8Array): void {
    this.#received = Buffer.alloc(0);
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next whole answer that has been received, or the head of one that has no end. */
  #takeAnswer(isHead: boolean, isOpenEnded: boolean): Answer | undefined {
    const bytes = this.#received;
    const headEnd = bytes.indexOf("\r\n\r\n");
    if (headEnd < 0) return undefined;
    const [first = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
    if (!Number.isInteger(status))
      throw new Error(`the server answered with ${JSON.stringify(first.slice(0, 80))}`);
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const from = headEnd + 4;
    const take = (body: Uint8Array, end: number, isWhole = true): Answer => {
      this.#received = bytes.subarray(end);
      return { status, headers, body, isWhole };
    };
    if (isHead || status < 200 || NO_BODY.includes(status)) return take(Buffer.alloc(0), from);
    if (isOpenEnded && status === 200) return take(bytes.subarray(from), bytes.byteLength, false);
    if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") {
      const found = dechunk(bytes, from);
      return found === undefined ? this.#enough(bytes, from, take) : take(found.body, found.end);
    }
    const length = headers.get("content-length");
    if (length !== undefined) {
      const end = from + Number(length);
      return bytes.byteLength >= end ? take(bytes.subarray(from, end), end) : this.#enough(bytes, from, take);
    }
    return this.#isClosed ? take(bytes.subarray(from), bytes.byteLength) : undefined;
  }

  #enough(
    bytes: Uint8Array,
    from: number,
    take: (body: Uint8Array, end: number, isWhole: boolean) => Answer,
  ): Answer | undefined {
    return bytes.byteLength < ENOUGH_BYTES ? undefined : take(bytes.subarray(from), bytes.byteLength, false);
  }
}

function dechunk(
  bytes: Buffer,
  start: number,
): { readonly body: Uint8Array; readonly end: number } | undefined {
  const parts: Uint8Array[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const from = lineEnd + 2;
    if (bytes.byteLength < from + size + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), end: from + 2 };
    parts.push(bytes.subarray(from, from + size));
    at = from + size + 2;
  }
}
