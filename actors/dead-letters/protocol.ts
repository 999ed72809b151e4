/**
 * What the keeper of dead letters is asked, and what it answers. A dead letter is a pushed row that was refused, kept so that it can be
 * looked at, and pushed again when the declaration has been mended.
 *
 *     letters.keep    → takes letters of one request; only sent, nobody waits
 *     letters.list    → the latest, and counts by dataset and reason
 *     letters.replay  → pushes those that can be pushed again; those that are taken go, the others stay
 *     letters.drop    → removes
 *
 * A letter holds no raw identifier: those of its row are pseudonyms already. A row that may hold what nobody declared (a text where a number
 * belongs, an unknown column) is not kept at all, only why it was refused.
 */

import type { RejectionReason } from "../../datasets/rejection.ts";
import type { Refused } from "../refused.ts";

export const DEAD_LETTERS = "dead-letters";

/** A value of a kept row: numbers, truth values, category texts; pseudonyms and 64-bit integers as decimal text. */
export type LetterValue = number | string | boolean | null;

/** What the intake hands over. */
export interface NewLetter {
  readonly reason: RejectionReason;
  readonly column: string | null;
  readonly expected: string;
  readonly got: string;
  /** By declared name, identifiers as pseudonyms. Null: only the reason could be kept. */
  readonly row: Readonly<Record<string, LetterValue>> | null;
}

export interface DeadLetter extends NewLetter {
  /** Numbered from 1 on, never again. */
  readonly id: number;
  readonly dataset: string;
  /** When it was refused, wall time in milliseconds. */
  readonly atMs: number;
}

/** Letters that are listed at once. */
export const MAX_LISTED = 1000;
/** Ids that a choice may give. */
export const MAX_IDS = 10_000;

/** Which letters. All that is given must be so. */
export interface LetterChoice {
  readonly dataset?: string;
  readonly reason?: RejectionReason;
  readonly ids?: readonly number[];
}

export interface KeepLetters {
  readonly kind: "letters.keep";
  readonly dataset: string;
  readonly atMs: number;
  readonly letters: readonly NewLetter[];
  /** Rows that were refused beside these, and of which no letter was made. */
  readonly others: number;
}

export type DeadLettersMessage =
  | KeepLetters
  | (LetterChoice & { readonly kind: "letters.list"; readonly limit: number; readonly beforeId?: number })
  | (LetterChoice & { readonly kind: "letters.replay" })
  | (LetterChoice & { readonly kind: "letters.drop" });

export interface LettersListed {
  readonly ok: true;
  /** The latest first. */
  readonly letters: readonly DeadLetter[];
  /** Of those that were chosen: how many there are. */
  readonly total: number;
  readonly replayable: number;
  readonly counts: readonly {
    readonly dataset: string;
    readonly reason: RejectionReason;
    readonly letters: number;
  }[];
  /** Letters that had to go for newer ones or by their age, or found no room on the disk; and refused rows of which none was made. */
  readonly forgotten: number;
}

export interface LettersReplayed {
  readonly ok: true;
  readonly accepted: number;
  /** Refused again: they stay, with the reason of now. */
  readonly rejected: number;
  /** Of which only the reason was kept. */
  readonly notReplayable: number;
}

/** `busy`: another replay is under way. `unavailable`: the intake does not answer. What was accepted before has gone already. */
export type ReplayRefusal = "disk" | "busy" | "unavailable" | "lane-full" | "quota" | "given-up";

export interface ReplayRefused extends Refused<ReplayRefusal> {
  /** What became of letters before it was refused. */
  readonly accepted: number;
  readonly rejected: number;
}

export interface DeadLettersReplies {
  readonly "letters.list": LettersListed | Refused<"disk">;
  readonly "letters.replay": LettersReplayed | ReplayRefused;
  readonly "letters.drop": { readonly ok: true; readonly dropped: number } | Refused<"disk" | "busy">;
}
