/**
 * Random streams of rows to compare windows on: disordered, with ties, at edges, across empty stretches, through nights on which
 * clocks change and days that leap, with NaN and missing values, many rows or one. All by seed.
 */

import { seededRandom } from "../../../runtime/random.ts";
import type { WindowShape } from "../../../windowing/shape.ts";

export interface StreamRow {
  readonly timeMs: number;
  readonly key: bigint;
  /** Two measures. Null: missing. */
  readonly values: readonly [number | null, number | null];
}

export interface Stream {
  readonly seed: number;
  readonly shape: WindowShape;
  readonly disorderMs: number;
  readonly latenessMs: number;
  /** In the order that they come. */
  readonly rows: readonly StreamRow[];
}

/** Moments that calendars make something of, and windows of UTC must not. */
const MOMENTS = [
  "2024-02-28T23:59:30Z",
  "2024-02-29T23:59:30Z",
  "2024-03-31T00:59:30Z",
  "2024-10-27T00:59:30Z",
  "2024-12-31T23:59:30Z",
  "2026-03-29T01:00:00Z",
  "1970-01-01T00:00:00Z",
  "1969-12-31T23:59:58Z",
  "2000-02-29T12:00:00Z",
].map((text) => Date.parse(text));

const LENGTHS_MS = [1, 7, 100, 1000, 1500, 60_000, 3_600_000, 86_400_000];

/** @param kind of all windows; @param isOrdered whether no row comes so late that a window could miss it */
export function randomStream(kind: WindowShape["kind"], seed: number, isOrdered: boolean): Stream {
  const random = seededRandom(seed);
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const pick = <T>(from: readonly T[]): T => from[whole(0, from.length - 1)]!;

  const lengthMs = pick(LENGTHS_MS);
  const shape = shapeOf(kind, lengthMs, whole);
  const disorderMs = pick([0, 1, Math.ceil(lengthMs / 3), lengthMs * 2]);
  const latenessMs = isOrdered || kind === "sliding" ? 0 : pick([0, 1, lengthMs, lengthMs * 3]);
  const count = pick([1, 2, 30, 120, 300]);
  const groups = pick([1, 2, 7]);
  const lateMs = isOrdered ? disorderMs : disorderMs + latenessMs + lengthMs;
  // So that a window has several rows, or one, or none.
  const stepMs = pick([lengthMs / 20, lengthMs / 3, lengthMs * 2]);
  let atMs = pick(MOMENTS);
  const rows = Array.from({ length: count }, (): StreamRow => {
    const chance = random();
    if (chance < 0.02) atMs += lengthMs * whole(2, 50);
    else if (chance < 0.12) atMs = Math.ceil(atMs / lengthMs) * lengthMs;
    else if (chance < 0.8) atMs += Math.floor(random() * stepMs * 2);
    const timeMs = random() < 0.7 ? atMs : atMs - Math.floor(random() * (lateMs + 1));
    return {
      timeMs,
      key: BigInt(whole(1, groups)),
      values: [randomValue(random, whole), randomValue(random, whole)],
    };
  });
  return { seed, shape, disorderMs, latenessMs, rows };
}

function shapeOf(
  kind: WindowShape["kind"],
  lengthMs: number,
  whole: (from: number, to: number) => number,
): WindowShape {
  if (kind === "session") return { kind, gapMs: lengthMs };
  if (kind !== "hopping") return { kind, lengthMs };
  // Also such as do not divide the length.
  const everyMs = Math.max(1, Math.min(lengthMs, Math.round(lengthMs / whole(1, 9))));
  const parts = lengthMs % everyMs === 0 || lengthMs < 1000;
  return { kind, lengthMs, everyMs: parts ? everyMs : Math.ceil(lengthMs / 100) * whole(1, 50) };
}

function randomValue(random: () => number, whole: (from: number, to: number) => number): number | null {
  const chance = whole(0, 19);
  if (chance === 0) return null;
  if (chance === 1) return Number.NaN;
  if (chance === 2) return 0;
  if (chance < 8) return whole(-3, 3);
  if (chance < 14) return 1e9 + random();
  return (random() - 0.5) * 10 ** whole(-6, 9);
}
