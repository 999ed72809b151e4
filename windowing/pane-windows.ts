/**
 * Which windows there are, and which of them have to come out: those with a row, from the first row on until they are given up. A
 * window that no row is in is nowhere, so the watermark may jump over years of them.
 */

import { firstFrom } from "./ordered.ts";
import type { PaneGrid } from "./pane-grid.ts";
import type { Revisions } from "./revisions.ts";
import type { StateReader, StateWriter } from "./state.ts";

export interface PaneWindow {
  readonly endMs: number;
  /** The one that it comes out under next. */
  revision: number;
  /** There are rows in it that did not come out. */
  isChanged: boolean;
}

export class PaneWindows {
  readonly #grid: PaneGrid;
  readonly #revisions: Revisions;
  /** By end. */
  #kept: PaneWindow[] = [];
  /** Closed ones that have changed since. */
  #changed: PaneWindow[] = [];
  /** The watermark that windows are closed and given up to. */
  #closedToMs = Number.NEGATIVE_INFINITY;

  constructor(grid: PaneGrid, revisions: Revisions) {
    this.#grid = grid;
    this.#revisions = revisions;
  }

  /** Whether a row of this pane is in a window that is kept. */
  isKept(paneStartMs: number): boolean {
    return this.#isKept(this.#grid.lastEndOf(paneStartMs));
  }

  /** Whether a window that this pane is in is closed. */
  isClosed(paneStartMs: number): boolean {
    return this.#grid.firstEndOf(paneStartMs) <= this.#closedToMs;
  }

  /** Takes note that rows were added to a pane: they change all windows that it is in and that are kept. */
  change(paneStartMs: number): void {
    const grid = this.#grid;
    const lastMs = grid.lastEndOf(paneStartMs);
    let endMs = grid.firstEndOf(paneStartMs);
    while (!this.#isKept(endMs)) endMs += grid.everyMs;
    for (let at = firstFrom(this.#kept, endMs, endOf); endMs <= lastMs; at++, endMs += grid.everyMs) {
      let window = this.#kept[at];
      if (window?.endMs !== endMs) {
        window = { endMs, revision: this.#revisions.firstOf(endMs), isChanged: false };
        this.#kept.splice(at, 0, window);
      }
      if (window.isChanged) continue;
      window.isChanged = true;
      if (endMs <= this.#closedToMs) this.#changed.push(window);
    }
  }

  /**
   * Closes what ends at `watermarkMs` or before, and gives up what was kept long enough.
   *
   * @returns what has to come out, by end: what was closed, and what has changed since it was, if an edge of panes was reached, or
   *   if it is given up
   */
  closeTo(watermarkMs: number): PaneWindow[] {
    const isEdge = watermarkMs >= this.#grid.edgeAfter(this.#closedToMs);
    const isOut = ({ endMs }: PaneWindow) => isEdge || this.#grid.givenUpAt(endMs) <= watermarkMs;
    const corrected = this.#changed.filter(isOut);
    this.#changed = this.#changed.filter((window) => !isOut(window));
    const closed = this.#kept.slice(this.#firstOpen(), firstFrom(this.#kept, watermarkMs + 1, endOf));
    this.#closedToMs = watermarkMs;
    this.#kept.splice(0, this.#firstKept());
    return taken([...corrected, ...closed]);
  }

  /** Closes everything, and begins anew. @returns what has to come out, by end */
  closeAll(): PaneWindow[] {
    const all = [...this.#changed, ...this.#kept.slice(this.#firstOpen())];
    this.#kept = [];
    this.#changed = [];
    this.#closedToMs = Number.NEGATIVE_INFINITY;
    return taken(all);
  }

  /** The watermark that everything would have come out at; undefined: there is nothing that has not. */
  allOutAtMs(): number | undefined {
    const last = this.#kept.at(-1);
    if (last !== undefined && last.endMs > this.#closedToMs) return last.endMs;
    return this.#changed.length === 0 ? undefined : this.#grid.edgeAfter(this.#closedToMs);
  }

  save(out: StateWriter): void {
    out.u32(this.#kept.length);
    for (const window of this.#kept) {
      out.f64(window.endMs);
      out.f64(window.revision);
      out.u8(window.isChanged ? 1 : 0);
    }
  }

  load(from: StateReader, watermarkMs: number): void {
    this.#closedToMs = watermarkMs;
    this.#kept = Array.from({ length: from.u32() }, () => {
      return { endMs: from.f64(), revision: from.f64(), isChanged: from.u8() === 1 };
    });
    this.#changed = this.#kept.slice(0, this.#firstOpen()).filter((window) => window.isChanged);
  }

  #isKept(endMs: number): boolean {
    return this.#grid.givenUpAt(endMs) > this.#closedToMs;
  }

  #firstOpen(): number {
    return firstFrom(this.#kept, this.#closedToMs + 1, endOf);
  }

  #firstKept(): number {
    // The latest end that is given up: ends and watermarks are whole, or -Infinity.
    return firstFrom(this.#kept, this.#closedToMs - this.#grid.givenUpAt(0) + 1, endOf);
  }
}

function taken(windows: PaneWindow[]): PaneWindow[] {
  for (const window of windows) window.isChanged = false;
  return windows.sort((a, b) => a.endMs - b.endMs);
}

function endOf(window: PaneWindow): number {
  return window.endMs;
}
