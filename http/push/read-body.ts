/**
 * Reading a pushed body: as any other (http/bounded-body.ts), and within a bound of bytes that are read at once, of all that push. One
 * whose length is said is counted whole from the first byte on.
 */

import { MAX_BODY_BYTES } from "../../actors/intake/protocol.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ReadingRoom, readBounded, readWhole } from "../bounded-body.ts";
import { unreadBody } from "../json-body.ts";
import type { RequestContext } from "../route.ts";
import { MAX_READING_BYTES } from "./limits.ts";

export class PushedBodies {
  readonly #clock: Clock;
  readonly #room: ReadingRoom;

  /** @param mostBytes that are read at once; default MAX_READING_BYTES */
  constructor(clock: Clock, mostBytes: number = MAX_READING_BYTES) {
    this.#clock = clock;
    this.#room = new ReadingRoom(mostBytes);
  }

  /** The body, or the answer that says why it was not read. */
  async read(c: RequestContext): Promise<Uint8Array | Response> {
    const length = c.req.header("content-length");
    const read =
      length === undefined
        ? await readBounded(c.req.raw.body, MAX_BODY_BYTES, this.#clock, false, this.#room)
        : await this.#readWhole(c, Number(length));
    if (read.ok) return read.bytes;
    return unreadBody(c, read.reason, MAX_BODY_BYTES, "a whole body", ": send it in parts, or compressed");
  }

  /** @param length at most MAX_BODY_BYTES: the gate has seen to it */
  async #readWhole(c: RequestContext, length: number): ReturnType<typeof readWhole> {
    if (!this.#room.tryTake(length)) return { ok: false, reason: "too-many" };
    try {
      return await readWhole(c.req.raw, MAX_BODY_BYTES, this.#clock);
    } finally {
      this.#room.giveBack(length);
    }
  }
}

/**
 * Gives the memory of a body that was read back at once, and leaves it empty. Until the collector comes by, bodies of megabytes pile up, and
 * each new one is put into fresh pages, which the system has to make: that took as long as all copying.
 */
export function freeBody({ buffer, byteLength }: Uint8Array): void {
  // What is a part of something larger is not ours alone.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
