/** Sliding windows as plainly as they can be told: all rows are kept, and each window looks at every one of them. */

import type { OperatorCounts } from "../../windowing/operator.ts";
import type { Row, Step } from "./support.ts";

export interface SlidingRules {
  readonly lengthMs: number;
  readonly disorderMs: number;
  readonly aheadMs: number;
  readonly maxGroups: number;
  readonly whenFull: "other" | "refuse";
}

/** Values of each measure, in the order of time and arrival; NaN among them, null not. */
export interface PlainSlide {
  readonly start: number;
  readonly end: number;
  readonly revision: number;
  readonly key: bigint | null;
  readonly measures: readonly (readonly number[])[];
}

interface Kept {
  readonly key: bigint | null;
  readonly row: Row;
  isOut: boolean;
}

type Counts = { -readonly [K in keyof OperatorCounts]: number };

export class SlidingReference {
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
  readonly #rules: SlidingRules;
  readonly #measures: number;
  #rows: Kept[] = [];
  #latest = Number.NEGATIVE_INFINITY;
  #floor = Number.NEGATIVE_INFINITY;
  #highest = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;
  #anewTo = Number.NEGATIVE_INFINITY;
  #anewFrom = 0;

  constructor(rules: SlidingRules, measures: number) {
    this.#rules = rules;
    this.#measures = measures;
  }

  run(steps: readonly Step[]): PlainSlide[] {
    return steps.flatMap((step) => {
      if ("finish" in step) return this.#close(Number.POSITIVE_INFINITY);
      if ("advanceMs" in step) {
        this.#floor = Math.max(this.#floor, step.advanceMs);
        return this.#close(this.#watermark);
      }
      return this.#add(step.rows, step.writtenMs ?? 0);
    });
  }

  get #watermark(): number {
    return Math.max(this.#latest - this.#rules.disorderMs, this.#floor);
  }

  #add(rows: readonly Row[], writtenMs: number): PlainSlide[] {
    const { aheadMs, lengthMs, maxGroups, whenFull } = this.#rules;
    const out: PlainSlide[] = [];
    if (writtenMs !== 0 && Math.max(this.#latest, this.#floor) > writtenMs + 2 * aheadMs) {
      out.push(...this.#close(Number.POSITIVE_INFINITY));
      this.#rows = [];
      this.counts.setBacks++;
      this.#latest = this.#floor = Number.NEGATIVE_INFINITY;
      this.#anewTo = this.#lastEnd;
      this.#anewFrom = this.#highest + 1;
    }
    for (const row of rows) {
      if (writtenMs !== 0 && row.time > writtenMs + aheadMs) {
        this.counts.ahead++;
        continue;
      }
      this.#latest = Math.max(this.#latest, row.time);
      out.push(...this.#close(this.#watermark));
      // A group whose last row is in no window that is to come is gone.
      const young = this.#rows.filter(({ row: { time } }) => time + lengthMs > this.#watermark);
      const live = new Set(young.map(({ key }) => key));
      this.#rows = this.#rows.filter(({ key }) => live.has(key));
      if (row.time + 1 <= this.#watermark) {
        this.counts.late++;
        continue;
      }
      const own = BigInt(row.key ?? 0);
      const keys = new Set(this.#rows.map(({ key }) => key).filter((key) => key !== null));
      const isFull = !keys.has(own) && keys.size >= maxGroups;
      if (isFull && whenFull === "refuse") {
        this.counts.refused++;
        continue;
      }
      this.counts.rows++;
      if (isFull) this.counts.other++;
      this.#rows.push({ key: isFull ? null : own, row, isOut: false });
    }
    return out;
  }

  #close(watermark: number): PlainSlide[] {
    const due = this.#rows.filter(({ isOut, row }) => !isOut && row.time + 1 <= watermark);
    const seen = new Set<string>();
    const out: PlainSlide[] = [];
    for (const one of due.sort((a, b) => a.row.time - b.row.time || byKey(a.key, b.key))) {
      one.isOut = true;
      const name = `${one.row.time} ${one.key}`;
      if (!seen.has(name)) out.push(...this.#window(one.key, one.row.time));
      seen.add(name);
    }
    return out;
  }

  #window(key: bigint | null, time: number): PlainSlide[] {
    const { lengthMs } = this.#rules;
    const rows = this.#rows
      .filter((one) => one.key === key && one.row.time <= time && one.row.time > time - lengthMs)
      .map(({ row }) => row)
      .sort((a, b) => a.time - b.time);
    const measures = Array.from({ length: this.#measures }, (_, measure) =>
      rows.flatMap(({ values }) => {
        const value = values?.[measure] ?? null;
        return value === null ? [] : [Number(value)];
      }),
    );
    if (measures.flat().every((value) => Number.isNaN(value))) return [];
    const end = time + 1;
    const revision = end <= this.#anewTo ? this.#anewFrom : 0;
    this.counts[revision === 0 ? "windows" : "corrections"]++;
    this.#highest = Math.max(this.#highest, revision);
    this.#lastEnd = Math.max(this.#lastEnd, end);
    return [{ start: end - lengthMs, end, revision, key, measures }];
  }
}

function byKey(a: bigint | null, b: bigint | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}
