/**
 * What the replayer is asked: rows of the log again, encoded as a tap encodes them, so that who was away misses nothing.
 *
 *     replay.open    → where it begins, and what is not there any more
 *     replay.pull    → the next chunks; `atEnd` when the log held no more at this moment: later it may
 *     replay.close   → when it is over
 *
 * A replay that is not pulled for REPLAY_IDLE_MS is closed. It holds the store, so that no segment goes while it reads.
 */

import type { Chunk, TapRefusal, TapSpec } from "../broadcaster/protocol.ts";
import type { Refused } from "../refused.ts";

/** Name of the actor in the system. */
export const REPLAYER = "replayer";
export const REPLAYER_MAILBOX = 512;
/** Replays that may be open at once. */
export const MAX_REPLAYS = 64;
export const REPLAY_IDLE_MS = 30_000;
/** Bytes of one pull's answer, beyond which no further batch is added. */
export const REPLAY_BYTES = 2 ** 20;

export interface OpenReplay {
  readonly kind: "replay.open";
  readonly spec: TapSpec;
  /** From this row on; or from the first row whose batch holds event times from `sinceMs` on. */
  readonly from: { readonly sequence: number } | { readonly sinceMs: number };
}

export interface PullReplay {
  readonly kind: "replay.pull";
  readonly id: string;
  /** No row from this number on. */
  readonly before?: number;
  /** As ChunkFacts has them: for `sse`, what stands in ids around the row's number; for `message`, the subscription's number. */
  readonly idBefore: string;
  readonly idAfter: string;
  readonly subscription: number;
}

export type ReplayerMessage =
  | OpenReplay
  | PullReplay
  | { readonly kind: "replay.close"; readonly id: string };

export interface ReplayOpened {
  readonly ok: true;
  readonly id: string;
  readonly preamble: Uint8Array<ArrayBuffer>;
  /** Number of the first row that will come. */
  readonly next: number;
  /** Rows between what was asked for and `next`: the log does not have them any more. */
  readonly missingRows: number;
}

export interface ReplayPulled {
  readonly ok: true;
  readonly chunks: readonly Chunk[];
  /** Number of the row after the last that was looked at. */
  readonly next: number;
  readonly atEnd: boolean;
}

export interface ReplayerReplies {
  readonly "replay.open": ReplayOpened | Refused<TapRefusal | "damaged">;
  readonly "replay.pull": ReplayPulled | Refused<"unknown-replay" | "damaged">;
  readonly "replay.close": { readonly ok: true };
}
