/**
 * A body that an actor makes piece by piece: each piece is asked for when the client has taken the one before. The first is
 * asked for before there is an answer at all: what is wrong until then can still be told as an error.
 *
 * Later it breaks off when the actor does: the headers are out by then, so a connection that ends in the middle is the only
 * way left to say so.
 */

import type { Refused } from "../actors/refused.ts";
import type { AskResult } from "../runtime/actor/types.ts";

export interface Piece {
  readonly ok: true;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Nothing comes after these bytes, and the actor has closed by itself. */
  readonly done: boolean;
}

export interface PieceSource<P extends Piece, Reason extends string> {
  pull(): Promise<AskResult<P | Refused<Reason>>>;
  /** Called once when the pieces are not wanted to their end, or there is no end. A pull may be under way. */
  close(): void;
  /** Called when it broke off in the middle. */
  onBreak(reason: string): void;
  /** Aborted when the client is gone; some runtimes abort it after every answer. */
  readonly gone: AbortSignal;
}

export interface PulledBody<P extends Piece> {
  readonly ok: true;
  readonly body: ReadableStream<Uint8Array>;
  readonly first: P;
}

/** Resolves when the first piece is there, or it is known why there is none. */
export async function pulledBody<P extends Piece, Reason extends string>(
  source: PieceSource<P, Reason>,
): Promise<AskResult<PulledBody<P> | Refused<Reason>>> {
  const { gone } = source;
  let isOver = false;
  const over = () => {
    isOver = true;
    gone.removeEventListener("abort", close);
  };
  function close(): void {
    if (isOver) return;
    over();
    source.close();
  }
  gone.addEventListener("abort", close);
  if (gone.aborted) close();

  const pulled = await source.pull();
  if (!pulled.ok || !pulled.value.ok) {
    close();
    return pulled as AskResult<Refused<Reason>>;
  }
  const first = pulled.value;
  let piece: Piece | undefined = first;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        while (!isOver) {
          piece ??= await next();
          if (piece === undefined) break;
          const { bytes, done } = piece;
          piece = undefined;
          if (bytes.byteLength > 0) controller.enqueue(bytes);
          if (done) {
            over();
            return controller.close();
          }
          // With nothing to give, the runtime would not ask again.
          if (bytes.byteLength > 0) return;
        }
        controller.error(new Error("the answer broke off"));
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
  return { ok: true, value: { ok: true, body, first } };

  async function next(): Promise<Piece | undefined> {
    const result = await source.pull();
    if (result.ok && result.value.ok) return result.value;
    if (!isOver) source.onBreak(result.ok && !result.value.ok ? result.value.reason : "no answer");
    close();
    return undefined;
  }
}
