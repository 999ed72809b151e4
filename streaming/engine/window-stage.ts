/**
 * The windows of an engine: items go in as columns, results come out one by one, as slowly as whoever asks for them likes.
 *
 * A stream that ends closes all windows and their operator with it; the next one gets an operator of its own.
 */

import { createOperator } from "../../windowing/create-operator.ts";
import type { ClosedGroup, ClosedWindow, WindowOperator } from "../../windowing/operator.ts";
import type { WindowShape } from "../../windowing/shape.ts";
import type { StateReader, StateWriter } from "../../windowing/state.ts";
import type { AggregateSpace } from "../space.ts";
import type { EngineSettings } from "./engine-settings.ts";
import { ItemColumns } from "./item-columns.ts";
import { ItemFigures } from "./item-figures.ts";
import { KeyDictionary } from "./key-dictionary.ts";
import type { MeasureFigures, WindowResult } from "./window-result.ts";

/** Keys that are remembered for each group that there may be in a window: some windows are open at once. */
const KEYS_A_GROUP = 4;
/** How far ahead an item may lie when no bound is set: no bound, as moments of writing are not told then. */
const ANY_AHEAD_MS = 0;

/** Of items and windows, since the engine was made. */
export interface StageCounts {
  readonly late: number;
  readonly ahead: number;
  /** For want of room for the group, or for its key. */
  readonly refused: number;
  readonly other: number;
  /** Windows that came out for the first time; and again, or were withdrawn. */
  readonly windows: number;
  readonly corrections: number;
  /** Values that are in no percentile for want of memory. */
  readonly truncated: number;
}

const NONE: StageCounts = {
  ...{ late: 0, ahead: 0, refused: 0, other: 0 },
  ...{ windows: 0, corrections: 0, truncated: 0 },
};

export class WindowStage {
  readonly columns: ItemColumns;
  readonly #settings: EngineSettings;
  readonly #space: AggregateSpace;
  readonly #measures: readonly string[];
  readonly #hasKeys: boolean;
  readonly #figures: ItemFigures;
  #keys: KeyDictionary;
  #operator: WindowOperator;
  /** Items of the columns that are not in a window yet. */
  #waiting = 0;
  #sequence = 0;
  #refusedKeys = 0;
  #setBacks = 0;
  /** Counts of the operators before this one. */
  #before = NONE;

  /** @throws PoolExhausted, having kept nothing */
  constructor(
    settings: EngineSettings,
    space: AggregateSpace,
    measures: readonly string[],
    hasKeys: boolean,
    rows: number,
  ) {
    this.#settings = settings;
    this.#space = space;
    this.#measures = measures;
    this.#hasKeys = hasKeys;
    this.#keys = this.#makeKeys();
    // Without a measure items are counted by one that is always missing.
    const columns = Math.max(1, measures.length);
    this.columns = new ItemColumns(space, rows, columns, hasKeys);
    try {
      this.#figures = new ItemFigures(space.kernels, space.pool, columns);
    } catch (error) {
      this.columns.free();
      throw error;
    }
    try {
      this.#operator = this.#makeOperator(rows);
    } catch (error) {
      this.#figures.close();
      this.columns.free();
      throw error;
    }
  }

  get keys(): KeyDictionary {
    return this.#keys;
  }

  /** Items that wait for their windows. */
  get waiting(): number {
    return this.#waiting === 0 ? this.columns.rows : this.#waiting;
  }

  get counts(): StageCounts {
    const before = this.#before;
    const { late, ahead, refused, other, windows, corrections } = this.#operator.counts;
    return {
      late: before.late + late,
      ahead: before.ahead + ahead,
      refused: before.refused + refused + this.#refusedKeys,
      other: before.other + other,
      windows: before.windows + windows,
      corrections: before.corrections + corrections,
      truncated: this.#figures.truncated,
    };
  }

  /** Takes note of an item that there was no room for the key of. */
  refuseKey(): void {
    this.#refusedKeys++;
  }

