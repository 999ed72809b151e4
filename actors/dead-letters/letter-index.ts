/**
 * What is known of the letters of one segment without reading it: three numbers each, so that a folder at its bound takes a few
 * megabytes of memory, whatever is in the letters.
 */

import type { RejectionReason } from "../../datasets/rejection.ts";
import type { DeadLetter, LetterChoice } from "./protocol.ts";

/** What letters are chosen and counted by. */
export interface LetterKind {
  readonly dataset: string;
  readonly reason: RejectionReason;
  readonly isReplayable: boolean;
}

/** Which letters, made so that asking for one takes no time. */
export type Chosen = (id: number, kind: LetterKind) => boolean;

export function chosenBy({ dataset, reason, ids }: LetterChoice): Chosen {
  const wanted = ids === undefined ? undefined : new Set(ids);
  return (id, kind) =>
    (dataset === undefined || kind.dataset === dataset) &&
    (reason === undefined || kind.reason === reason) &&
    (wanted === undefined || wanted.has(id));
}

/** The kinds that there are: few, so that an index has a small number for each. */
export class LetterKinds {
  readonly #numbers = new Map<string, number>();
  readonly #kinds: LetterKind[] = [];

  numberOf({ dataset, reason, row }: DeadLetter): number {
    const isReplayable = row !== null;
    const key = `${dataset} ${reason} ${isReplayable}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#kinds.push({ dataset, reason, isReplayable }) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }

  of(number: number): LetterKind {
    return this.#kinds[number]!;
  }
}

/** By id, upwards. */
export class LetterIndex {
  readonly ids: number[] = [];
  readonly #kinds: LetterKinds;
  readonly #kindNumbers: number[] = [];
  readonly #places: number[] = [];
  /** When the first and the last of them were refused. */
  earliestMs = Number.POSITIVE_INFINITY;
  latestMs = Number.NEGATIVE_INFINITY;

  constructor(kinds: LetterKinds) {
    this.#kinds = kinds;
  }

  /** @param at byte of the segment that its line begins at */
  add(letter: DeadLetter, at: number): void {
    this.ids.push(letter.id);
    this.#kindNumbers.push(this.#kinds.numberOf(letter));
    this.#places.push(at);
    this.earliestMs = Math.min(this.earliestMs, letter.atMs);
    this.latestMs = Math.max(this.latestMs, letter.atMs);
  }

  kindAt(index: number): LetterKind {
    return this.#kinds.of(this.#kindNumbers[index]!);
  }

  placeAt(index: number): number {
    return this.#places[index]!;
  }

  /** Places of the letters that are chosen. */
  placesOf(chosen: Chosen): number[] {
    const places: number[] = [];
    for (let at = 0; at < this.ids.length; at++) if (chosen(this.ids[at]!, this.kindAt(at))) places.push(at);
    return places;
  }
}
