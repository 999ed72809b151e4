/**
 * The body of a stream over plain HTTP, server-sent events or raw: it takes from the feed when the runtime asks for more,
 * which it does when the network took what it had. So a slow client's rows wait in its queue at the feed and nowhere else: Bun
 * and Deno ask for a piece of WRITE_BYTES ahead at most, and the kernel has its socket buffers.
 *
 * Bun's own kind of stream (`type: "direct"`) is not used: its `write` and `flush` do not say that the network is slow.
 */

import type { Positions } from "../../actors/broadcaster/positions.ts";
import type { EndReason, FeedClient } from "../../actors/feed/subscription.ts";
import type { Notice } from "../../datasets/records/format.ts";
import { concatBytes } from "../../runtime/batch/index.ts";
import type { Clock } from "../../runtime/clock.ts";
import { BEAT_MS, STALL_MS, WRITE_BYTES } from "./limits.ts";
import { QuietTimer } from "./quiet-timer.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What stands between and around the rows. Undefined: nothing that a reader of the form would not stumble over. */
export interface BodyForm {
  opening(positions: Positions): Bytes | undefined;
  /** Said after BEAT_MS without a word. */
  beat(positions: Positions): Bytes | undefined;
  notice(notice: Notice): Bytes | undefined;
  ended(reason: EndReason): Bytes | undefined;
}

export interface RowBodyOptions {
  readonly client: FeedClient;
  readonly form: BodyForm;
  readonly clock: Clock;
  /** Whether it ends when the client takes nothing for STALL_MS. */
  readonly endsWhenStalled: boolean;
  /** Aborted when the client goes, also when the runtime has not begun to read. */
  readonly gone: AbortSignal;
  /** Called once, when it is over: by the client's going, or by an end, behind which the rest may still be on its way. */
  onEnd(by: "client" | EndReason | "stalled"): void;
}

export function rowBody(options: RowBodyOptions): ReadableStream<Uint8Array> {
  const session = new BodySession(options);
  const { gone } = options;
  if (gone.aborted) session.end("client");
  else gone.addEventListener("abort", () => session.end("client"), { once: true });
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => session.start(controller),
      pull: () => session.pull(),
      cancel: () => session.end("client"),
    },
    { highWaterMark: 0 },
  );
}

class BodySession {
  readonly #options: RowBodyOptions;
  readonly #quiet: QuietTimer;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #opening: Bytes | undefined;
  /** The runtime has asked for a piece and got none yet. */
  #isAsked = false;
  #isOver = false;

  constructor(options: RowBodyOptions) {
    this.#options = options;
    this.#opening = options.form.opening(options.client.positions());
    this.#quiet = new QuietTimer(options.clock, BEAT_MS, this.#onQuiet);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#options.client.onReady(this.#fill);
  }

  pull(): void {
    this.#isAsked = true;
    this.#fill();
  }

  end(by: "client" | EndReason | "stalled"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#quiet.stop();
    this.#options.client.close();
    if (by !== "client") this.#controller?.close();
    this.#options.onEnd(by);
  }

  readonly #fill = (): void => {
    if (!this.#isAsked || this.#isOver) return;
    const { client, form } = this.#options;
    const parts: Bytes[] = [];
    let bytes = 0;
    const add = (part: Bytes | undefined) => {
      if (part === undefined || part.byteLength === 0) return;
      parts.push(part);
      bytes += part.byteLength;
    };
    add(this.#opening);
    this.#opening = undefined;
    let ended: EndReason | undefined;
    while (bytes < WRITE_BYTES && ended === undefined) {
      const item = client.take();
      if (item === undefined) break;
      if (item.kind === "chunk") add(item.bytes);
      else if (item.kind === "notice") add(form.notice(item.notice));
      else {
        ended = item.reason;
        add(form.ended(ended));
      }
    }
    if (bytes > 0) this.#give(parts.length === 1 ? parts[0]! : concatBytes(parts));
    if (ended !== undefined) this.end(ended);
  };

  #give(bytes: Bytes): void {
    this.#isAsked = false;
    this.#quiet.touch();
    this.#controller?.enqueue(bytes);
  }

  readonly #onQuiet = (sinceMs: number): void => {
    const { client, form, endsWhenStalled } = this.#options;
    if (this.#isAsked) {
      // All that was taken was given, too: the client stands where its rows end.
      const beat = form.beat(client.positions());
      if (beat !== undefined) this.#give(beat);
    } else if (endsWhenStalled && sinceMs >= STALL_MS) {
      this.end("stalled");
    }
  };
}
