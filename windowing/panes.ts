/** The panes of an operator, by start: those that a window is kept for, and those that go when what is due has come out. */

import { PoolExhausted } from "../wasm/index.ts";
import { firstFrom } from "./ordered.ts";
import { Pane, type PaneOptions } from "./pane.ts";
import type { StateReader, StateWriter } from "./state.ts";

export class Panes {
  readonly #options: PaneOptions;
  #kept: Pane[] = [];
  #leaving: Pane[] = [];
  /** There was no room for one. Until some leave it is not tried for every row. */
  #hasNoRoom = false;

  constructor(options: PaneOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#kept.length;
  }

  /** Groups in all of them. */
  get groups(): number {
    return this.#kept.reduce((sum, pane) => sum + pane.groups, 0);
  }

  /** The pane that starts there. */
  get(startMs: number): Pane | undefined {
    const pane = this.#kept[this.#indexOf(startMs)];
    return pane?.startMs === startMs ? pane : undefined;
  }

  /** Makes the pane that starts there; undefined: there is no room for it. */
  tryOpen(startMs: number): Pane | undefined {
    if (this.#hasNoRoom) return undefined;
    try {
      const pane = new Pane(startMs, this.#options);
      this.#kept.splice(this.#indexOf(startMs), 0, pane);
      return pane;
    } catch (error) {
      if (!(error instanceof PoolExhausted)) throw error;
      this.#hasNoRoom = true;
      return undefined;
    }
  }

  /** Those that lie in [start, end). */
  within(startMs: number, endMs: number): readonly Pane[] {
    return this.#kept.slice(this.#indexOf(startMs), this.#indexOf(endMs));
  }

  /** Lets the first ones go that are not kept. They are there until `release`. */
  leave(isKept: (pane: Pane) => boolean): void {
    const kept = this.#kept.findIndex(isKept);
    // One by one: there may be more than a call takes arguments.
    for (const pane of this.#kept.splice(0, kept === -1 ? this.#kept.length : kept)) this.#leaving.push(pane);
    this.#hasNoRoom = false;
  }

  /** Frees those that were let go. */
  release(): void {
    if (this.#leaving.length === 0) return;
    for (const pane of this.#leaving) pane.free();
    this.#leaving = [];
  }

  /** Frees all of them. */
  free(): void {
    this.leave(() => false);
    this.release();
  }

  save(out: StateWriter): void {
    out.u8(this.#hasNoRoom ? 1 : 0);
    out.u32(this.#kept.length);
    for (const pane of this.#kept) pane.save(out);
  }

  /** @throws PoolExhausted, RangeError; what was read until then is kept, and `free` gives it back */
  load(from: StateReader): void {
    this.#hasNoRoom = from.u8() === 1;
    for (let left = from.u32(); left > 0; left--) this.#kept.push(Pane.load(from, this.#options));
  }

  #indexOf(startMs: number): number {
    return firstFrom(this.#kept, startMs, startOf);
  }
}

function startOf(pane: Pane): number {
  return pane.startMs;
}
