/**
 * A line on the terminal that says how far something is, drawn over itself at the most ten times a second. Where there is no
 * terminal it draws nothing.
 */

import { countText } from "./figures.ts";

/** What it is drawn on: standard error, as far as it is used. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
const BAR_CELLS = 24;
const DEFAULT_COLUMNS = 80;
const ERASE_LINE = "\r\u001b[K";

export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #nowMs: () => number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  /** @param nowMs monotonic time */
  constructor(terminal: Terminal, nowMs: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#nowMs = nowMs;
  }

  /** @param share from 0 to 1. @param what is done, and how much: before and behind the bar */
  show(share: number, before: string, behind: string): void {
    const inside = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
    const full = Math.floor(inside * BAR_CELLS);
    const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
    const percent = `${Math.floor(inside * 100)}`.padStart(3);
    this.say(`${before} ${bar} ${percent} %  ${behind}`);
  }

  /** Something that has no end to be on its way to. */
  say(text: string): void {
    const { isTTY = false, columns = DEFAULT_COLUMNS } = this.#terminal;
    const nowMs = this.#nowMs();
    if (!isTTY || nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#isDrawn = true;
    // A line that is longer than the terminal is wide could not be drawn over.
    this.#terminal.write(ERASE_LINE + text.slice(0, columns - 1));
  }

  /** Takes the line away, so that something else may be written. */
  clear(): void {
    if (this.#isDrawn) this.#terminal.write(ERASE_LINE);
    this.#isDrawn = false;
    this.#drawnMs = Number.NEGATIVE_INFINITY;
  }
}

/** How far an export is. */
export function rowsText(seenRows: number, mostRows: number): string {
  return `${countText(seenRows)} of ${countText(mostRows)} rows`;
}
