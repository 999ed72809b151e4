/**
 * Tumbling and hopping windows as one would define them: each row by itself, put into every window that it is in. Nothing is fast here, and
 * nothing is shared with the operator: it is what the operator is compared with.
 *
 * What a group holds is its rows' values, in the order of panes and, in a pane, of their coming.
 */

import type { OperatorCounts } from "../../windowing/operator.ts";
import type { WindowShape } from "../../windowing/shape.ts";
import type { Traced } from "./row-trace.ts";
import type { PlainWindow, Row, Step } from "./support.ts";

export interface ReferenceOptions {
  readonly shape: Extract<WindowShape, { kind: "tumbling" | "hopping" }>;
  readonly disorderMs: number;
  readonly latenessMs: number;
  readonly aheadMs: number;
  readonly maxGroups: number;
  readonly whenFull: "other" | "refuse";
}

interface ReferenceRow {
  readonly paneMs: number;
  readonly key: bigint | null;
  readonly values: Traced;
}

interface ReferenceWindow {
  readonly start: number;
  readonly end: number;
  revision: number;
  isClosed: boolean;
  isChanged: boolean;
  readonly rows: ReferenceRow[];
}

type Counts = { -readonly [K in keyof OperatorCounts]: number };
export type ReferenceOutput = PlainWindow<readonly Traced[]>;

export class Reference {
  readonly counts: Counts = {
    rows: 0,
    late: 0,
    ahead: 0,
    refused: 0,
    other: 0,
    windows: 0,
    corrections: 0,
    setBacks: 0,
  };
  readonly #options: ReferenceOptions;
  readonly #lengthMs: number;
  readonly #everyMs: number;
  readonly #paneMs: number;
  #out: ReferenceOutput[] = [];
  #windows = new Map<number, ReferenceWindow>();
  /** Groups by pane. */
  #groups = new Map<number, Set<bigint>>();
  #watermarkMs = Number.NEGATIVE_INFINITY;
  #latestMs = Number.NEGATIVE_INFINITY;
  #advancedMs = Number.NEGATIVE_INFINITY;
  /** Every window that ever came out: its end and revision. */
  readonly #given: { readonly end: number; readonly revision: number }[] = [];
  #anewToMs = Number.NEGATIVE_INFINITY;
  #anewRevision = 0;

