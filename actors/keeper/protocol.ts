/**
 * What the keeper is asked, and what it answers.
 *
 *     keeper.hold     → from now on nothing that the store lists is removed, until the holder lets go or is silent for HOLD_MS
 *     keeper.release  → lets go
 *     keeper.compact  → does now what is due, and answers when it is done
 *     keeper.stats    → what the store holds, by dataset
 *
 * A reader holds the store before it reads the manifest, and says so again while it reads.
 */

import type { Refused } from "../refused.ts";
import type { StoreStats } from "../store/stats.ts";

export const KEEPER = "keeper";
/** A holder that has not been heard of for this long has let go. */
export const HOLD_MS = 60_000;

export interface HoldStore {
  readonly kind: "keeper.hold";
  /** Names the holder: the same again renews. At most 64 characters. */
  readonly holder: string;
}

export interface ReleaseStore {
  readonly kind: "keeper.release";
  readonly holder: string;
}

export interface CompactStore {
  readonly kind: "keeper.compact";
  /** Also hours that are not over yet, and the segment that is written to. Default false. */
  readonly all?: boolean;
}

export interface AskStats {
  readonly kind: "keeper.stats";
}

export type KeeperMessage = HoldStore | ReleaseStore | CompactStore | AskStats;

export interface CompactionDone {
  readonly ok: true;
  /** Files that were written, and the rows in them. */
  readonly files: number;
  readonly rows: number;
}

export interface KeeperReplies {
  readonly "keeper.hold": { readonly ok: true };
  readonly "keeper.release": { readonly ok: true };
  readonly "keeper.compact": CompactionDone | Refused<"disk" | "damaged">;
  readonly "keeper.stats": { readonly ok: true; readonly stats: StoreStats };
}
