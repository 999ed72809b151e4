/** The figures of an account, and in which cell of its block each of them is. */

import { REJECTION_REASONS, type RejectionReason } from "../../datasets/rejection.ts";

/** Why a good row went no further. `lane-full`: no room in the lane. `crash`: in the hands of an actor that died. `poison`: see dead letters. */
export const DOOR_DROPS = ["lane-full", "crash"] as const;
export const STORE_DROPS = ["poison", "lost"] as const;
export type DoorDrop = (typeof DOOR_DROPS)[number];
export type StoreDrop = (typeof STORE_DROPS)[number];

/** What survives in the log: the counts that rows themselves do not tell. */
export interface CarriedCounts {
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>;
  readonly dropped: Readonly<Partial<Record<DoorDrop | StoreDrop, number>>>;
}

/** Rows that were refused, by reason. */
export type RejectedRows = Readonly<Partial<Record<RejectionReason, number>>>;

/** The door's side of one dataset. */
export interface DoorCounts {
  readonly received: number;
  /** Sequence number after the last row that was shown to the lane's stages. */
  readonly published: number;
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  readonly dropped: Readonly<Record<DoorDrop, number>>;
}

/** The store's side of one dataset. */
export interface StoreCounts {
  /** Rows in the log. */
  readonly stored: number;
  /** Sequence number after the last row that is in the log, or known to be dropped. */
  readonly recorded: number;
  readonly dropped: Readonly<Record<StoreDrop, number>>;
}

/** What a log says of a dataset when it is opened. */
export interface RecoveredCounts extends CarriedCounts {
  readonly stored: number;
  /** Sequence number that the next row gets. */
  readonly nextSequence: number;
  /** Largest event time among the rows, ms; null when there is none. */
  readonly latestMs: number | null;
}

/** Door block: version, received, published, then one count a reason. */
export const RECEIVED = 1;
export const PUBLISHED = 2;
export const REJECTED = 3;
export const DOOR_DROPPED = REJECTED + REJECTION_REASONS.length;
/** Store block: version, stored, recorded, latest event time, then one count a reason. */
export const STORED = 1;
export const RECORDED = 2;
export const LATEST = 3;
export const STORE_DROPPED = 4;

/** The figures in a copy of the door's cells. */
export function doorCounts(cells: Float64Array): DoorCounts {
  return {
    received: cells[RECEIVED]!,
    published: cells[PUBLISHED]!,
    rejected: named(cells, REJECTED, REJECTION_REASONS),
    dropped: named(cells, DOOR_DROPPED, DOOR_DROPS),
  };
}

/** The figures in a copy of the store's cells. */
export function storeCounts(cells: Float64Array): StoreCounts {
  return {
    stored: cells[STORED]!,
    recorded: cells[RECORDED]!,
    dropped: named(cells, STORE_DROPPED, STORE_DROPS),
  };
}

function named<Name extends string>(cells: Float64Array, first: number, names: readonly Name[]) {
  return Object.fromEntries(names.map((name, index) => [name, cells[first + index]])) as Record<Name, number>;
}
