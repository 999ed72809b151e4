/** What a log holds of each dataset, as its writer counts it: rows and numbers, and what rows do not tell. */

import type { CarriedCounts, RecoveredCounts } from "../../ledger.ts";
import type { CountsPayload, SegmentDataset } from "./log-format.ts";

/** Rows that are in the lake, or were. */
export interface InLake {
  readonly rows: number;
  /** Sequence number after the last of them. */
  readonly endSequence: number;
}

interface DatasetCounts {
  stored: number;
  nextSequence: number;
  latestMs: number | null;
  carried: CarriedCounts;
}

export class LogCounts {
  readonly #byName = new Map<string, DatasetCounts>();

  /** Of these datasets, nothing yet. */
  constructor(names: Iterable<string>) {
    for (const name of names) this.of(name);
  }

  /** Those of a dataset, which may be one that nobody has named before. */
  of(name: string): Readonly<DatasetCounts> {
    return this.#of(name);
  }

  /** What a segment's head says was counted before it. */
  setHead({ name, stored, nextSequence, latestMs, rejected, dropped }: SegmentDataset): void {
    this.#byName.set(name, { stored, nextSequence, latestMs, carried: { rejected, dropped } });
  }

  /** A batch is in the log. @param endSequence number of the row behind its last one */
  add(name: string, rows: number, endSequence: number, maxTimeMs: number): void {
    const counts = this.#of(name);
    counts.stored += rows;
    counts.nextSequence = endSequence;
    counts.latestMs = counts.latestMs === null ? maxTimeMs : Math.max(counts.latestMs, maxTimeMs);
  }

  /** The rows before `nextSequence` will not come. */
  skipTo(name: string, nextSequence: number): void {
    const counts = this.#of(name);
    counts.nextSequence = Math.max(counts.nextSequence, nextSequence);
  }

  /** Takes over what a counts frame says. */
  carry(payload: CountsPayload): void {
    for (const [name, { rejected, dropped, nextSequence }] of Object.entries(payload)) {
      this.#of(name).carried = { rejected, dropped };
      this.skipTo(name, nextSequence);
    }
  }

  /** Goes on behind what the lake has. @returns whether it has rows that the log does not know of */
  catchUp(inLake: ReadonlyMap<string, InLake>): boolean {
    let isBehind = false;
    for (const [name, { rows, endSequence }] of inLake) {
      const counts = this.#of(name);
      isBehind ||= counts.nextSequence < endSequence || counts.stored < rows;
      counts.nextSequence = Math.max(counts.nextSequence, endSequence);
      counts.stored = Math.max(counts.stored, rows);
    }
    return isBehind;
  }

  all(): ReadonlyMap<string, RecoveredCounts> {
    return new Map(
      [...this.#byName].map(([name, { carried, ...counts }]) => [name, { ...counts, ...carried }]),
    );
  }

  #of(name: string): DatasetCounts {
    let counts = this.#byName.get(name);
    if (counts === undefined) {
      const carried: CarriedCounts = { rejected: {}, dropped: {} };
      counts = { stored: 0, nextSequence: 0, latestMs: null, carried };
      this.#byName.set(name, counts);
    }
    return counts;
  }
}
