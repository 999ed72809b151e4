/**
 * Reading a body whole, within bounds: of bytes, of time from the first to the last of them, and of bodies that are read at once
 * in this process. Who sends slowly thus holds neither memory nor a connection for long. Who has shown no token yet is counted
 * apart: strangers that send slowly keep each other out, and nobody else.
 */

import { concatBytes } from "../runtime/batch/index.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";

/** Time that a whole body may take. */
export const BODY_MS = 30_000;
/** Bodies that are read at once, of who may do something here. */
export const MAX_BODIES = 64;
/** The same of strangers. */
export const MAX_STRANGERS_BODIES = 16;

export type BodyBytes =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: "too-long" | "too-slow" | "too-many" | "broken" };

/** Bytes that may be read at once of bodies that share it, beside how many bodies that may be. */
export class ReadingRoom {
  readonly #most: number;
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#most = mostBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns whether there was room */
  tryTake(bytes: number): boolean {
    if (this.#bytes + bytes > this.#most) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

const ofKnown = { most: MAX_BODIES, reading: 0 };
const ofStrangers = { most: MAX_STRANGERS_BODIES, reading: 0 };

/**
 * Reads `body`; what was not read of it is given up. @param isStranger whether who sends it may do nothing so far
 * @param room what its bytes are counted in while it is read, for who has one
 */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  clock: Clock = systemClock,
  isStranger = false,
  room?: ReadingRoom,
): Promise<BodyBytes> {
  if (body === null) return { ok: true, bytes: new Uint8Array(0) };
  const places = isStranger ? ofStrangers : ofKnown;
  if (places.reading >= places.most) return { ok: false, reason: "too-many" };
  places.reading++;
  const reader = body.getReader();
  let isLate = false;
  const deadline = clock.after(BODY_MS, () => {
    isLate = true;
    void giveUp(reader);
  });
  const parts: Uint8Array[] = [];
  let length = 0;
  let counted = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isLate) return { ok: false, reason: "too-slow" };
      if (done) return { ok: true, bytes: concatBytes(parts) };
      length += value.byteLength;
      const reason =
        length > maxBytes ? "too-long" : room?.tryTake(value.byteLength) === false ? "too-many" : null;
      if (reason !== null) {
        void giveUp(reader);
        return { ok: false, reason };
      }
      counted = length;
      parts.push(value);
    }
  } catch {
    return { ok: false, reason: isLate ? "too-slow" : "broken" };
  } finally {
    deadline.cancel();
    places.reading--;
    room?.giveBack(counted);
  }
}

/**
 * Reads a body whose length was said, and is one that is taken: the runtime puts it together, in a part of the time that its
 * parts take one by one.
 * One that does not come in time is left to the runtime: the connection is to end.
 */
export async function readWhole(
  body: Pick<Request, "bytes">,
  maxBytes: number,
  clock: Clock = systemClock,
  isStranger = false,
): Promise<BodyBytes> {
  const places = isStranger ? ofStrangers : ofKnown;
  if (places.reading >= places.most) return { ok: false, reason: "too-many" };
  places.reading++;
  return new Promise((resolve) => {
    const end = (read: BodyBytes) => {
      deadline.cancel();
      places.reading--;
      resolve(read);
    };
    let isLate = false;
    const deadline = clock.after(BODY_MS, () => {
      isLate = true;
      end({ ok: false, reason: "too-slow" });
    });
    body.bytes().then(
      (bytes) => {
        if (isLate) return;
        end(bytes.byteLength > maxBytes ? { ok: false, reason: "too-long" } : { ok: true, bytes });
      },
      () => {
        if (!isLate) end({ ok: false, reason: "broken" });
      },
    );
  });
}

/** A read that waits ends with it. */
async function giveUp(reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "cancel">): Promise<void> {
  // It has broken already, which is as good.
  await reader.cancel().catch(() => {});
}