  /** Puts all items that wait into their windows; yields what they close. To be run to its end. */
  *add(writtenMs: number): Generator<WindowResult> {
    const columns = this.columns.columns(this.#settings.aheadMs === null ? 0 : writtenMs);
    this.#waiting = columns.rows;
    for (let row = 0; row < columns.rows; ) {
      row = this.#operator.add(columns, row);
      this.#waiting = columns.rows - row;
      // The columns are free again as soon as the last row is in, and hold nothing that waits.
      if (row === columns.rows) this.columns.rows = 0;
      yield* this.#due();
    }
    this.#pass();
  }

  /** Closes all windows. To be run to its end. */
  *finish(): Generator<WindowResult> {
    this.#operator.finish();
    yield* this.#due();
    const { columns } = this;
    this.#before = { ...this.counts, refused: this.counts.refused - this.#refusedKeys };
    this.#operator.free();
    this.#operator = this.#makeOperator(columns.capacity);
    this.#setBacks = 0;
    this.keys.clear();
  }

  /** When nothing waits and nothing is due. */
  save(out: StateWriter): void {
    out.f64(this.#sequence);
    out.f64(this.#setBacks);
    this.keys.save(out);
    this.#operator.save(out);
  }

  /** Into a stage that has seen nothing. @throws PoolExhausted, with nothing changed */
  load(from: StateReader): void {
    const [sequence, setBacks] = [from.f64(), from.f64()];
    const keys = this.#makeKeys();
    keys.load(from);
    try {
      this.#operator.load(from);
    } catch (error) {
      // It may know of the watermark already, by which everything would be late.
      this.#operator.free();
      this.#operator = this.#makeOperator(this.columns.capacity);
      throw error;
    }
    this.#keys = keys;
    this.#sequence = sequence;
    this.#setBacks = setBacks;
    // Counts are of what this engine did.
    const { late, ahead, refused, other, windows, corrections } = this.#operator.counts;
    this.#before = {
      ...{ late: -late, ahead: -ahead, refused: -refused, other: -other },
      ...{ windows: -windows, corrections: -corrections, truncated: 0 },
    };
  }

  free(): void {
    this.#operator.free();
    this.#figures.close();
    this.columns.free();
  }

  *#due(): Generator<WindowResult> {
    for (let window = this.#operator.next(); window !== undefined; window = this.#operator.next()) {
      for (const group of window.groups()) yield this.#result(window, group);
    }
  }

  #result(window: ClosedWindow, { key, record }: ClosedGroup): WindowResult {
    const { startMs, endMs, revision, isWithdrawn } = window;
    const seconds = (endMs - startMs) / 1000;
    const measures: Record<string, MeasureFigures> = {};
    for (let index = 0; index < this.#measures.length; index++) {
      measures[this.#measures[index] as string] = this.#figures.figures(record, index, seconds);
    }
    return {
      sequence: this.#sequence++,
      startMs,
      endMs,
      revision,
      withdrawn: isWithdrawn,
      key: key === null || !this.#hasKeys ? null : this.keys.keyOf(Number(key)),
      isOther: key === null,
      count: this.#figures.items(record),
      measures,
    };
  }

  #pass(): void {
    const { watermarkMs, counts } = this.#operator;
    if (counts.setBacks !== this.#setBacks) {
      this.#setBacks = counts.setBacks;
      this.keys.beginAnew(watermarkMs + this.#settings.disorderMs);
    }
    this.keys.pass(watermarkMs);
  }

  #makeKeys(): KeyDictionary {
    const { maxGroups, disorderMs } = this.#settings;
    return new KeyDictionary({ limit: maxGroups * KEYS_A_GROUP, keptMs: keptMs(this.#settings), disorderMs });
  }

  #makeOperator(maxRows: number): WindowOperator {
    const { shape, disorderMs, latenessMs, aheadMs, maxGroups, whenFull } = this.#settings;
    return createOperator({
      kernels: this.#space.kernels,
      pool: this.#space.pool,
      accumulation: this.#figures,
      aheadMs: aheadMs ?? ANY_AHEAD_MS,
      ...{ shape, disorderMs, latenessMs, maxGroups, whenFull, maxRows },
    });
  }
}

/**
 * How long after an item's time its key can still come out. The item's last window ends at most a window's length later and is kept
 * for the lateness; a correction waits for the next edge, which is at most a length on.
 */
function keptMs({ shape, latenessMs }: EngineSettings): number {
  return 2 * reachMs(shape) + latenessMs;
}

function reachMs(shape: WindowShape): number {
  return shape.kind === "session" ? shape.gapMs : shape.lengthMs;
}
