/**
 * When the checkpoint of a windows dataset is taken and written. It is taken after some rows, or when windows have closed after
 * CHECKPOINT_MS, and waits until the log has all rows that had been made by then: rows go on meanwhile, and a crash goes back to the one before.
 *
 * Rows wait while one is taken, so a large one has to be worth it: beyond CHEAP_BYTES, twice the size is twice the rows from one to the next.
 */

import type { Clock } from "../../runtime/clock.ts";
import type { WindowMeter } from "../window-meters.ts";
import type { Checkpoint, CheckpointHead, RowSpan } from "./checkpoint.ts";
import type { CheckpointFile } from "./checkpoint-file.ts";

/** Time between two checkpoints, when windows close; twice as much when none does. */
const CHECKPOINT_MS = 5 * 60_000;
/** Taken and written in a few milliseconds. */
const CHEAP_BYTES = 2 ** 20;
/** Pause before a disk that refused is tried again. */
const RETRY_MS = 1000;

/** How far the windows are: the next source row, and the rows made. */
export type Progress = Pick<CheckpointHead, "nextRow" | "made">;

const NOWHERE: Progress = { nextRow: -1, made: -1 };

export class CheckpointWriter {
  readonly #clock: Clock;
  readonly #file: CheckpointFile;
  readonly #meter: WindowMeter;
  readonly #everyRows: number;
  /** One that waits for the log. */
  #pending: Checkpoint | undefined;
  #last = NOWHERE;
  #lastBytes = 0;
  #lastMs: number;
  #retryMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, file: CheckpointFile, meter: WindowMeter, everyRows: number) {
    this.#clock = clock;
    this.#file = file;
    this.#meter = meter;
    this.#everyRows = everyRows;
    this.#lastMs = clock.monotonicMs();
  }

  /** Whether there is one to go on from. */
  get hasLast(): boolean {
    return this.#last.nextRow >= 0;
  }

  /** Whether one waits for the log. */
  get waits(): boolean {
    return this.#pending !== undefined;
  }

  /** What was taken before is of no use any more: neither one that waits, nor the one that was written last. */
  forget(): void {
    this.#pending = undefined;
    this.#last = NOWHERE;
  }

  isAtLast({ nextRow, made }: Progress): boolean {
    return this.#last.nextRow === nextRow && this.#last.made === made;
  }

  isDue(progress: Progress): boolean {
    if (this.#pending !== undefined || this.isAtLast(progress)) return false;
    const dueRows = this.#everyRows * Math.max(1, this.#lastBytes / CHEAP_BYTES);
    if (progress.nextRow - this.#last.nextRow >= dueRows) return true;
    const sinceMs = this.#clock.monotonicMs() - this.#lastMs;
    return sinceMs >= (progress.made > this.#last.made ? CHECKPOINT_MS : 2 * CHECKPOINT_MS);
  }

  /** Takes one to be written by `writeWhenStored`. */
  take(checkpoint: Checkpoint): void {
    this.#pending = checkpoint;
  }

  /** Has rows passed over by the one that waits. */
  skip(span: RowSpan): void {
    if (this.#pending === undefined) return;
    const { head, state } = this.#pending;
    this.#pending = { head: { ...head, skips: [...head.skips, span] }, state };
  }

  /** @param recorded rows of the windows dataset that the log has */
  writeWhenStored(recorded: number): void {
    const pending = this.#pending;
    if (pending !== undefined && recorded >= pending.head.made && this.mayWrite()) this.tryWrite(pending);
  }

  /** False while a disk that refused is left alone. */
  mayWrite(): boolean {
    return this.#clock.monotonicMs() >= this.#retryMs;
  }

  /** Writes one at once, in place of one that waits. @returns false when the disk refuses */
  tryWrite(checkpoint: Checkpoint): boolean {
    const bytes = this.#file.tryWrite(checkpoint);
    if (bytes === undefined) {
      this.#retryMs = this.#clock.monotonicMs() + RETRY_MS;
      return false;
    }
    this.#pending = undefined;
    this.noteWritten(checkpoint.head, bytes);
    this.#meter.set({ checkpointMs: this.#clock.nowMs() });
    return true;
  }

  /** There is one: this is what it says. */
  noteWritten({ nextRow, made }: CheckpointHead, checkpointBytes: number): void {
    this.#last = { nextRow, made };
    this.#lastBytes = checkpointBytes;
    this.#lastMs = this.#clock.monotonicMs();
    this.#meter.set({ checkpointBytes, readFrom: nextRow + 1 });
  }
}
