/** What is done with rows when they are read: encoded, counted, or gathered. One reading, one pass. */

import type { Predicate } from "../../datasets/predicate.ts";
import type { RowRun } from "../../datasets/row-run.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { StoredGroup } from "../store/stored-rows.ts";
import type { Anonymizing } from "./anonymous/index.ts";
import type { Encoder } from "./format.ts";

export interface Pass {
  /** Takes a row group of the lake as it lies. @returns false when its rows are to be read */
  copy?(group: StoredGroup): boolean;
  /** Does what is to be done with rows while they are there. @returns undefined when that is done */
  rows(batch: PublicBatch, run: RowRun): Promise<void> | undefined;
}

/** Hands rows to an encoder; row groups as they lie, where nothing is to be done to their rows. */
export class EncodingPass implements Pass {
  encoded = 0;
  copied = 0;
  readonly #encoder: Encoder;
  readonly #where: Predicate | undefined;

  constructor(encoder: Encoder, where: Predicate | undefined) {
    this.#encoder = encoder;
    this.#where = where;
  }

  copy(group: StoredGroup): boolean {
    if (this.#where !== undefined || !group.isWhole || this.#encoder.copy?.(group) !== true) return false;
    this.copied += group.rows;
    return true;
  }

  rows(batch: PublicBatch, run: RowRun): Promise<void> | undefined {
    if (this.#where === undefined) return this.#append(batch, run);
    return this.#appendAll(batch, this.#where.runs(batch, run), 0);
  }

  #appendAll(batch: PublicBatch, runs: readonly RowRun[], from: number): Promise<void> | undefined {
    for (let index = from; index < runs.length; index++) {
      const pending = this.#append(batch, runs[index]!);
      if (pending !== undefined) return pending.then(() => this.#appendAll(batch, runs, index + 1));
    }
    return undefined;
  }

  #append(batch: PublicBatch, run: RowRun): Promise<void> | undefined {
    this.encoded += run.to - run.from;
    return this.#encoder.append(batch, run) ?? undefined;
  }
}

/** The first reading of an anonymous export. */
export class CountingPass implements Pass {
  readonly #anonymizing: Anonymizing;
  readonly #where: Predicate | undefined;

  constructor(anonymizing: Anonymizing, where: Predicate | undefined) {
    this.#anonymizing = anonymizing;
    this.#where = where;
  }

  rows(batch: PublicBatch, run: RowRun): undefined {
    if (this.#where === undefined) {
      this.#anonymizing.observe(batch, run);
      return;
    }
    let at = run.from;
    for (const wanted of this.#where.runs(batch, run)) {
      if (wanted.from > at) this.#anonymizing.observeOthers(batch, { from: at, to: wanted.from });
      this.#anonymizing.observe(batch, wanted);
      at = wanted.to;
    }
    if (at < run.to) this.#anonymizing.observeOthers(batch, { from: at, to: run.to });
  }
}

/** Hands each row that is wanted to whoever looks at it, or puts it aside. */
export class FilterPass implements Pass {
  readonly #take: (batch: PublicBatch, run: RowRun) => void;
  readonly #where: Predicate | undefined;

  constructor(take: (batch: PublicBatch, run: RowRun) => void, where: Predicate | undefined) {
    this.#take = take;
    this.#where = where;
  }

  rows(batch: PublicBatch, run: RowRun): undefined {
    for (const wanted of this.#where?.runs(batch, run) ?? [run]) this.#take(batch, wanted);
  }
}
