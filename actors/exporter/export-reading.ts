/**
 * One reading of a snapshot, a bounded piece at a time. Rows of the log are taken a batch at once: they lie where the next
 * reader of the thread will put its own. Those of a row group stay where they are, and are taken SLICE_ROWS at a time.
 */

import type { RowRun } from "../../datasets/row-run.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import type { StoredPart, StoredRows } from "../store/stored-rows.ts";
import type { Pass } from "./export-pass.ts";

export type Parts = Generator<StoredPart, void, void>;

/** Rows of a row group that are taken at once. */
const SLICE_ROWS = 4096;
/** What passing over a piece of the store counts for: there may be little to it, or megabytes. */
const PASSED_OVER_ROWS = 2048;

/** A row group of which rows are left. */
interface Rest {
  readonly rows: StoredRows;
  readonly groupRows: number;
  index: number;
  from: number;
}

export class Reading {
  /** Rows that were looked at so far. */
  seen = 0;
  readonly #open: () => Parts;
  readonly #pass: Pass;
  #parts: Parts | undefined;
  #rest: Rest | undefined;

  /** @param open is called when the first piece is taken */
  constructor(open: () => Parts, pass: Pass) {
    this.#open = open;
    this.#pass = pass;
  }

  /**
   * Takes the next piece. A promise is given only where there is something to wait for: most pieces are small.
   * @returns rows that it counts for; undefined: there is none
   */
  take(): number | undefined | Promise<number> {
    if (this.#rest !== undefined) return this.#slice(this.#rest);
    this.#parts ??= this.#open();
    const next = this.#parts.next();
    if (next.done === true) return undefined;
    const part = next.value;
    if (part === undefined) return PASSED_OVER_ROWS;
    if (part.kind === "rows") {
      this.seen += part.batch.rows;
      return after(this.#runs(part.batch, part.runs, 0), part.batch.rows);
    }
    const rows = this.#pass.copy?.(part) === true ? undefined : part.read();
    if (rows === undefined) {
      this.seen += part.rows;
      return part.rows;
    }
    this.#rest = { rows, groupRows: part.rows, index: 0, from: rows.runs[0]?.from ?? 0 };
    return this.#slice(this.#rest);
  }

  close(): void {
    this.#parts?.return();
    this.#rest = undefined;
  }

  #runs(batch: PublicBatch, runs: readonly RowRun[], from: number): Promise<void> | undefined {
    for (let index = from; index < runs.length; index++) {
      const pending = this.#pass.rows(batch, runs[index]!);
      if (pending !== undefined) return pending.then(() => this.#runs(batch, runs, index + 1));
    }
    return undefined;
  }

  #slice(rest: Rest): number | Promise<number> {
    const { batch, runs } = rest.rows;
    const run = runs[rest.index]!;
    const from = rest.from;
    const to = Math.min(run.to, from + SLICE_ROWS);
    if (to < run.to) rest.from = to;
    else if (++rest.index < runs.length) rest.from = runs[rest.index]!.from;
    else {
      this.#rest = undefined;
      this.seen += rest.groupRows;
    }
    return after(this.#pass.rows(batch, { from, to }), to - from);
  }
}

/** Batches as parts that are wanted whole. */
export function* wholeParts(batches: Iterable<PublicBatch>): Parts {
  for (const batch of batches) {
    if (batch.rows > 0) yield { kind: "rows", batch, runs: [{ from: 0, to: batch.rows }] };
  }
}

function after(pending: Promise<void> | undefined, rows: number): number | Promise<number> {
  return pending === undefined ? rows : pending.then(() => rows);
}
