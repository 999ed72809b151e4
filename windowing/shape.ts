/**
 * What windows there are, by event time.
 *
 * - **tumbling**: one after the other, each `lengthMs` long, beginning at whole multiples of it since the epoch.
 * - **hopping**: `lengthMs` long, one beginning every `everyMs`: a row is in several.
 * - **sliding**: one for each moment at which a row of the group comes: the `lengthMs` that end with it (SQL's
 *   `RANGE BETWEEN … PRECEDING AND CURRENT ROW`).
 * - **session**: rows of a group that follow one another by less than `gapMs`; it ends that long after the last one.
 *
 * A window is [start, end): its first moment, and the first one after it. Moments are whole milliseconds.
 */

export type WindowShape =
  | { readonly kind: "tumbling"; readonly lengthMs: number }
  | { readonly kind: "hopping"; readonly lengthMs: number; readonly everyMs: number }
  | { readonly kind: "sliding"; readonly lengthMs: number }
  | { readonly kind: "session"; readonly gapMs: number };

export const WINDOW_KINDS = ["tumbling", "hopping", "sliding", "session"] as const;
/** A window or a gap is from a millisecond to a year long. */
const MAX_LENGTH_MS = 366 * 86_400_000;
/** Parts that a hopping window is put together from, at the most. */
export const MAX_PANES = 1440;

/**
 * Length of the parts that windows of this shape are put together from: the longest that both the windows and the distance
 * between them are whole multiples of.
 */
export function paneMs(shape: Extract<WindowShape, { kind: "tumbling" | "hopping" }>): number {
  return shape.kind === "tumbling" ? shape.lengthMs : divisor(shape.lengthMs, shape.everyMs);
}

/** Why there can be no such windows, or undefined. */
export function shapeFault(shape: WindowShape): string | undefined {
  const { kind: _, ...lengths } = shape;
  for (const [name, ms] of Object.entries(lengths)) {
    if (!(Number.isInteger(ms) && ms >= 1 && ms <= MAX_LENGTH_MS)) {
      return `${name}: expected whole milliseconds from 1 to ${MAX_LENGTH_MS}; came ${ms}`;
    }
  }
  if (shape.kind !== "hopping") return undefined;
  if (shape.everyMs > shape.lengthMs) {
    return `everyMs: expected at most the length ${shape.lengthMs}, as no row may be in no window; came ${shape.everyMs}`;
  }
  const panes = shape.lengthMs / paneMs(shape);
  if (panes <= MAX_PANES) return undefined;
  return `everyMs: expected a window of at most ${MAX_PANES} parts; ${shape.lengthMs} and ${shape.everyMs} make ${panes}`;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
