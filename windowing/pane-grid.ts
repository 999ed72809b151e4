/**
 * Where panes and windows lie. A pane is the longest part that both the windows and the distance between them are whole multiples
 * of, so every window begins and ends at an edge of panes, and a row is in one pane. Tumbling windows are their panes.
 *
 * Everything is counted from the epoch, in whole milliseconds before and after it, exact for every moment that a Date can hold.
 */

import { paneMs, type WindowShape } from "./shape.ts";

export type PaneShape = Extract<WindowShape, { kind: "tumbling" | "hopping" }>;

export class PaneGrid {
  readonly paneMs: number;
  readonly lengthMs: number;
  /** Distance between the windows' beginnings. */
  readonly everyMs: number;
  readonly #latenessMs: number;

  constructor(shape: PaneShape, latenessMs: number) {
    this.paneMs = paneMs(shape);
    this.lengthMs = shape.lengthMs;
    this.everyMs = shape.kind === "tumbling" ? shape.lengthMs : shape.everyMs;
    this.#latenessMs = latenessMs;
  }

  /** Start of the pane that a moment is in. */
  paneOf(timeMs: number): number {
    return Math.floor(timeMs / this.paneMs) * this.paneMs;
  }

  /** End of the first window that a pane is in. The others follow at `everyMs`. */
  firstEndOf(paneStartMs: number): number {
    const before = paneStartMs + this.paneMs - this.lengthMs - 1;
    return (Math.floor(before / this.everyMs) + 1) * this.everyMs + this.lengthMs;
  }

  /** End of the last window that a pane is in. */
  lastEndOf(paneStartMs: number): number {
    return Math.floor(paneStartMs / this.everyMs) * this.everyMs + this.lengthMs;
  }

  /** The moment from which a window is kept no more. */
  givenUpAt(endMs: number): number {
    return endMs + this.#latenessMs;
  }

  /** The first edge of panes after a watermark. */
  edgeAfter(watermarkMs: number): number {
    return (Math.floor(watermarkMs / this.paneMs) + 1) * this.paneMs;
  }

  /**
   * What the watermark must reach for anything to change: an edge of panes, or the moment that the next window is given up. Up to there it
   * is the same for all rows which windows are open, closed and given up.
   */
  stepAfter(watermarkMs: number): number {
    const offset = this.givenUpAt(this.lengthMs);
    const givenUp = (Math.floor((watermarkMs - offset) / this.everyMs) + 1) * this.everyMs + offset;
    return Math.min(this.edgeAfter(watermarkMs), givenUp);
  }
}