  constructor(options: ReferenceOptions) {
    const { shape } = options;
    this.#options = options;
    this.#lengthMs = shape.lengthMs;
    this.#everyMs = shape.kind === "hopping" ? shape.everyMs : shape.lengthMs;
    let pane = this.#lengthMs;
    while (this.#lengthMs % pane !== 0 || this.#everyMs % pane !== 0) pane--;
    this.#paneMs = pane;
  }

  /** What comes out by it. */
  take(step: Step): ReferenceOutput[] {
    this.#out = [];
    if ("advanceMs" in step) {
      this.#advancedMs = Math.max(this.#advancedMs, step.advanceMs);
      this.#moveTo(Math.max(this.#watermarkMs, this.#advancedMs));
    } else if ("finish" in step) {
      this.#closeAll();
    } else {
      const { rows, writtenMs = 0 } = step;
      this.#meetClock(writtenMs);
      for (const row of rows) this.#add(row, writtenMs);
    }
    return this.#out;
  }

  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  #meetClock(writtenMs: number): void {
    if (writtenMs === 0) return;
    if (Math.max(this.#latestMs, this.#advancedMs) <= writtenMs + 2 * this.#options.aheadMs) return;
    this.#closeAll();
    this.counts.setBacks++;
    this.#watermarkMs = this.#latestMs = this.#advancedMs = Number.NEGATIVE_INFINITY;
    this.#anewToMs = Math.max(...this.#given.map(({ end }) => end), Number.NEGATIVE_INFINITY);
    this.#anewRevision = Math.max(...this.#given.map(({ revision }) => revision), 0) + 1;
  }

  #add({ time, key = 0, values = [] }: Row, writtenMs: number): void {
    const { disorderMs, aheadMs } = this.#options;
    if (writtenMs !== 0 && time > writtenMs + aheadMs) {
      this.counts.ahead++;
      return;
    }
    this.#latestMs = Math.max(this.#latestMs, time);
    this.#moveTo(Math.max(this.#latestMs - disorderMs, this.#advancedMs));
    const starts = this.#startsOf(time).filter((start) => this.#isKept(start + this.#lengthMs));
    if (starts.length === 0) {
      this.counts.late++;
      return;
    }
    const paneMs = Math.floor(time / this.#paneMs) * this.#paneMs;
    const group = this.#admit(paneMs, BigInt(key));
    if (group === undefined) {
      this.counts.refused++;
      return;
    }
    this.counts.rows++;
    if (group === null) this.counts.other++;
    const row = {
      paneMs,
      key: group,
      values: values.map((value) => (value === null ? null : Number(value))),
    };
    for (const start of starts) {
      const window = this.#windowAt(start);
      window.rows.push(row);
      window.isChanged = true;
    }
  }

  /** Starts of all windows that a moment is in. */
  #startsOf(time: number): number[] {
    const starts: number[] = [];
    for (
      let start = Math.floor(time / this.#everyMs) * this.#everyMs;
      start + this.#lengthMs > time;
      start -= this.#everyMs
    ) {
      starts.push(start);
    }
    return starts;
  }

  #isKept(end: number): boolean {
    return end + this.#options.latenessMs > this.#watermarkMs;
  }

  /** The group that a row is counted in; undefined: in none. */
  #admit(paneMs: number, key: bigint): bigint | null | undefined {
    const groups = this.#groups.get(paneMs) ?? new Set();
    this.#groups.set(paneMs, groups);
    if (!groups.has(key)) {
      if (groups.size >= this.#options.maxGroups)
        return this.#options.whenFull === "other" ? null : undefined;
      groups.add(key);
    }
    return key;
  }

  #windowAt(start: number): ReferenceWindow {
    const there = this.#windows.get(start);
    if (there !== undefined) return there;
    const end = start + this.#lengthMs;
    const window: ReferenceWindow = {
      start,
      end,
      revision: end <= this.#anewToMs ? this.#anewRevision : 0,
      isClosed: end <= this.#watermarkMs,
      isChanged: false,
      rows: [],
    };
    this.#windows.set(start, window);
    return window;
  }

  #moveTo(watermarkMs: number): void {
    const isEdge = Math.floor(watermarkMs / this.#paneMs) > Math.floor(this.#watermarkMs / this.#paneMs);
    this.#watermarkMs = watermarkMs;
    this.#giveOut((window) => {
      if (window.end > watermarkMs) return false;
      return !window.isClosed || (window.isChanged && (isEdge || !this.#isKept(window.end)));
    });
    for (const [start, window] of this.#windows) {
      if (window.end <= watermarkMs) window.isClosed = true;
      if (!this.#isKept(window.end)) this.#windows.delete(start);
    }
    for (const paneMs of this.#groups.keys()) {
      if (!this.#startsOf(paneMs).some((start) => this.#isKept(start + this.#lengthMs)))
        this.#groups.delete(paneMs);
    }
  }

  #closeAll(): void {
    this.#giveOut((window) => window.isChanged);
    this.#windows.clear();
    this.#groups.clear();
  }

  #giveOut(isDue: (window: ReferenceWindow) => boolean): void {
    const due = [...this.#windows.values()].filter(isDue).sort((a, b) => a.end - b.end);
    for (const window of due) {
      window.isChanged = false;
      const groups = groupsOf(window.rows);
      if (groups.length === 0) continue;
      const { start, end } = window;
      const revision = window.revision++;
      this.#given.push({ end, revision });
      this.counts[revision === 0 ? "windows" : "corrections"]++;
      this.#out.push({ start, end, revision, withdrawn: false, groups });
    }
  }
}

/** By key, the group of all others last; those with a value. */
function groupsOf(rows: readonly ReferenceRow[]): ReferenceOutput["groups"] {
  const keys = [...new Set(rows.map(({ key }) => key))].sort((a, b) => {
    if (a === null || b === null) return a === null ? 1 : -1;
    return a < b ? -1 : 1;
  });
  return keys
    .map((key) => {
      const own = rows.filter((row) => row.key === key).sort((a, b) => a.paneMs - b.paneMs);
      return { key, of: own.map(({ values }) => values) };
    })
    .filter(({ of }) => of.some((values) => values.some((value) => value !== null && !Number.isNaN(value))));
}
