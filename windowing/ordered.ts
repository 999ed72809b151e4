/** Arrays sorted by a number, in which most of what comes belongs at the end. */

/** Index of the first item whose number is not below `least`; `items.length` when there is none. */
export function firstFrom<T>(items: readonly T[], least: number, numberOf: (item: T) => number): number {
  const last = items.at(-1);
  if (last === undefined || numberOf(last) < least) return items.length;
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numberOf(items[middle] as T) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
