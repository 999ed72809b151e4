/**
 * Sessions as plainly as they can be told: every row looks at every session, every step of the watermark too. What the operator does with
 * heaps, tables and a fast way is to come to the same.
 */

import type { OperatorCounts } from "../../windowing/operator.ts";
import type { Traced } from "./row-trace.ts";
import type { PlainWindow, Row, Step } from "./support.ts";

export interface SessionRules {
  readonly gapMs: number;
  readonly disorderMs: number;
  readonly latenessMs: number;
  readonly aheadMs: number;
  readonly maxGroups: number;
  readonly whenFull: "other" | "refuse";
}

interface Known {
  readonly key: bigint | null;
  rows: Traced[];
  first: number;
  last: number;
  isClosed: boolean;
  isChanged: boolean;
  out: { revision: number; end: number } | undefined;
  /** Up to here sessions of its key that are given up may have begun. */
  notTo: number;
}

type Out = PlainWindow<readonly Traced[]>;
type Counts = { -readonly [K in keyof OperatorCounts]: number };

export class SessionReference {
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
  readonly #rules: SessionRules;
  #kept: Known[] = [];
  #withdrawn: Out[] = [];
  #latest = Number.NEGATIVE_INFINITY;
  #floor = Number.NEGATIVE_INFINITY;
  /** Of all that came out. */
  #highest = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;
  #anewTo = Number.NEGATIVE_INFINITY;
  #anewFrom = 0;

  constructor(rules: SessionRules) {
    this.#rules = rules;
  }

  run(steps: readonly Step[]): Out[] {
    return steps.flatMap((step) => {
      if ("finish" in step) return this.#closeAll();
      if ("advanceMs" in step) {
        const before = this.#watermark;
        this.#floor = Math.max(this.#floor, step.advanceMs);
        return this.#move(before);
      }
      return this.#rows(step.rows, step.writtenMs ?? 0);
    });
  }

  get #watermark(): number {
    return Math.max(this.#latest - this.#rules.disorderMs, this.#floor);
  }

  #rows(rows: readonly Row[], writtenMs: number): Out[] {
    const { aheadMs } = this.#rules;
    const out: Out[] = [];
    if (writtenMs !== 0 && Math.max(this.#latest, this.#floor) > writtenMs + 2 * aheadMs) {
      out.push(...this.#closeAll());
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
      const before = this.#watermark;
      this.#latest = Math.max(this.#latest, row.time);
      out.push(...this.#move(before));
      this.#take(row);
    }
    return out;
  }

  #take(row: Row): void {
    const { gapMs, latenessMs, maxGroups, whenFull } = this.#rules;
    const own = BigInt(row.key ?? 0);
    const keys = new Set(this.#kept.map(({ key }) => key).filter((key) => key !== null));
    const isFull = !keys.has(own) && keys.size >= maxGroups;
    const key = isFull && whenFull === "other" ? null : own;
    const near = this.#kept
      .filter((one) => one.key === key && row.time > Math.max(one.first - gapMs, one.notTo))
      .filter((one) => row.time < one.last + gapMs)
      .sort((a, b) => a.first - b.first);
    if (near.length === 0) {
      if (row.time + gapMs + latenessMs <= this.#watermark) {
        this.counts.late++;
        return;
      }
      if (isFull && whenFull === "refuse") {
        this.counts.refused++;
        return;
      }
      const made: Known = {
        key,
        rows: [],
        first: row.time,
        last: row.time,
        isClosed: false,
        isChanged: false,
        out: undefined,
        notTo: this.#watermark - gapMs - latenessMs,
      };
      this.#kept.push(made);
      near.push(made);
    }
    this.counts.rows++;
    if (key === null) this.counts.other++;
    const [older, younger] = near as [Known, Known | undefined];
    if (younger !== undefined) {
      older.rows = [...older.rows, ...younger.rows];
      older.last = younger.last;
      this.#withdraw(younger);
      this.#kept = this.#kept.filter((one) => one !== younger);
    }
    if (row.time < older.first) {
      this.#withdraw(older);
      older.first = row.time;
    }
    older.last = Math.max(older.last, row.time);
    older.rows.push((row.values ?? []).map((value) => (value === null ? null : Number(value))));
    older.isClosed = older.last + gapMs <= this.#watermark;
    older.isChanged = older.isClosed;
  }

  #withdraw(one: Known): void {
    if (one.out === undefined) return;
    const { revision, end } = one.out;
    const groups = [{ key: one.key, of: [] }];
    this.#withdrawn.push({ start: one.first, end, revision: revision + 1, withdrawn: true, groups });
    one.out = undefined;
  }

  /** The watermark has moved. */
  #move(before: number): Out[] {
    const { gapMs, latenessMs } = this.#rules;
    const now = this.#watermark;
    if (now === before) return [];
    const isEdge = Math.floor(now / gapMs) > Math.floor(before / gapMs);
    const out = isEdge ? this.#withdrawn.splice(0) : [];
    for (const one of this.#kept) {
      const end = one.last + gapMs;
      const isDue = one.isClosed ? one.isChanged && (isEdge || end + latenessMs <= now) : end <= now;
      if (isDue) out.push(...this.#close(one));
    }
    const gone = this.#kept.filter((one) => one.last + gapMs + latenessMs <= now);
    this.#kept = this.#kept.filter((one) => !gone.includes(one));
    for (const one of this.#kept) {
      for (const { key, last } of gone) if (key === one.key) one.notTo = Math.max(one.notTo, last);
    }
    return this.#given(out);
  }

  #closeAll(): Out[] {
    const due = this.#kept.filter((one) => !one.isClosed || one.isChanged);
    const out = [...this.#withdrawn.splice(0), ...due.flatMap((one) => this.#close(one))];
    this.#kept = [];
    return this.#given(out);
  }

  #close(one: Known): Out[] {
    const end = one.last + this.#rules.gapMs;
    one.isClosed = true;
    one.isChanged = false;
    if (!one.rows.flat().some((value) => value !== null && !Number.isNaN(value))) return [];
    const first = one.first <= this.#anewTo ? this.#anewFrom : 0;
    const revision = one.out === undefined ? first : one.out.revision + 1;
    one.out = { revision, end };
    return [
      { start: one.first, end, revision, withdrawn: false, groups: [{ key: one.key, of: [...one.rows] }] },
    ];
  }

  #given(out: Out[]): Out[] {
    for (const { end, revision } of out) {
      this.counts[revision === 0 ? "windows" : "corrections"]++;
      this.#highest = Math.max(this.#highest, revision);
      this.#lastEnd = Math.max(this.#lastEnd, end);
    }
    return out.sort(inOrder);
  }
}

function inOrder(a: Out, b: Out): number {
  const [keyA, keyB] = [a.groups[0]!.key, b.groups[0]!.key];
  const byKey = keyA === keyB ? 0 : keyA === null ? 1 : keyB === null ? -1 : keyA < keyB ? -1 : 1;
  return a.end - b.end || a.start - b.start || byKey || a.revision - b.revision;
}
