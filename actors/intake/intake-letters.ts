/**
 * The intake's side of dead letters: of each request the first refused rows become letters, the rest are counted, and all of it goes
 * to their keeper when the request is answered. It is only sent: nobody waits, and what finds the keeper's mailbox full is counted too.
 *
 * Raw values are here only while a letter is made of its row.
 */

import type { Dataset } from "../../datasets/define.ts";
import type { Rejection } from "../../datasets/rejection.ts";
import type { RawRow, RejectionSink } from "../../ingest/decoder.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import { openKey } from "../anonymizer/key.ts";
import { DEAD_LETTERS, type KeepLetters, type NewLetter } from "../dead-letters/protocol.ts";
import { kernelsOf } from "../resources.ts";
import { createLetterMaker, type LetterMaker } from "./letter-maker.ts";
import { ValuePseudonyms } from "./value-pseudonyms.ts";

/** Refused rows of one request of which letters are made. */
export const MAX_REQUEST_LETTERS = 100;

type LetterContext = Pick<ActorContext<never>, "memory" | "resources" | "tell">;

/** Letters of one dataset's requests, one request after the other. */
export interface RequestLetters extends RejectionSink {
  /** Hands over what there is of the request. @param atMs wall time in milliseconds */
  send(atMs: number): void;
  /** Nothing of the request was taken: it is answered for when it is sent again. */
  forget(): void;
}

export class IntakeLetters {
  readonly #context: LetterContext;
  readonly #pseudonyms: ValuePseudonyms;

  /** @param scratch `letterScratchBytes(datasets)` bytes, on a multiple of 8 @throws KeyRefused as `openKey` does */
  constructor(context: LetterContext, dataFolder: string, scratch: number, datasets: readonly Dataset[]) {
    this.#context = context;
    const key = openKey(dataFolder);
    this.#pseudonyms = new ValuePseudonyms(kernelsOf(context as ActorContext<never>), scratch, key, datasets);
    key.fill(0);
  }

  /** @param dataset one of those that it was opened for */
  of(dataset: Dataset): RequestLetters {
    const { tell } = this.#context;
    return new Letters(dataset.name, createLetterMaker(dataset, this.#pseudonyms), (message) => {
      return tell(DEAD_LETTERS, message).ok;
    });
  }

  /** Forgets the keys. */
  end(): void {
    this.#pseudonyms.end();
  }
}

class Letters implements RequestLetters {
  readonly #dataset: string;
  readonly #make: LetterMaker;
  readonly #send: (message: KeepLetters) => boolean;
  #letters: NewLetter[] = [];
  #others = 0;
  /** Of earlier requests, whose letters found no room. */
  #unsent = 0;

  constructor(dataset: string, make: LetterMaker, send: (message: KeepLetters) => boolean) {
    this.#dataset = dataset;
    this.#make = make;
    this.#send = send;
  }

  reject(rejection: Rejection, row: () => RawRow): void {
    if (this.#letters.length < MAX_REQUEST_LETTERS) this.#letters.push(this.#make(rejection, row()));
    else this.#others++;
  }

  send(atMs: number): void {
    const letters = this.#letters;
    const others = this.#others + this.#unsent;
    this.forget();
    if (letters.length === 0 && others === 0) return;
    const isSent = this.#send({ kind: "letters.keep", dataset: this.#dataset, atMs, letters, others });
    this.#unsent = isSent ? 0 : others + letters.length;
  }

  forget(): void {
    this.#letters = [];
    this.#others = 0;
  }
}
