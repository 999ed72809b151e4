/**
 * An operator turns rows into windows: rows go in by batches, windows come out when the watermark has passed their end. It is a
 * function of the rows in their order and of `advance`: neither how the rows are cut into batches nor the runtime shows in what
 * comes out, bit by bit.
 *
 *     for (let row = 0; row < columns.rows; ) {
 *       row = operator.add(columns, row);
 *       for (let window = operator.next(); window !== undefined; window = operator.next()) use(window);
 *     }
 *
 * **Watermark** (watermark.ts). How far event time has certainly come: the latest event time less `disorderMs`, row by row. A window
 * closes, and comes out, when the watermark reaches its end. The row that moves the watermark is added after what it closes has come out.
 *
 * **Late rows.** For `latenessMs` after its end a window is still kept: a row that comes for it changes it, and it comes out again as
 * a correction, once for all rows that came before the watermark reached the next edge of the windows' grid. A row none of whose windows is
 * kept any more is late: counted, and in no window. So is one that would move a session's start to where another of its group, which is
 * kept no more, may have begun: two would have come out under one start.
 *
 * **Bounded.** At most `maxGroups` groups in a window (or pane), and what the pool has room for. Rows of more groups go to
 * one group of all the others (`key` null), or are refused and counted.
 */

import type { BlockPool, Kernels } from "../wasm/index.ts";
import type { Accumulation } from "./accumulation.ts";
import type { RowColumns } from "./rows.ts";
import type { WindowShape } from "./shape.ts";
import type { StateReader, StateWriter } from "./state.ts";

export interface OperatorOptions {
  readonly kernels: Kernels;
  /** The bound of all that is kept. */
  readonly pool: BlockPool;
  readonly accumulation: Accumulation;
  readonly shape: WindowShape;
  /** How much later than a younger row an older one may come and still be in time. */
  readonly disorderMs: number;
  /** How long after its end a window is kept for late rows. 0 for sliding windows, whose rows wait until they are in order. */
  readonly latenessMs: number;
  /** How far in the future of its writing a row's event time may lie. Rows beyond it are left out and counted. */
  readonly aheadMs: number;
  readonly maxGroups: number;
  readonly whenFull: "other" | "refuse";
  /** Rows that one call of `add` may bring at the most: the operator keeps four bytes for each. */
  readonly maxRows: number;
}

export interface ClosedGroup {
  /** Null: all groups for which there was no room. */
  readonly key: bigint | null;
  /** The accumulation's record, until the iteration goes on. */
  readonly record: number;
}

export interface ClosedWindow {
  readonly startMs: number;
  readonly endMs: number;
  /**
   * 0: it comes out for the first time. More: it was out before under the same start (and group, for sessions and sliding windows),
   * and this replaces it; the highest counts.
   */
  readonly revision: number;
  /** It was out before and is no window any more: late rows have made it a part of another. Its groups' records are empty. */
  readonly isWithdrawn: boolean;
  /** Sorted by key, null last; those that are not empty (of a withdrawn one: those it was of). To be iterated once, before anything else is asked of the operator. */
  groups(): Iterable<ClosedGroup>;
}

/** All since the operator was made; part of its state. */
export interface OperatorCounts {
  /** Rows that were taken into a window that is out, or will be. */
  readonly rows: number;
  /** Rows that came after all their windows were given up. */
  readonly late: number;
  /** Rows whose event time was too far in the future. */
  readonly ahead: number;
  /** Rows left out because there was no room for their group. */
  readonly refused: number;
  /** Rows in the group of all others. */
  readonly other: number;
  /** Windows that came out for the first time; and again. */
  readonly windows: number;
  readonly corrections: number;
  /** Times that the clock of who writes was set back so far that event time began anew. */
  readonly setBacks: number;
}

export interface OperatorFigures {
  /** Windows (panes, sessions) that are kept, and groups in them. */
  readonly windows: number;
  readonly groups: number;
}

export interface WindowOperator {
  /**
   * Adds rows from row `from` on, up to the first that makes a window due. `next` must have been asked until nothing was left.
   * @returns the first row that was not added; `columns.rows` when all were, and then there may be windows due too
   */
  add(columns: RowColumns, from: number): number;
  /** The next window that is due, by end; then start; then key. Undefined when there is none. */
  next(): ClosedWindow | undefined;
  /** Moves the watermark to `toMs` when it is not there yet: nothing came for so long that nothing older is waited for. */
  advance(toMs: number): void;
  /** Closes everything that is open, whatever the watermark: the end of a stream. Rows may not follow. */
  finish(): void;
  /**
   * What `advance` would have to reach for everything to come out: the end of the last window that is open, or where the last correction
   * is due; undefined when nothing waits.
   */
  lastOpenEndMs(): number | undefined;
  /** -Infinity before the first row. */
  readonly watermarkMs: number;
  readonly counts: OperatorCounts;
  readonly figures: OperatorFigures;
  /** Everything that tells what will come out, when nothing is due. */
  save(out: StateWriter): void;
  /** Into an operator that has seen nothing, made with the same shape and accumulation. @throws RangeError, PoolExhausted */
  load(from: StateReader): void;
  /** Gives all memory back. It must not be used afterwards. */
  free(): void;
}
