/** Reads an item's time, key and measures into the columns. */

import type { Key } from "./key-dictionary.ts";
import type { EnginePlan } from "./plan.ts";
import type { WindowStage } from "./window-stage.ts";

/** Bytes of a time, a key, a measure. */
const COLUMN_BYTES = 8;

export class ItemReader {
  /** Of the item that was read last. */
  bytes: number;
  readonly #plan: EnginePlan;
  readonly #stage: WindowStage;

  constructor(plan: EnginePlan, stage: WindowStage) {
    this.#plan = plan;
    this.#stage = stage;
    this.bytes = COLUMN_BYTES * (1 + (plan.key === undefined ? 0 : 1) + plan.measures.length);
  }

  /**
   * @returns false when there is no room for the item's key, which is counted
   * @throws whatever the readers throw; TypeError, RangeError when one gives what is no time, key or measure. The item is left out then
   */
  read(item: unknown): boolean {
    const { time, key, measures, bytes, settings } = this.#plan;
    const { columns, keys } = this.#stage;
    const timeMs = time === undefined ? settings.clock.nowMs() : checkedTime(time(item));
    columns.setTime(timeMs);
    for (let index = 0; index < measures.length; index++) {
      const value = measures[index]!.of(item);
      columns.setMeasure(index, typeof value === "number" ? value : missing(value, measures[index]!.name));
    }
    if (measures.length === 0) columns.setMeasure(0, Number.NaN);
    if (bytes !== undefined) this.bytes = checkedBytes(bytes(item));
    if (key !== undefined) {
      const came = checkedKey(key(item));
      if (!this.#isAhead(timeMs)) keys.see(timeMs);
      const number = keys.numberOf(came);
      if (number === 0) {
        this.#stage.refuseKey();
        return false;
      }
      columns.setKey(number);
    }
    columns.rows++;
    return true;
  }

  /** Such an item is in no window, and moves no event time. */
  #isAhead(timeMs: number): boolean {
    const { aheadMs, clock } = this.#plan.settings;
    return aheadMs !== null && timeMs > clock.nowMs() + aheadMs;
  }
}

function checkedTime(timeMs: number): number {
  const whole = Math.floor(timeMs);
  if (typeof timeMs === "number" && Number.isSafeInteger(whole)) return whole;
  const came = typeof timeMs === "number" ? String(timeMs) : `a ${typeof timeMs}`;
  throw new RangeError(`time: expected milliseconds since the epoch; came ${came}`);
}

function checkedKey(key: Key): Key {
  if (typeof key === "string" || typeof key === "number" || typeof key === "bigint") return key;
  throw new TypeError(
    `key: expected a string, a number or a bigint; came ${key === null ? "null" : typeof key}`,
  );
}

function missing(value: unknown, name: string): number {
  if (value === null || value === undefined) return Number.NaN;
  throw new TypeError(`measure ${name}: expected a number, null or undefined; came a ${typeof value}`);
}

function checkedBytes(bytes: number): number {
  if (bytes >= 0 && Number.isFinite(bytes)) return bytes;
  throw new RangeError(`bytes: expected a number, not negative; came ${String(bytes)}`);
}
