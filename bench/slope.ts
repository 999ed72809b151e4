/**
 * The slope of a series, as Theil and Sen have it: the median of the slopes between all pairs of points. Steps, teeth and a few wild
 * points, which a collector of garbage makes, hardly move it. How sure it is follows from the same slopes (Sen 1968).
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Slope {
  readonly slope: number;
  /** Within these it is with 95 in a hundred, if the points are independent of each other. */
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 %. */
const Z = 1.959964;
/** A series of more is thinned: its pairs would be millions. */
const MOST_POINTS = 1000;

/** @param points at least three, at different `x` */
export function slopeOf(points: readonly Point[]): Slope {
  if (points.length < 3) throw new RangeError(`a slope needs three points or more; came ${points.length}`);
  const every = Math.ceil(points.length / MOST_POINTS);
  const some = points.filter((_, index) => index % every === 0);
  const slopes: number[] = [];
  for (let right = 1; right < some.length; right++) {
    for (let left = 0; left < right; left++) {
      slopes.push((some[right]!.y - some[left]!.y) / (some[right]!.x - some[left]!.x));
    }
  }
  slopes.sort((a, b) => a - b);
  const n = some.length;
  const reach = Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const at = (index: number) => slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(index)))]!;
  return {
    slope: median(slopes),
    low: at((slopes.length - reach) / 2 - 1),
    high: at((slopes.length + reach) / 2),
  };
}

/** Medians of `size` points each: what stays of a series when its teeth are taken off. */
export function medians(points: readonly Point[], size: number): readonly Point[] {
  return Array.from({ length: Math.floor(points.length / size) }, (_, index) => {
    const part = points.slice(index * size, (index + 1) * size);
    return { x: median(part.map(({ x }) => x)), y: median(part.map(({ y }) => y)) };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
